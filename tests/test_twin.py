"""The twin: parity with highway-env on every road, hypotheses, batches and bad input."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys

import numpy as np
import pytest
from twin_reference import compare, own_sensitivity

from drive.roads import Lane, Road, Straight, ways
from drive.roads.geometry import GRAVITY
from drive.twin import (
    CODES,
    META_ACTIONS,
    Hypothesis,
    concatenate,
    from_scene,
    from_truth,
    sampled,
    warm,
)
from drive.twin import kernel as k
from drive.twin.edits import edited
from drive.types import (
    Brake,
    ChangeLane,
    Driver,
    Hide,
    KeepLane,
    Meta,
    Remove,
    Send,
    StaticObject,
    Truth,
)
from drive.world import World

FEW = {
    "highway": 4,
    "dilu-5-3.0": 4,
}  # [s]; the dense roads are slow in highway-env, the benchmark drives them longer
ROADS = (
    "highway-fast", "highway", "dilu-5-3.0", "merge", "merge-generic", "roundabout", "roundabout-generic",
    "intersection", "exit", "two-way", "u-turn", "racetrack", "racetrack-large", "racetrack-oval", "lane-keeping",
)  # fmt: skip
LANES = Road(
    tuple(
        Lane(("0", "1", i), Straight((0.0, -4.0 * i), (2000.0, -4.0 * i)), 4.0, 30.0)
        for i in range(3)
    )
)


@pytest.fixture(scope="module", autouse=True)
def compiled():
    warm(lambda text: print(text, file=sys.stderr))


def ego(x=100.0, lane=1, speed=25.0, **more) -> Driver:
    return driver(
        0, x, lane, speed, model="MDPVehicle", target_speeds=(20.0, 25.0, 30.0), timer=None, **more
    )


def driver(number, x, lane, speed, model="IDMVehicle", timer=0.0, **more) -> Driver:
    given = {
        "target_speed": speed,
        "target_lane": ("0", "1", lane),
        "lane_changes": model == "IDMVehicle",
    }
    return Driver(
        id=number, model=model, x=float(x), y=-4.0 * lane, heading=0.0, speed=float(speed), length=5.0, width=2.0,
        lane=("0", "1", lane), crashed=False, steering=0.0, acceleration=0.0, timer=timer, **(given | more),
    )  # fmt: skip


def world_of(*drivers, objects=(), road=LANES):
    return from_truth(road, Truth(0, 0.0, drivers, tuple(objects), connected_lanes=False))


# --- parity


@pytest.mark.parametrize("name", ROADS)
def test_every_car_stays_within_a_micrometre_of_highway_env(name):
    for seed in (3, 4):
        result = compare(name, seed, FEW.get(name, 10))
        assert result.states > 0
        assert result.flags == 0, "crash flags differ"
        if result.error > 1e-6:
            apart = own_sensitivity(name, seed, FEW.get(name, 10))
            assert apart > 1e-6, f"parted though highway-env is sure of itself: {result}"


@pytest.mark.parametrize("kind", ["LinearVehicle", "AggressiveVehicle", "DefensiveVehicle"])
@pytest.mark.parametrize("name", ["highway-fast", "merge"])
def test_other_kinds_of_drivers_are_driven_exactly_too(name, kind):
    overrides = {"other_vehicles_type": f"highway_env.vehicle.behavior.{kind}"}
    result = compare(name, 5, 8, overrides)
    assert result.error < 1e-6 and result.flags == 0


@pytest.mark.parametrize(
    "name", ["highway-fast", "merge", "roundabout", "intersection", "exit", "two-way"]
)
def test_legal_actions_are_those_that_highway_env_offers(name):
    world = World(name)
    scene = world.reset(1)
    rng = np.random.default_rng(1)
    lateral = name != "intersection"
    for _ in range(6):
        legal = from_truth(world.road, world.truth()).legal(lateral=lateral)[0]
        assert {META_ACTIONS[code] for code in np.flatnonzero(legal)} == set(scene.legal.meta)
        world.step(Meta(str(rng.choice(scene.legal.meta))))
        scene = world.scene


def test_the_twin_knows_neither_gymnasium_nor_highway_env():
    code = "import sys, drive.twin; sys.exit(bool({'gymnasium', 'highway_env'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# --- batches


def test_a_world_drives_in_a_batch_as_it_does_alone():
    worlds = [World("merge") for _ in range(3)]
    for seed, world in enumerate(worlds):
        world.reset(seed)
    starts = [from_truth(world.road, world.truth()) for world in worlds]
    batch = concatenate(starts)
    actions = np.array([[0, 3], [2, 4], [1, 1]])
    together = batch.step(actions, tracks=True).tracks
    for number, start in enumerate(starts):
        alone = start.step(actions[number : number + 1], tracks=True).tracks
        assert np.array_equal(alone[0], together[number, :, : alone.shape[2]])


def unrelated(worlds, codes, substeps, dt, **record):
    """Drive a copy, every world by itself; the copy and what the drive left behind."""
    copy = worlds.copy()
    return copy, copy.step(codes, substeps, dt, **record)


def differences(one, other) -> list[str]:
    """What of two batches, or two drives, is not the same to the last digit."""
    names = ("f", "g", "head") if hasattr(one, "head") else ("tracks", "ego", "risks")
    pairs = ((name, getattr(one, name), getattr(other, name)) for name in names)
    return [name for name, a, b in pairs if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f")]


def hypotheses(start, count: int, rng):
    """The world `count` times, with other clocks and wishes; in some a car brakes hard, in the last two cars collide."""
    worlds = start.tile(count)
    cars = int(worlds.head[0, k.CARS])
    worlds.f[:, k.TIMER, :cars] = rng.uniform(0.0, 1.5, (count, cars))
    worlds.f[1:, k.TARGET_SPEED, 1:cars] += rng.uniform(-3.0, 3.0, (count - 1, cars - 1))
    for world in range(0, count, 2):
        told = Brake(int(rng.integers(1, cars))), KeepLane(int(rng.integers(1, cars)))
        worlds = edited(worlds, *told, only=[world])
    for rows, of in (
        ((k.X, k.Y, k.HEADING, k.SPEED), worlds.f),
        ((k.LANE, k.TARGET_LANE), worlds.g),
    ):
        of[-1, rows, cars - 1] = of[-1, rows, 1]
    worlds.f[-1, k.X, cars - 1] += 6.0
    worlds.f[-1, k.SPEED, cars - 1] -= 8.0
    return worlds


@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize("name", [name for name in ROADS if not name.startswith(("race", "lane"))])
def test_related_worlds_are_driven_as_each_by_itself(name, stop):
    """A tree of actions in several hypotheses, cars colliding in some: what is recalled is what would be worked out."""
    world, rng = World(name), np.random.default_rng(7)
    margins, met = (3.0, 2.0, 0.5, 2.0, 3.0, 3.0, 0.2), 0
    for seed in (1, 2):
        world.reset(seed)
        worlds = hypotheses(from_truth(world.road, world.truth()), 4, rng)
        worlds.drivers[:, k.POLITENESS] = seed - 1.0  # a polite driver minds the car behind, too
        for substeps, dt in ((15, 1 / 15), (10, 0.1), (4, 0.25), (4, 0.25)):
            parents, codes = np.nonzero(worlds.legal())
            order = rng.permutation(len(parents))[:60]
            order = (
                order if seed == 2 else np.sort(order)
            )  # siblings side by side, and in no order at all
            worlds = worlds.select(parents[order])
            record = {
                "stop_on_crash": stop,
                "tracks": True,
                "ego": True,
                "risks": True,
                "wanted": margins,
            }
            alone, drive = unrelated(worlds, codes[order], substeps, dt, **record)
            again = worlds.step(codes[order], substeps, dt, related=True, **record)
            assert not differences(worlds, alone) and not differences(again, drive)
            met += int(worlds.crashed.sum())
    assert met > 0, "nobody collided: a case that has to be tried"


def test_related_worlds_need_not_be_of_one_situation():
    """Where cars are other ones, fewer, or stand elsewhere, nothing of the world before is recalled."""
    crowd = [driver(n, 60 + 22 * n, n % 3, 20 + n % 4) for n in range(1, 9)]
    starts = [
        world_of(ego(), *crowd), world_of(ego(speed=20), *crowd), world_of(ego(), *crowd[:-1]), world_of(*crowd[:4], ego(), *crowd[4:]),
        world_of(ego(), *crowd, objects=[StaticObject(1, 300.0, 0.0, 0.0, 2.0, 2.0, ("0", "1", 0))]), world_of(ego(), *crowd),
    ]  # fmt: skip
    batch = concatenate(starts)
    codes = np.array([[1, 0, 3], [1, 0, 3], [2, 4, 4], [1, 1, 1], [3, 3, 0], [0, 2, 1]])
    for chosen in (codes, np.where(np.arange(6)[:, None] == 2, k.STILL, codes)):
        worlds = batch.copy()
        alone, _ = unrelated(worlds, chosen, 10, 0.1, stop_on_crash=True)
        worlds.step(chosen, 10, 0.1, stop_on_crash=True, related=True)
        assert not differences(worlds, alone)


def driven_alike(batch, codes, decisions=1, **record) -> np.ndarray:
    """Target lanes [W, N] of worlds in a row, seen to be the same whether they are driven as related or not."""
    codes = np.tile(np.reshape(codes, (-1, 1)), decisions)
    alone, _ = unrelated(batch, codes, 10, 0.1, **record)
    batch.step(codes, 10, 0.1, related=True, **record)
    assert not differences(batch, alone)
    return alone.g[:, k.TARGET_LANE]


FAR = tuple(
    driver(n, 900 + 60 * n, 1, 25) for n in range(10, 14)
)  # enough cars that recalling pays


def test_a_car_that_looks_back_at_the_ego_reckons_with_what_the_ego_wishes_now():
    """All stand alike in both worlds, but the ego of the second wants to be faster: it would mind being cut in on less."""
    slow = driver(2, 190, 1, 20), driver(3, 190, 2, 20)
    start = world_of(ego(lane=0), driver(1, 153, 1, 25, timer=1.01), *slow, *FAR)
    idle, faster = driven_alike(start.tile(2), [CODES["IDLE"], CODES["FASTER"]])[:, 1]
    assert idle == 1 and faster == 0


def test_a_car_with_other_permissions_is_not_recalled_though_it_stands_alike():
    """In the first world car 1 keeps its lane whatever comes."""
    start = world_of(ego(), driver(1, 153, 1, 25, timer=0.5), driver(2, 190, 1, 20), *FAR).tile(2)
    start = edited(start, KeepLane(1), only=[0])
    kept, changed = driven_alike(start, [CODES["IDLE"]] * 2)[:, 1]
    assert kept == 1 and changed != 1


def test_what_stood_on_a_lane_two_worlds_ago_is_not_taken_for_now():
    """The third world looks at no other lane, and the second ends at once; what the first saw there has gone meanwhile."""
    wrecks = driver(3, 185, 0, 0), driver(4, 185, 2, 0)
    start = world_of(
        ego(lane=1), driver(1, 153, 1, 25, timer=0.5), driver(2, 190, 1, 20), *wrecks, *FAR
    ).tile(4)
    start.g[:, k.CRASHED, 3:5] = 1
    start.f[1:, k.X, 3] = 150.0  # not in front of car 1 any more
    start.f[1, k.X, 0] = 152.0  # the ego, on car 1
    start = edited(start, KeepLane(1), only=[2])
    targets = driven_alike(start, [CODES["IDLE"]] * 4, stop_on_crash=True)
    assert targets[:, 1].tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("number", [4, 6])
def test_a_newcomer_is_seen_past_cars_that_stand_side_by_side(number):
    """Of two at the very same place along the lane the last counts as in front; a newcomer stands before both, or beside car 1."""
    others = [driver(n, 600 + 60 * n, 1, 25) for n in range(4, 8)]
    start = world_of(
        ego(x=20), driver(1, 100, 1, 25), driver(2, 220, 1, 25), driver(3, 220, 1, 25), *others
    ).tile(2)
    start.f[:, k.Y, 3] += 2.5
    start.f[1, k.X, number] = 160.0 if number == 4 else 100.0
    start.f[1, k.Y, number] += 0.0 if number == 4 else 2.9
    order = np.arange(start.f.shape[2])
    order[[1, 6]] = (
        order[[6, 1]] if number == 6 else order[[1, 6]]
    )  # the newcomer comes first in the road's order
    start = dataclasses.replace(start, f=start.f[:, :, order].copy(), g=start.g[:, :, order].copy())
    driven_alike(start, [CODES["IDLE"]] * 2)


def test_threads_change_nothing():
    start = world_of(ego(), driver(1, 130, 1, 20), driver(2, 60, 0, 28)).tile(9)
    other = start.copy()
    actions = np.arange(9) % 5
    one, two = start.step(actions, tracks=True), other.step(actions, tracks=True, threads=2)
    assert np.array_equal(one.tracks, two.tracks)


def test_a_copy_and_a_selection_are_independent_of_their_source():
    start = world_of(ego(), driver(1, 130, 1, 20))
    copied, chosen = start.copy(), start.select([0, 0])
    start.step([CODES["FASTER"]])
    assert copied.row(k.X)[0, 0] == 100.0 and (chosen.row(k.X)[:, 0] == 100.0).all()


def test_several_decisions_in_one_call_are_the_same_as_one_by_one():
    start = world_of(ego(), driver(1, 150, 1, 20), driver(2, 60, 0, 28))
    one, other = start.copy(), start.copy()
    actions = [CODES["LANE_LEFT"], CODES["FASTER"], CODES["IDLE"]]
    one.step([actions])
    for action in actions:
        other.step([action])
    assert np.array_equal(one.f, other.f, equal_nan=True)


# --- frames


def test_left_is_up_for_lanes_steering_and_headings():
    world = world_of(ego())
    drive = world.step([CODES["LANE_LEFT"]], ego=True)
    assert drive.ego[0, -1, 1] > -4.0 and drive.ego[0, :, 2].max() > 0.01
    steered = world_of(
        driver(0, 100, 1, 10, model="Vehicle", target_lane=None, target_speed=None, timer=None)
    )
    drive = steered.step(np.array([[0.0, 0.1]]), ego=True)
    assert drive.ego[0, -1, 1] > -4.0 and drive.ego[0, -1, 2] > 0.01


# --- ghosts and hypotheses


def test_a_ghost_is_not_hit_by_the_ego_and_stays_for_everyone_else():
    real = world_of(ego(), driver(1, 120, 1, 5), driver(2, 60, 1, 25, lane_changes=False))
    ghosted = edited(real, Hide(1))
    with_it, without = (w.step([[1, 1, 1]], tracks=True) for w in (real, ghosted))
    assert real.ego_crashed[0] and not ghosted.ego_crashed[0]
    assert ghosted.ego_crash_step[0] == -1 and real.ego_crash_step[0] > 0
    alone = world_of(ego(), driver(2, 60, 1, 25, lane_changes=False)).step([[1, 1, 1]], tracks=True)
    until = int(real.ego_crash_step[0]) - 1
    assert np.array_equal(with_it.tracks[0, :until, 2], without.tracks[0, :until, 2])
    assert without.tracks[0, -1, 2, 0] == pytest.approx(alone.tracks[0, -1, 1, 0], abs=30)


def test_ghosts_of_a_scene_are_ghosts_in_imagination():
    world = World("highway-fast")
    scene = world.reset(2)
    nearest = min(scene.cars, key=lambda car: abs(car.x - scene.ego.x))
    ghosting = dataclasses.replace(
        scene, cars=tuple(c for c in scene.cars if c is not nearest), ghosts=(nearest,)
    )
    worlds = from_scene(ghosting)
    assert worlds.g[0, k.GHOST, worlds.slot(nearest.id)] == 1 and worlds.g[0, k.GHOST].sum() == 1


def test_braking_hard_ends_at_a_standstill():
    world = world_of(ego(), driver(1, 200, 1, 20))
    world = edited(world, Brake(1, 6.0))
    drive = world.step([[1] * 6], tracks=True)
    speeds = drive.tracks[0, :, 1, 3]
    assert speeds.min() >= 0 and speeds[-1] < 1e-6
    assert speeds[14] == pytest.approx(20 - 6.0, abs=1e-9)


def test_a_told_lane_change_is_driven_and_a_forbidden_one_is_not():
    world = world_of(ego(x=0), driver(1, 200, 1, 20), driver(2, 230, 1, 10))
    told, kept = edited(world, ChangeLane(1, "left")), edited(world, KeepLane(1))
    for one in (told, kept):
        one.step([[1] * 5])
    assert told.xy[0, 1, 1] == pytest.approx(0.0, abs=0.2)
    assert kept.xy[0, 1, 1] == pytest.approx(-4.0, abs=1e-9)


def test_risks_are_measured_bumper_to_bumper():
    world = world_of(ego(x=100), driver(1, 135, 1, 20), driver(2, 80, 1, 30, lane_changes=False))
    risks = world.step([CODES["IDLE"]], substeps=1, dt=1e-6, risks=True).risks[0, 0]
    assert risks[:4] == pytest.approx([30.0, 6.0, 15.0, 3.0])
    assert -6.0 <= risks[4] < 0
    assert math.isinf(risks[5])  # no car within 12 m


def test_a_wreck_behind_the_leader_counts_and_a_car_behind_a_ghost_does_not():
    leader, wreck, chaser = driver(1, 135, 1, 20), driver(2, 150, 1, 0), driver(3, 80, 1, 30)
    world = world_of(ego(x=100), leader, wreck, chaser, driver(4, 88, 1, 25))
    world = edited(world, Hide(4))
    risks = world.step(
        [CODES["IDLE"]], 1, 1e-6, risks=True, wanted=(2.0, 2.0, 0.5, 2.0, 3.0, 3.0, 0.0)
    ).risks[0, 0]
    assert risks[:2] == pytest.approx([30.0, 45.0 / 26.0], abs=0.1)
    assert np.isinf(risks[2:5]).all()
    assert list(world.g[0, k.TOUCHED]) == [0, 0, 1, 0, 0]


def test_clearance_is_what_lies_between_the_shapes():
    beside, near = driver(1, 101, 0, 26), driver(2, 103, 1, 26)
    clear = [
        world_of(ego(x=100), other).step([CODES["IDLE"]], 1, 1e-6, risks=True).risks[0, 0, 5]
        for other in (beside, near)
    ]
    assert clear == pytest.approx([2.0, -2.0])


def test_sampled_worlds_differ_in_what_is_hidden_only():
    start = world_of(ego(), driver(1, 135, 1, 20), driver(2, 80, 1, 30))
    drawn = sampled(start, 5, np.random.default_rng(0))
    hidden = [k.TIMER, k.DELTA]
    assert len(np.unique(drawn.f[:, k.TIMER, 1])) == 5
    same = np.delete(drawn.f, hidden, 1), np.delete(start.tile(5).f, hidden, 1)
    assert np.array_equal(*same, equal_nan=True)
    assert (drawn.f[:, hidden, 0] == start.f[:, hidden, 0]).all()


def test_imagination_takes_nothing_but_the_scene():
    world = World("dilu-4-2.0")
    scene = world.reset(0)
    worlds = from_scene(scene, Hypothesis(reach=60.0))
    near = [car for car in scene.cars if math.hypot(car.x - scene.ego.x, car.y - scene.ego.y) <= 60]
    assert sorted(worlds.cars[0]) == sorted([0] + [car.id for car in near])
    assert (worlds.f[0, k.TIMER] == 0).all() and (worlds.f[0, k.DELTA] == 4.0).all()


# --- edges and bad input


def test_an_ego_alone_drives_straight_on():
    world = world_of(ego())
    world.step([[CODES["IDLE"]] * 3])
    assert world.xy[0, 0] == pytest.approx([175.0, -4.0])
    assert not world.ego_crashed[0]


def test_a_world_without_an_ego_drives():
    world = world_of(driver(1, 100, 0, 20), driver(2, 140, 0, 10))
    world.step()
    assert world.xy[0, 0, 0] > 110


def test_three_hundred_cars_are_driven():
    cars = [driver(i, 30.0 + 15 * (i // 3), i % 3, 20 + i % 5) for i in range(1, 300)]
    world = world_of(ego(x=20), *cars)
    world.step([[1, 1]])
    assert np.isfinite(world.xy).all()


def test_a_car_inside_the_ego_is_a_crash_at_once():
    world = world_of(ego(), driver(1, 101, 1, 25))
    world.step([CODES["IDLE"]], stop_on_crash=True)
    assert world.ego_crash_step[0] == 1


def test_an_obstacle_stops_the_ego_for_good():
    wall = StaticObject(1, 130.0, -4.0, 0.0, 2.0, 2.0, ("0", "1", 1))
    world = world_of(ego(), objects=[wall])
    world.step([[CODES["IDLE"]] * 3])
    assert world.ego_crashed[0] and world.crashed[0, 1]


def test_a_number_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="car 1 holds a number that is not finite"):
        world_of(ego(), driver(1, math.nan, 1, 20))
    with pytest.raises(ValueError, match="finite"):
        world_of(driver(0, 0, 1, 10, model="Vehicle")).step(np.array([[math.inf, 0.0]]))


def test_a_scene_with_a_speed_that_is_not_a_number_is_refused():
    scene = World("highway-fast").reset(0)
    broken = dataclasses.replace(
        scene, cars=(dataclasses.replace(scene.cars[0], speed=math.nan), *scene.cars[1:])
    )
    with pytest.raises(ValueError, match="not finite"):
        from_scene(broken)


def test_unknown_lanes_drivers_and_actions_are_refused_in_words():
    with pytest.raises(ValueError, match="no lane"):
        world_of(driver(1, 0, 7, 20))
    with pytest.raises(ValueError, match="the twin knows no .Tractor"):
        world_of(driver(1, 0, 1, 20, model="Tractor"))
    with pytest.raises(ValueError, match="meta-actions"):
        world_of(ego()).step([7])
    with pytest.raises(ValueError, match="positive"):
        world_of(ego()).step([1], substeps=0)


def test_cars_leave_and_arrive_as_data():
    world = world_of(ego(), driver(1, 150, 1, 20), driver(2, 60, 0, 28))
    world = edited(world, Remove(1))
    assert list(world.cars[0][:2]) == [0, 2]
    grown = world.add(world_of(driver(9, 300, 2, 15)))
    assert list(grown.cars[0][:3]) == [0, 2, 9]
    grown.step([CODES["IDLE"]])
    assert grown.xy[0, 2] == pytest.approx([315.0, -8.0], abs=1.0)
    with pytest.raises(ValueError, match="ego"):
        edited(grown, Remove(0))


def test_grip_limits_braking():
    slippery = driver(1, 200, 1, 20, grip=1.5 / GRAVITY)
    world = edited(world_of(ego(), slippery), Brake(1, 6.0))
    drive = world.step([1], tracks=True)
    assert drive.tracks[0, -1, 1, 3] == pytest.approx(20 - 1.5)


def test_a_car_takes_the_route_it_is_sent_on():
    scene = World("intersection").reset(0)
    car = next(car for car in scene.cars if car.lane[1].startswith("ir"))
    options = ways(scene.road, car.lane, 2)
    worlds = from_scene(dataclasses.replace(scene, cars=(car,))).tile(len(options))
    for number, way in enumerate(options):
        assert way[0] == car.lane[:2]
        worlds = edited(worlds, Send(car.id, way), only=[number])
    passed = [set() for _ in options]
    for _ in range(12):
        worlds.step([CODES["SLOWER"]] * len(options))
        for number, lane in enumerate(worlds.g[:, k.LANE, worlds.slot(car.id)]):
            passed[number].add(scene.road.lanes[lane].id[:2])
    assert len(options) == 3
    assert all(way[1] in seen for way, seen in zip(options, passed, strict=True))


def test_meta_actions_and_controls_are_not_confused():
    steered = world_of(
        driver(0, 100, 1, 10, model="Vehicle", target_lane=None, target_speed=None, timer=None)
    )
    with pytest.raises(ValueError, match="controls"):
        steered.step([CODES["IDLE"]])
    with pytest.raises(ValueError, match="meta-actions"):
        world_of(ego()).step(np.array([[0.0, 0.0]]))
