"""Verification on hand-made scenes: round numbers, true and false."""

from __future__ import annotations

import ast
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hand_made import LEFT, RIGHT, behind_a_slower_car, car, narrated, scene

from drive.checking import scene as verify
from drive.checking.scene import check, observe
from drive.checking.text import check_rationale, check_text, numbers_in
from drive.kinematics.foresight import foresee
from drive.language import QUANTITIES, make_claim, say
from drive.roads import Lane, Road, Straight
from drive.types import Claim, Meta, Perception, StaticObject, Task

# The ego is at x = 100 m in the middle of three lanes, at 25 m/s; bumpers 2.5 m before and behind.
TRAFFIC = scene(
    car(1, 125.0, speed=20.0),  # 20 m ahead
    car(2, 80.0, lane=0, speed=29.0),  # left, 15 m behind
    car(3, 103.0, lane=2, speed=25.0),  # right, beside
    car(4, 150.0, lane=0, speed=-20.0),  # left, rolling back
    replace(car(5, 155.0, lane=2, speed=20.0), heading=math.pi),  # right, oncoming
)


def claim(quantity, value=None, kind="observation", **fields):
    return make_claim(kind, quantity, value, **fields)


TRUE = [
    claim("gap ahead", 20.0, cars=(1,)),
    claim("slower ahead", 5.0, cars=(1,)),
    claim("time gap", 0.8, cars=(1,), threshold=2.0),
    claim("time to collision", 4.0, cars=(1,)),
    claim("gap ahead", 45.0, cars=(4,), option=LEFT),
    claim("gap behind", 15.0, cars=(2,), option=LEFT),
    claim("closing from behind", 4.0, cars=(2,), option=LEFT),
    claim("imposed braking", 0.53, cars=(2,), option=LEFT),
    claim("beside", 2.0, cars=(3,), option=RIGHT),
    claim("oncoming", 50.0, cars=(5,), option=RIGHT),
    claim("time to collision", 50 / 45, cars=(5,), option=RIGHT),
    claim("to the left", math.hypot(15, 2), cars=(2,)),
    claim("to the right", 2.0, cars=(3,)),
    claim("its speed", 20.0, cars=(1,)),
    claim("lateral offset", 0.0),
    claim("heading error", 0.0),
]


@pytest.mark.parametrize("said", TRUE, ids=lambda said: f"{said.quantity} {said.cars}")
def test_a_true_claim_is_true_and_a_tenth_beside_it_is_false(said):
    assert observe(TRAFFIC, said).result == "true", observe(TRAFFIC, said)
    step = 10.0 ** -QUANTITIES[said.kind, said.quantity].decimals
    for wrong in (said.said + step, said.said - step):
        verdict = observe(TRAFFIC, replace(said, said=wrong))
        assert verdict.result == "false" and verdict.why


@pytest.mark.parametrize("said", [c for c in TRUE if c.cars], ids=lambda said: say(said))
def test_another_car_does_not_make_it_true(said):
    for other in {1, 2, 3, 4, 5} - set(said.cars):
        if (said.quantity, other) == ("its speed", 4) or (said.quantity, other) == ("its speed", 5):
            continue  # as fast as car 1
        assert observe(TRAFFIC, replace(said, cars=(other,))).result == "false"
    verdict = observe(TRAFFIC, replace(said, cars=(9,)))
    assert (verdict.result, verdict.why) == ("false", "no car 9 in the scene")


@pytest.mark.parametrize("said", [c for c in TRUE if c.option], ids=lambda said: say(said))
def test_the_other_side_does_not_make_it_true(said):
    other = RIGHT if said.option == LEFT else LEFT
    assert observe(TRAFFIC, replace(said, option=other)).result == "false"
    assert observe(TRAFFIC, replace(said, option=None)).result == "false"


def test_the_tolerance_is_half_a_unit_of_the_last_decimal():
    near = scene(car(1, 125.049))
    assert observe(near, claim("gap ahead", 20.0, cars=(1,))).result == "true"
    assert observe(near, Claim("observation", "gap ahead", 20.1, "m", cars=(1,))).result == "false"
    verdict = observe(scene(car(1, 125.06)), claim("gap ahead", 20.0, cars=(1,)))
    assert verdict.result == "false" and verdict.tolerance == pytest.approx(0.05)
    assert "measured 20.06" in verdict.why


def test_a_road_is_free_to_the_nearest_body_or_as_far_as_one_sees():
    free = claim("free ahead", 200.0)
    assert observe(scene(), free).result == "true"
    assert observe(replace(scene(), perception=Perception(range=50.0)), free).measured == 50.0
    assert observe(scene(car(1, 165.0)), free).measured == pytest.approx(60.0)
    assert observe(scene(car(1, 165.0, lane=0)), free).result == "true"
    oncoming = replace(car(1, 165.0), heading=math.pi)
    assert observe(scene(oncoming), free).measured == pytest.approx(60.0)
    end = replace(scene(), road=Road(tuple(shortened(lane) for lane in scene().road.lanes)))
    assert observe(end, free).measured == pytest.approx(47.5)
    assert observe(end, claim("lane ends", 47.5)).result == "true"


