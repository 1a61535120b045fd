"""A moment seen from above: pixels from bodies, a road and marks."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field, replace

import numpy as np

from drive.camera.door import cv2
from drive.camera.palette import LIGHT, Colour, Palette, mix
from drive.camera.typeface import font
from drive.camera.view import Body, Moment, View, edges, follow
from drive.roads import Road
from drive.roads.geometry import corners
from drive.types import EGO, Trajectory

SAMPLE = 1.5  # [m] between samples of a curved lane: at a radius of 20 m, 1.4 cm off
DASH, DASH_PERIOD = 3.0, 8.0  # [m] of a striped line
OVERSAMPLE = 2  # drawn larger, then averaged: fine lines stay fine
MARGIN = 16  # [px] from the edge at which cited cars beyond it are shown
FRACTION = 4  # bits of a pixel that OpenCV's polygons resolve


@dataclass(frozen=True)
class Marks:
    """What stands out in a picture."""

    chosen: Trajectory | None = None
    rivals: tuple[Trajectory, ...] = ()
    cited: dict[int, Colour] = field(default_factory=dict)  # car id -> colour
    numbered: bool = True  # does every car bear its id?


def bird_eye(
    road: Road,
    moment: Moment,
    view: View | None = None,
    marks: Marks | None = None,
    palette: Palette = LIGHT,
    size: tuple[int, int] = (1280, 360),
) -> np.ndarray:
    """A picture [height, width, 3] uint8, red green blue. Without a view it follows the ego."""
    view = view or follow(road, moment, size)
    marks = marks or Marks()
    fine = replace(
        view, scale=view.scale * OVERSAMPLE, size=tuple(OVERSAMPLE * n for n in view.size)
    )
    canvas = blank(fine.size, palette.ground)
    _draw_road(canvas, fine, road, palette)
    for rival in marks.rivals:
        _draw_rival(canvas, fine, rival, palette.rival)
    if marks.chosen is not None:
        _draw_chosen(canvas, fine, marks.chosen, palette.ego)
    for thing in moment.objects:
        _fill(canvas, fine, _rectangle(thing), palette.barrier)
    for car in (*moment.cars, moment.ego):
        _draw_car(canvas, fine, car, marks.cited, palette)
    picture = cv2.resize(canvas, view.size, interpolation=cv2.INTER_AREA)
    for car in moment.cars if marks.numbered else ():
        if not _beacon(picture, view, car, marks.cited.get(car.id), palette):
            _label(picture, view.pixels((car.x, car.y)), car, view.scale, palette)
    return picture


def blank(size: tuple[int, int], colour: Colour) -> np.ndarray:
    """A picture of one colour."""
    canvas = np.empty((size[1], size[0], 3), np.uint8)
    cv2.rectangle(canvas, (0, 0), size, colour, cv2.FILLED)  # many times faster than np.full
    return canvas


def _draw_road(canvas, view: View, road: Road, palette: Palette):
    for lane in road.lanes:
        left, right = (_near(edge, view) for edge in edges(lane))
        if len(left) and len(right):
            _fill(canvas, view, np.concatenate([left, right[::-1]]), palette.asphalt)
    thickness = max(1, round(0.16 * view.scale))
    for lane in road.lanes:
        for edge, kind in zip(edges(lane), (lane.left_line, lane.right_line), strict=True):
            for line in LINES[kind](edge, view):
                _stroke(canvas, view, line, palette.line, thickness)


def _near(line: np.ndarray, view: View) -> np.ndarray:
    """The part of a polyline that can be in view, cut at its long segments."""
    if len(line) == 2:
        start, end = line
        length = math.dist(start, end)
        along = float((np.asarray(view.center) - start) @ (end - start)) / length
        low, high = np.clip([along - view.reach, along + view.reach], 0.0, length)
        low = low - low % DASH_PERIOD  # dashes stay where they are
        return np.array([start + (end - start) * s / length for s in (low, high)])
    inside = np.hypot(*(line - view.center).T) < view.reach + 2 * SAMPLE
    if not inside.any():
        return line[:0]
    first, last = np.flatnonzero(inside)[[0, -1]]
    return line[first : last + 1]


def _dashes(edge: np.ndarray, view: View) -> list[np.ndarray]:
    line = edge if len(edge) > 2 else _near(edge, view)
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    starts = np.arange(0.0, s[-1], DASH_PERIOD)
    ends = np.minimum(starts + DASH, s[-1])

    def piece(low, high):
        at = np.linspace(low, high, 2 if len(edge) == 2 else 4)
        return np.stack([np.interp(at, s, line[:, 0]), np.interp(at, s, line[:, 1])], -1)

    return [piece(low, high) for low, high in zip(starts, ends, strict=True)]


LINES = {
    "none": lambda edge, view: [],
    "continuous": lambda edge, view: [_near(edge, view)],
    "striped": _dashes,
}


def _draw_rival(canvas, view: View, path: Trajectory, colour: Colour):
    points = np.stack([path.x, path.y], -1)
    for k in range(0, len(points) - 2, 4):
        _stroke(canvas, view, points[k : k + 3], colour, max(1, round(0.2 * view.scale)))


def _draw_chosen(canvas, view: View, path: Trajectory, colour: Colour):
    """The course as a line with a dot at every second."""
    points = np.stack([path.x, path.y], -1)
    _stroke(canvas, view, points, colour, max(1, round(0.35 * view.scale)))
    for point in points[9::10]:
        _disc(canvas, view, point, 0.42, colour)


def _draw_car(canvas, view: View, car: Body, cited: dict[int, Colour], palette: Palette):
    if math.hypot(car.x - view.center[0], car.y - view.center[1]) > view.reach + car.length:
        return
    colour = palette.ego if car.id == EGO else cited.get(car.id, palette.car)
    outline = _rounded(car)
    if not car.seen:
        _stroke(canvas, view, np.vstack([outline, outline[:1]]), palette.unseen, 2 * OVERSAMPLE)
        return
    _fill(canvas, view, outline, colour)
    glass = replace(car, length=0.14 * car.length, width=0.72 * car.width)
    reach = 0.24 * car.length
    glass = replace(
        glass, x=car.x + reach * math.cos(car.heading), y=car.y + reach * math.sin(car.heading)
    )
    _fill(canvas, view, _rectangle(glass), mix(colour, palette.ground, 0.55))
    if car.crashed:
        _cross(canvas, view, car, palette.wreck)


def _rectangle(body) -> np.ndarray:
    return corners(body.x, body.y, body.heading, body.length, body.width)


def _rounded(car: Body, radius: float = 0.22, samples: int = 4) -> np.ndarray:
    """The outline of a car [N, 2] [m] with rounded corners; radius in car widths."""
    r = radius * car.width
    centres = corners(car.x, car.y, car.heading, car.length - 2 * r, car.width - 2 * r)
    angles = car.heading + np.linspace(0.5 * math.pi, 0.0, samples)  # front left, turning clockwise
    turns = np.array([0.0, 0.5, 1.0, 1.5]) * math.pi  # corners come counter-clockwise
    rounds = [
        c + r * np.stack([np.cos(a), np.sin(a)], -1)
        for c, a in zip(centres, (angles[::-1] + t for t in turns), strict=True)
    ]
    return np.concatenate(rounds)


def _cross(canvas, view: View, car: Body, colour: Colour):
    front_left, rear_left, rear_right, front_right = _rectangle(car)
    for line in ((front_left, rear_right), (rear_left, front_right)):
        _stroke(canvas, view, np.array(line), colour, max(2, round(0.3 * view.scale)))


def _fixed(view: View, points: np.ndarray) -> np.ndarray:
    return np.round(view.pixels(points) * (1 << FRACTION)).astype(np.int32)


def _fill(canvas, view: View, points: np.ndarray, colour: Colour):
    cv2.fillPoly(canvas, [_fixed(view, points)], colour, cv2.LINE_AA, FRACTION)


def _stroke(canvas, view: View, points: np.ndarray, colour: Colour, thickness: int):
    if len(points) > 1:
        pixels = [_fixed(view, points)]
        cv2.polylines(canvas, pixels, False, colour, thickness, cv2.LINE_AA, FRACTION)


def _disc(canvas, view: View, point: np.ndarray, radius: float, colour: Colour):
    centre = tuple(int(n) for n in _fixed(view, point))
    size = round(radius * view.scale * (1 << FRACTION))
    cv2.circle(canvas, centre, size, colour, cv2.FILLED, cv2.LINE_AA, FRACTION)


def _label(picture: np.ndarray, at: np.ndarray, car: Body, scale: float, palette: Palette):
    """The car's id, upright, centred at a pixel."""
    colour = palette.car_label if car.seen else palette.ink
    put_label(picture, at, str(car.id), max(9, min(20, round(1.55 * scale))), colour)


