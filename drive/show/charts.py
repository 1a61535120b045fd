"""Charts as SVG text: one dot for each policy with its 95 % intervals, and labels that keep clear of each other.

Draws what it is given and knows nothing of driving. Colours and shapes are classes that a style sheet fills
(`k0`, `k1`, ...). Widths of words are estimated, for no font is measured here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 372.0, 268.0  # [px] of a chart
LEFT, RIGHT, TOP, BOTTOM = 46.0, 14.0, 22.0, 42.0  # [px] beside the plot
CHARACTER, LINE = 6.6, 13.0  # [px] of a label's letter, and of its height
PAD = 3.0  # [px] beside a label's letters
LONGEST = 18  # letters of a label; what is longer is shortened, and whole in the dot's title
DOT = 5.0  # [px] radius
SHAPES = (
    "circle", "square", "triangle", "diamond", "turned", "cross",
)  # fmt: skip
COLOURS = 6  # classes k0 to k5, used again with another shape
REACHES = (11.0, 17.0, 26.0, 38.0, 52.0, 68.0, 88.0)  # [px] from a dot to its label
ANGLES = 16  # directions in which a label may stand
SAMPLES = 8  # points of such a line that are looked at
LED = 20.0  # [px] a label that is farther from its dot is joined to it by a line
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)  # between the numbers of an axis, times a power of ten
NUMBERS = 5  # on an axis, about
# price of a label over a label or dot, of one over a whisker, of a line through a label, of one beyond the edge
COVERS, CROSSES, THROUGH, OUTSIDE = 100.0, 3.0, 40.0, 1000.0


@dataclass(frozen=True)
class Value:
    """A figure with its interval; NaN bounds where there is none."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Dot:
    """One policy: where it stands and how it is named."""

    label: str
    kind: int  # its colour and shape
    x: Value
    y: Value
    title: str  # what is said of it in full


@dataclass(frozen=True)
class Level:
    """A value of the upright axis alone, drawn as a line across."""

    label: str
    y: float
    title: str  # what is said of it in full


@dataclass(frozen=True)
class Axis:
    """What is measured, in which unit, from where to where."""

    name: str
    unit: str
    low: float
    high: float

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round numbers along the axis."""
        step = _step(self.high - self.low)
        first = math.ceil(self.low / step - 1e-9)
        count = math.floor(self.high / step + 1e-9) - first + 1
        return tuple((first + k) * step for k in range(count))

    @property
    def title(self) -> str:
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True)
class Box:
    """A rectangle on a chart [px]."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def within(self, other: Box) -> bool:
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


PLOT = Box(LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM)
ROOM = Box(LEFT, 1.0, WIDTH - 1.0, HEIGHT - BOTTOM)  # for labels: a little more than the plot


def spanned(name: str, unit: str, values: Sequence[Value]) -> Axis:
    """An axis from 0 to a round number that holds all values and their intervals."""
    every = [v for value in values for v in vars(value).values() if math.isfinite(v)]
    low, high = min([0.0, *every]), max([0.0, *every])
    step = _step((high - low) or 1.0)
    return Axis(
        name,
        unit,
        step * math.floor(low / step + 1e-9),
        step * math.ceil(high / step - 1e-9) or step,
    )


