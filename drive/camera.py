"""Bird's-eye pictures with OpenCV: where everyone is at one moment in, pixels out.

Knows no simulator and no rationale: which cars stand out, and in which colour, is the caller's.
"""

from __future__ import annotations

import functools
import importlib.util
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import ImageFont

from drive.geometry import corners, wrap
from drive.roads import Lane, Road, Straight
from drive.types import EGO, Scene, StaticObject, Step, Trajectory

try:
    import cv2
except ImportError as error:
    raise OSError(
        f"OpenCV cannot start ({error}); on Debian: apt-get install libgl1 libglib2.0-0"
    ) from error

Colour = tuple[int, int, int]  # red, green, blue

SAMPLE = 1.5  # [m] between samples of a curved lane: at a radius of 20 m, 1.4 cm off
DASH, DASH_PERIOD = 3.0, 8.0  # [m] of a striped line
ALONG, MOSTLY = math.radians(20), 0.9  # a straight road: this share of it, within this angle
EDGE = 6.0  # [m] that the ego keeps from the picture's edge
SPAN = {"straight": 150.0, "curved": 120.0}  # [m] shown across the picture, at least
RISE = {"straight": 30.0, "curved": 70.0}  # [m] shown from its bottom to its top, at least
AHEAD = 0.18  # of the picture: how far ahead of the ego its centre is
OVERSAMPLE = 2  # drawn larger, then averaged: fine lines stay fine
MARGIN = 16  # [px] from the edge at which cited cars beyond it are shown
FRACTION = 4  # bits of a pixel that OpenCV's polygons resolve


@dataclass(frozen=True)
class Palette:
    """Colours of a picture."""

    ground: Colour
    asphalt: Colour
    line: Colour
    car: Colour
    car_label: Colour
    unseen: Colour
    ego: Colour
    rival: Colour
    wreck: Colour
    barrier: Colour
    ink: Colour  # text
    faint: Colour  # secondary text
    panel: Colour  # behind text
    cited: tuple[Colour, ...]  # cars named in a rationale, in the order in which it names them
    risk: tuple[Colour, Colour, Colour]  # none, some, contact

    @classmethod
    def of(cls, **colours: str) -> Palette:
        """A palette from hexadecimal colours, several in one string where a field holds several."""
        values = {name: tuple(map(_rgb, text.split())) for name, text in colours.items()}
        return cls(**{n: v if n in ("cited", "risk") else v[0] for n, v in values.items()})


def _rgb(code: str) -> Colour:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


LIGHT = Palette.of(
    ground="#eef0ec",
    asphalt="#d5d9de",
    line="#ffffff",
    car="#7b8694",
    car_label="#ffffff",
    unseen="#a4acb6",
    ego="#1f62d0",
    rival="#8b95a3",
    wreck="#c4372c",
    barrier="#d08a00",
    ink="#1c2430",
    faint="#66707d",
    panel="#ffffff",
    cited="#c2571a #a8327f #0f7f7a #6b4fd8 #7a6a00",
    risk="#d3d8dd #e3a008 #c4372c",
)
DARK = Palette.of(
    ground="#151a20",
    asphalt="#262d36",
    line="#5d6773",
    car="#7d8896",
    car_label="#0d1116",
    unseen="#56606c",
    ego="#6aa5ff",
    rival="#76818f",
    wreck="#ff7b6e",
    barrier="#e0a93b",
    ink="#e8ecf1",
    faint="#98a3b0",
    panel="#181d24",
    cited="#ff9d5c #f084c8 #4fd0c4 #b29cff #d6c341",
    risk="#333c46 #e0a93b #ff7b6e",
)
PALETTES = {"light": LIGHT, "dark": DARK}


# --------------------------------------------------------------------------------------- a moment


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


