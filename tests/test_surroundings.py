"""Which car is where: hand-made scenes with round numbers, no simulator but for the speed of a full scene."""

import math
from dataclasses import replace

import pytest
from hand_made import car, scene, straight_road

from drive.kinematics.surroundings import (
    View,
    idm_acceleration,
    legal_options,
    opposed,
    side_lanes,
)
from drive.roads import Lane, Road, Straight
from drive.types import Car, Control, Legal, Meta, StaticObject

LEFT, MIDDLE, RIGHT = (("a", "b", k) for k in range(3))


def crossroads() -> Road:
    """From the south straight on to the north; from the west straight on to the east."""

    def lane(start, end, a, b):
        return Lane((start, end, 0), Straight(a, b), 4.0, 10.0)

    return Road(
        (
            lane("s", "m", (0.0, -100.0), (0.0, -10.0)),
            lane("m", "n", (0.0, -10.0), (0.0, 100.0)),
            lane("w", "e", (-100.0, 0.0), (100.0, 0.0)),
        )
    )


def at_crossroads(y: float, speed: float, *cars: Car):
    blank = scene(speed=speed)
    here = ("s", "m", 0)
    ego = replace(blank.ego, x=0.0, y=y, heading=math.pi / 2, lane=here, target_lane=here)
    return replace(blank, road=crossroads(), ego=ego, cars=cars)


def from_the_west(x: float, speed: float) -> Car:
    return Car(1, x, 0.0, 0.0, speed, 5.0, 2.0, ("w", "e", 0))


def test_gaps_are_bumper_to_bumper_and_closing_is_own_minus_the_others():
    lead = View(scene(car(1, 123.0, speed=20.0))).leader()
    assert (lead.car, lead.gap, lead.closing) == (1, 18.0, 5.0)
    assert lead.time_gap(25.0) == pytest.approx(0.72)
    assert lead.time_to_collision == pytest.approx(3.6)


def test_the_follower_closes_when_it_is_faster_than_the_ego():
    follower = View(scene(car(1, 85.0, speed=29.0))).follower()
    assert (follower.gap, follower.closing) == (10.0, 4.0)
    assert follower.imposed_braking == pytest.approx(0.8)


def test_the_nearest_ahead_and_behind_count_and_only_in_the_lane_asked_for():
    view = View(
        scene(car(1, 150.0), car(2, 130.0), car(3, 120.0, lane=0), car(4, 80.0), car(5, 60.0))
    )
    assert view.leader().car == 2 and view.follower().car == 4
    assert view.leader(LEFT).car == 3 and view.leader(RIGHT) is None


def test_a_car_up_to_a_metre_over_the_line_is_still_in_the_lane():
    over, beyond = (replace(car(1, 130.0), y=-4.0 + d) for d in (2.9, 3.1))
    assert View(scene(over)).leader().car == 1
    assert View(scene(beyond)).leader() is None


def test_a_car_that_overlaps_lengthwise_is_beside():
    view = View(scene(car(1, 103.0, lane=0)))
    (beside,) = view.beside(LEFT)
    assert beside.car == 1 and beside.gap == -2.0
    assert view.beside(RIGHT) == ()


def test_oncoming_cars_are_told_from_those_that_lead():
    other = replace(car(1, 180.0, speed=20.0), heading=math.pi)
    view = View(scene(other))
    assert view.leader() is None
    assert view.oncoming().car == 1
    assert view.oncoming().closing == pytest.approx(45.0)


def test_static_objects_and_the_end_of_the_road_lead_with_speed_zero():
    thing = StaticObject(1, 150.0, -4.0, 0.0, 2.0, 2.0, MIDDLE)
    lead = View(replace(scene(), objects=(thing,))).leader()
    assert (lead.object, lead.car, lead.gap, lead.closing) == (1, None, 46.5, 25.0)
    end = View(replace(scene(), road=straight_road(length=200.0))).leader()
    assert (end.object, end.car, end.gap) == (None, None, 97.5)
    assert View(scene()).leader() is None, "the end of the road is out of sight"


def test_the_path_goes_on_over_the_next_lane_and_back_over_the_one_before():
    lanes = [Lane((n, m, 0), Straight((x, 0.0), (x + 100.0, 0.0)), 4.0, 30.0)
             for n, m, x in (("a", "b", 0.0), ("b", "c", 100.0), ("c", "d", 200.0))]  # fmt: skip
    here = ("b", "c", 0)
    blank = scene()
    ego = replace(blank.ego, x=110.0, y=0.0, lane=here, target_lane=here)
    ahead = Car(1, 230.0, 0.0, 0.0, 20.0, 5.0, 2.0, ("c", "d", 0))
    behind = Car(2, 90.0, 0.0, 0.0, 20.0, 5.0, 2.0, ("a", "b", 0))
    view = View(replace(blank, road=Road(tuple(lanes)), ego=ego, cars=(ahead, behind)))
    assert view.leader().gap == 115.0
    assert view.follower().gap == 15.0


