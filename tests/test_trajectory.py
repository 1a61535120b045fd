"""Trajectories made from simulated states, and their meaning read in the lane frame."""

import math

import numpy as np
import pytest
from hand_made import straight_road

from drive.kinematics.trajectory import TIMES, from_states, meta_action_of
from drive.roads import Arc, Lane, Road, Straight
from drive.types import DECIMALS, WAYPOINTS

TICKS = np.arange(0, 6.7, 1 / 15)
MIDDLE = ("a", "b", 1)


def straight(speed=lambda t: 20.0 + 0 * t, y=lambda t: -4.0 + 0 * t):
    """Along x from 100 m, at a speed and an offset that are functions of time."""
    v = speed(TICKS)
    x = 100 + np.concatenate([[0], np.cumsum(v[:-1] / 15)])
    return from_states(TICKS, np.stack([x, y(TICKS), 0 * TICKS, v], -1), "test")


def pointed(y, speed=20.0):
    """The same with the body along the way that it moves."""
    across = np.gradient(y(TICKS), TICKS)
    states = [100 + speed * TICKS, y(TICKS), np.arctan2(across, speed), speed + 0 * TICKS]
    return from_states(TICKS, np.stack(states, -1), "test")


def meaning(trajectory, road=None, lane=MIDDLE, speed=20.0, **more):
    return meta_action_of(trajectory, road or straight_road(), lane, speed, **more)


def ring(radius=20.0, turn=1):
    """A quarter of a circle that is the only way on, after 50 m straight."""
    arc = Arc((150.0, turn * radius), radius, -turn * math.pi / 2, 0.0, turn)
    ahead = Lane(("a", "b", 0), Straight((100.0, 0.0), (150.0, 0.0)), 4.0, 30.0)
    return Road((ahead, Lane(("b", "c", 0), arc, 4.0, 30.0)))


def around(radius=20.0, turn=1, speed=10.0):
    """The poses of a car that keeps to that road."""
    s = speed * TICKS
    bend = turn * np.clip(s - 50, 0, None) / radius
    x = np.where(s < 50, 100 + s, 150 + radius * np.abs(np.sin(bend)))
    y = np.where(s < 50, 0.0, turn * radius * (1 - np.cos(bend)))
    return from_states(TICKS, np.stack([x, y, bend, 0 * s + speed], -1), "test")


def test_states_at_15_hz_become_64_waypoints_at_10_hz():
    trajectory = straight()
    assert len(trajectory.x) == WAYPOINTS
    assert np.allclose(trajectory.x, 100 + 20 * TIMES, atol=1e-3)
    assert (trajectory.acceleration == 0).all() and (trajectory.curvature == 0).all()


def test_acceleration_is_the_change_of_speed():
    trajectory = straight(speed=lambda t: 20 - 2 * t)
    assert np.allclose(trajectory.acceleration, -2.0, atol=1e-3)


def test_curvature_is_the_change_of_course_and_positive_to_the_left():
    for turn in (1, -1):
        trajectory = around(turn=turn)
        assert trajectory.curvature[:45] == pytest.approx(0.0, abs=1e-5)
        assert trajectory.curvature[55:] == pytest.approx(turn / 20, rel=0.01)


def test_a_standing_car_has_no_curvature():
    assert (straight(speed=lambda t: 0 * t).curvature == 0).all()


def test_values_are_rounded_at_birth():
    trajectory = straight(speed=lambda t: 20 + math.pi * t)
    for name, decimals in DECIMALS.items():
        array = getattr(trajectory, name)
        assert np.array_equal(array, array.round(decimals))


def test_states_that_end_too_early_are_refused():
    with pytest.raises(ValueError, match="cover 0 to 5"):
        from_states([0.0, 5.0], [[0, 0, 0, 1], [5, 0, 0, 1]], "test")


@pytest.mark.parametrize(
    "slope, said", [(0.0, "keep speed"), (1.0, "speed up"), (-1.0, "slow down"), (-3.125, "stop")]
)
def test_the_longitudinal_meaning_is_the_change_of_speed(slope, said):
    decision = meaning(straight(speed=lambda t: np.maximum(20 + slope * t, 0)))
    assert decision.longitudinal == said


@pytest.mark.parametrize(
    "offset, lateral, side, lanes",
    [
        (0.2, "keep lane", None, 0),
        (1.2, "nudge in lane", "left", 0),
        (-1.2, "nudge in lane", "right", 0),
        (4.0, "change lane", "left", 1),
        (-4.0, "change lane", "right", -1),
        (9.0, "leave road", "left", 0),
    ],
)
def test_the_lateral_meaning_is_the_way_across_the_lane(offset, lateral, side, lanes):
    decision = meaning(straight(y=lambda t: -4 + offset * np.minimum(t / 3, 1)))
    assert (decision.lateral, decision.side, decision.lanes) == (lateral, side, lanes)


