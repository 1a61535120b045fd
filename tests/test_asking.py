"""Answers: a reason is what decided, a supposition was driven, and its placebo too."""

import math
from dataclasses import replace

import numpy as np
import pytest
from digests import episode

from drive.episodes.asking import CLOSE, Asker, differs, edits_of
from drive.episodes.branch import Stage, branch
from drive.episodes.replay import difference
from drive.kinematics.edits import edited
from drive.language import parse_question
from drive.types import (
    Blocked,
    Brake,
    ChangeLane,
    CutIn,
    Hide,
    HowNear,
    Meta,
    Move,
    Nearer,
    Obstruct,
    Quicker,
    Remove,
    SetSpeed,
    WhatIf,
    Why,
    WhyNot,
)

ROADS = ("highway-fast", "dilu-4-2.0", "intersection", "two-way")


def asker(scenario="highway-fast", name="rule"):
    return Asker(episode(scenario, name))


def causes(driven):
    """(step, car, what is done without it) of every single car that the log says is a cause."""
    for step in driven.steps:
        for cause in step.attribution.causes if step.attribution else ():
            if len(cause.cars) == 1:
                yield step, cause.cars[0], cause.instead


# ---------------------------------------------------------------------------------- why, why not


@pytest.mark.parametrize("name", ["planner", "rule", "idm"])
def test_the_differences_that_are_shown_sum_to_what_one_option_was_better_by(name):
    asked = 0
    for scenario in ROADS:
        asking = asker(scenario, name)
        for step in asking.episode.steps:
            for option in step.choice.options:
                if option.action == step.choice.action or option.score is None:
                    continue
                answer = asking.ask(step.scene.step, WhyNot(option.action), "en")
                rows = (*answer.contest.pros, *answer.contest.cons)
                margin = step.choice.chosen.score - option.score
                assert math.isclose(math.fsum(r.worth for r in rows), margin, abs_tol=1e-6)
                assert math.isclose(answer.contest.margin, margin, abs_tol=1e-9)
                assert answer.text.endswith(".")
                asked += 1
    assert asked > 50


def test_why_not_says_what_the_log_says_decided():
    told = 0
    for asking, step in (
        (a, s) for a in (asker(r, "planner") for r in ROADS) for s in a.episode.steps
    ):
        for option in step.choice.options:
            if option.action != step.choice.action and option.score < -100.0:  # a contact
                answer = asking.ask(step.scene.step, WhyNot(option.action), "en")
                cars = {car for term in option.terms if term.kind == "contact" for car in term.cars}
                assert any(f"car {car}" in answer.text for car in cars), answer.text
                told += 1
    assert told > 3


def test_why_not_what_was_done_and_what_cannot_be_done():
    asking = asker()
    step = asking.episode.steps[2]
    assert "I do" in asking.ask(2, WhyNot(step.choice.action), "en").text
    weighed = {option.action for option in step.choice.options}
    others = [Meta(n) for n in ("LANE_LEFT", "LANE_RIGHT", "LANE_KEEP") if Meta(n) not in weighed]
    assert others
    for other in others:
        assert "not among" in asking.ask(2, WhyNot(other), "en").text


def test_a_policy_without_scores_says_so():
    asking = asker("highway-fast", "idle")
    assert "does not say" in asking.ask(1, Why(), "en").text
    assert asking.ask(1, Why(), "en").contest is None


# --------------------------------------------------------------------------------------- what if


@pytest.mark.parametrize("scenario", ROADS)
def test_a_supposition_is_answered_with_the_branch_that_the_command_drives(scenario):
    asking = asker(scenario, "planner")
    for number in (1, 3):
        step = asking.episode.steps[number]
        car = step.scene.cars[0].id
        for edit in (Remove(car), Brake(car)):
            answer = asking.ask(number, WhatIf((edit,)), "en", decisions=2)
            driven = branch(asking.episode, number, (edit,), decisions=2, causes="every")
            told = [(s.choice.action, s.rationale.text) for s in answer.branch.steps[number:]]
            assert told == [(s.choice.action, s.rationale.text) for s in driven.steps[number:]]
            assert answer.changed == differs(step.choice, driven.steps[number].choice)
            assert difference(answer.branch.steps[-1].scene, driven.steps[-1].scene) == 0.0


def test_a_car_that_is_said_to_be_a_cause_changes_the_decision_and_its_placebo_does_not():
    asked = 0
    for scenario, names in (
        ("highway-fast", ("planner", "rule")),
        ("two-way", ("rule",)),
        ("dilu-4-2.0", ("rule",)),
    ):
        for name in names:
            asking = Asker(episode(scenario, name, causes="every"))
            for step, car, instead in causes(asking.episode):
                answer = asking.ask(step.scene.step, WhatIf((Hide(car),)), "en")
                assert answer.changed and answer.branch.steps[-1].choice.action == instead
                asked += 1
                if answer.placebo:
                    assert answer.placebo.car != car
    assert asked > 10


def test_without_a_change_nothing_changes():
    asking = asker("two-way", "planner")
    step = asking.episode.steps[3]
    car = step.scene.cars[0]
    same = asking.ask(3, WhatIf((SetSpeed(car.id, car.speed),)), "en")
    assert same.changed is False and same.placebo is None
    assert same.branch.steps[3].choice.action == step.choice.action


