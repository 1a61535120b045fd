"""Foresight against a real highway-env ego on an empty road, and its promises about a choice."""

from dataclasses import replace

import numpy as np
import pytest
from hand_made import behind_a_slower_car

from drive.kinematics.foresight import SOURCE, foresee, roll_out
from drive.kinematics.trajectory import TIMES
from drive.types import EGO, Control, Meta, Option
from drive.world import World

ROADS = ("highway-fast", "merge", "two-way", "roundabout", "intersection", "exit", "u-turn")
METAS = ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER")


def alone(scenario: str, seed: int, decisions: int) -> World:
    """A world whose traffic has left, some decisions on."""
    world = World(scenario)
    world.reset(seed)
    empty(world)
    for _ in range(decisions):
        world.step(Meta("IDLE") if world.scene.legal.meta else Control(0.0, 0.0))
        empty(world)
    return world


def empty(world: World) -> None:
    world._env.road.vehicles[:] = [world._env.vehicle]
    world._env.road.objects.clear()


def exactly(world: World):
    """The scene with the ego's pose unrounded: a car that comes to rest steers on the last digits."""
    scene, truth = world.scene, next(d for d in world.truth().drivers if d.id == EGO)
    pose = {name: getattr(truth, name) for name in ("x", "y", "heading", "speed")}
    return replace(scene, ego=replace(scene.ego, **pose))


def really_driven(world: World, actions) -> tuple[np.ndarray, np.ndarray]:
    """(times from now [s], states) of the simulator's own ego."""
    start = world.scene
    times, states = [0.0], [[start.ego.x, start.ego.y, start.ego.heading, start.ego.speed]]
    for action in actions:
        tracks = world.step(action).tracks
        empty(world)
        times += list(tracks.times[1:] - start.time)
        states += list(tracks.ego[1:])
    return np.array(times), np.array(states)


def difference(trajectory, times, states, until=6.4) -> float:
    """Largest distance [m] between where it was foreseen and where it was."""
    at = TIMES <= until + 1e-9
    x, y = (np.interp(TIMES[at], times, states[:, k]) for k in (0, 1))
    return float(np.hypot(trajectory.x[at] - x, trajectory.y[at] - y).max())


@pytest.mark.parametrize("scenario", ROADS)
def test_foresight_is_what_highway_env_drives(scenario):
    compared = 0
    for decisions in (0, 2, 4):
        for action in exactly(alone(scenario, 3, decisions)).legal.meta:
            world = alone(scenario, 3, decisions)
            foreseen = roll_out(exactly(world), Option(Meta(action)))
            actions = [Meta(action)] + [Meta("IDLE")] * int(6.4 / world.period)
            assert difference(foreseen, *really_driven(world, actions)) < 1e-3, action
            compared += 1
    assert compared >= 6


@pytest.mark.parametrize("scenario", ["racetrack", "racetrack-oval", "lane-keeping"])
@pytest.mark.parametrize("wheel", [0.0, 0.1, -0.1])
def test_held_steering_is_what_highway_env_drives(scenario, wheel):
    world = alone(scenario, 3, 2)
    at = world.scene
    held = replace(at, period=10.0)  # for longer than the trajectory
    foreseen = roll_out(held, Option(Control(0.0, wheel)))
    driven = really_driven(world, [Control(0.0, wheel)] * round(2 / at.period))
    assert difference(foreseen, *driven, until=2.0) < 1e-3


def test_after_one_period_a_control_follows_the_lane_it_drives_to():
    world = alone("racetrack-large", 3, 0)
    at = world.scene
    beside = at.road.side(at.ego.lane, "left") or at.road.side(at.ego.lane, "right")
    foreseen = roll_out(at, Option(Control(0.0, 0.0), target_lane=beside.id))
    s, d = beside.frenet(foreseen.x[30], foreseen.y[30])
    assert abs(d) < 0.2


def test_every_option_gets_a_trajectory_and_none_is_replaced():
    at, choice = behind_a_slower_car()
    seen = foresee(at, choice)
    assert all(option.trajectory.source == SOURCE for option in seen.options)
    assert [option.action for option in seen.options] == [
        option.action for option in choice.options
    ]
    assert choice.options[0].trajectory is None, "the choice given is left as it was"
    assert foresee(at, seen) == seen


def test_the_trajectory_depends_on_no_other_car():
    at, choice = behind_a_slower_car()
    bare = replace(at, cars=())
    assert foresee(at, choice) == foresee(bare, choice)
