"""What the network is shown: pictures, and the ego's own motion and set-points as numbers, from a scene or from a fleet."""

from __future__ import annotations

import numpy as np

from drive.camera.mounted import pictures_of
from drive.twin.fleet import Fleet
from drive.types import Pictures, Scene

NUMBERS = 10
FAST, SWING = 10.0, 2.0  # [m/s], [m] or [m/s]: what makes numbers of about 1


def pictures_for(scene: Scene) -> Pictures:
    """All that the policy is shown of a scene."""
    return Pictures(pictures_of(scene), own_numbers(scene), scene.legal.meta)


def own_numbers(scene: Scene) -> np.ndarray:
    """float32 [NUMBERS] of a scene's ego."""
    ego, lane = scene.ego, scene.road.lane(scene.ego.target_lane)
    along, aside = lane.frenet(ego.x, ego.y)
    turned = ego.heading - float(lane.heading(along))
    speeds = ego.target_speeds or (ego.target_speed,)
    return _numbers(
        ego.speed, turned, ego.target_speed, aside, min(speeds), max(speeds), len(speeds),
        scene.step == 0,
    )  # fmt: skip


def own_numbers_of(fleet: Fleet) -> np.ndarray:
    """float32 [W, NUMBERS] of a fleet's egos."""
    worlds = fleet.worlds
    of = worlds.of_ego
    x, y = of(worlds.xy[..., 0]), of(worlds.xy[..., 1])
    lane, heading = of(worlds.target_lane), of(worlds.heading)
    aside, turned = np.zeros(len(fleet)), np.zeros(len(fleet))
    for number in np.unique(lane):
        egos, on = lane == number, worlds.road.lanes[number]
        along, aside[egos] = on.frenet(x[egos], y[egos])
        turned[egos] = heading[egos] - on.heading(along)
    speeds = worlds.speeds
    return _numbers(
        of(worlds.speed), turned, of(worlds.target_speed), aside, speeds.min(), speeds.max(),
        len(speeds), fleet.decisions == 0,
    )  # fmt: skip


def _numbers(speed, turned, target, aside, slowest, fastest, count, first) -> np.ndarray:
    sin = np.sin(turned)
    rows = (
        (speed - 25) / FAST, speed * sin / SWING, 5 * sin, (target - 25) / FAST, (target - speed) / 5,
        aside / SWING, (slowest - 25) / FAST, (fastest - 25) / FAST,
        (fastest - slowest) / max(count - 1, 1) / 5, 1.0 * np.asarray(first),
    )  # fmt: skip
    return np.stack(np.broadcast_arrays(*rows), -1).astype(np.float32)
