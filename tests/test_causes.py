"""Causes by intervention: which cars made the difference, alone or together, and which did not."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest
from hand_made import FASTER, IDLE, LEFT, METAS, SLOWER, car, narrated, scene, straight_road

from drive.checking.asked import Reference
from drive.episodes import rollout
from drive.kinematics.edits import edited
from drive.kinematics.foresight import foresee
from drive.language import parse, read
from drive.policy import load
from drive.reasoning import causes
from drive.reasoning.causes import attribute, placebo_for
from drive.reasoning.decisions import decision_by_weight
from drive.reasoning.evidence import cause_claims
from drive.reasoning.reasons import situation_of
from drive.roads import Lane, Road, Straight
from drive.types import Car, Choice, Control, Hide, Legal, Meta, Option, Policy, Scene, Term
from drive.world import World


class Judging:
    """Chooses by a function of the scene, and weighs every legal action."""

    name, tie = "judging", "post hoc"

    def __init__(self, judge):
        self.judge = judge

    def decide(self, scene: Scene) -> Choice:
        action = self.judge(scene)
        term = Term("value", 1.0, "", "for")
        return Choice(action, tuple(Option(Meta(name), (term,)) for name in METAS))


def ahead(seen: Scene, within: float) -> list[int]:
    """Cars in the ego's lane, ahead of it and within some metres."""
    return [c.id for c in seen.cars if c.y == seen.ego.y and 0 < c.x - seen.ego.x < within]


brakes_behind_a_car = Judging(lambda seen: SLOWER if ahead(seen, 50) else FASTER)


def causes_of(policy: Policy, seen: Scene, **how):
    choice = foresee(seen, policy.decide(seen))
    return attribute(policy, seen, choice, **how)


def test_the_car_without_which_it_would_not_brake_is_the_cause_and_no_other():
    result = causes_of(
        brakes_behind_a_car, scene(car(1, 130.0), car(2, 130.0, lane=0), car(3, 300.0))
    )
    assert [cause.cars for cause in result.causes] == [(1,)]
    assert result.causes[0].instead == FASTER == result.free
    assert result.causes[0].effect > causes.EFFECT


def test_the_effect_is_the_largest_distance_between_the_two_trajectories():
    seen = scene(car(1, 130.0))
    weighed = foresee(seen, brakes_behind_a_car.decide(seen))
    paths = {option.action: option.trajectory for option in weighed.options}
    apart = np.hypot(paths[SLOWER].x - paths[FASTER].x, paths[SLOWER].y - paths[FASTER].y).max()
    assert causes_of(brakes_behind_a_car, seen).causes[0].effect == pytest.approx(apart, abs=1e-3)


def test_a_ghost_is_out_of_sight_with_its_past_but_stays_on_the_road():
    seen = scene(car(1, 130.0), car(2, 150.0))
    past = {1: np.zeros((3, 5)), 2: np.ones((3, 5))}
    seen = replace(seen, history=replace(seen.history, cars=past))
    hidden = edited(seen, Hide(1))
    assert [c.id for c in hidden.cars] == [2] and [c.id for c in hidden.ghosts] == [1]
    assert set(hidden.history.cars) == {2}
    assert edited(hidden, Hide(2)).ghosts == seen.cars
    with pytest.raises(ValueError, match="no car 7"):
        edited(seen, Hide(7))


@pytest.mark.parametrize("blocking", [2, 3])
def test_cars_that_only_together_make_a_difference_are_found_together(blocking):
    in_the_way = [car(k + 1, 110.0 + 10 * k) for k in range(blocking)]
    elsewhere = [car(20 + k, 105.0 + 9 * k, lane=2) for k in range(4)]
    result = causes_of(brakes_behind_a_car, scene(*in_the_way, *elsewhere))
    assert [cause.cars for cause in result.causes] == [tuple(range(1, blocking + 1))]
    assert len(result.causes[0].placebo) == blocking
    assert result.causes[0].placebo_effect == 0.0


def test_more_than_three_together_are_not_named_but_said_to_be_the_traffic():
    seen = scene(*(car(k + 1, 106.0 + 6 * k) for k in range(5)))
    choice = foresee(seen, brakes_behind_a_car.decide(seen))
    result = attribute(brakes_behind_a_car, seen, choice)
    assert result.causes == () and result.free == FASTER
    assert [claim.quantity for claim in cause_claims(seen, choice, result)] == ["traffic"]


def test_where_nothing_changes_no_cause_is_invented():
    seen = scene(car(1, 300.0), car(2, 120.0, lane=0))
    choice = foresee(seen, brakes_behind_a_car.decide(seen))
    result = attribute(brakes_behind_a_car, seen, choice)
    assert result.causes == ()
    assert cause_claims(seen, choice, result) == ()


