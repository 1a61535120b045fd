"""Metrics on hand-made episodes with round numbers; of the simulator only its roads."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drive import types as t
from drive.episodes import rollout
from drive.measures.metrics import COMFORT, METRICS, Motion, measure
from drive.measures.motion import (
    ENCOUNTER,
    RSS_ACCELERATION,
    RSS_BRAKING,
    RSS_RESPONSE,
    _swept,
    smoothed,
)
from drive.policy import load
from drive.roads import Arc, Lane, Road, Straight
from drive.roads.geometry import corners, overlap
from drive.world import World

SUB = 1 / 15  # [s]


def lane(number, start=0.0, length=2000.0, nodes=("0", "1"), limit=30.0):
    y = -4.0 * number
    return Lane((*nodes, number), Straight((start, y), (start + length, y)), 4.0, limit)


HIGHWAY = Road(tuple(lane(n) for n in range(4)))


def track(x, y=0.0, heading=0.0, speed=0.0):
    return np.stack(np.broadcast_arrays(np.asarray(x, float), y, heading, speed), -1)


def steady(count, speed, start=0.0, y=0.0):
    """A track of `count` decisions of 1 s at constant speed along x."""
    return track(start + speed * SUB * np.arange(15 * count + 1), y, 0.0, speed)


def scene(step, pose, road, sizes, **kwargs):
    x, y, heading, speed = map(float, pose)
    where = {"x": x, "y": y, "heading": heading, "speed": speed, "length": 5.0, "width": 2.0}
    here = road.closest(x, y, heading).id
    cars = tuple(
        t.Car(n, 0.0, 0.0, 0.0, 0.0, length, width, here) for n, (length, width) in sizes.items()
    )
    return t.Scene(
        "hand-made", 0, step, float(step), 1.0, SUB, t.Ego(**where, lane=here, target_lane=here,
        target_speed=speed), cars, (), t.Task("cruise"), t.Perception(),
        t.Legal(("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER")), road,
        t.History(np.empty((0, 5))), **kwargs,
    )  # fmt: skip


def straight_plan(pose, sideways=0.0):
    """Keeps the speed and heading of a pose; shifted to the left by `sideways` [m]."""
    x, y, heading, speed = pose
    along = speed * t.GRID * np.arange(1, t.WAYPOINTS + 1)
    zeros = np.zeros(t.WAYPOINTS)
    return t.Trajectory(
        x + along * math.cos(heading), y + along * math.sin(heading) + sideways,
        zeros + heading, zeros + speed, zeros, zeros, "hand-made",
    )  # fmt: skip


def episode(
    ego, cars=None, end="time is up", road=HIGHWAY, actions=None, task="cruise", sizes=None,
    plan=straight_plan, **ending,
):  # fmt: skip
    """An episode of 1 s decisions from sub-step tracks [15 K + 1, 4]."""
    cars = cars or {}
    steps = []
    for k in range((len(ego) - 1) // 15):
        rows = slice(15 * k, 15 * k + 16)
        action = actions[k] if actions else t.Meta("IDLE")
        option = t.Option(action, trajectory=plan(ego[15 * k]))
        steps.append(
            t.Step(
                scene(k, ego[15 * k], road, sizes or {}),
                t.Choice(action, (option,)),
                t.Rationale(t.Decision(None, None), (), None, "post hoc", ""),
                t.Tracks(SUB * np.arange(rows.start, rows.stop), ego[rows],
                         {car: track[rows] for car, track in cars.items()}),
                reward=0.5,
                timing={"decide": 0.01 * (k + 1)},
            )
        )  # fmt: skip
    header = t.Header("hand-made", 0, "none", "", "post hoc", {}, {}, road, t.Task(task),
                      t.Perception(), 1.0, SUB, {}, {})  # fmt: skip
    final = scene(len(steps), ego[-1], road, {})
    return t.Episode(header, tuple(steps), t.End(end, final, **ending) if end else None)


def value(name, *args, **kwargs):
    return METRICS[name](episode(*args, **kwargs))


# ------------------------------------------------------------------------------------- driving


def test_ten_seconds_at_20_mps_are_200_m():
    measured = measure(episode(steady(10, 20.0)))
    assert measured["distance"] == pytest.approx(200)
    assert measured["time"] == pytest.approx(10)
    assert measured["mean speed"] == pytest.approx(20)
    assert measured["return"] == pytest.approx(5)
    assert measured["scene score"] == pytest.approx(20 / 30)
    assert measured["inside lane"] == 1.0
    assert (measured["off-road"], measured["incidents"], measured["lane changes"]) == (0, 0, 0)


def test_what_a_wreck_does_is_not_driving():
    contact = t.Contact(4.0, "car 1", "front", True)
    crashed = measure(episode(steady(10, 20.0), end="collision", contact=contact))
    assert crashed["distance"] == pytest.approx(80)
    assert crashed["time"] == pytest.approx(4)
    assert crashed["scene score"] == 0
    assert crashed["distance between incidents"] == pytest.approx(80)


def test_nothing_driven_is_missing_not_zero():
    failed = measure(episode(steady(1, 20.0)[:1], end="policy failed", message="raised"))
    assert (failed["success"], failed["failed"]) == (0, 1)
    for name in set(METRICS) - {"success", "failed"}:
        assert math.isnan(failed[name]), name


def test_an_episode_cut_short_has_no_outcome_but_a_speed():
    measured = measure(episode(steady(3, 20.0), end=None))
    outcomes = ("success", "collision", "at-fault collision", "off-road", "failed", "incidents")
    assert all(math.isnan(measured[name]) for name in outcomes)
    assert measured["mean speed"] == pytest.approx(20)


@pytest.mark.parametrize(
    ("task", "end", "success"),
    [
        ("cruise", "time is up", 1),
        ("cruise", "collision", 0),
        ("lane keeping", "time is up", 1),
        ("lane keeping", "off road", 0),
        ("exit", "arrived", 1),
        ("exit", "time is up", 0),
        ("destination", "arrived", 1),
        ("pass", "time is up", 0),
        ("laps", "time is up", 0),
    ],
)
def test_success_is_what_the_task_asks_for(task, end, success):
    arrived = at_goal(episode(steady(2, 10.0), task=task, end=end), ("0", "1", 0))
    assert METRICS["success"](arrived) == success


@pytest.mark.parametrize("task", ["exit", "destination"])
def test_arriving_somewhere_else_is_no_success(task):
    elsewhere = at_goal(episode(steady(2, 10.0), task=task, end="arrived"), ("1", "2", 0))
    assert METRICS["success"](elsewhere) == 0


def at_goal(driven, lane):
    """The episode, whose task is to stand on a lane at its end."""
    final = replace(driven.end.final, task=t.Task("destination", (lane,)))
    return replace(driven, end=replace(driven.end, final=final))


def test_a_lap_makes_a_success_on_a_circuit():
    assert value("success", steady(2, 10.0), task="laps", laps=1.2) == 1
    assert value("laps", steady(2, 10.0), task="laps", laps=1.2) == 1.2
    assert math.isnan(value("laps", steady(2, 10.0), laps=1.2))


def test_blame_is_missing_where_the_car_that_was_hit_is_unknown():
    rear = t.Contact(1.0, "car 1", "rear", False)
    unknown = t.Contact(1.0, "unknown", "unknown", False)
    assert value("at-fault collision", steady(2, 10.0), end="collision", contact=rear) == 0
    blame = value("at-fault collision", steady(2, 10.0), end="collision", contact=unknown)
    assert math.isnan(blame)


def test_leaving_the_road_twice_is_two_incidents():
    y = np.zeros(61)
    y[10:20] = y[40:50] = 8.0
    measured = measure(episode(track(np.arange(61) * 1.0, y, 0.0, 15.0)))
    assert (measured["off-road"], measured["incidents"], measured["scene score"]) == (1, 2, 0)


# ------------------------------------------------------------------------------------ other cars


def test_a_lead_100_m_ahead_and_10_mps_slower_is_4_s_away_after_6_s():
    lead = {1: steady(6, 20.0, start=105.0)}
    measured = measure(episode(steady(6, 30.0), lead))
    assert measured["minimum TTC"] == pytest.approx(4.0)
    assert (measured["TTC under 2 s"], measured["close encounter"]) == (0, 0)


def test_a_car_in_the_next_lane_is_not_ahead():
    measured = measure(episode(steady(6, 30.0), {1: steady(6, 20.0, start=65.0, y=-4.0)}))
    assert math.isnan(measured["minimum TTC"])
    assert measured["headway under 15 m"] == 0


def test_the_nearer_of_two_leads_counts_and_its_length_too():
    cars = {1: steady(2, 20.0, start=60.0), 2: steady(2, 20.0, start=40.0)}
    gap, closing = Motion(episode(steady(2, 20.0), cars, sizes={2: (15.0, 2.5)})).lead
    assert gap == pytest.approx(np.full(31, 40 - (15 + 5) / 2))
    assert closing == pytest.approx(np.zeros(31))


def test_headway_counts_the_share_of_time_below_15_m():
    # the gap shrinks from 20 m at 2 m/s: below 15 m after 2.5 s of 5 s
    measured = value("headway under 15 m", steady(5, 12.0), {1: steady(5, 10.0, start=25.0)})
    assert measured == pytest.approx(0.5, abs=0.02)


def test_the_lead_is_followed_onto_the_next_section():
    road = Road((lane(0, 0, 100), lane(0, 100, 500, ("1", "2"))))
    gap, _ = Motion(episode(steady(2, 20.0, 50), {1: steady(2, 20.0, 110)}, road=road)).lead
    assert gap == pytest.approx(np.full(31, 55.0))


def test_a_crossing_car_is_a_close_encounter_though_never_a_lead():
    crossing = {1: track(60.0, 48 - 20 * SUB * np.arange(31), -math.pi / 2, 20.0)}
    measured = measure(episode(steady(2, 25.0), crossing))
    assert measured["close encounter"] == 1
    missed = {1: track(60.0, 140 - 20 * SUB * np.arange(31), -math.pi / 2, 20.0)}
    assert value("close encounter", steady(2, 25.0), missed) == 0


def test_a_car_that_was_absent_for_a_while_counts_only_while_present():
    lead = steady(4, 20.0, start=30.0)
    lead[:30] = np.nan
    gap, _ = Motion(episode(steady(4, 20.0), {1: lead})).lead
    assert np.isinf(gap[:30]).all() and gap[30:] == pytest.approx(np.full(31, 25.0))


def test_the_swept_contact_agrees_with_moving_the_rectangles_step_by_step():
    random = np.random.default_rng(5)
    low, high = np.array([-15, -15, -3, 0]), np.array([15, 15, 3, 20])
    cars, me = random.uniform(low, high, (80, 4)), np.array([[0.0, 0.0, 0.0, 8.0]])
    sizes = random.uniform((3, 1.5), (12, 3), (80, 2))
    measured = _swept(np.repeat(me, 80, 0), cars, (5.0, 2.0), sizes)
    for touch, car, size in zip(measured, cars, sizes, strict=True):
        times = np.arange(0, 2, 0.005)
        hits = (s for s in times if overlap(_moved(me[0], s, (5, 2)), _moved(car, s, size)))
        brute = next(hits, math.inf)
        assert min(touch, 2.0) == pytest.approx(min(brute, 2.0), abs=0.006)
    assert 10 < np.isfinite(measured).sum() < 70


def _moved(pose, seconds, size):
    x, y, heading, speed = pose
    way = speed * seconds
    return corners(x + way * math.cos(heading), y + way * math.sin(heading), heading, *size)


def test_a_lead_beyond_the_end_of_a_long_section_counts():
    road = Road((lane(0, 0, 500), lane(0, 500, 500, ("1", "2"))))
    gap, _ = Motion(episode(steady(2, 20.0, 450), {1: steady(2, 20.0, 520)}, road=road)).lead
    assert gap == pytest.approx(np.full(31, 65.0))


FORK = Road(
    (
        lane(0, 0, 100),
        Lane(("1", "2", 0), Straight((100, 0), (300, 60)), 4.0, 30.0),
        Lane(("1", "3", 0), Straight((100, 0), (300, -10)), 4.0, 30.0),
    )
)


@pytest.mark.parametrize(("way", "gap"), [(("1", "2"), 35.0), (("1", "3"), math.inf)])
def test_where_lanes_overlap_at_a_fork_the_lead_is_the_one_on_the_route(way, gap):
    """The ego stands 2 m behind the fork, a little nearer to the branch that it does not take."""
    x, y = FORK.lane(("1", "2", 0)).point(42.0)
    other = track(np.full(16, float(x)), float(y), math.atan2(60, 200), 0.0)
    here = {"2": -0.05, "3": 0.2}[way[1]]
    driven = episode(track(np.full(16, 102.0), here, 0.0, 0.0), {1: other}, road=FORK)
    step = driven.steps[0]
    routed = replace(step.scene, ego=replace(step.scene.ego, route=(way,)))
    on_route = replace(driven, steps=(replace(step, scene=routed),))
    assert Motion(on_route).lead[0] == pytest.approx(np.full(16, gap), abs=0.2)


def behind_at(gap, speed=10.0, count=5, other=None):
    """The ego at a speed, with a car ahead at this gap that is as fast unless said otherwise."""
    lead = steady(count, speed if other is None else other, start=gap + 5.0)
    return measure(episode(steady(count, speed), {1: lead}))


@pytest.mark.parametrize(
    ("gap", "shares"), [(4.9, (1, 1, 1)), (9.0, (0, 1, 1)), (19.0, (0, 0, 1)), (21.0, (0, 0, 0))]
)
def test_headway_is_the_gap_over_the_own_speed(gap, shares):
    measured = behind_at(gap)
    names = ("headway under 0.5 s", "headway under 1 s", "headway under 2 s")
    assert tuple(measured[name] for name in names) == shares


def test_headway_is_told_of_the_moving_time_only():
    half = np.where(np.arange(61) < 30, 0.0, 10.0)  # [m/s] stands for 2 s, then drives 5 m behind
    place = np.concatenate([[0.0], np.cumsum(half[1:]) * SUB])
    cars = {1: track(place + 10.0, 0.0, 0.0, half)}
    assert value("headway under 1 s", track(place, 0.0, 0.0, half), cars) == 1
    assert math.isnan(value("headway under 1 s", track(np.zeros(61)), cars))


def test_ttc_under_3_s_counts_from_3_s_on():
    # 50 m closing at 10 m/s: 5 s at first, 3 s after 2 s of 4 s
    assert behind_at(50.0, 20.0, 4, 10.0)["TTC under 3 s"] == pytest.approx(0.5, abs=0.02)


def test_rss_asks_for_89_m_behind_an_equal_at_25_mps():
    needed = 25 + 3.5 / 2 + 28.5**2 / 8 - 25**2 / 16
    assert round(needed) == 89
    assert behind_at(needed - 0.1, 25.0)["RSS violation"] == 1
    assert behind_at(needed + 0.1, 25.0)["RSS violation"] == 0
    assert value("RSS violation", steady(3, 25.0)) == 0


def test_rss_agrees_with_both_cars_braked_in_small_steps():
    """The ego speeds up for its response time and brakes gently, the other brakes hard: how much nearer?"""
    random, dt = np.random.default_rng(8), 0.002
    for own, other in random.uniform(0, 35, (40, 2)):
        mine, theirs, apart, nearest = own, other, 0.0, 0.0
        for step in range(int(25 / dt)):
            before = mine + theirs
            mine += RSS_ACCELERATION * dt if step * dt < RSS_RESPONSE else -RSS_BRAKING[0] * dt
            mine, theirs = max(mine, 0.0), max(theirs - RSS_BRAKING[1] * dt, 0.0)
            apart += (theirs - mine) * dt
            nearest = min(nearest, apart)
            if step * dt > RSS_RESPONSE and before == 0:
                break
        cars = {1: track(np.full(16, 150.0), 0.0, 0.0, other)}
        needed = Motion(episode(track(np.zeros(16), 0.0, 0.0, own), cars)).rss_gap
        assert needed == pytest.approx(np.full(16, -nearest), abs=0.2)


# --------------------------------------------------------------------------- the car behind


def braking(start, y, speed, rate, begin=2.0, count=4):
    """A car that brakes at `rate` [m/s2] from `begin` on, for 1 s, and then drives on."""
    time = SUB * np.arange(15 * count + 1)
    speeds = speed - rate * np.clip(time - begin, 0, 1)
    return track(start + np.concatenate([[0.0], np.cumsum(speeds[1:]) * SUB]), y, 0.0, speeds)


def imposed(ego, cars, road=HIGHWAY):
    return value("hard braking imposed", ego, cars, road=road)


def test_a_car_that_closes_from_behind_and_brakes_hard_is_one_event():
    follower = {1: braking(0.0, 0.0, 25.0, 6.0)}
    assert imposed(steady(4, 20.0, 60), follower) == 1
    assert imposed(steady(4, 20.0, 60), {1: braking(0.0, 0.0, 25.0, 3.9)}) == 0
    per_km = value("hard braking imposed per km", steady(4, 20.0, 60), follower)
    assert per_km == pytest.approx(1 / 0.08)


def test_only_the_first_car_behind_in_the_ego_s_own_lane_counts():
    behind = {1: braking(0.0, 0.0, 25.0, 6.0)}
    assert imposed(steady(4, 20.0, 60, -4.0), behind) == 0
    between = {2: steady(4, 22.0, 30.0)}
    assert imposed(steady(4, 20.0, 60), behind | between) == 0
    ahead = {1: braking(100.0, 0.0, 25.0, 6.0)}
    assert imposed(steady(4, 20.0, 60), ahead) == 0


def test_a_car_that_is_slower_brakes_for_the_ego_only_where_it_has_just_cut_in():
    slower = {1: braking(0.0, -4.0, 18.0, 6.0, begin=4.0, count=6)}
    for begin, events in ((2.0, 1), (0.0, 0)):  # [s] of the lane change, before the braking at 4 s
        time = SUB * np.arange(91)
        y = -4.0 * np.clip((time - begin) / 2.0, 0, 1)
        assert imposed(track(20.0 + 20 * time, y, 0.0, 20.0), slower) == events


def test_braking_twice_within_2_s_is_one_event_and_later_is_another():
    def twice(apart, count=9):
        time = SUB * np.arange(15 * count + 1)
        rate = 6.0 * ((time > 2) & (time <= 2.5) | (time > 2 + apart) & (time <= 2.5 + apart))
        speeds = 30 - np.cumsum(rate) * SUB
        return track(np.cumsum(speeds) * SUB, 0.0, 0.0, speeds)

    assert imposed(steady(9, 20.0, 100), {1: twice(1.5)}) == 1
    assert imposed(steady(9, 20.0, 100), {1: twice(4.0)}) == 2


def test_braking_that_goes_on_from_the_start_is_not_imposed():
    assert imposed(steady(4, 20.0, 60), {1: braking(0.0, 0.0, 30.0, 6.0, begin=-1.0)}) == 0
    assert imposed(steady(4, 20.0, 60), {1: braking(0.0, 0.0, 30.0, 6.0, begin=0.0)}) == 0


def test_the_car_behind_is_seen_over_the_joint_of_two_sections_and_driving_on_is_no_cutting_in():
    road = Road((lane(0, 0, 100), lane(0, 100, 500, ("1", "2"))))
    assert imposed(steady(4, 20.0, 90), {1: braking(20.0, 0.0, 25.0, 6.0)}, road) == 1
    assert imposed(steady(4, 20.0, 90), {1: braking(20.0, 0.0, 18.0, 6.0)}, road) == 0


# ---------------------------------------------------------------------------------------- lanes


TWO_WAY = Road((lane(0), lane(1), Lane(("1", "0", 0), Straight((2000, 0), (0, 0)), 4.0, 30.0)))


def test_time_on_the_oncoming_lane_is_counted_in_seconds():
    time = SUB * np.arange(91)
    there_and_back = np.where((time > 1.01) & (time < 4.01), 0.0, -4.0)  # on the left from 1 to 4 s
    measured = value("oncoming lane", track(20 * time, there_and_back, 0.0, 20.0), road=TWO_WAY)
    assert measured == pytest.approx(3.0)
    assert value("oncoming lane", steady(4, 20.0)) == 0
    assert value(
        "oncoming lane", track(500 - 20 * time, -4.0, math.pi, 20.0), road=TWO_WAY
    ) == pytest.approx(6.0)


def test_crossing_the_lanes_of_a_junction_is_no_driving_in_the_oncoming_lane():
    nodes = (("a", "b"), ("b", "c"), ("b", "d"), ("e", "b"), ("x", "c"))
    ahead = [Lane((*n, 0), Straight((0, 0), (100, 0)), 4.0, 30.0) for n in nodes[:1]]
    junction = [
        Lane(("b", "c", 0), Straight((200, 0), (0, 0)), 4.0, 30.0),
        Lane(("b", "d", 0), Straight((0, 50), (200, 50)), 4.0, 30.0),
        Lane(("x", "c", 0), Straight((0, 90), (200, 90)), 4.0, 30.0),
    ]
    assert value("oncoming lane", steady(4, 20.0), road=Road((*ahead, *junction))) == 0
    assert value("oncoming lane", steady(4, 20.0), road=Road((*ahead, *junction[:2]))) > 3


EXIT = Road(
    (
        *(lane(n, 0, 100) for n in (0, 1)),
        lane(0, 100, 400, ("1", "2")),
        Lane(("1", "out", 1), Straight((100, -4), (300, -60)), 4.0, 30.0),
    )
)


def exiting(ego, **kwargs):
    driven = episode(ego, road=EXIT, task="exit", **kwargs)
    task = t.Task("exit", (("1", "out", 1),))
    return METRICS["goal missed"](replace(driven, header=replace(driven.header, task=task)))


def test_an_exit_is_missed_where_it_is_passed_and_not_where_it_is_taken_or_still_ahead():
    assert exiting(steady(6, 30.0)) == 1
    assert exiting(steady(2, 30.0)) == 0
    slope = math.atan2(-56, 200)
    along = 30 * SUB * np.arange(91)
    ramp = np.maximum(along - 100, 0)
    off = track(
        np.minimum(along, 100) + ramp * math.cos(slope),
        -4 + ramp * math.sin(slope),
        np.where(ramp > 0, slope, 0),
        30.0,
    )
    assert exiting(off) == 0
    late = np.where(
        along < 101, 0.0, np.minimum(-4.0, np.asarray(off[:, 1]))
    )  # beside the ramp at its begin
    assert exiting(track(off[:, 0], late, off[:, 2], 30.0)) == 0


def test_a_goal_that_was_not_missed_yet_is_missing_where_the_episode_was_cut_short_or_there_is_none():
    assert math.isnan(exiting(steady(2, 30.0), end=None))
    assert exiting(steady(6, 30.0), end=None) == 1
    assert math.isnan(value("goal missed", steady(6, 30.0)))


# ----------------------------------------------------------------------- real roads, random traffic


PLACES = {"roundabout": 8, "merge": 5, "exit": 9, "u-turn": 5, "intersection": 5}  # cars on each


@pytest.mark.parametrize("name", PLACES)
def test_lead_and_follower_agree_with_a_walk_along_the_road(name):
    """Cars stand at random distances along the way, as points found by walking lane by lane."""
    road = World(name, physics="twin").reset(0).road
    random, led, followed = np.random.default_rng(3), 0, 0
    for _ in range(25):
        way = walk(road, random)
        length = sum(lane.length for lane in way)
        mine, *others = np.sort(random.uniform(8, length - 8, 1 + PLACES[name]))
        shuffled = random.permutation(np.array([mine, *others]))
        me, *cars = (on_way(way, place) for place in shuffled)
        tracks = {n: np.repeat([pose], 16, 0) for n, pose in enumerate(cars, 1)}
        driven = episode(np.repeat([me], 16, 0), tracks, road=road)
        step = driven.steps[0]
        route = tuple(lane.id[:2] for lane in way)
        scene = replace(step.scene, ego=replace(step.scene.ego, route=route))
        gap = Motion(replace(driven, steps=(replace(step, scene=scene),))).lead[0][0]
        ahead = [other - shuffled[0] - 5.0 for other in shuffled[1:] if other > shuffled[0] + 5.0]
        expected = min((g for g in ahead if g < 200.0), default=math.inf)
        assert gap == pytest.approx(expected, abs=0.6)
        led += math.isfinite(expected)
        behind = [n for n, other in enumerate(shuffled[1:]) if 5.0 < shuffled[0] - other < 195.0]
        at, motion = np.arange(1), Motion(replace(driven, steps=(replace(step, scene=scene),)))
        lane_of = next(lane for lane in way if lane is road.closest(*map(float, me[:3])))
        first = set(np.flatnonzero(motion._behind(lane_of, at)[0][0]))
        assert first == {max(behind, key=lambda n: shuffled[1 + n])} if behind else not first
        followed += bool(behind)
    assert led > 5 and followed > 5


def walk(road, random):
    """Lanes from one without a lane before it, each going on where its end is the next one's begin."""
    starts = [one for one in road.lanes if not any(meets(other, one) for other in road.lanes)]
    way = [starts[random.integers(len(starts))]]
    while onward := [one for one in road.lanes if meets(way[-1], one) and one not in way]:
        way.append(onward[random.integers(len(onward))])
    return way


