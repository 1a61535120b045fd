"""Narration on hand-made scenes: what is said, word for word, and what is left unsaid."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_episode import ring_road
from hand_made import (
    FASTER,
    IDLE,
    LEFT,
    METAS,
    RIGHT,
    SLOWER,
    behind_a_slower_car,
    car,
    narrated,
    scene,
    step_of,
)

from drive.kinematics.foresight import foresee
from drive.kinematics.surroundings import View
from drive.language import read
from drive.reasoning.narrate import merge
from drive.types import Car, Choice, Decision, Legal, Option, Perception, Task, Term

HERE, LEFT_LANE, RIGHT_LANE = (("a", "b", k) for k in (1, 0, 2))


def said_of(at, choice, tie="shares evidence"):
    choice = foresee(at, choice)
    return narrated(at, choice, tie)


def options(chosen, *others, terms=(), lane=HERE):
    return Choice(chosen, (Option(chosen, terms, target_lane=lane), *others))


def test_the_instructor_brakes_for_the_car_ahead():
    said = said_of(*behind_a_slower_car())
    assert said.text == (
        "Slow down to 20 m/s and keep lane 2 behind car 4: it is 18.0 m ahead. Changing left is blocked: car 7 is beside me on the left, "
        "overlapping by 3.0 m."
    )
    assert said.decision == Decision("lead following", None, None)
    assert said.rival == LEFT
    assert said.claims[0].cars == (4,), "the proximate cause comes first"


def test_a_free_road_is_said_to_be_free_and_nothing_else():
    free = Term("free ahead", 200.0, "m", "for")
    at = replace(scene(), perception=Perception(range=120.0))
    said = said_of(at, options(IDLE, terms=(free,)))
    assert said.text == "Keep lane 2 at 25 m/s: the road ahead is free for 120 m."
    assert said.decision == Decision(None, None, None)


def test_a_term_that_the_scene_does_not_show_is_not_claimed():
    invented = (
        Term("gap ahead", 12.0, "m", "for", cars=(1,)),
        Term("free ahead", 200.0, "m", "for"),
        Term("gap behind", 12.0, "m", "for", cars=(1,)),
    )
    said = said_of(scene(car(1, 140.0, lane=0)), options(IDLE, terms=invented[:1] + invented[2:]))
    assert said.text == "Keep lane 2 at 25 m/s."
    told = said_of(scene(car(1, 140.0)), options(IDLE, terms=invented))
    assert "35.0 m ahead" in told.text and "12.0" not in told.text and "free" not in told.text


def test_null_policies_say_that_they_weigh_nothing():
    always = options(SLOWER, terms=(Term("always", 0.0, "", "for"),))
    assert said_of(scene(), always, "post hoc").text == (
        "Slow down to 20 m/s and keep lane 2: this is what I always do, and nothing was weighed."
    )
    drawn = options(RIGHT, terms=(Term("drawn", 0.0, "", "for"),), lane=RIGHT_LANE)
    assert said_of(scene(), drawn, "post hoc").text == (
        "Change right to lane 3 at 25 m/s: this was drawn at random, and nothing was weighed."
    )


def test_a_change_of_lane_is_explained_by_the_car_ahead_and_what_it_gains():
    stay = Option(IDLE, (
        Term("gap ahead", 30.0, "m", "for", cars=(4,)), Term("slower ahead", 5.0, "m/s", "for", cars=(4,)),
    ), target_lane=HERE)  # fmt: skip
    gain = (Term("speed gain", 5.0, "m/s", "for", 1.5),)
    said = said_of(scene(car(4, 135.0)), options(LEFT, stay, terms=gain, lane=LEFT_LANE))
    assert said.text == (
        "Change left to lane 1 at 25 m/s: car 4 is 30.0 m ahead and 5.0 m/s slower."
    )
    assert said.decision == Decision(None, "lane change", "left")


def test_the_way_to_an_exit_makes_it_a_merge_or_split():
    at = replace(scene(), task=Task("exit", (("b", "exit", 0),)))
    way = (Term("lanes to goal", 1, "", "against"), Term("distance to goal", 120.0, "m", "against"))
    stay = Option(IDLE, way, target_lane=HERE)
    said = said_of(at, options(RIGHT, stay, lane=RIGHT_LANE))
    assert said.text == (
        "Merge right into lane 3 at 25 m/s: my exit is 120 m ahead, and there is 1 lane still to "
        "cross."
    )
    assert said.decision == Decision(None, "merge or split", "right")


def valued(action, value, *more):
    """An option as a learned policy values it."""
    return Option(action, (Term("value", value, "", "for", worth=value), *more), value)


def test_a_learned_policy_says_how_clearly_it_prefers_its_choice():
    near = Choice(IDLE, (valued(IDLE, 18.607), valued(SLOWER, 18.45)))
    assert said_of(scene(), near, "post hoc").text == (
        "Keep lane 2 at 25 m/s: the road ahead is free for 200 m. "
        "I prefer this to slowing down by a hair, 0.16 of 18.61."
    )
    far = Choice(IDLE, (valued(IDLE, 18.607), valued(SLOWER, 9.0)))
    assert said_of(scene(), far, "post hoc").text.endswith(
        "I clearly prefer this to slowing down, by 9.61 of 18.61."
    )


def test_a_crossing_car_is_let_pass():
    meets = Term("predicted contact", 2.4, "s", "against", 4.0, cars=(6,))
    other = Car(6, 130.0, 20.0, -1.5707963, 8.0, 5.0, 2.0, ("a", "b", 0))
    said = said_of(scene(other), options(SLOWER, Option(IDLE, (meets,), target_lane=HERE)))
    assert said.text.startswith(
        "Slow down to 20 m/s and keep lane 2 to let car 6 go first: it is 33.5 m away to my left, doing "
        "8.0 m/s and could be in my way after 2.4 s of carrying on."
    )
    assert said.decision.longitudinal == "yielding"


def test_a_car_that_is_beside_is_not_said_to_be_in_the_way_later():
    beside = Term("beside", 3.0, "m", "against", cars=(7,))
    meets = Term("predicted contact", 0.6, "s", "against", 4.0, cars=(7,))
    other = car(7, 98.0, lane=0, speed=25.0)
    for terms in ((beside, meets), (meets, beside)):
        text = said_of(scene(other), options(IDLE, Option(LEFT, terms, target_lane=LEFT_LANE))).text
        assert text.endswith(
            "Changing left is blocked: car 7 is beside me on the left, overlapping by 3.0 m."
        )


def test_a_threshold_that_is_kept_is_no_objection():
    far = (
        Term("time gap", 2.4, "s", "against", 2.0, cars=(4,)),
        Term("slower ahead", 5.0, "m/s", "against", cars=(4,)),
    )
    said = said_of(scene(car(4, 165.0)), options(SLOWER, Option(IDLE, far, target_lane=HERE)))
    assert "5.0 m/s slower" in said.text and "I want 2.0 s" not in said.text


def test_a_car_that_falls_back_is_not_said_to_close_in():
    slow = (Term("gap behind", 15.0, "m", "against", cars=(2,)),
            Term("closing from behind", -4.0, "m/s", "against", cars=(2,)))  # fmt: skip
    rival = Option(LEFT, slow, target_lane=LEFT_LANE)
    text = said_of(scene(car(2, 80.0, lane=0, speed=21.0)), options(IDLE, rival)).text
    assert "falling back at 4.0 m/s" in text and "closing" not in text


def test_a_change_that_the_policy_values_more_is_blocked_where_there_is_no_lane():
    """As `sb3:` says it: every action has a value, and one is not available here."""
    at, unavailable = scene(lane=0), Term("unavailable", 0.0, "", "against")
    legal = tuple(name for name in METAS if name != "LANE_LEFT")
    at = replace(at, legal=Legal(legal))

    ours, theirs = valued(IDLE, 4.0), valued(RIGHT, 3.0)
    said = said_of(at, Choice(IDLE, (ours, valued(LEFT, 5.0, unavailable), theirs)), "post hoc")
    assert said.text == (
        "Keep lane 1 at 25 m/s: the road ahead is free for 200 m. "
        "Changing left is blocked: there is no lane on the left."
    )
    assert said.rival == LEFT and read(said.text).claims == said.claims
    less = said_of(at, Choice(IDLE, (ours, valued(LEFT, 3.5, unavailable), theirs)), "post hoc")
    assert less.rival == RIGHT, "what was valued less is no rival where there is no lane"
    faster = valued(FASTER, 9.0, unavailable)
    assert said_of(at, Choice(IDLE, (ours, faster, theirs)), "post hoc").rival != LEFT


def test_past_the_end_of_the_road_nothing_is_said_to_be_free():
    at = scene()
    free = Term("free ahead", 200.0, "m", "for")
    for x, said in ((980.0, "the road ahead is free for 18 m"), (1003.0, "Keep lane 2 at 25 m/s.")):
        moved = replace(at, ego=replace(at.ego, x=x))
        assert said in said_of(moved, options(IDLE, terms=(free,))).text


def test_the_rival_is_the_best_scored_that_was_not_taken():
    at, choice = behind_a_slower_car()
    scores = {LEFT: -3.0, IDLE: 1.0, FASTER: -1.0, SLOWER: 2.0}
    scored = tuple(replace(option, score=scores[option.action]) for option in choice.options)
    assert said_of(at, replace(choice, options=scored)).rival == IDLE


def test_what_is_illegal_or_leads_the_same_way_is_no_rival():
    at = replace(
        scene(speed=30.0), legal=Legal(tuple(name for name in METAS if name != "LANE_LEFT"))
    )
    at = replace(at, ego=replace(at.ego, target_speed=30.0))
    choice = options(
        IDLE, Option(LEFT, score=9.0), Option(FASTER, score=8.0), Option(SLOWER, score=1.0)
    )
    assert said_of(at, choice).rival == SLOWER


def test_unchanged_decisions_merge_into_one_sentence_with_its_duration():
    at, choice = behind_a_slower_car()
    choice = foresee(at, choice)

    def step(k, gap):
        moment = replace(behind_a_slower_car(gap)[0], step=k, time=float(k))
        return step_of(moment, choice, narrated(moment, choice, "post hoc"))

    free = scene(step=3)
    alone = options(IDLE, terms=(Term("free ahead", 200.0, "m", "for"),))
    steps = [
        step(0, 18.0),
        step(1, 17.0),
        step(2, 16.5),
        step_of(free, alone, said_of(free, alone)),
    ]
    merged = merge(steps)
    assert [(first, last) for first, last, _ in merged] == [(0, 2), (3, 3)]
    assert merged[0][2].text.startswith("For 3.0 s, slow down to 20 m/s")
    assert read(merged[0][2].text).claims == merged[0][2].claims
    assert merged[1][2] == steps[3].rationale
    assert merge([]) == ()


def test_an_abandoned_change_of_lane_is_an_abort():
    at = scene()
    at = replace(at, ego=replace(at.ego, target_lane=LEFT_LANE, y=-3.0))
    said = said_of(at, options(RIGHT, lane=HERE))
    assert said.decision == Decision(None, "abort of a lateral manoeuvre", "left")
    assert said.text.startswith("Break off the change to the left and return to lane 2")


def test_a_car_that_stands_before_an_object_waits():
    at = replace(scene(speed=0.0), legal=Legal(METAS))
    at = replace(at, ego=replace(at.ego, target_speeds=(0.0, 10.0), target_speed=0.0))
    assert said_of(at, options(IDLE)).text == "Stand still and keep lane 2."


def test_on_a_ring_the_car_just_ahead_is_not_taken_for_one_far_behind():
    road = ring_road()
    lane = road.lane(("a", "b", 0))
    x, y = lane.point(1.0)
    ego = replace(
        scene().ego, x=x, y=y, heading=lane.heading(1.0), lane=lane.id, target_lane=lane.id
    )
    ahead = Car(1, *lane.point(40.0), lane.heading(40.0), 10.0, 5.0, 2.0, lane.id)
    round = replace(scene(ahead), road=road, ego=ego)
    assert View(round).leader().car == 1
    assert View(round).leader().gap == pytest.approx(34.0)