def test_an_effect_below_half_a_metre_is_no_cause():
    class Nudging(Judging):
        def decide(self, scene: Scene) -> Choice:
            action = Control(0.0, 1e-5 * len(scene.cars))
            return Choice(action, (Option(action, target_lane=scene.ego.lane),))

    steered = Legal(acceleration=(0.0, 0.0), steering=(-0.5, 0.5))
    seen = replace(scene(car(1, 130.0), car(2, 140.0)), legal=steered, period=0.2)
    result = causes_of(Nudging(None), seen)
    assert result.asked == 4 and result.causes == () and result.free == Control(0.0, 2e-5)


def test_the_placebo_is_the_most_similar_car_that_is_not_cited():
    seen = scene(car(1, 130.0), car(2, 135.0, speed=21.0), car(3, 190.0), car(4, 131.0, lane=0))
    assert placebo_for(seen, (1,), {1}) == (2,)
    assert placebo_for(seen, (1,), {1, 2}) == (4,)
    assert placebo_for(scene(car(1, 130.0), car(2, 230.0)), (1,), {1}) == ()


def test_a_set_whose_placebo_does_as_much_is_no_cause():
    """It brakes while it sees three cars or more: any two would do as well as any other two."""
    counts = Judging(lambda seen: SLOWER if len(seen.cars) > 2 else FASTER)
    result = causes_of(counts, scene(*(car(k + 1, 110.0 + 10 * k) for k in range(4))))
    assert result.causes == () and result.free == FASTER


def test_conditions_are_asked_for_where_the_scene_has_them():
    careful = Judging(lambda seen: IDLE if seen.road.lanes[0].speed_limit else FASTER)
    result = causes_of(careful, scene(car(1, 130.0)))
    assert [(cause.condition, cause.instead) for cause in result.causes] == [
        ("speed limit", FASTER)
    ]


def test_a_policy_that_tells_which_cars_it_could_depend_on_is_asked_for_those_only():
    class Telling(Judging):
        def could_matter(self, seen, choice):
            return ahead(seen, 50)

    policy = Telling(brakes_behind_a_car.judge)
    seen = scene(car(1, 130.0), *(car(k, 300.0 + 10 * k) for k in range(2, 12)))
    quick, slow = causes_of(policy, seen), causes_of(policy, seen, exhaustive=True)
    assert quick.causes[0].cars == slow.causes[0].cars == (1,)
    assert quick.asked < slow.asked and not quick.exhaustive and slow.exhaustive


def test_a_policy_that_fails_on_an_edited_scene_gives_no_cause():
    def fragile(seen: Scene) -> Meta:
        if not seen.cars:
            raise RuntimeError("nobody there")
        return IDLE

    assert causes_of(Judging(fragile), scene(car(1, 130.0))).causes == ()


def test_a_set_is_looked_for_also_among_cars_that_cannot_matter_alone():
    class Telling(Judging):
        def could_matter(self, seen, choice):
            return ()

    seen = scene(car(1, 110.0), car(2, 120.0))
    assert causes_of(Telling(brakes_behind_a_car.judge), seen).causes[0].cars == (1, 2)


# ---------------------------------------------------------------------- real scenes, and the words


@functools.cache
def driven(policy: str, scenario: str):
    world = World(scenario, {"duration": 12} if scenario == "highway-fast" else {})
    return rollout.run(world, load(policy), 11)


@pytest.mark.parametrize("policy", ["rule", "idm"])
@pytest.mark.parametrize("scenario", ["highway-fast", "merge", "roundabout", "intersection"])
def test_causes_agree_with_the_slow_and_plain_way(policy, scenario):
    ask = load(policy)
    for step in driven(policy, scenario).steps:
        truth = Reference(ask, step.scene).depends_on()
        named = {frozenset(cause.cars) for cause in step.attribution.causes if cause.cars}
        if any(len(ids) == 1 for ids in truth.sets):
            assert named == set(map(frozenset, truth.sets))
        else:  # one smallest set is named, any of them
            assert named <= set(map(frozenset, truth.sets)) and bool(named) <= bool(truth.sets)


@pytest.mark.parametrize("scenario", ["highway-fast", "merge", "roundabout", "intersection"])
def test_every_car_in_the_words_is_a_tested_cause_counts_in_a_score_or_must_be_heard_of(scenario):
    for step in driven("rule", scenario).steps:
        tested = {car for cause in step.attribution.causes for car in cause.cars}
        terms = [term for option in step.choice.options for term in option.terms]
        weighed = {car for term in terms if term.worth for car in term.cars}
        for claim in parse(step.rationale.text):
            allowed = tested if claim.kind == "cause" else tested | weighed
            assert claim.kind == "fact" or allowed.issuperset(claim.cars), step.rationale.text
        assert read(step.rationale.text).decision == step.rationale.decision


def test_a_policy_s_own_words_are_kept_and_what_was_tested_is_added():
    seen = scene(car(1, 130.0))
    choice = foresee(seen, brakes_behind_a_car.decide(seen))
    own = replace(narrated(seen, choice, "post hoc"), text="I feel like it.")
    choice = replace(choice, rationale=own)
    said = narrated(seen, choice, "post hoc", attribute(brakes_behind_a_car, seen, choice))
    assert said.text == "I feel like it. Without car 1 I would speed up."
    assert said.claims[:-1] == own.claims and said.claims[-1].cars == (1,)