def test_how_near_is_where_the_decision_changes():
    changes = 0
    for scenario in ROADS:
        asking = asker(scenario, "rule")
        for step in asking.episode.steps[::2]:
            for car in step.scene.cars[:2]:
                answer = asking.ask(step.scene.step, HowNear(car.id), "en")
                if not answer.changed:
                    continue
                [move] = answer.edits
                far = np.hypot(move.x - car.x, move.y - car.y)
                moved = branch(asking.episode, step.scene.step, (move,), decisions=1)
                assert differs(step.choice, moved.steps[-1].choice)
                share = max(far - 2 * CLOSE, 0.0) / far
                short = replace(
                    move, x=car.x + share * (move.x - car.x), y=car.y + share * (move.y - car.y)
                )
                before = branch(asking.episode, step.scene.step, (short,), decisions=1)
                if (
                    abs(car.heading) < 1e-3
                ):  # a straight way: the same places as those that were tried
                    assert not differs(step.choice, before.steps[-1].choice) or far < 2 * CLOSE
                changes += 1
    assert changes > 5


def test_what_a_question_leaves_to_the_scene_is_made_there():
    scene = episode("highway-fast", "rule").steps[3].scene
    ego, car = scene.ego, max(scene.cars, key=lambda car: car.x)
    [near], [far] = edits_of(Nearer(car.id, 5.0), scene), edits_of(Nearer(car.id, -5.0), scene)
    assert isinstance(near, Move) and near.x == pytest.approx(car.x - 5.0)
    assert far.x == pytest.approx(car.x + 5.0) and near.y == pytest.approx(car.y)
    behind = min(scene.cars, key=lambda car: car.x)
    if behind.x < ego.x:
        [near] = edits_of(Nearer(behind.id, 2.0), scene)
        assert near.x == pytest.approx(behind.x + 2.0)
    assert edits_of(Quicker(car.id, -99.0), scene) == (SetSpeed(car.id, 0.0),)
    assert edits_of(CutIn(car.id), scene) == (ChangeLane(car.id, ego.lane),)


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (WhatIf((Remove(99999),)), "99999"),
        (Nearer(99999, 3.0), "does not see car 99999"),
        (Nearer(1, 9000.0), "leave its lane"),
        (HowNear(99999), "99999"),
    ],
)
def test_what_cannot_be_supposed_is_refused_in_a_sentence(question, why):
    asking = asker()
    with pytest.raises(ValueError, match=why):
        asking.ask(2, question, "en")
    assert asking.ask(2, Why(), "en").text, "and it can be asked on"


def test_a_stage_stands_wherever_it_is_asked_to_and_in_any_order():
    driven = episode("intersection", "rule")
    stage = Stage(driven)
    for number in (5, 2, 6, 0, 5):
        world = stage.at(number)
        assert difference(world.scene, driven.steps[number].scene) <= 1.5e-6
        world.step(driven.steps[number].choice.action)  # what is done there is undone
    assert stage.at(3).physics == "twin"


@pytest.mark.parametrize("language", ["de", "zh"])
def test_an_answer_is_said_in_the_language_that_asks(language):
    asking = asker("highway-fast", "planner")
    english = asking.ask(2, Why(), "en").text
    other = asking.ask(
        2, parse_question({"de": "warum", "zh": "为什么"}[language], language), language
    )
    assert (
        other.text != english and other.contest.margin == asking.ask(2, Why(), "en").contest.margin
    )


def test_a_placebo_that_cannot_be_tried_is_not_said_to_be_missing():
    untried = 0
    for scenario in ROADS:
        asking = asker(scenario)
        for step in asking.episode.steps[::2]:
            for car in step.scene.cars:
                try:
                    answer = asking.ask(step.scene.step, CutIn(car.id), "en")
                except ValueError:
                    continue
                if answer.placebo is not None and answer.placebo.action is None:
                    untried += 1
                    assert (
                        f"car {answer.placebo.car}" in answer.text
                        and "cannot be tried" in answer.text
                    )
                    with pytest.raises(ValueError):
                        asking.ask(step.scene.step, CutIn(answer.placebo.car), "en")
                assert ("No other car" in answer.text) == (answer.placebo is None)
    assert untried


# ------------------------------------------------------------------------------------------ debris


def test_debris_lies_in_the_lane_as_far_ahead_as_was_asked_and_is_driven_around_or_stopped_for():
    asking = asker("highway-fast", "planner")
    step, ego = asking.episode.steps[2], asking.episode.steps[2].scene.ego
    metres = next(m for m in range(30, 200, 5) if is_free(step.scene, m))
    answer = asking.ask(2, Blocked(float(metres)), "en", decisions=6)
    (edit,) = answer.edits
    assert edit.x == pytest.approx(ego.x + metres + (ego.length + 2.0) / 2)
    assert step.scene.road.lane(ego.lane).frenet(edit.x, edit.y)[1] == pytest.approx(0.0)
    (debris,) = answer.branch.steps[2].scene.objects
    assert (debris.x, debris.y) == pytest.approx((edit.x, edit.y), abs=1e-6)
    assert answer.branch.steps[1].scene.objects == (), "it was not there before"
    assert all(s.scene.objects == (debris,) for s in answer.branch.steps[2:])
    end = answer.branch.end
    assert end is None or end.reason != "collision"


def is_free(scene, metres):
    try:
        edited(scene, *edits_of(Blocked(float(metres)), scene))
    except ValueError:
        return False
    return True


def test_where_debris_cannot_lie_is_said_in_one_sentence():
    asking = asker("highway-fast", "planner")
    ego = asking.episode.steps[2].scene.ego
    for question, why in (
        (Blocked(99999.0), "no road 99999 m ahead"),
        (WhatIf((Obstruct(ego.x + 1.0, ego.y),)), "the debris would lie inside the ego"),
        (WhatIf((Obstruct(ego.x, ego.y + 400.0),)), "there is no road"),
    ):
        with pytest.raises(ValueError, match=why):
            asking.ask(2, question, "en")