def meets(first, then):
    gap = math.dist(first.point(first.length), then.point(0.0))
    turn = math.cos(float(first.heading(first.length)) - float(then.heading(0.0)))
    return first.id[1] == then.id[0] and gap < 1.0 and turn > 0


def on_way(way, place):
    for lane in way:
        if place < lane.length:
            x, y = lane.point(place)
            return np.array([float(x), float(y), float(lane.heading(place)), 0.0])
        place -= lane.length
    raise AssertionError


# --------------------------------------------------------------------------------- lane changes


def drift(count=6, begin=2.0, last=3.0):
    """At 20 m/s, from lane 0 to lane 1, along a sine from `begin` for `last` seconds."""
    time = SUB * np.arange(15 * count + 1)
    part = np.clip((time - begin) / last, 0, 1)
    y = -4 * (part - np.sin(2 * math.pi * part) / (2 * math.pi))
    heading = np.arctan2(np.gradient(y, SUB), 20.0)
    return track(20 * time, y, heading, 20.0)


def test_a_lane_change_is_counted_once_and_has_its_own_figures():
    measured = measure(episode(drift()))
    assert measured["lane changes"] == 1
    assert 1.5 < measured["lane change: duration"] < 2.5  # of 3 s, without the flat ends
    peak = 2 * math.pi * 4 / 3**2  # of the sine's second derivative
    assert measured["lane change: lateral acceleration"] == pytest.approx(peak, rel=0.1)
    assert 0.5 < measured["inside lane"] < 0.95