def scatter(dots: Sequence[Dot], x: Axis, y: Axis, title: str, levels: Sequence[Level] = ()) -> str:
    """A chart of those dots that have both values; a sentence in its place where none has."""
    dots = [dot for dot in dots if math.isfinite(dot.x.mean) and math.isfinite(dot.y.mean)]
    parts = [*_grid(x, y), *_levels(levels, y)]
    if not dots:
        parts.append(_text((PLOT.left + PLOT.right) / 2, HEIGHT / 2, "nothing was measured", "mid"))
    places = [_place(dot, x, y) for dot in dots]
    whiskers = [box for dot in dots for box in _whiskers(dot, x, y)]
    for dot in dots:
        parts += [_line(box, f"whisker k{dot.kind % COLOURS}") for box in _whiskers(dot, x, y)]
    boxes = labelled([shortened(dot.label) for dot in dots], places, whiskers)
    for place, box in zip(places, boxes, strict=True):
        parts += _leader(place, box)
    for dot, place in zip(dots, places, strict=True):
        parts.append(
            f'<g class="dot k{dot.kind % COLOURS}" data-name="{escape(dot.label)}"><title>{escape(dot.title)}</title>'
            f"{mark(dot.kind, *place)}</g>"
        )
    for dot, box in zip(dots, boxes, strict=True):
        parts.append(
            _text(
                box.left + PAD, box.bottom - 3, shortened(dot.label), f"name k{dot.kind % COLOURS}"
            )
        )
    body = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(title)}">'
        f"\n{body}\n</svg>"
    )


