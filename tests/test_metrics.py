"""Metrics on hand-made episodes with round numbers; no simulator."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drive import types as t
from drive.measures.metrics import COMFORT, METRICS, Motion, measure
from drive.measures.motion import ENCOUNTER, _swept, smoothed
from drive.roads import Arc, Lane, Road, Straight
from drive.roads.geometry import corners, overlap

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


# ---------------------------------------------------------------------------------------- lanes


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
        assert all(measured[n] in (0, 1) for n, metric in METRICS.items() if metric.rate)


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