def test_coming_back_to_the_centre_is_keeping_the_lane():
    decision = meaning(straight(y=lambda t: -4 + 1.5 * np.maximum(1 - t / 2, 0)))
    assert decision.lateral == "keep lane"


def test_a_car_that_keeps_its_lane_in_a_bend_does_not_steer_away():
    decision = meaning(around(), ring(), ("a", "b", 0), 10.0)
    assert (decision.lateral, decision.side, decision.lanes) == ("keep lane", None, 0)


def test_a_bend_chosen_at_a_junction_is_a_turn():
    ahead = Lane(("b", "d", 0), Straight((150.0, 0.0), (250.0, 0.0)), 4.0, 30.0)
    road = Road((*ring().lanes, ahead))
    decision = meaning(
        around(speed=12.0), road, ("a", "b", 0), 12.0, route=(("a", "b"), ("b", "c"))
    )
    assert (decision.lateral, decision.side) == ("turn", "left")


def test_the_horizon_limits_what_is_read():
    late = straight(y=lambda t: -4 + 4 * np.clip(t - 3, 0, 1))
    assert meaning(late).lateral == "change lane"
    assert meaning(late, horizon=2.0).lateral == "keep lane"


def test_a_change_of_lane_stays_one_where_both_lanes_lead_into_the_same():
    def lanes(name, begin, end, count):
        return [
            Lane((*name, n), Straight((begin, -4.0 * n), (end, -4.0 * n)), 4.0, 30.0)
            for n in range(count)
        ]

    road = Road(
        (*lanes("ab", 0.0, 150.0, 2), *lanes("bc", 150.0, 190.0, 2), *lanes("cd", 190.0, 400.0, 1))
    )
    changes = straight(y=lambda t: -4.0 + 4.0 * np.clip(t - 0.5, 0, 1))
    joins = straight(y=lambda t: -4.0 + 4.0 * np.clip((t - 4.6) / 0.5, 0, 1))
    assert (meaning(changes, road).lateral, meaning(changes, road).lanes) == ("change lane", 1)
    assert meaning(joins, road).lateral == "keep lane"


def test_a_change_of_lane_stays_one_though_the_car_leaves_the_section_turning_back():
    """As in a roundabout: into the ring's inner lane, and out of it at once."""
    ring = [
        Lane(("a", "b", n), Straight((0.0, -4.0 * n), (190.0, -4.0 * n)), 4.0, 30.0) for n in (0, 1)
    ]
    road = Road((*ring, Lane(("b", "c", 0), Straight((190.0, -4.0), (400.0, -4.0)), 4.0, 30.0)))
    swings = pointed(
        lambda t: -4.0 + 4.0 * np.clip(t - 1.0, 0, 1) - 4.0 * np.clip((t - 4.2) / 0.7, 0, 1)
    )
    assert (meaning(swings, road).lateral, meaning(swings, road).lanes) == ("change lane", 1)
    back = pointed(lambda t: -4.0 + 4.0 * np.clip(t - 1.0, 0, 1) - 4.0 * np.clip(t - 2.5, 0, 1))
    assert meaning(back, road).lateral == "keep lane"


def test_a_change_of_lane_stays_one_though_the_car_then_takes_the_branch_that_was_not_expected():
    """As at an exit: into the last lane, and down the ramp that only this lane leads to."""
    here = [
        Lane(("a", "b", n), Straight((0.0, -4.0 * n), (190.0, -4.0 * n)), 4.0, 30.0) for n in (0, 1)
    ]
    onward = Lane(("b", "c", 0), Straight((190.0, 0.0), (400.0, 0.0)), 4.0, 30.0)
    ramp = Lane(("b", "d", 0), Straight((190.0, -4.0), (290.0, -104.0)), 4.0, 30.0)
    road = Road((*here, onward, ramp))
    leaves = pointed(lambda t: -4.0 * np.clip(t - 1.0, 0, 1) - 20.0 * np.clip(t - 4.6, 0, None))
    assert road.closest(leaves.x[-1], leaves.y[-1], leaves.heading[-1]) == ramp
    decision = meaning(leaves, road, ("a", "b", 0), route=(("b", "c"),))
    assert (decision.lateral, decision.side, decision.lanes) == ("change lane", "right", -1)
    stays = pointed(lambda t: -4.0 - 20.0 * np.clip(t - 4.6, 0, None))
    assert meaning(stays, road, ("a", "b", 1), route=(("b", "c"),)).lateral == "keep lane"