@dataclass(frozen=True)
class Moment:
    """Where everyone is at one time."""

    time: float  # [s]
    ego: Body
    cars: tuple[Body, ...]
    objects: tuple[StaticObject, ...] = ()

    @property
    def everyone(self) -> tuple[Body, ...]:
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
    known = {car.id: car for car in scene.cars}

    def moved(track, body):
        x, y, heading, speed = _interpolate(step.tracks.times, track, time)
        return replace(body, x=x, y=y, heading=heading, speed=speed)

    ego = moved(step.tracks.ego, scene.ego)
    cars = (
        moved(track, known.get(car, replace(scene.ego, id=car, crashed=False, seen=False)))
        for car, track in step.tracks.cars.items()
    )
    return Moment(time, ego, tuple(car for car in cars if math.isfinite(car.x)), scene.objects)


def _interpolate(times: np.ndarray, track: np.ndarray, time: float) -> np.ndarray:
    k = int(np.clip(np.searchsorted(times, time, side="right") - 1, 0, len(times) - 2))
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


def follow(road: Road, moment: Moment, size: tuple[int, int]) -> View:
    """The view that follows the ego, with the scale that suits the road.

    The picture does not turn: a curve is seen as a curve. A straight road stays where it is, and a
    lane change is a sideways move on it.
    """
    kind = shape(road)
    scale = min(size[0] / SPAN[kind], size[1] / RISE[kind])
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


# ---------------------------------------------------------------------------------------- drawing


@dataclass(frozen=True)
class Marks:
    """What stands out in a picture."""

    chosen: Trajectory | None = None
    rivals: tuple[Trajectory, ...] = ()
    cited: dict[int, Colour] = field(default_factory=dict)  # car id -> colour


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
    canvas = np.full((fine.size[1], fine.size[0], 3), palette.ground, np.uint8)
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
    for car in moment.cars:
        if not _beacon(picture, view, car, marks.cited.get(car.id), palette):
            _label(picture, view.pixels((car.x, car.y)), car, view.scale, palette)
    return picture


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
    _fill(canvas, view, _rectangle(glass), _mix(colour, palette.ground, 0.55))
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


def _mix(first: Colour, second: Colour, part: float) -> Colour:
    return tuple(round(a + part * (b - a)) for a, b in zip(first, second, strict=True))


def risk_colour(palette: Palette, risk: float) -> Colour:
    """The colour of a risk from 0 to 1."""
    calm, warm, hot = palette.risk
    return _mix(calm, warm, 2 * risk) if risk < 0.5 else _mix(warm, hot, 2 * risk - 1)


# ------------------------------------------------------------------------------------------- files


def save_picture(path: Path, image: np.ndarray) -> None:
    """Write a picture [height, width, 3]; the path's ending says which kind."""
    if not cv2.imwrite(str(path), image[..., ::-1]):
        raise OSError(f"the picture cannot be written to {path}")


def save_film(path: Path, frames: Iterable[np.ndarray], rate: float) -> None:
    """Write pictures of one size as a film, `rate` a second: VP8 in .webm, which browsers play."""
    writer = None
    for frame in frames:
        if writer is None:
            size = frame.shape[1], frame.shape[0]
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), rate, size)
            if not writer.isOpened():
                raise OSError(f"the film cannot be written to {path}")
        writer.write(frame[..., ::-1])
    if writer is not None:
        writer.release()


# ------------------------------------------------------------------------------------------ labels


def _label(picture: np.ndarray, at: np.ndarray, car: Body, scale: float, palette: Palette):
    """The car's id, upright, centred at a pixel."""
    mask = _text_mask(str(car.id), max(9, min(20, round(1.55 * scale))))
    x, y = (round(float(n)) for n in at - np.array(mask.shape[::-1]) / 2)
    height, width = mask.shape
    if x < 0 or y < 0 or x + width > picture.shape[1] or y + height > picture.shape[0]:
        return
    patch = picture[y : y + height, x : x + width]
    colour = palette.car_label if car.seen else palette.ink
    patch[:] = np.round(patch + mask[..., None] * (np.array(colour) - patch.astype(float)))


def _beacon(picture, view: View, car: Body, colour: Colour | None, palette: Palette) -> bool:
    """A cited car beyond the picture: its id at the edge, on the side where it is. Was it drawn?"""
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


@functools.lru_cache
def font(size: int, bold: bool = False):
    """A sans-serif typeface; DejaVu comes with matplotlib, so it is there offline, on any system."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        return ImageFont.load_default(size)
    folder = Path(spec.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / name), size)
