"""What a road demands of the ego, as a picture can show it: where the goal is, where paths meet, and which gives way.

Follows from the road and the task alone. What a scenario's traffic does with it is not known here.
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np

from drive import camera
from drive.roads import Lane, Road
from drive.types import Scene, Task

BAND = 4.0  # [m] length of the band across the road where the goal is a position
NEAR = 1.0  # [m] lines that meet nearer than this to an end only follow one another
JOIN = 3.0  # [m] lanes into one node whose ends are nearer than this join there


def goal(road: Road, task: Task) -> list[list[float]]:
    """Outlines of what counts as arrival, each x, y, x, y, ... [m]; none where the task has no place."""
    outlines = [_part(road.by_id[lane], task.goal_from) for lane in task.goal if lane in road.by_id]
    if task.goal_x is not None:
        outlines += _band(road, task.goal_x)
    return [np.round(outline, 2).ravel().tolist() for outline in outlines]


def _part(lane: Lane, start: float) -> np.ndarray:
    s = np.linspace(min(start, lane.length), lane.length, 24)
    left, right = (
        np.stack(np.broadcast_arrays(*lane.point(s, side * lane.width / 2)), -1) for side in (1, -1)
    )
    return np.concatenate([left, right[::-1]])


def _band(road: Road, x: float) -> list[np.ndarray]:
    """A band over all lanes that pass a position."""
    sides = [np.concatenate(camera.edges(lane)) for lane in road.lanes]
    passing = [side for side in sides if side[:, 0].min() <= x <= side[:, 0].max()]
    if not passing:
        return []
    low = min(side[:, 1].min() for side in passing)
    high = max(side[:, 1].max() for side in passing)
    return [np.array([[x, low], [x + BAND, low], [x + BAND, high], [x, high]])]


@functools.lru_cache(maxsize=32)
def meetings(road: Road) -> tuple[tuple[float, float, int, int, int], ...]:
    """Where lanes of different sections cross or run into one another: x, y [m], both lanes, and which gives way.

    Lanes are numbers in the road's order; the last is -1 where neither has the right of way.
    """
    points = []
    for (i, first), (j, second) in itertools.combinations(enumerate(road.lanes), 2):
        if first.id[:2] == second.id[:2] or first.id[0] == second.id[0]:
            continue
        point = _meet(_middle(first), _middle(second), first.id[1] == second.id[1])
        if point is not None:
            points.append((*np.round(point, 2).tolist(), i, j, _yields(i, first, j, second)))
    return tuple(points)


def _yields(i: int, first: Lane, j: int, second: Lane) -> int:
    if first.priority == second.priority:
        return -1
    return i if first.priority < second.priority else j


@functools.lru_cache(maxsize=4096)
def _middle(lane: Lane) -> np.ndarray:
    left, right = camera.edges(lane)
    return (left + right) / 2


def _meet(a: np.ndarray, b: np.ndarray, join: bool) -> np.ndarray | None:
    """The first point of one line on another; where both end in one place, their end."""
    if join and np.hypot(*(a[-1] - b[-1])) < JOIN:
        return a[-1]
    if (a.max(0) < b.min(0)).any() or (b.max(0) < a.min(0)).any():
        return None
    p, r, q, s = a[:-1, None], np.diff(a, axis=0)[:, None], b[None, :-1], np.diff(b, axis=0)[None]
    cross = _cross(r, s)
    with np.errstate(divide="ignore", invalid="ignore"):
        t, u = _cross(q - p, s) / cross, _cross(q - p, r) / cross
    hits = np.argwhere((t >= 0) & (t <= 1) & (u >= 0) & (u <= 1) & (abs(cross) > 1e-9))
    if not len(hits):
        return None
    k, m = hits[0]
    point = p[k, 0] + t[k, m] * r[k, 0]
    ends = (a[0], a[-1], b[0], b[-1])
    return None if any(np.hypot(*(point - end)) < NEAR for end in ends) else point


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def way(scene: Scene) -> list[int]:
    """The lanes that the ego may still drive on, as numbers in the road's order: its own and its route's."""
    sections = {scene.ego.lane[:2], *scene.ego.route}
    return [k for k, lane in enumerate(scene.road.lanes) if lane.id[:2] in sections]


def limit(scene: Scene) -> float | None:
    """The speed limit [m/s] of the ego's lane, if it has one."""
    return scene.road.lane(scene.ego.lane).speed_limit


def lanes_off(scene: Scene) -> int | None:
    """How many lanes the ego is from those that lead to the task's goal; None where no lane leads there."""
    road = scene.road
    starts = [road.by_id[lane].point(0.0) for lane in scene.task.goal if lane in road.by_id]
    leading = {
        lane.id[2]
        for lane in road.lanes
        for start in starts
        if math.dist(lane.point(lane.length), start) < lane.width / 2
    }
    return min((abs(scene.ego.lane[2] - number) for number in leading), default=None)
