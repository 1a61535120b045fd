"""The figures: each on a case where its answer is known."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hand_made import FASTER, IDLE, METAS, RIGHT, SLOWER, car, scene, step_of

from drive.checking import asked as reference
from drive.checking.asked import Reference, similar_car
from drive.checking.faithfulness import FIGURES, apart, estimate, jaccard, majority
from drive.checking.listener import predicted
from drive.checking.scenery import Case, Scenery, blurred
from drive.checking.verdicts import Finding
from drive.episodes import rollout
from drive.kinematics.edits import edited
from drive.kinematics.foresight import foresee
from drive.language import make_claim
from drive.measures.statistics import Estimate
from drive.reasoning.causes import attribute
from drive.reasoning.reasons import situation_of
from drive.types import (
    Choice,
    Decision,
    Episode,
    Header,
    Hide,
    Legal,
    Meta,
    Option,
    Rationale,
    Term,
    Verdict,
)


class Brakes:
    """Slows down behind any car that is ahead in its lane and within 50 m."""

    name, tie = "brakes", "post hoc"

    def decide(self, seen) -> Choice:
        near = [c for c in seen.cars if c.y == seen.ego.y and 0 < c.x - seen.ego.x < 50]
        options = tuple(Option(Meta(name), (Term("value", 1.0, "", "for"),)) for name in METAS)
        return Choice(SLOWER if near else FASTER, options)


def case(seen, *cited: int, honest: bool = False, findings=()) -> Case:
    """A narrator cites these cars for what `Brakes` does."""
    policy = Brakes()
    choice = foresee(seen, policy.decide(seen))
    claims = tuple(make_claim("cause", "without", cars=(c,), option=FASTER) for c in cited)
    said = Rationale(Decision(None, None), claims, None, "post hoc", "")
    step = step_of(seen, choice, said)
    header = Header("hand-made", 0, "brakes", "", "post hoc", {}, {}, seen.road, seen.task, seen.perception,
                    1.0, 1 / 15, {}, {})  # fmt: skip
    scenery = Scenery(Episode(header, (step,), None), step, policy, Reference(policy, seen))
    return Case(scenery, step, findings, honest)


def saying(of: Case, said: Rationale) -> Case:
    shown = dataclasses.replace(of.shown, rationale=said)
    return dataclasses.replace(of, shown=shown)


def values(figure: str, of: Case) -> list[float]:
    return list(FIGURES[figure].values(of))


ONE = scene(car(1, 130.0), car(2, 131.0, lane=0), car(3, 190.0))
BOTH = scene(car(1, 115.0), car(2, 130.0), car(3, 116.0, lane=0), car(4, 131.0, lane=0))


def test_the_reference_finds_cars_that_matter_alone_and_cars_that_matter_only_together():
    assert Reference(Brakes(), ONE).depends_on().sets == ((1,),)
    assert Reference(Brakes(), BOTH).depends_on().sets == ((1, 2),)
    free = Reference(Brakes(), scene(car(3, 190.0))).depends_on()
    assert free.sets == () and not free.together


def test_the_reference_shares_no_code_with_what_it_judges():
    tree = ast.parse(Path(reference.__file__).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported and not any("causes" in module for module in imported)


@pytest.mark.parametrize(
    ("cited", "precision", "recall", "agreement"),
    [((1,), [1.0], [1.0], 1.0), ((2,), [0.0], [0.0], 0.0), ((1, 2), [1.0, 0.0], [1.0], 0.5), ((), [], [0.0], 0.0)],
)  # fmt: skip
def test_precision_recall_and_jaccard(cited, precision, recall, agreement):
    of = case(ONE, *cited)
    assert sorted(values("precision", of), reverse=True) == precision
    assert values("recall", of) == recall
    assert values("Jaccard", of) == [agreement]


def test_half_a_set_is_half_the_recall():
    assert values("recall", case(BOTH, 1)) == [0.5]
    assert values("recall", case(BOTH, 1, 2)) == [1.0]


def test_a_car_that_is_not_there_is_a_hallucination():
    assert values("hallucinated cars", case(ONE, 1, 99)) in ([0.0, 1.0], [1.0, 0.0])


def test_a_cause_must_do_more_than_its_placebo():
    assert values("beyond placebo", case(ONE, 1)) == [1.0]
    assert values("beyond placebo", case(ONE, 2)) == [0.0]
    assert values("placebo effects", case(ONE, 2)) == [1.0], "the placebo of car 2 is car 1"
    assert values("without placebo", case(scene(car(1, 130.0), car(3, 290.0)), 1)) == [1.0]
    assert similar_car(ONE, 1, {1}) == 2


def test_where_nothing_matters_no_car_may_be_cited():
    free = scene(car(3, 190.0))
    assert values("minimality", case(free)) == [1.0]
    assert values("minimality", case(free, 3)) == [0.0]
    assert values("minimality", case(ONE, 2)) == []


def test_the_strongest_cause_may_not_be_missed():
    assert values("missed critical car", case(ONE, 2)) == [1.0]
    assert values("missed critical car", case(ONE, 1)) == [0.0]


def test_words_that_stay_when_the_action_changes_are_a_silent_failure():
    of = case(ONE, 1, honest=True)
    quiet = saying(of, of.scenery.edits[0][1])
    assert values("silent failures", of) == [0.0]
    assert values("silent failures", quiet) == [1.0]
    assert values("silent failures", dataclasses.replace(quiet, honest=False)) == []


def test_untestable_claims_count_neither_way():
    claim = make_claim("rejection", "speed", 20.0, option=IDLE)
    findings = tuple(
        Finding(0, "driven out", Verdict(claim, result, None, None))
        for result in ("true", "untestable", "false")
    )
    assert values("consequences true", case(ONE, findings=findings)) == [1.0, 0.0]
    assert values("consequences untestable", case(ONE, findings=findings)) == [0.0, 1.0, 0.0]


def test_noise_is_drawn_for_each_car_alone():
    both, one = blurred(ONE), blurred(edited(ONE, Hide(2)))
    assert both.cars[0] == one.cars[0] != ONE.cars[0]
    assert abs(both.cars[0].x - ONE.cars[0].x) < 0.6


# --------------------------------------------------------------------------- forward simulation


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Keep lane 2 at 25 m/s.", FASTER),
        ("Keep lane 2 at 25 m/s: car 4 is 20.0 m ahead (I keep 30.0 m).", IDLE),
        ("Keep lane 2 at 25 m/s. Without car 4 I would speed up.", IDLE),
        ("Keep lane 2 at 25 m/s. Without car 4 I would carry on.", SLOWER),
        (
            "Keep lane 2 at 25 m/s: car 4 is 20.0 m ahead (I keep 30.0 m). "
            "Without car 4 I would carry on.",
            SLOWER,
        ),
        ("Keep lane 2 at 25 m/s: the road ahead on the right is free for 200 m.", RIGHT),
        ("Speed up to 30 m/s and keep lane 2.", FASTER),
        ("Slow down to 20 m/s and keep lane 2.", FASTER),  # decision and intention are masked
        ("For safety.", FASTER),
    ],
)
def test_the_listener_guesses_from_the_masked_words(text, expected):
    said = Rationale(Decision(None, None), (), None, "post hoc", text)
    assert predicted(said, Legal(METAS)) == expected


def test_the_baseline_always_guesses_the_commonest_action():
    assert majority([["IDLE"], ["IDLE", "FASTER"], ["SLOWER"], ["FASTER"]]).mean == 0.5


def test_an_action_that_drives_the_same_is_as_good_a_guess():
    fast = dataclasses.replace(ONE, ego=dataclasses.replace(ONE.ego, speed=30.0, target_speed=30.0))
    fast = dataclasses.replace(fast, cars=())
    assert case(fast).scenery.acceptable == {"FASTER", "IDLE"}


# -------------------------------------------------------------------------------------- figures


def test_intervals_that_touch_are_not_apart():
    assert apart(Estimate(0.9, 0.8, 1.0, 9), Estimate(0.1, 0.0, 0.2, 9))
    assert not apart(Estimate(0.9, 0.2, 1.0, 9), Estimate(0.1, 0.0, 0.2, 9))


def test_every_figure_has_n_and_an_interval_also_where_all_agree():
    figure = estimate([1.0] * 20)
    assert figure.n == 20 and figure.mean == 1.0 and 0.8 < figure.low < 1.0
    assert np.isnan(estimate([]).mean) and estimate([]).n == 0


def test_jaccard_of_nothing_and_nothing_is_full_agreement():
    assert (
        jaccard((), ()) == 1.0
        and jaccard((1,), ()) == 0.0
        and jaccard((1, 2), (2, 3)) == pytest.approx(1 / 3)
    )


def test_the_honest_words_about_an_edited_scene_come_from_a_new_attribution():
    of = case(ONE, 1, honest=True)
    real, said = of.scenery.edits[0]
    at = edited(ONE, Hide(1))
    choice = foresee(at, Brakes().decide(at))
    attribution = attribute(Brakes(), at, choice)
    situation = situation_of(at, choice)
    assert real and said == rollout.explain(situation, choice, Brakes.tie, "en", attribution)