def mark(kind: int, x: float, y: float) -> str:
    """The shape of a kind at a place; policies beyond the colours get the next shape."""
    shape = SHAPES[(kind + kind // COLOURS) % len(SHAPES)]
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{DOT:g}"/>'
    points = " ".join(f"{x + DOT * dx:.1f},{y + DOT * dy:.1f}" for dx, dy in CORNERS[shape])
    return f'<polygon points="{points}"/>'


CORNERS = {  # in radii of a dot
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "triangle": ((0.0, -1.15), (1.1, 0.85), (-1.1, 0.85)),
    "diamond": ((0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)),
    "turned": ((0.0, 1.15), (1.1, -0.85), (-1.1, -0.85)),
    "cross": (
        (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4),
        (0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
    ),
}  # fmt: skip


def shortened(label: str) -> str:
    """A label that has room beside a dot."""
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"


# ------------------------------------------------------------------------------------- the labels


def labelled(
    labels: Sequence[str], dots: Sequence[tuple[float, float]], whiskers: Sequence[Box] = ()
) -> list[Box]:
    """A box for each dot's label: near it, inside the plot, and clear of dots and other labels where there is room.

    One label after the other takes the cheapest of the places around its dot, the dots with most neighbours first.
    """
    bodies = [Box(x - DOT - 1, y - DOT - 1, x + DOT + 1, y + DOT + 1) for x, y in dots]
    crowd = {
        k: sum(math.dist(dots[k], other) < REACHES[-1] for other in dots) for k in range(len(dots))
    }
    taken: dict[int, Box] = {}
    for k in sorted(range(len(dots)), key=lambda k: -crowd[k]):
        taken[k] = min(
            _around(dots[k], labels[k]),
            key=lambda choice: (
                choice[0]
                + _price(choice[1], bodies, taken.values(), whiskers)
                + _price_of_leader(dots[k], choice[1], taken.values())
            ),
        )[1]
    return [taken[k] for k in range(len(dots))]


def _around(dot: tuple[float, float], label: str) -> Iterator[tuple[float, Box]]:
    """(price of its distance, box) of the places for a label around a dot, the right of it first."""
    width = CHARACTER * len(label) + 2 * PAD
    for rank, reach in enumerate(REACHES):
        for k in range(ANGLES):
            turn = 2 * math.pi * k / ANGLES
            dx, dy = math.cos(turn), math.sin(turn)
            x, y = dot[0] + reach * dx, dot[1] + reach * dy
            left = x - width * (1 - dx) / 2
            box = Box(left, y - LINE / 2, left + width, y + LINE / 2)
            yield 2.0 * rank + 0.3 * abs(dy) + 0.2 * (dx < 0), box


def _price(box: Box, bodies, labels, whiskers) -> float:
    covered = sum(box.overlaps(other) for other in (*bodies, *labels))
    crossed = sum(box.overlaps(other) for other in whiskers)
    return COVERS * covered + CROSSES * crossed + OUTSIDE * (not box.within(ROOM))


def _price_of_leader(dot: tuple[float, float], box: Box, labels) -> float:
    """The price of the labels that the line from a dot to its label would cross."""
    end = _joint(dot, box)
    if math.dist(dot, end) <= LED:
        return 0.0
    parts = [k / SAMPLES for k in range(1, SAMPLES)]
    points = [(dot[0] + k * (end[0] - dot[0]), dot[1] + k * (end[1] - dot[1])) for k in parts]
    return THROUGH * sum(any(Box(*p, *p).overlaps(other) for p in points) for other in labels)


def _leader(dot: tuple[float, float], box: Box) -> Iterator[str]:
    """A line from a dot to a label that is far from it."""
    end = _joint(dot, box)
    if math.dist(dot, end) > LED:
        yield _line(Box(*dot, *end), "leader")


def _joint(dot: tuple[float, float], box: Box) -> tuple[float, float]:
    """The point of a label that is nearest to its dot."""
    x = min(max(dot[0], box.left), box.right)
    return x, min(max(dot[1], box.top + 2), box.bottom - 2)


# ------------------------------------------------------------------------------------- the drawing


def _place(dot: Dot, x: Axis, y: Axis) -> tuple[float, float]:
    return _across(dot.x.mean, x), _down(dot.y.mean, y)


def _across(value: float, axis: Axis) -> float:
    share = (value - axis.low) / (axis.high - axis.low)
    return PLOT.left + share * (PLOT.right - PLOT.left)


def _down(value: float, axis: Axis) -> float:
    share = (value - axis.low) / (axis.high - axis.low)
    return PLOT.bottom - share * (PLOT.bottom - PLOT.top)


def _whiskers(dot: Dot, x: Axis, y: Axis) -> Iterator[Box]:
    """The intervals along both axes, as boxes without width; none where there is no interval."""
    across, down = _place(dot, x, y)
    if math.isfinite(dot.x.low + dot.x.high):
        yield Box(_across(dot.x.low, x), down, _across(dot.x.high, x), down)
    if math.isfinite(dot.y.low + dot.y.high):
        yield Box(across, _down(dot.y.high, y), across, _down(dot.y.low, y))


def _grid(x: Axis, y: Axis) -> Iterator[str]:
    for value in x.ticks:
        at = _across(value, x)
        yield _line(Box(at, PLOT.top, at, PLOT.bottom), "grid")
        yield _text(at, PLOT.bottom + 15, f"{value:g}", "number mid")
    for value in y.ticks:
        at = _down(value, y)
        yield _line(Box(PLOT.left, at, PLOT.right, at), "grid")
        yield _text(PLOT.left - 7, at + 4, f"{value:g}", "number end")
    yield _text((PLOT.left + PLOT.right) / 2, HEIGHT - 8, x.title, "axis mid")
    middle = (PLOT.top + PLOT.bottom) / 2
    yield (
        f'<text class="axis mid" transform="translate(12 {middle:g}) rotate(-90)">'
        f"{escape(y.title)}</text>"
    )


def _levels(levels: Sequence[Level], y: Axis) -> Iterator[str]:
    """Lines across, each named at its right end."""
    for level in levels:
        at = _down(level.y, y)
        yield f"<g><title>{escape(level.title)}</title>"
        yield _line(Box(PLOT.left, at, PLOT.right, at), "level")
        yield _text(PLOT.right - 2, at - 3, level.label, "number end")
        yield "</g>"


def _line(box: Box, kind: str) -> str:
    return (
        f'<line class="{kind}" x1="{box.left:.1f}" y1="{box.top:.1f}" '
        f'x2="{box.right:.1f}" y2="{box.bottom:.1f}"/>'
    )


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def _step(span: float) -> float:
    """A round step that divides a span into about NUMBERS parts."""
    least = span / NUMBERS
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * step for step in STEPS if power * step >= least * (1 - 1e-9))
