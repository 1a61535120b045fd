"""A moment as the driver sees it: perspective from the same bodies, road and marks as the bird's eye.

Draws what the player's own driver's eye draws (`drive/show/player/driver.js`), with its numbers.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from drive.camera.birdseye import DASH, DASH_PERIOD, FRACTION, Marks, blank, put_label
from drive.camera.door import cv2
from drive.camera.palette import LIGHT, Colour, Palette, mix
from drive.camera.view import Body, Moment, edges
from drive.roads import Lane, Road
from drive.types import Trajectory

HEIGHT, FORWARD = 1.45, 0.3  # [m] of the eye: above the road, before the car's middle
NEAR, FAR = 1.2, 130.0  # [m] before it: what is drawn
TILT = 0.4  # the horizon, as a share of the picture from its top
HALF_ANGLE = math.radians(27)  # half of what is seen from left to right
TALL = {"truck": 3.3, "car": 1.45, "motorcycle": 1.3}  # [m]
TRUCK, MOTORCYCLE = 8.0, 3.0  # [m] longer than the first, shorter than the second
SHADE = {"top": 0.0, "rear": 0.12, "front": 0.2, "side": 0.3}  # part of black
PAINT, RIBBON = 0.18, 1.5  # [m] width of a line on the road, and of the planned path
STRIDE = 0.4  # [m] between two places of the path that are drawn
SEE_THROUGH, UNSEEN = 0.5, 0.65  # of the road under the path, and of what is out of sight
LAMPS = ((0.04, 0.26), (0.74, 0.96))  # where they begin and end across the rear
LIT, UNLIT = (255, 42, 26), (109, 26, 20)
BLACK = (0, 0, 0)


@dataclass(frozen=True)
class Eye:
    """Where the driver's eye is, and the picture that it sees."""

    x: float  # [m]
    y: float  # [m]
    heading: float  # [rad]
    size: tuple[int, int]  # width, height [px]

    @classmethod
    def of(cls, ego: Body, size: tuple[int, int]) -> Eye:
        cos, sin = math.cos(ego.heading), math.sin(ego.heading)
        return cls(ego.x + FORWARD * cos, ego.y + FORWARD * sin, ego.heading, size)

    @property
    def horizon(self) -> float:  # [px] from the top
        return TILT * self.size[1]

    def before(self, points: np.ndarray) -> np.ndarray:
        """[N, 3] forward, right, up [m] of road-frame points [N, 2] on the road, or [N, 3] [m]."""
        points = np.asarray(points, float)
        dx, dy = points[:, 0] - self.x, points[:, 1] - self.y
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        up = points[:, 2] if points.shape[1] == 3 else np.zeros(len(points))
        return np.stack([dx * cos + dy * sin, dx * sin - dy * cos, up], -1)

    def on_glass(self, placed: np.ndarray) -> np.ndarray:
        """Pixels [N, 2] of what lies before the eye."""
        forward, right, up = placed.T
        focal = self.size[0] / 2 / math.tan(HALF_ANGLE)
        x = self.size[0] / 2 + focal * right / forward
        return np.stack([x, self.horizon + focal * (HEIGHT - up) / forward], -1)

    def seen(self, points: np.ndarray) -> np.ndarray:
        """Pixels of a polygon, cut off just before the eye; none where it lies behind."""
        placed = self.before(points)
        ahead = placed[:, 0] >= NEAR
        if ahead.all():
            return self.on_glass(placed)
        if not ahead.any():
            return placed[:0, :2]
        kept = []
        for k, point in enumerate(placed):
            last = placed[k - 1]
            if ahead[k] != ahead[k - 1]:
                part = (NEAR - last[0]) / (point[0] - last[0])
                kept.append(last + part * (point - last))
            if ahead[k]:
                kept.append(point)
        return self.on_glass(np.array(kept))

    def within(self, points: np.ndarray) -> np.ndarray:
        """The part of a polyline within reach; a long straight one is cut there."""
        if len(points) > 2:
            return points[(abs(points - (self.x, self.y)) < FAR).all(1)]
        start, end = points
        length = math.dist(start, end)
        along = float((np.array([self.x, self.y]) - start) @ (end - start)) / length
        low, high = np.clip([along - FAR, along + FAR], 0.0, length)
        return start + np.outer([low, high], end - start) / length