def test_no_lane_change_means_no_figures_of_one():
    measured = measure(episode(steady(4, 20.0)))
    assert all(math.isnan(measured[name]) for name in METRICS if name.startswith("lane change: "))


def test_driving_on_into_the_next_section_is_no_lane_change():
    road = Road(tuple(lane(n, *at) for at in ((0, 100), (100, 500, ("1", "2"))) for n in (0, 1)))
    assert value("lane changes", steady(6, 30.0), road=road) == 0


def test_entering_another_lane_just_where_the_section_ends_is_one():
    road = Road(tuple(lane(n, *at) for at in ((0, 100), (100, 500, ("1", "2"))) for n in (0, 1)))
    time = SUB * np.arange(91)
    jump = track(30 * time, np.where(30 * time > 100, -4.0, 0.0), 0.0, 30.0)
    assert value("lane changes", jump, road=road) == 1


@pytest.mark.parametrize(
    ("names", "share"),
    [
        ("IDLE IDLE IDLE IDLE IDLE", 0),
        ("FASTER SLOWER FASTER SLOWER FASTER", 1),
        ("FASTER FASTER SLOWER SLOWER IDLE", 0.25),
        ("LANE_LEFT LANE_RIGHT IDLE FASTER IDLE", 0.25),
        ("LANE_LEFT FASTER LANE_RIGHT IDLE IDLE", 0),
    ],
)
def test_flapping_is_undoing_the_last_decision(names, share):
    actions = list(map(t.Meta, names.split()))
    assert value("action flapping", steady(5, 20.0), actions=actions) == share


