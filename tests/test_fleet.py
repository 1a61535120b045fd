"""A fleet against worlds of highway-env whose cars the twin moves, and its pictures against those of the scenes: seed for seed, decision for decision."""

import numpy as np
import pytest

from drive.camera import mounted
from drive.twin import META_ACTIONS
from drive.twin import kernel as k
from drive.twin.fleet import ENDINGS
from drive.twin.sight import bodies, pictures
from drive.types import Meta
from drive.world import World
from drive.world.beginnings import fleet

ROADS = (
    "highway-fast", "highway", "highway-fog", "dilu-4-2.0", "merge", "merge-generic", "roundabout",
    "roundabout-generic", "intersection", "exit", "two-way", "u-turn",
)  # fmt: skip
SEEDS = (100, 101)


QUICK = {"policy_frequency": 5, "duration": 4}  # five decisions a second


@pytest.mark.parametrize(
    ("name", "overrides"),
    [*((name, {}) for name in ROADS), *((name, QUICK) for name in ("highway-fog", "intersection"))],
)
def test_it_drives_pays_ends_and_sees_as_highway_env(name, overrides):
    batch = fleet(World(name, overrides), len(SEEDS))
    batch.begin(SEEDS)
    worlds = [World(name, overrides, "twin") for _ in SEEDS]
    scenes = [world.reset(seed) for world, seed in zip(worlds, SEEDS, strict=True)]
    rng, decisions, seen = np.random.default_rng(1), 0, 0
    while batch.running.any():
        legal, running, drawn = batch.legal(), batch.running, pictures(batch)
        drawn_now = [rng.choice(np.flatnonzero(row)) for row in legal]
        actions = np.where(rng.random(len(SEEDS)) < 0.7, k.IDLE, drawn_now)
        driven = batch.step(actions)
        for i in np.flatnonzero(running):
            offered = [name for name in META_ACTIONS if scenes[i].legal.allows(Meta(name))]
            assert offered == [META_ACTIONS[code] for code in np.flatnonzero(legal[i])]
            assert np.array_equal(drawn[i], mounted.pictures_of(scenes[i]))
            outcome = worlds[i].step(Meta(META_ACTIONS[actions[i]]))
            scenes[i], truth = worlds[i].scene, worlds[i].truth()
            assert driven.rewards[i] == pytest.approx(outcome.reward, abs=1e-6)
            assert ENDINGS[driven.ended[i]] == (outcome.ended or "")
            cars = batch.worlds.head[i, k.CARS]
            assert batch.worlds.ids[i, :cars].tolist() == [car.id for car in truth.drivers]
            places = np.array([(car.x, car.y, car.speed) for car in truth.drivers])
            mine = np.column_stack([batch.worlds.xy[i, :cars], batch.worlds.speed[i, :cars]])
            assert np.abs(mine - places).max() < 1e-6
            seen += 1
        decisions += 1
    assert decisions <= batch.setting.most and seen >= 4


def test_worlds_end_alone_and_begin_again():
    batch = fleet(World("highway-fast"), 3)
    batch.begin((1, 2, 3))
    first = pictures(batch).copy()
    for _ in range(3):
        batch.step(np.full(3, k.FASTER))
    before = batch.worlds.copy()
    batch.begin((2,), [0])
    assert batch.decisions.tolist() == [0, 3, 3]
    assert np.array_equal(batch.worlds.f[1:], before.f[1:], equal_nan=True)
    again = pictures(batch)
    assert np.array_equal(again[0], first[1]), "seed 2, in another place"


def test_what_ended_stands_still_and_is_paid_nothing():
    batch = fleet(World("merge"), 2)
    batch.begin((1, 2))
    batch.ended[0] = 1
    stood = batch.worlds.f[0].copy()
    driven = batch.step(np.full(2, k.IDLE))
    assert driven.rewards[0] == 0 and driven.ended.tolist() == [1, 0]
    assert np.array_equal(batch.worlds.f[0], stood, equal_nan=True)


def test_the_same_seeds_are_the_same_in_any_place():
    one, other = (fleet(World("intersection"), 2) for _ in range(2))
    one.begin((7, 8))
    other.begin((8, 7))
    for _ in range(6):
        one.step(np.full(2, k.IDLE))
        other.step(np.full(2, k.IDLE))
    ours, theirs = bodies(one), bodies(other)
    cars = one.worlds.head[0, k.CARS]
    assert np.array_equal(ours.poses[0, :, :cars], theirs.poses[1, :, :cars], equal_nan=True)


@pytest.mark.parametrize(
    "name, why",
    [("racetrack", "steered"), ("highway-occluded", "range alone")],
)
def test_what_a_fleet_does_not_do_is_refused(name, why):
    with pytest.raises(ValueError, match=why):
        fleet(World(name), 1)


def test_decisions_that_do_not_fit_the_past_are_refused_before_anything_is_driven():
    with pytest.raises(ValueError, match="decisions of 0.467 s do not fit"):
        fleet(World("merge", {"policy_frequency": 2}), 1)


def test_other_traffic_does_not_arrive():
    kind = "highway_env.vehicle.behavior.LinearVehicle"
    with pytest.raises(ValueError, match="only IDM"):
        fleet(World("intersection", {"other_vehicles_type": kind}), 1)


def test_a_moment_that_is_not_kept_is_refused():
    batch = fleet(World("merge"), 1)
    batch.begin((1,))
    with pytest.raises(ValueError, match="0.5 s ago"):
        bodies(batch, (0.0, 0.5))