def across(x: float) -> Scene:
    """Car 1 comes from the right at 10 m/s, 30 m before a road that crosses the ego's at x."""
    lane = Lane(("c", "d", 0), Straight((x, -100.0), (x, 100.0)), 4.0, 30.0)
    comes = Car(1, x, -34.0, np.pi / 2, 10.0, 5.0, 2.0, lane.id)
    return replace(scene(comes), road=Road((*straight_road().lanes, lane)))


def said_by(policy: Policy, seen: Scene) -> str:
    choice = foresee(seen, policy.decide(seen))
    return narrated(seen, choice, "post hoc", attribute(policy, seen, choice)).text


class Silent(Judging):
    """Keeps to itself what it saw: the road ahead is free, and that is all it tells."""

    def decide(self, scene: Scene) -> Choice:
        here, free = scene.ego.lane, Term("free ahead", 200.0, "m", "for")
        lanes = {LEFT: (*here[:2], here[2] - 1), Meta("LANE_RIGHT"): (*here[:2], here[2] + 1)}
        options = (Option(Meta(name), (free,), 0.0, lanes.get(Meta(name), here)) for name in METAS)
        return Choice(self.judge(scene), tuple(options))


@pytest.mark.parametrize(
    "seen, chosen, instead, text",
    [
        (
            across(150.0),
            SLOWER,
            FASTER,
            "Slow down to 20 m/s and keep lane 2 to let car 1 go first: it is 53.5 m away to my right. "
            "Without car 1 I would speed up.",
        ),
        (
            scene(car(1, 85.0, speed=30.0)),
            IDLE,
            FASTER,
            "Keep lane 2 at 25 m/s: car 1 is 10.0 m behind. "
            "Mind car 1 behind me, 2.0 s from contact. Without car 1 I would speed up.",
        ),
        (
            scene(car(1, 92.0, lane=0)),
            IDLE,
            LEFT,
            "Keep lane 2 at 25 m/s: the road ahead is free for 200 m. "
            "Changing left is worse: car 1 is 3.0 m behind on the left.",
        ),
        (
            scene(car(1, 101.0, lane=0)),
            IDLE,
            LEFT,
            "Keep lane 2 at 25 m/s: the road ahead is free for 200 m. "
            "Changing left is worse: car 1 is beside me on the left, overlapping by 4.0 m.",
        ),
        (
            scene(car(1, 130.0, lane=0), lane=2),
            SLOWER,
            IDLE,
            "Slow down to 20 m/s and keep lane 3. Without car 1 I would carry on.",
        ),
    ],
    ids=["comes across", "follows", "behind on the left", "beside", "two lanes away"],
)
def test_where_the_proximate_cause_is_is_told_if_nothing_else_of_it_is(seen, chosen, instead, text):
    assert said_by(Silent(lambda scene: chosen if scene.cars else instead), seen) == text


def test_a_cause_of_which_something_was_measured_is_not_told_of_twice():
    seen = scene(car(1, 130.0))
    term = Term("time gap", 1.0, "s", "against", 2.0, cars=(1,))

    class Measuring(Judging):
        def decide(self, scene: Scene) -> Choice:
            options = (
                Option(Meta(name), (term,) if name == "FASTER" else (), 0.0) for name in METAS
            )
            return Choice(self.judge(scene), tuple(options))

    text = said_by(Measuring(brakes_behind_a_car.judge), seen)
    assert "1.0 s away (I keep 2.0 s)" in text and "25.0 m ahead" not in text


# ------------------------------------------------------------------------------- when they are asked


class Wavering(Judging):
    """Brakes at the first two decisions, then keeps its speed."""

    def __init__(self):
        super().__init__(lambda seen: SLOWER if seen.step < 2 else IDLE)


def test_on_change_the_policy_is_asked_where_its_decision_differs_from_the_one_before():
    world = World("merge", {"duration": 5})
    steps = rollout.run(world, Wavering(), 3, causes="change").steps
    situations = [(situation_of(s.scene, s.choice), s.choice) for s in steps]
    decisions = [decision_by_weight(at, choice) for at, choice in situations]
    changed = [one != before for before, one in zip((None, *decisions), decisions, strict=False)]
    assert [step.attribution is not None for step in steps] == changed
    assert True in changed[1:] and False in changed


def test_what_is_asked_changes_no_action_and_other_words_for_when_are_refused():
    every, never = (
        rollout.run(World("highway-fast", {"duration": 5}), load("rule"), 3, causes=how)
        for how in ("every", "never")
    )
    assert [s.choice for s in every.steps] == [s.choice for s in never.steps]
    assert all(step.attribution for step in every.steps)
    assert not any(step.attribution for step in never.steps)
    with pytest.raises(ValueError, match="every, change, never, not 'often'"):
        rollout.run(World("highway-fast"), load("rule"), 3, causes="often")
    assert rollout.when_asked(True) == "every" and rollout.when_asked(False) == "never"