def test_steering_to_and_fro_is_flapping_but_a_small_correction_is_not():
    def steered(*angles):
        made = episode(steady(5, 20.0), actions=[t.Control(0.0, a) for a in angles])
        legal = t.Legal(acceleration=(0, 0), steering=(-0.5, 0.5))
        steps = (replace(s, scene=replace(s.scene, legal=legal)) for s in made.steps)
        return METRICS["action flapping"](replace(made, steps=tuple(steps)))

    assert steered(0.3, -0.3, 0.3, -0.3, 0.3) == 1
    assert steered(0.02, -0.02, 0.02, -0.02, 0.02) == 0


# -------------------------------------------------------------------------------------- comfort


def test_the_filter_has_savitzkys_published_weights():
    peak = np.zeros(11)
    peak[5] = 35.0
    assert smoothed(peak, 0.1, 0.4, 2)[3:8] == pytest.approx([-3, 12, 17, 12, -3])


def test_the_filter_differentiates_a_parabola_exactly_also_at_the_ends():
    time = SUB * np.arange(40)
    assert smoothed(3 * time**2, SUB, 0.8, 2, 1) == pytest.approx(6 * time)
    assert smoothed(3 * time**2, SUB, 0.5, 3, 2) == pytest.approx(np.full(40, 6.0))


