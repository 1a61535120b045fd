"""The twin's World shows what highway-env's World shows: scenes, rewards, contacts and endings."""

import numpy as np
import pytest
from twin_reference import random_action

from drive.world import World

SAME = 1e-6
DRIVEN = {  # scenario -> decisions
    "highway-fast": 12,
    "dilu-4-2.0": 3,
    "merge-generic": 10,
    "roundabout": 8,
    "intersection": 10,
    "exit": 10,
    "two-way": 10,
    "u-turn": 10,
    "racetrack": 30,
    "lane-keeping": 30,
}


def driven_together(scenario: str, seed: int, decisions: int):
    """Pairs of (highway-env's world, its outcome), (the twin's world, its outcome)."""
    real, twin = World(scenario), World(scenario, physics="twin")
    real.reset(seed), twin.reset(seed)
    rng = np.random.default_rng(seed)
    for _ in range(decisions):
        action = random_action(real.scene.legal, rng)
        outcomes = real.step(action), twin.step(action)
        yield (real.scene, outcomes[0]), (twin.scene, outcomes[1])
        if outcomes[0].ended:
            return


def poses(scene):
    cars = (scene.ego, *scene.cars)
    return np.array([(car.x, car.y, car.heading, car.speed) for car in cars])


@pytest.mark.parametrize("scenario", DRIVEN)
def test_the_twins_world_shows_the_same_scenes_and_pays_the_same_rewards(scenario):
    for (scene, outcome), (copy, twin) in driven_together(scenario, 1, DRIVEN[scenario]):
        assert [car.id for car in copy.cars] == [car.id for car in scene.cars]
        assert np.abs(poses(copy) - poses(scene)).max() < SAME
        assert [car.crashed for car in copy.cars] == [car.crashed for car in scene.cars]
        assert (copy.ego.lane, copy.ego.target_lane) == (scene.ego.lane, scene.ego.target_lane)
        assert (copy.legal, copy.time, copy.step) == (scene.legal, scene.time, scene.step)
        assert np.abs(copy.history.ego - scene.history.ego).max() < SAME
        assert abs(twin.reward - outcome.reward) < SAME
        assert (twin.ended, twin.contact) == (outcome.ended, outcome.contact)


def test_a_crash_in_the_twins_world_names_the_same_partner_at_the_same_time():
    ends = []
    for seed in range(12):
        *_, ((_, outcome), (_, twin)) = driven_together("highway-fast", seed, 30)
        assert twin.contact == outcome.contact
        ends.append(outcome.ended)
    assert "collision" in ends


def test_a_restored_snapshot_of_the_twins_world_continues_identically():
    world = World("merge", physics="twin")
    world.reset(3)
    world.step(next_action(world))
    kept = world.snapshot()
    first = [world.step(next_action(world)).tracks for _ in range(4)]
    world.restore(kept)
    assert [world.step(next_action(world)).tracks for _ in range(4)] == first


def next_action(world):
    return random_action(world.scene.legal, np.random.default_rng(world.scene.step))


def test_unknown_physics_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="no physics 'aristotle'; choose from highway-env, twin"):
        World("merge", physics="aristotle")
