"""Where a task ends, and what each lane costs a plan: lanes still to be crossed to an exit, lanes to the right of a motorway's."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from drive.roads import Lane, LaneId, Road
from drive.types import Scene

FAR = 20.0  # lanes, which stand for infinity: the goal cannot be reached from such a lane


@dataclass(frozen=True)
class Goal:
    """Where the task ends: on some lanes, by number, from so far [m] along them, or beyond an x [m]; else nowhere."""

    lanes: tuple[tuple[int, Lane], ...] = ()
    start: float = 0.0
    x: float | None = None

    @classmethod
    def of(cls, scene: Scene) -> Goal:
        """Of a scene's task; `drive.kinematics.goal.arrived` says the same of one scene."""
        task = scene.task
        lanes = tuple(
            (number, lane) for number, lane in enumerate(scene.road.lanes) if lane.id in task.goal
        )
        return cls(lanes, task.goal_from, task.goal_x)

    @property
    def nowhere(self) -> bool:
        """Does the task end at no place, only when the time is up?"""
        return not self.lanes and self.x is None

    def reached(self, lanes: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """bool [W] for egos on these lanes [W], by number, at road-frame x, y [W] [m]."""
        if self.x is not None:
            return x > self.x
        arrived = np.zeros(len(x), bool)
        for number, lane in self.lanes:
            arrived |= (lanes == number) & (lane.frenet(x, y)[0] >= self.start)
        return arrived


def lanes_to_goal(scene: Scene) -> np.ndarray:
    """Lane changes that the goal still takes, by lane number."""
    if scene.task.kind != "exit":
        return np.zeros(len(scene.road.lanes))
    return _lanes_to(_ByIdentity(scene.road), scene.task.goal)


def way_to_goal(scene: Scene) -> np.ndarray:
    """Metres from each lane's beginning to arrival, the shortest way, by lane number; inf: no way leads to it."""
    return _way_to(_ByIdentity(scene.road), scene.task.goal, scene.task.goal_from)


def lanes_to_the_right(road: Road) -> np.ndarray:
    """Lanes to the right of each, by lane number; all zero where the road has more than one section."""
    if len(road.sections) > 1:
        return np.zeros(len(road.lanes))
    return np.array([len(road.lanes) - 1 - lane.id[2] for lane in road.lanes], float)


class _ByIdentity:
    """A road as the key of a cache, by identity: comparing all its lanes would take longer than the cached work."""

    def __init__(self, road: Road):
        self.road = road

    def __eq__(self, other) -> bool:
        return self.road is other.road

    def __hash__(self) -> int:
        return id(self.road)


@functools.lru_cache(maxsize=16)
def _way_to(of: _ByIdentity, goal: tuple[LaneId, ...], start: float) -> np.ndarray:
    road = of.road
    numbers = {lane.id: number for number, lane in enumerate(road.lanes)}
    metres = np.full(len(numbers), np.inf)
    metres[[numbers[lane] for lane in goal]] = start
    for _ in numbers:
        before = metres.copy()
        for lane in road.lanes:
            sides = (road.side(lane.id, side) for side in ("left", "right"))
            ways = [metres[numbers[side.id]] for side in sides if side]
            onward = road.continuations(lane.id)
            ways += [lane.length + metres[numbers[each.id]] for each in onward]
            metres[numbers[lane.id]] = min(metres[numbers[lane.id]], *ways, np.inf)
        if np.array_equal(before, metres):
            break
    metres.setflags(write=False)
    return metres


@functools.lru_cache(maxsize=16)
def _lanes_to(of: _ByIdentity, goal: tuple[LaneId, ...]) -> np.ndarray:
    road = of.road
    numbers = {lane.id: number for number, lane in enumerate(road.lanes)}
    changes = np.full(len(numbers), FAR)
    changes[[numbers[lane] for lane in goal]] = 0.0
    for _ in numbers:
        for lane in road.lanes:
            onward = road.following(lane.id)
            sides = (road.side(lane.id, side) for side in ("left", "right"))
            ways = [changes[numbers[onward.id]]] if onward else []
            ways += [changes[numbers[side.id]] + 1 for side in sides if side]
            changes[numbers[lane.id]] = min(changes[numbers[lane.id]], *ways, FAR)
    changes.setflags(write=False)
    return changes