def test_too_few_values_give_nan():
    assert np.isnan(smoothed(np.zeros(2), SUB, 0.8, 2, 1)).all()


def test_accelerating_at_3_mps2_breaks_one_limit_only():
    time = SUB * np.arange(61)
    measured = measure(episode(track(10 * time + 1.5 * time**2, 0.0, 0.0, 10 + 3 * time)))
    assert measured["comfort: longitudinal acceleration"] == 0
    assert measured["comfort: all six"] == 0
    others = set(COMFORT) - {"longitudinal acceleration"}
    assert all(measured[f"comfort: {name}"] == 1 for name in others)


def test_a_circle_is_felt_as_v_squared_over_r():
    radius, speed = 50.0, 10.0
    angle = speed / radius * SUB * np.arange(61)
    road = Road(
        (Lane(("a", "b", 0), Arc((0, radius), radius, -math.pi / 2, math.pi, 1), 4.0, None),)
    )
    ring = track(radius * np.sin(angle), radius - radius * np.cos(angle), angle, speed)
    felt = Motion(episode(ring, road=road)).comfort
    assert felt["lateral acceleration"] == pytest.approx(np.full(59, 2.0), abs=1e-3)
    assert felt["yaw rate"] == pytest.approx(np.full(59, 0.2))
    assert felt["longitudinal jerk"] == pytest.approx(np.zeros(59), abs=1e-3)
    assert math.isnan(value("scene score", ring, road=road))  # there is no speed limit


