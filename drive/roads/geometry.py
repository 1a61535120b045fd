"""Gaps, times to collision and overlaps: pure functions of numbers and arrays.

Knows nothing of roads, cars or simulators. SI units, angles counter-clockwise in radians.
"""

from __future__ import annotations

import math

import numpy as np

GRAVITY = 9.81  # [m/s2]


def wrap(angle):
    """The same angle in [-pi, pi). Works on numbers and arrays [rad]."""
    return (angle + math.pi) % (2 * math.pi) - math.pi


def time_to_collision(gap: float, closing: float) -> float:
    """Seconds until a gap is used up at constant closing speed; inf where it does not close.

    gap: [m], bumper to bumper, negative counts as 0; closing: [m/s], positive when the gap shrinks.
    """
    if closing <= 0:
        return math.inf
    return max(gap, 0.0) / closing


def time_headway(gap: float, speed: float) -> float:
    """Seconds that a follower with this speed [m/s] needs to use up the gap [m]; inf at standstill."""
    return max(gap, 0.0) / speed if speed > 0 else math.inf


def braking_to_match(gap: float, closing: float) -> float:
    """Constant deceleration [m/s2, >= 0] that removes a closing speed within the gap (v^2 / 2d)."""
    if closing <= 0:
        return 0.0
    return closing**2 / (2 * gap) if gap > 0 else math.inf


def corners(x, y, heading, length, width) -> np.ndarray:
    """Corners of a rectangle [..., 4, 2] [m], counter-clockwise from the front left.

    Accepts numbers or equally shaped arrays.
    """
    x, y, heading, length, width = np.broadcast_arrays(x, y, heading, length, width)
    cos, sin = np.cos(heading)[..., None], np.sin(heading)[..., None]
    along = np.array([0.5, -0.5, -0.5, 0.5]) * length[..., None]
    across = np.array([0.5, 0.5, -0.5, -0.5]) * width[..., None]
    return np.stack(
        [x[..., None] + along * cos - across * sin, y[..., None] + along * sin + across * cos], -1
    )


def overlap(first: np.ndarray, second: np.ndarray) -> bool:
    """Do two convex quadrilaterals [4, 2] intersect? Separating axis theorem; touching counts."""
    for polygon in (first, second):
        edges = np.roll(polygon, -1, 0) - polygon
        for normal in np.stack([-edges[:, 1], edges[:, 0]], -1):
            a, b = first @ normal, second @ normal
            if a.max() < b.min() or b.max() < a.min():
                return False
    return True


def distance_between(first: np.ndarray, second: np.ndarray) -> float:
    """Smallest distance [m] between two convex quadrilaterals [4, 2]; 0 where they intersect."""
    if overlap(first, second):
        return 0.0
    return min(_corners_to_edges(first, second), _corners_to_edges(second, first))


def _corners_to_edges(points: np.ndarray, polygon: np.ndarray) -> float:
    start = polygon[None, :, :]
    edge = np.roll(polygon, -1, 0)[None] - start
    along = ((points[:, None] - start) * edge).sum(-1) / (edge**2).sum(-1)
    nearest = start + np.clip(along, 0, 1)[..., None] * edge
    return float(np.linalg.norm(points[:, None] - nearest, axis=-1).min())


def segment_crosses(start: np.ndarray, ends: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Which segments from `start` [2] to `ends` [N, 2] pass through a convex polygon [M, 2]? bool [N]."""
    edge = np.roll(polygon, -1, 0) - polygon
    inward = np.stack([-edge[:, 1], edge[:, 0]], -1)  # polygon is counter-clockwise
    level = ((start - polygon) * inward).sum(-1)[None]  # [1, M], >= 0 inside
    slope = (ends - start) @ inward.T  # [N, M]
    with np.errstate(divide="ignore", invalid="ignore"):
        at = -level / slope
    enter = np.where(slope > 0, at, np.where((slope == 0) & (level < 0), np.inf, -np.inf)).max(1)
    leave = np.where(slope < 0, at, np.inf).min(1)
    return np.maximum(enter, 0.0) < np.minimum(leave, 1.0)
