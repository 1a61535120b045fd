"""The places of all cars at one moment, and the part of the road that a picture shows."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

from drive.roads import Lane, Road, Straight
from drive.roads.geometry import wrap
from drive.types import EGO, Scene, StaticObject, Step

SAMPLE = 1.5  # [m] between samples of a curved lane: at a radius of 20 m, 1.4 cm off
ALONG, MOSTLY = math.radians(20), 0.9  # a straight road: this share of it, within this angle
EDGE = 6.0  # [m] that the ego keeps from the picture's edge
SPAN = {"straight": 150.0, "curved": 120.0}  # [m] shown across the picture, at least
RISE = {"straight": 30.0, "curved": 70.0}  # [m] shown from its bottom to its top, at least
BRAKING = 0.6  # [m/s2] of slowing down at which brake lights are lit
AHEAD = 0.18  # of the picture: how far ahead of the ego its centre is


@dataclass(frozen=True)
class Body:
    """A car at one moment."""

    id: int
    x: float  # [m]
    y: float  # [m]
    heading: float  # [rad]
    length: float  # [m]
    width: float  # [m]
    speed: float = 0.0  # [m/s]
    crashed: bool = False
    seen: bool = True  # by the ego, at its last decision
    braking: bool = False


@dataclass(frozen=True)
class Moment:
    """The places of all cars at one time."""

    time: float  # [s]
    ego: Body
    cars: tuple[Body, ...]
    objects: tuple[StaticObject, ...] = ()

    @property
    def bodies(self) -> tuple[Body, ...]:
        return (self.ego, *self.cars)


def moment_of(scene: Scene) -> Moment:
    """The moment that a scene perceives."""

    def body(car, car_id):
        return Body(
            car_id, car.x, car.y, car.heading, car.length, car.width, car.speed, car.crashed
        )

    cars = tuple(body(car, car.id) for car in scene.cars)
    return Moment(scene.time, body(scene.ego, EGO), cars, scene.objects)


def moment_within(step: Step, time: float) -> Moment:
    """The moment at a time [s] in a decision period, interpolated between sub-steps.

    Cars out of the ego's sight are taken to be as large as the ego: the log does not hold their size.
    """
    scene = moment_of(step.scene)
    perceived = {car.id: car for car in scene.cars}

    def moved(track, body):
        x, y, heading, speed = _interpolate(step.tracks.times, track, time)
        braking = is_braking(step.tracks.times, track, time)
        return replace(body, x=x, y=y, heading=heading, speed=speed, braking=braking)

    ego = moved(step.tracks.ego, scene.ego)
    cars = (
        moved(track, perceived.get(car, replace(scene.ego, id=car, crashed=False, seen=False)))
        for car, track in step.tracks.cars.items()
    )
    return Moment(time, ego, tuple(car for car in cars if math.isfinite(car.x)), scene.objects)


def is_braking(times: np.ndarray, track: np.ndarray, time: float) -> bool:
    """Does a car slow down between the sub-steps around a time [s]?"""
    k = _place(times, time)
    return bool((track[k, 3] - track[k + 1, 3]) / (times[k + 1] - times[k]) > BRAKING)


def _place(times: np.ndarray, time: float) -> int:
    """The sub-step that begins last before a time."""
    return int(np.clip(np.searchsorted(times, time, side="right") - 1, 0, len(times) - 2))


def _interpolate(times: np.ndarray, track: np.ndarray, time: float) -> np.ndarray:
    k = _place(times, time)
    part = np.clip((time - times[k]) / (times[k + 1] - times[k]), 0.0, 1.0)
    if part in (0.0, 1.0):  # a neighbour may be missing there
        return track[k + int(part)]
    change = track[k + 1] - track[k]
    change[2] = wrap(change[2])
    return track[k] + part * change


# ------------------------------------------------------------------------------------------- view


@dataclass(frozen=True)
class View:
    """What the picture shows: `center` [m] in its middle, `heading` [rad] pointing to the right."""

    center: tuple[float, float]
    heading: float
    scale: float  # [px/m]
    size: tuple[int, int]  # width, height [px]

    def pixels(self, points) -> np.ndarray:
        """Pixels [..., 2] (right, down) of road-frame points [..., 2] [m]."""
        dx, dy = np.moveaxis(np.asarray(points, float) - self.center, -1, 0)
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        right, up = dx * cos + dy * sin, dy * cos - dx * sin
        return np.stack(
            [self.size[0] / 2 + right * self.scale, self.size[1] / 2 - up * self.scale], -1
        )

    @property
    def reach(self) -> float:
        """Distance from the centre to a corner [m]."""
        return math.hypot(*self.size) / 2 / self.scale


@functools.lru_cache(maxsize=64)
def shape(road: Road) -> str:
    """'straight' where nearly all of it runs along the x axis, either way; else 'curved'."""
    along = sum(lane.length for lane in road.lanes if _runs_along(lane))
    return "straight" if along > MOSTLY * sum(lane.length for lane in road.lanes) else "curved"


def _runs_along(lane: Lane) -> bool:
    headings = lane.heading(np.linspace(0, lane.length, 9))
    return bool((abs(wrap(2 * headings)) / 2 < ALONG).all())


@functools.lru_cache(maxsize=64)
def middle(road: Road) -> float | None:
    """Middle of a straight road [m], on the y axis; None for a curved one."""
    if shape(road) == "curved":
        return None
    sides = np.concatenate(
        [np.concatenate(edges(lane)) for lane in road.lanes if _runs_along(lane)]
    )
    return float(sides[:, 1].min() + sides[:, 1].max()) / 2


def follow(road: Road, moment: Moment, size: tuple[int, int], span: float | None = None) -> View:
    """The view that follows the ego, with the scale that suits the road, or so that `span` [m] are seen across.

    The picture does not turn: a curve is seen as a curve. A straight road stays where it is, and a
    lane change is a sideways move on it.
    """
    kind = shape(road)
    scale = min(size[0] / (span or SPAN[kind]), size[1] / RISE[kind])
    ego, room = moment.ego, max(size[1] / scale / 2 - EDGE, 0.0)
    x = ego.x + AHEAD * size[0] / scale * math.cos(ego.heading)
    if kind == "straight":
        y = min(max(middle(road), ego.y - room), ego.y + room)
    else:
        y = ego.y + AHEAD * size[1] / scale * math.sin(ego.heading)
    return View((x, y), 0.0, scale, size)


@functools.lru_cache(maxsize=4096)
def edges(lane: Lane) -> tuple[np.ndarray, np.ndarray]:
    """Left and right edge of a lane as polylines [N, 2] [m]."""
    count = 2 if isinstance(lane.curve, Straight) else max(2, math.ceil(lane.length / SAMPLE) + 1)
    s = np.linspace(0.0, lane.length, count)
    left, right = (
        np.stack(np.broadcast_arrays(*lane.point(s, side * lane.width / 2)), -1) for side in (1, -1)
    )
    return left, right