def test_turning_past_180_degrees_is_no_jump():
    spin = track(
        0.0, 0.0, (math.pi - 0.5 + 0.5 * SUB * np.arange(61) + math.pi) % (2 * math.pi) - math.pi
    )
    assert value("comfort: yaw rate", spin) == 1


# ------------------------------------------------------------------------------------- the plan


def test_an_ego_that_drives_its_own_plan_has_no_error():
    measured = measure(episode(steady(10, 20.0)))
    for name in ("1 decision", "1 s", "3 s", "6.4 s"):
        assert measured[f"self-ADE {name}"] == pytest.approx(0, abs=1e-9)
    assert measured["plan deviation"] == pytest.approx(0, abs=1e-9)


def test_a_plan_one_metre_beside_is_one_metre_off():
    measured = measure(episode(steady(10, 20.0), plan=lambda pose: straight_plan(pose, 1.0)))
    assert measured["self-ADE 3 s"] == pytest.approx(1.0)
    assert measured["plan deviation"] == pytest.approx(0, abs=1e-9)


def test_plans_that_jump_from_side_to_side_deviate_by_the_jump():
    def zigzag(pose):
        return straight_plan(pose, 1.0 if round(pose[0] / 20) % 2 else -1.0)

    assert value("plan deviation", steady(10, 20.0), plan=zigzag) == pytest.approx(2.0, rel=0.02)


