"""What the network is shown: highway-env's Kinematics observation, and the ego's own set-points.

The same numbers from a scene (driving) and from the twin (training), in highway-env's frame: y points down, angles run
clockwise.
"""

from __future__ import annotations

import math

import numpy as np

from drive.twin import Worlds
from drive.types import Car, Scene, StaticObject

ROWS = 11  # the ego, and the nearest ten along the road
FEATURES = ("presence", "x", "y", "vx", "vy", "cos_h", "sin_h")  # [-, m, m, m/s, m/s, -, -]
KINEMATICS = {  # the configuration by which highway-env makes the same observation
    "type": "Kinematics",
    "features": list(FEATURES),
    "vehicles_count": ROWS,
    "normalize": False,
    "see_behind": True,
}
SET_POINTS = ("target speed", "offset from target lane", "lanes to the left", "lanes to the right")
REACH = 200.0  # [m], AbstractEnv.PERCEPTION_DISTANCE
BEHIND = 10.0  # [m], how far behind highway-env still shows a static object


def kinematics(scene: Scene) -> np.ndarray:
    """[ROWS, FEATURES]: the ego, then the nearest cars and objects relative to it, then rows of zeros.

    `KinematicObservation.observe` with KINEMATICS; a car that the scenario hides is not in it.
    """
    ego, lane = scene.ego, scene.road.lane(scene.ego.lane)
    here = lane.frenet(ego.x, ego.y)[0]
    near = []
    for other in (*scene.cars, *scene.objects):
        ahead = lane.frenet(other.x, other.y)[0] - here
        seen = isinstance(other, Car) or ahead > -BEHIND
        if seen and math.hypot(other.x - ego.x, other.y - ego.y) < REACH:
            near.append((abs(ahead), other))
    near.sort(key=lambda each: each[0])
    rows = np.zeros((ROWS, len(FEATURES)))
    rows[0] = _row(ego)
    for row, (_, other) in zip(rows[1:], near, strict=False):
        row[:] = _row(other)
        row[1:5] -= rows[0, 1:5]
    return rows


def _row(thing) -> tuple[float, ...]:
    speed = 0.0 if isinstance(thing, StaticObject) else thing.speed
    cos, sin = math.cos(thing.heading), -math.sin(thing.heading)
    return 1.0, thing.x, -thing.y, speed * cos, speed * sin, cos, sin


def set_points(scene: Scene) -> np.ndarray:
    """[SET_POINTS] of a scene's ego: [m/s, m to the right, count, count]."""
    ego = scene.ego
    lane = scene.road.lane(ego.target_lane)
    section = scene.road.sections[lane.id[:2]]
    rank = section.index(lane)
    offset = -lane.frenet(ego.x, ego.y)[1]
    return np.array([ego.target_speed, offset, rank, len(section) - 1 - rank], float)


def set_points_in(worlds: Worlds) -> np.ndarray:
    """[W, SET_POINTS] of the egos on the twin's straight road, whose lanes are numbered from the left."""
    target, lanes = worlds.target_lane[:, 0], worlds.road.lanes
    middle = np.array([lane.point(0.0)[1] for lane in lanes])
    offset = middle[target] - worlds.xy[:, 0, 1]
    return np.stack([worlds.target_speed[:, 0], offset, target, len(lanes) - 1 - target], -1)