def test_a_contact_is_foreseen_where_paths_cross_at_the_same_time():
    plan = ((0.0, 10.0),)
    (met,) = View(at_crossroads(-30.0, 10.0, from_the_west(-30.0, 10.0))).contacts(
        ("s", "m", 0), plan
    )
    assert met.car == 1 and 2.0 <= met.time <= 3.0
    assert (
        View(at_crossroads(-30.0, 10.0, from_the_west(-90.0, 10.0))).contacts(("s", "m", 0), plan)
        == ()
    )


def test_braking_in_time_avoids_the_contact():
    view = View(at_crossroads(-30.0, 10.0, from_the_west(-30.0, 10.0)))
    assert view.contacts(("s", "m", 0), ((0.0, 10.0), (1.0, 0.0))) == ()


def test_a_standing_car_may_be_about_to_set_off():
    speeds = {
        f.poses[-1][0]
        for f in View(at_crossroads(-30.0, 10.0, from_the_west(-20.0, 0.0))).forecasts
    }
    assert min(speeds) == -20.0, "it may stand on"
    assert max(speeds) > 0.0, "or pick up the usual speed"


def test_cars_on_the_way_ahead_are_gaps_not_contacts():
    view = View(scene(car(1, 106.0, speed=0.0)))
    assert view.contacts(MIDDLE, ((0.0, 25.0),)) == ()


def test_idm_keeps_its_speed_on_a_free_road_and_brakes_before_a_standing_car():
    assert idm_acceleration(20.0, 20.0) == 0.0
    assert idm_acceleration(0.0, 20.0) == 3.0
    # 3 (1 - 0 - ((10 + 30 + 400 / (2 sqrt(15))) / 95)^2), from the published formula
    wanted = 10 + 30 + 400 / (2 * math.sqrt(15))
    expected = 3 * (1 - (20 / 30) ** 4 - (wanted / 95) ** 2)
    assert idm_acceleration(20.0, 30.0, gap=90.0, closing=20.0) == pytest.approx(expected)
    assert idm_acceleration(20.0, 20.0, gap=1.0, closing=20.0) == -6.0


def test_a_leader_is_expected_to_brake_for_the_car_ahead_of_it():
    alone, pressed = (
        View(scene(car(1, 140.0))),
        View(scene(car(1, 140.0), car(2, 150.0, speed=5.0))),
    )
    assert alone.expected_acceleration(alone.leader()) == 0.0
    assert pressed.expected_acceleration(pressed.leader()) == -6.0


def test_side_lanes_are_those_that_are_legal_to_move_to():
    assert {side: lane.id for side, lane in side_lanes(scene()).items()} == {
        "left": LEFT,
        "right": RIGHT,
    }
    assert set(side_lanes(replace(scene(), legal=Legal(("IDLE", "LANE_LEFT"))))) == {"left"}
    assert set(side_lanes(scene(lane=0))) == {"right"}


def test_meta_options_are_the_legal_actions_with_the_lanes_they_drive_to():
    lanes = {option.action.name: option.target_lane for option in legal_options(scene())}
    assert lanes == {"LANE_LEFT": LEFT, "IDLE": MIDDLE, "LANE_RIGHT": RIGHT, "FASTER": MIDDLE,
                     "SLOWER": MIDDLE}  # fmt: skip


def test_steering_options_are_a_fan_of_different_legal_controls():
    steered = replace(scene(speed=10.0), legal=Legal((), (0.0, 0.0), (-0.5, 0.5)))
    steered = replace(steered, ego=replace(steered.ego, y=-3.5))
    options = legal_options(steered)
    wheel = {option.target_lane: option.action.steering for option in options}
    assert wheel[LEFT] > 0 > wheel[MIDDLE] > wheel[RIGHT] and wheel[None] == 0.0
    assert all(isinstance(o.action, Control) and steered.legal.allows(o.action) for o in options)


def test_a_lane_is_opposed_where_another_lies_in_its_place_the_other_way():
    outward = Lane(("a", "b", 0), Straight((0.0, 0.0), (800.0, 0.0)), 4.0, 20.0)
    back = Lane(("b", "a", 0), Straight((800.0, 0.0), (0.0, 0.0)), 4.0, 20.0)
    beside = Lane(("a", "b", 1), Straight((0.0, -4.0), (800.0, -4.0)), 4.0, 20.0)
    road = Road((outward, beside, back))
    assert opposed(road, outward.id) and not opposed(road, beside.id)


def test_looking_changes_nothing():
    at = scene(car(1, 123.0), car(2, 80.0, lane=0))
    view = View(at)
    assert view.leader() == view.leader() == View(at).leader()
    assert legal_options(at)[1].action == Meta("IDLE")