def put_label(picture: np.ndarray, at, text: str, size: int, colour: Colour):
    """A short bold text, centred at a pixel; none where it would not be seen whole."""
    mask = _text_mask(text, size)
    x, y = (round(float(n)) for n in at - np.array(mask.shape[::-1]) / 2)
    height, width = mask.shape
    if x < 0 or y < 0 or x + width > picture.shape[1] or y + height > picture.shape[0]:
        return
    patch = picture[y : y + height, x : x + width]
    patch[:] = np.round(patch + mask[..., None] * (np.array(colour) - patch.astype(float)))


def _beacon(picture, view: View, car: Body, colour: Colour | None, palette: Palette) -> bool:
    """Draw the id of a cited car beyond the picture at the edge nearest to it; tells whether it was drawn."""
    at = view.pixels((car.x, car.y))
    edge = np.clip(at, MARGIN, np.array(view.size) - MARGIN)
    away = math.dist(at, edge)
    if colour is None or away < MARGIN:
        return False
    towards = (at - edge) / away
    sideways = np.array([-towards[1], towards[0]])
    tip = [
        edge + 15 * towards,
        edge + 6 * towards + 7 * sideways,
        edge + 6 * towards - 7 * sideways,
    ]
    points = np.round(np.array(tip) * (1 << FRACTION)).astype(np.int32)
    cv2.fillPoly(picture, [points], colour, cv2.LINE_AA, FRACTION)
    cv2.circle(picture, tuple(int(n) for n in edge), 10, colour, cv2.FILLED, cv2.LINE_AA)
    _label(picture, edge, car, 0.0, palette)
    return True


@functools.lru_cache(maxsize=512)
def _text_mask(text: str, size: int) -> np.ndarray:
    """Coverage [height, width] in 0..1 of a short bold text."""
    typeface = font(size, bold=True)
    image = typeface.getmask(text, mode="L")
    return np.array(image, dtype=float).reshape(image.size[::-1]) / 255
