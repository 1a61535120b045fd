"""A followed path: the tracker's law, the same motion in highway-env and in the twin, logged and said."""

from __future__ import annotations

import math

import numpy as np
import pytest

from drive import policy
from drive.kinematics.trajectory import TIMES
from drive.scenarios import SCENARIOS
from drive.types import GRID, Choice, Follow, Meta, Option, Scene, Term, Trajectory
from drive.world import World

FADE = 8.0  # [m] in which a hand-made path comes back to the middle of its lane, by a factor of e


def along_lane(scene: Scene, change: float = 0.0) -> Trajectory:
    """A path along the middle of the ego's lane and its continuation, its speed changing [m/s2]."""
    ego, road = scene.ego, scene.road
    speed = np.maximum(ego.speed + change * TIMES, 0.0)
    driven = np.cumsum(speed) * GRID
    lane = road.closest(ego.x, ego.y, ego.heading)
    s, d = lane.frenet(ego.x, ego.y)
    path = road.path(lane.id, ego.route, max(s, 0.0) + float(driven[-1]) + 10.0)
    points = []
    for distance in driven:
        on, begin = [part for part in path if part[1] <= max(s + distance, 0.0)][-1]
        at = s + distance - begin
        points.append((*on.point(at, d * math.exp(-distance / FADE)), float(on.heading(at))))
    x, y, heading = np.array(points).T
    rest = np.full(len(TIMES), change), np.zeros(len(TIMES))
    return Trajectory(x, y, heading, speed, *rest, "made by hand", "course")


class LaneFollower:
    """Follows the middle of its lane, and slows down a little."""

    name, tie = "lane-follower", "shares evidence"

    def __init__(self, change: float = -0.3):
        self.change = change

    def decide(self, scene: Scene) -> Choice:
        action = Follow(along_lane(scene, self.change))
        return Choice(action, (Option(action, (Term("always", 0.0, "", "for"),)),))


def driven(world: World, seconds: float, driver) -> list[tuple[Scene, object]]:
    """Scenes with what followed each, until the episode ends."""
    found = []
    while len(found) * world.period < seconds:
        scene = world.scene
        outcome = world.step(policy.checked(driver, scene).action)
        found.append((scene, outcome))
        if outcome.ended:
            break
    return found


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_world_and_twin_drive_a_followed_path_alike(scenario):
    worlds = [World(scenario), World(scenario, physics="twin")]
    for world in worlds:
        world.reset(3)
    for step in range(max(6, round(3 / worlds[0].period))):
        first, second = (world.scene for world in worlds)
        assert [car.id for car in first.cars] == [car.id for car in second.cars]
        for one, other in zip((first.ego, *first.cars), (second.ego, *second.cars), strict=True):
            assert one.lane == other.lane
            for name in ("x", "y", "heading", "speed"):
                assert abs(getattr(one, name) - getattr(other, name)) <= 1.5e-6
        assert (first.ego.target_lane, first.ego.route) == (
            second.ego.target_lane,
            second.ego.route,
        )
        assert abs(first.ego.target_speed - second.ego.target_speed) <= 1.5e-6
        assert first.legal == second.legal
        action = Follow(along_lane(first, 0.5 * (-1) ** step))
        if first.legal.meta and step % 3 == 2:  # a meta-action goes on from where the path led
            action = Meta(first.legal.meta[step % len(first.legal.meta)])
        one, other = (world.step(action) for world in worlds)
        assert np.abs(one.tracks.ego - other.tracks.ego).max() <= 2e-6
        assert (one.ended, one.contact is None) == (other.ended, other.contact is None)
        assert abs(one.reward - other.reward) < 1e-6
        if one.ended:
            break
