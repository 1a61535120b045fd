"""What threatens the ego now, by arithmetic: time to contact at present velocities, and where it comes from.

Nothing here turns, brakes or reacts: in a bend a car alongside may count as a hazard that it is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from drive.types import Car, Ego, Scene, StaticObject

SOON = 2.0  # [s] to contact, from which on a body is a hazard
PARALLEL = 1e-9  # [m/s] of closing along an axis, below which it does not close

Bearing = Literal["ahead", "on the left", "on the right", "behind"]


@dataclass(frozen=True)
class Hazard:
    """A body that the ego touches soon if both keep their velocity."""

    time: float  # [s] until contact; 0: they touch now
    bearing: Bearing
    body: Car | StaticObject


def top_hazard(scene: Scene, within: float = SOON) -> Hazard | None:
    """The body with the smallest time to contact, if that is within so many seconds."""
    bodies = (*scene.cars, *scene.objects)
    times = {id(body): contact_in(scene.ego, body) for body in bodies}
    soonest = min(bodies, key=lambda body: times[id(body)], default=None)
    if soonest is None or times[id(soonest)] > within:
        return None
    return Hazard(times[id(soonest)], bearing_of(scene.ego, soonest), soonest)


def contact_in(ego: Ego, body: Car | StaticObject) -> float:
    """Seconds until two rectangles touch that keep their velocity; 0 where they do, inf where never.

    Exact: on each of the four normals of their sides both must overlap at once (separating axes).
    """
    begin, end = 0.0, math.inf
    x, y = body.x - ego.x, body.y - ego.y
    vx, vy = (_velocity(body)[k] - _velocity(ego)[k] for k in range(2))
    for angle in (ego.heading, ego.heading + math.pi / 2, body.heading, body.heading + math.pi / 2):
        axis = math.cos(angle), math.sin(angle)
        reach = _half(ego, angle) + _half(body, angle)
        first, last = _within(x * axis[0] + y * axis[1], vx * axis[0] + vy * axis[1], reach)
        begin, end = max(begin, first), min(end, last)
    return begin if begin <= end else math.inf


def bearing_of(ego: Ego, body: Car | StaticObject) -> Bearing:
    """Where a body is, seen from the ego: ahead or behind where their widths overlap, else to a side."""
    x, y = body.x - ego.x, body.y - ego.y
    cos, sin = math.cos(ego.heading), math.sin(ego.heading)
    along, across = x * cos + y * sin, y * cos - x * sin
    if abs(across) < (ego.width + body.width) / 2:
        return "ahead" if along > 0 else "behind"
    return "on the left" if across > 0 else "on the right"


def _velocity(body) -> tuple[float, float]:
    speed = getattr(body, "speed", 0.0)
    return speed * math.cos(body.heading), speed * math.sin(body.heading)


def _half(body, angle: float) -> float:
    """Half of a rectangle's extent along a direction [m]."""
    turn = angle - body.heading
    return (body.length * abs(math.cos(turn)) + body.width * abs(math.sin(turn))) / 2


def _within(place: float, speed: float, reach: float) -> tuple[float, float]:
    """From when to when [s] a place that moves along a line is no farther than `reach` from 0."""
    if abs(speed) < PARALLEL:
        return (-math.inf, math.inf) if abs(place) <= reach else (math.inf, -math.inf)
    times = (-reach - place) / speed, (reach - place) / speed
    return min(times), max(times)