def shortened(lane: Lane) -> Lane:
    return replace(lane, curve=Straight(lane.curve.start, (150.0, lane.curve.end[1])))


def test_an_object_is_measured_like_a_car_that_stands():
    thing = StaticObject(1, 140.0, -4.0, 0.0, 2.0, 2.0, ("a", "b", 1))
    with_it = replace(scene(), objects=(thing,))
    assert observe(with_it, claim("gap ahead", 36.5, objects=(1,))).result == "true"
    assert observe(with_it, claim("slower ahead", 25.0, objects=(1,))).result == "true"
    assert observe(with_it, claim("gap ahead", 36.5, objects=(2,))).result == "false"


def test_the_way_to_an_exit_is_counted_in_lanes_and_metres():
    fork = (
        *scene().road.lanes,
        *(
            Lane(("b", "c", k), Straight((1000.0, -4.0 * k), (1500.0, -4.0 * k)), 4.0, 30.0)
            for k in range(2)
        ),
        Lane(("b", "exit", 0), Straight((1000.0, -8.0), (1200.0, -30.0)), 4.0, 30.0),
    )
    exiting = replace(scene(), road=Road(fork), task=Task("exit", (("b", "exit", 0),)))
    assert observe(exiting, claim("distance to exit", 900.0, kind="rule")).result == "true"
    assert observe(exiting, claim("lanes to goal", 1, kind="rule")).result == "true"
    assert observe(exiting, claim("lanes to goal", 2, kind="rule")).result == "false"
    assert observe(scene(), claim("distance to exit", 900.0, kind="rule")).result == "untestable"


def test_what_needs_the_simulator_is_untestable_and_says_why():
    foreseen = make_claim("rejection", "speed", 30.0, option=Meta("FASTER"))
    verdict = observe(TRAFFIC, foreseen)
    assert verdict.result == "untestable" and "simulator" in verdict.why


def test_an_intention_is_held_against_the_foreseen_trajectory():
    at, choice = behind_a_slower_car()
    choice = foresee(at, choice)
    path = choice.chosen.trajectory
    verdicts = {
        said: check(at, make_claim("intention", quantity, said), path).result
        for quantity, said in (
            ("speed change", "slow down"), ("speed change", "speed up"), ("speed change", "stop"),
            ("target speed", 20.0), ("target speed", 25.0), ("lane", 2), ("lane", 1),
        )
    }  # fmt: skip
    assert verdicts == {
        "slow down": "true", "speed up": "false", "stop": "false",
        20.0: "true", 25.0: "false", 2: "true", 1: "false",
    }  # fmt: skip


def test_a_rationale_and_its_words_alone_are_both_checked():
    at, choice = behind_a_slower_car()
    choice = foresee(at, choice)
    path = choice.chosen.trajectory
    said = narrated(at, choice)
    assert {verdict.result for verdict in check_rationale(at, said, path)} == {"true"}
    assert {verdict.result for verdict in check_text(at, said.text, path)} == {"true"}
    with pytest.raises(ValueError, match="not understood"):
        check_text(at, "The car ahead looks unfriendly.", path)


def test_a_policys_own_words_are_held_to_numbers_and_cars():
    at, choice = behind_a_slower_car()
    choice = foresee(at, choice)
    path = choice.chosen.trajectory
    ours = narrated(at, choice)

    def faults(text):
        verdicts = check_rationale(at, replace(ours, text=text), path)
        return [verdict.claim.said for verdict in verdicts if verdict.result == "false"]

    assert faults("I brake a little, since car 4 is only 18.0 m away.") == []
    assert faults("I brake, since car 4 is only 17.0 m away.") == ["17.0 m"]
    assert faults("I brake for car 5.") == ["car 5", "5"]


def test_numbers_are_found_with_their_units():
    text = "Keep lane 2 at 25 m/s: car 14 is 18.3 m ahead, 1.1 s away, brakes at 2.0 m/s² (5°)."
    assert numbers_in(text) == ("2", "25 m/s", "car 14", "18.3 m", "1.1 s", "2.0 m/s²", "5°")


def test_verification_imports_nothing_of_what_made_the_claims():
    tree = ast.parse(Path(verify.__file__).read_text())
    used = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    used |= {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    makers = {"surroundings", "narrate", "evidence", "decisions", "reasons", "causes"}
    assert not {module for module in used if makers & set(module.split("."))}