def driver_eye(
    road: Road,
    moment: Moment,
    marks: Marks | None = None,
    palette: Palette = LIGHT,
    size: tuple[int, int] = (480, 264),
) -> np.ndarray:
    """A picture [height, width, 3] uint8, red green blue, from the ego's seat."""
    marks, eye = marks or Marks(), Eye.of(moment.ego, size)
    picture = blank(size, palette.ground)
    cv2.rectangle(picture, (0, 0), (size[0], round(eye.horizon)), palette.sky, cv2.FILLED)
    lanes = [lane for lane in road.lanes if _is_near(eye, lane)]
    for lane in lanes:
        left, right = map(eye.within, edges(lane))
        if len(left) > 1 and len(right) > 1:
            _fill(picture, eye, np.concatenate([left, right[::-1]]), palette.asphalt)
    for lane in lanes:
        for strip in _lines(eye, lane):
            _fill(picture, eye, strip, palette.line)
    if marks.chosen is not None:
        _ribbon(picture, eye, marks.chosen, palette.ego)
    _traffic(picture, eye, moment, marks.cited, palette)
    return picture


def _is_near(eye: Eye, lane: Lane) -> bool:
    low, high = _bounds(lane)
    return bool(((eye.x, eye.y) > low - FAR).all() and ((eye.x, eye.y) < high + FAR).all())


@functools.lru_cache(maxsize=4096)
def _bounds(lane: Lane) -> tuple[np.ndarray, np.ndarray]:
    points = np.concatenate(edges(lane))
    return points.min(0), points.max(0)


def _lines(eye: Eye, lane: Lane) -> list[np.ndarray]:
    """What is painted on a lane's edges within reach, as polygons [m]."""
    strips = []
    for edge, kind in zip(edges(lane), (lane.left_line, lane.right_line), strict=True):
        if kind == "continuous":
            strips.append(_strip(eye.within(edge), PAINT))
        elif kind == "striped":
            strips += _dashes(eye, edge)
    return strips


def _dashes(eye: Eye, edge: np.ndarray) -> list[np.ndarray]:
    """The dashes of an edge that lie before the eye, as polygons [m]; they stay where they are as it moves."""
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(edge, axis=0).T))])
    low, high = 0.0, s[-1]
    if len(edge) == 2:  # such a line may be as long as one likes
        along = float((np.array([eye.x, eye.y]) - edge[0]) @ (edge[1] - edge[0])) / max(high, 1e-9)
        low, high = np.clip([along - FAR, along + FAR], low, high)
    starts = np.arange(low - low % DASH_PERIOD, high, DASH_PERIOD)
    ends = np.minimum(starts + DASH, s[-1])
    first, last = (
        np.stack([np.interp(at, s, axis) for axis in edge.T], -1) for at in (starts, ends)
    )
    near = (abs(first - (eye.x, eye.y)) < FAR).all(1) & (eye.before(first)[:, 0] > -DASH)
    return [_strip(np.array([first[k], last[k]]), PAINT) for k in np.flatnonzero(near)]


def _strip(points: np.ndarray, width: float) -> np.ndarray:
    """The outline [m] of a strip along a line."""
    if len(points) < 2:
        return points[:0]
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    aside = np.stack([-along[:, 1], along[:, 0]], -1) * width / 2
    return np.concatenate([points + aside, (points - aside)[::-1]])