def test_a_plan_that_ends_after_the_episode_is_not_scored():
    measured = measure(episode(steady(5, 20.0)))
    assert math.isnan(measured["self-ADE 6.4 s"])
    assert measured["self-ADE 3 s"] == pytest.approx(0, abs=1e-9)


def test_latency_percentiles_are_those_of_the_decisions():
    measured = measure(episode(steady(11, 20.0)))  # 10, 20, ... 110 ms
    assert measured["decision latency p50"] == pytest.approx(0.06)
    assert measured["decision latency p95"] == pytest.approx(0.105)


# ------------------------------------------------------------------------------------ the table


def crowded():
    random = np.random.default_rng(4)
    cars = {
        n: steady(30, random.uniform(18, 26), random.uniform(0, 400), -4.0 * random.integers(0, 4))
        for n in range(1, 51)
    }
    return episode(steady(30, 25.0), cars)


def test_every_value_lies_in_its_declared_range():
    contact = t.Contact(3.0, "car 1", "front", True)
    for made in (
        crowded(),
        episode(drift()),
        episode(steady(5, 9.0), end="collision", contact=contact),
    ):
        for name, measured in measure(made).items():
            low, high = METRICS[name].range
            assert math.isnan(measured) or low <= measured <= high, name


def test_rates_are_zero_or_one_per_episode():
    for made in (crowded(), episode(drift())):
        measured = measure(made)
        rates = {name for name, metric in METRICS.items() if metric.rate}
        untold = {
            "goal missed",
            "success without takeover",
        }  # a highway has no goal, and no monitor watches
        assert all(math.isnan(measured[name]) for name in untold)
        assert all(measured[name] in (0, 1) for name in rates - untold)


