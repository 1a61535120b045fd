"""How likely a task is done in time, by what a plan leaves to be driven: the way, the lanes to be crossed, the time.

A formula, not a forecast: it knows no traffic beyond the plan, and takes the shortest way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive.twin import Worlds
from drive.types import Scene
from policies.planner.goal import lanes_to_goal, way_to_goal
from policies.planner.settings import Arriving

SLOWEST = 1.0  # [m/s] below which a speed does not tell how long the way to the last lane takes


@dataclass(frozen=True)
class Outlook:
    """What the chance of arriving is judged by."""

    way: np.ndarray  # [lanes] [m] from a lane's beginning to arrival; inf: no way leads to the goal
    crossings: np.ndarray  # [lanes] lanes still to be crossed
    time: float  # [s] until the deadline
    pace: float  # [m/s] at which what is left is driven
    arriving: Arriving

    @classmethod
    def of(cls, scene: Scene, arriving: Arriving) -> Outlook | None:
        """Of a scene's task; None where it does not end on certain lanes, or arriving is worth nothing."""
        if not arriving.worth or not scene.task.goal:
            return None
        pace = arriving.pace * max(scene.ego.target_speeds, default=scene.ego.speed)
        time = scene.task.deadline - scene.time
        return cls(way_to_goal(scene), lanes_to_goal(scene), time, max(pace, SLOWEST), arriving)

    def chance(self, worlds: Worlds, ended: np.ndarray, after: float) -> np.ndarray:
        """[W] 0 to 1, in worlds that were driven for so long [s]; `ended` [W] [s]: when an ego arrived, if it did."""
        arriving, arrived = self.arriving, np.isfinite(ended)
        left = np.where(arrived, 0.0, self._left(worlds))
        speed = worlds.of_ego(worlds.speed)
        slower = np.where(arrived, 0.0, np.maximum(1.0 - speed / self.pace, 0.0))
        spare = self.time - after - left / self.pace - arriving.pick_up * slower
        crossings = np.where(arrived, 0.0, self.crossings[worlds.of_ego(worlds.target_lane)])
        across = left / np.maximum(speed, SLOWEST) - arriving.lane_time * crossings
        in_time = _likely(spare, arriving.spread)
        return in_time * np.where(crossings > 0, _likely(across, arriving.lane_spread), 1.0)

    def _left(self, worlds: Worlds) -> np.ndarray:
        """[W] [m] still to be driven; inf where no way leads to the goal."""
        lanes, (x, y) = worlds.of_ego(worlds.lane), worlds.of_ego(worlds.xy).T
        along = np.zeros(len(lanes))
        for number in np.unique(lanes):
            mine = lanes == number
            along[mine] = worlds.road.lanes[number].frenet(x[mine], y[mine])[0]
        return np.maximum(self.way[lanes] - along, 0.0)


def _likely(spare: np.ndarray, spread: float) -> np.ndarray:
    """How likely so much spare time [s] is enough."""
    return 0.5 + 0.5 * np.tanh(spare / (2.0 * spread))