def _ribbon(picture: np.ndarray, eye: Eye, path: Trajectory, colour: Colour):
    """The planned path, the road seen through it."""
    points = np.stack([path.x, path.y], -1)
    gone = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    places = np.unique(gone // STRIDE, return_index=True)[1]  # a car that stands has one place
    pixels = eye.seen(_strip(points[places], RIBBON))
    if len(pixels) < 3:
        return
    over = picture.copy()
    _polygon(over, pixels, colour)
    cv2.addWeighted(over, SEE_THROUGH, picture, 1 - SEE_THROUGH, 0, dst=picture)


# --------------------------------------------------------------------------------------- solids


def _traffic(picture, eye: Eye, moment: Moment, cited: dict[int, Colour], palette: Palette):
    """Cars and objects, the farthest first; then the frames of cited cars over all."""
    objects = [_Thing(thing, palette.barrier) for thing in moment.objects]
    cars = [_Thing(car, cited.get(car.id, palette.car)) for car in moment.cars]
    away = {
        id(one): float(eye.before(np.array([[one.body.x, one.body.y]]))[0, 0])
        for one in (*objects, *cars)
    }
    shown = [one for one in (*objects, *cars) if -one.body.length < away[id(one)] < FAR]
    for one in sorted(shown, key=lambda one: -away[id(one)]):
        _solid(picture, eye, one, palette)
    for one in shown:
        if one.is_car and one.body.id in cited:
            _frame(picture, eye, one, palette)


@dataclass(frozen=True)
class _Thing:
    """A car or an object, in its colour."""

    body: Body
    colour: Colour

    @property
    def is_car(self) -> bool:
        return isinstance(self.body, Body)

    @property
    def kind(self) -> str:
        length = self.body.length
        return "truck" if length > TRUCK else "motorcycle" if length < MOTORCYCLE else "car"

    @property
    def tall(self) -> float:  # [m]
        return TALL[self.kind] if self.is_car else 1.0


def _solid(picture, eye: Eye, one: _Thing, palette: Palette):
    colour = one.colour
    if one.is_car and not one.body.seen:
        colour = mix(colour, palette.asphalt, UNSEEN)
    if not one.is_car:
        _box(picture, eye, one.body, 0.0, one.tall, colour, palette)
        return
    truck = one.kind == "truck"
    _box(picture, eye, one.body, 0.25, one.tall if truck else 0.62 * one.tall, colour, palette)
    if not truck:
        _box(picture, eye, one.body, 0.62 * one.tall, one.tall, colour, palette, inset=0.52)
    _lamps(picture, eye, one.body)


def _box(picture, eye: Eye, body, low, high, colour: Colour, palette: Palette, inset: float = 1.0):
    for name, outward, points in _faces(body, low, high, inset):
        if not _is_facing(eye, outward, points):
            continue
        pixels = eye.seen(points)
        if len(pixels) > 2:
            _polygon(picture, pixels, mix(colour, BLACK, SHADE[name]))
            _polygon(picture, pixels, mix(colour, palette.ground, 0.35), line=True)


def _faces(body, low: float, high: float, inset: float = 1.0) -> list[tuple]:
    """Name, outward direction and corners [4, 3] [m] of a box's faces; an inset one is a cabin."""
    long, wide = body.length / 2 * inset, body.width / 2 * (0.86 if inset < 1 else 1.0)
    shift = -0.06 * body.length if inset < 1 else 0.0
    cos, sin = math.cos(body.heading), math.sin(body.heading)

    def at(a, b, z):
        return body.x + (a + shift) * cos - b * sin, body.y + (a + shift) * sin + b * cos, z

    def upright(a0, b0, a1, b1):
        return np.array([at(a0, b0, low), at(a1, b1, low), at(a1, b1, high), at(a0, b0, high)])

    ends = ((-long, -wide), (long, -wide), (long, wide), (-long, wide))
    top = np.array([at(a, b, high) for a, b in ends])
    return [
        ("front", (cos, sin), upright(long, -wide, long, wide)),
        ("rear", (-cos, -sin), upright(-long, wide, -long, -wide)),
        ("side", (-sin, cos), upright(long, wide, -long, wide)),
        ("side", (sin, -cos), upright(-long, -wide, long, -wide)),
        ("top", None, top),
    ]


def _is_facing(eye: Eye, outward, points: np.ndarray) -> bool:
    if outward is None:
        return points[0, 2] < HEIGHT
    x, y = points[0, :2]
    return (eye.x - x) * outward[0] + (eye.y - y) * outward[1] > 0


def _lamps(picture, eye: Eye, car: Body):
    """Two lamps at the rear, bright where the car brakes."""
    _, outward, (a, b, c, d) = _faces(car, 0.55, 0.75)[1]
    if not _is_facing(eye, outward, np.array([a])):
        return
    for begin, end in LAMPS:
        lamp = [a + begin * (b - a), a + end * (b - a), d + end * (c - d), d + begin * (c - d)]
        pixels = eye.seen(np.array(lamp))
        if len(pixels) > 2:
            _polygon(picture, pixels, LIT if car.braking else UNLIT)


def _frame(picture, eye: Eye, one: _Thing, palette: Palette):
    """A frame around a cited car, with its id above."""
    corners = np.concatenate([points for *_, points in _faces(one.body, 0.0, one.tall)])
    placed = eye.before(corners)
    if (placed[:, 0] < NEAR).any():
        return
    pixels = eye.on_glass(placed)
    (left, top), (right, bottom) = pixels.min(0) - 3, pixels.max(0) + 3
    outline = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    if right < 0 or left > eye.size[0]:
        return
    _polygon(picture, outline, one.colour, line=True, thickness=2)
    middle, half = (left + right) / 2, 4 * len(str(one.body.id)) + 6
    above = max(top - 19, 0)
    plate = np.array([[middle - half, above], [middle + half, above]])
    plate = np.concatenate([plate, plate[::-1] + (0, 17)])
    _polygon(picture, plate, one.colour)
    put_label(picture, (middle, above + 8.5), str(one.body.id), 12, palette.car_label)


def _fill(picture, eye: Eye, points: np.ndarray, colour: Colour):
    if len(points) < 3:
        return
    pixels = eye.seen(points)
    if len(pixels) > 2:
        _polygon(picture, pixels, colour)


def _polygon(picture, pixels: np.ndarray, colour: Colour, line: bool = False, thickness: int = 1):
    far = 30 * max(picture.shape)  # OpenCV holds 16 bits before the fraction
    fixed = [np.round(np.clip(pixels, -far, far) * (1 << FRACTION)).astype(np.int32)]
    if line:
        cv2.polylines(picture, fixed, True, colour, thickness, cv2.LINE_AA, FRACTION)
    else:
        cv2.fillPoly(picture, fixed, colour, cv2.LINE_AA, FRACTION)