def test_an_unexplained_run_measures_the_same_wherever_no_trajectory_is_asked_for():
    world = World("highway-fast", physics="twin")
    plain = rollout.run_unexplained(world, load("rule"), 18000)
    told = rollout.run(world, load("rule"), 18000, causes="never")
    names = [
        n for n in METRICS if "latency" not in n and "self-ADE" not in n and n != "plan deviation"
    ]
    one, other = (measure(driven, names) for driven in (plain, told))
    assert list(one) == names
    assert one == pytest.approx(other, nan_ok=True)
    assert METRICS["decision latency p50"](plain) > 0


def documented():
    """name -> cells of its row in docs/metrics.md."""
    text = (Path(__file__).parent.parent / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines()]
    measured = [[cell.strip() for cell in row] for row in rows]
    return {row[0].strip("`"): row for row in measured if len(row) == 5 and row[0].startswith("`")}


def test_the_documentation_explains_every_metric_and_no_other():
    assert set(documented()) == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_the_documented_unit_and_direction_are_the_tables(name):
    _, formula, unit, _, better = documented()[name]
    assert formula
    assert (unit, better) == (METRICS[name].unit or "–", METRICS[name].better or "–")


def test_the_close_encounter_horizon_is_the_one_documented():
    assert f"touch within {ENCOUNTER:g} s" in documented()["close encounter"][1]


def test_what_a_fallback_did_is_credited_to_nobody():
    driven = episode(steady(4, 10.0))
    assert METRICS["decisions answered"](driven) == 1 and METRICS["success"](driven) == 1
    first = replace(driven.steps[0], choice=replace(driven.steps[0].choice, answered=False))
    helped = replace(driven, steps=(first, *driven.steps[1:]))
    assert METRICS["decisions answered"](helped) == 0.75
    assert math.isnan(METRICS["success"](helped)) and math.isnan(METRICS["scene score"](helped))
