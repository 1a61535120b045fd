"""What makes a decision worth a look: by hand-made episodes, whose numbers are known."""

from dataclasses import replace

import numpy as np
import pytest
from fake_episode import crash, fake_episode, fallen_back

from drive.show import moments, viewer
from drive.types import Choice, Meta, Option, Takeover, Term

EPISODE = fake_episode(steps=8)


def chosen(best: float, second: float | None, even: float = 0.0) -> Choice:
    options = (Option(Meta("IDLE"), score=best), Option(Meta("SLOWER"), score=second))
    return Choice(Meta("IDLE"), options, unit="m/s", even=even)


def kinds(step, risk=0.0, closest=None):
    return [one["kind"] for one in moments.of_step(step, risk, closest)]


def test_a_close_call_is_a_margin_that_is_small_beside_the_score():
    step = replace(EPISODE.steps[0], choice=chosen(20.0, 19.9))
    (told,) = moments.of_step(step, 0.0, None)
    assert (told["kind"], told["value"], told["unit"], told["about"]) == (
        "margin", 0.1, "m/s", "slow down",
    )  # fmt: skip
    assert told["rank"] == pytest.approx(1 - 0.1 / 0.4, abs=1e-3)
    for choice in (chosen(20.0, 19.0), chosen(20.0, None), chosen(19.0, 20.0)):
        assert kinds(replace(step, choice=choice)) == []
    assert kinds(replace(step, choice=chosen(0.0, -0.04, even=0.05))) == ["margin"]
    worths = Term("progress", 20.0, "m/s", "for", worth=20.0), Term("contact", 1.0, "s", "against", worth=-1e6)  # fmt: skip
    far = chosen(20.0 - 1e6, -1e6 - 4000.0)
    far = replace(far, options=(replace(far.options[0], terms=worths), far.options[1]))
    assert kinds(replace(step, choice=far)) == [], (
        "what speaks for it is the measure, not the score"
    )


def test_what_was_decided_for_the_policy_and_what_came_near_is_told():
    step = replace(EPISODE.steps[0], choice=chosen(20.0, 1.0))
    assert kinds(step, 0.9, 1.5) == ["risk"] and kinds(step, 0.5, 3.5) == []
    assert kinds(replace(step, takeover=Takeover("person", Meta("FASTER")))) == ["takeover"]
    assert kinds(replace(step, takeover=Takeover("person", Meta("IDLE")))) == []
    fell = fallen_back(replace(EPISODE, steps=(step,)), (0,))
    assert kinds(fell.steps[0]) == ["fallback"]


def aside(step, metres):
    """The step, foretold to lead so far to the left of where it was."""
    path = step.choice.chosen.trajectory
    moved = replace(step.choice.chosen, trajectory=replace(path, y=path.y + metres))
    options = (moved if o.action == moved.action else o for o in step.choice.options)
    return replace(step, choice=replace(step.choice, options=tuple(options)))


def test_a_surprise_is_how_far_the_ego_was_from_where_it_was_foretold():
    steps = [aside(step, 5.0 if k in (2, 6) else 0.0) for k, step in enumerate(EPISODE.steps)]
    (told,) = moments.of_whole(EPISODE.header, steps, False)["moments"]
    assert (told["kind"], told["step"], told["unit"]) == ("surprise", 2, "m"), (
        "what is foretold beyond the end is no surprise"
    )
    plan, later = steps[2].trajectory, EPISODE.steps[5].tracks.ego[0]
    away = np.hypot(plan.x[29] - later[0], plan.y[29] - later[1])
    assert told["value"] == pytest.approx(away, abs=0.051) and away > 5.0


def test_a_contact_is_told_first_of_all():
    data = viewer.player_data(crash(EPISODE))
    assert data["moments"][0] == {
        "kind": "contact", "value": None, "unit": "", "rank": moments.RANKS["contact"], "step": 7,
    }  # fmt: skip
    ranks = [one["rank"] for step in data["steps"] for one in step["moments"]]
    ranks += [one["rank"] for one in data["moments"][1:]]
    assert max(ranks, default=0.0) < moments.RANKS["failed"]


def test_an_episode_without_plans_has_no_surprises():
    step = EPISODE.steps[0]
    options = tuple(replace(option, trajectory=None) for option in step.choice.options)
    bare = replace(step, choice=replace(step.choice, options=options))
    assert moments.of_whole(EPISODE.header, (bare,), False) == {"moments": []}
    assert moments.of_whole(EPISODE.header, (), True) == {"moments": []}
