"""A road painted once, seen from above: what a camera's ground is looked up in.

Grey texels in levels, each half as fine as the one before. A road of straight lanes that run on and on is painted for
one period of its dashes, and repeated as far as it goes.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from drive.camera.birdseye import DASH, DASH_PERIOD, FRACTION
from drive.camera.door import cv2
from drive.camera.driverseye import PAINT
from drive.camera.view import edges
from drive.roads import Lane, Road, Straight

FINE, FINER = 8.0, 4  # [texels/m], and how many times as fine they are drawn, then averaged
STRIP = 256  # rows that are drawn at once
MOST = 6e7  # texels; a larger road is painted less finely
LEVELS = 5
MARGIN = 4.0  # [m] around the road
ENDLESS = 2000.0  # [m] a straight road longer than this is repeated
GRASS, ASPHALT, LINE = 120, 70, 235  # grey values
PERIOD = 48  # texels of one period of the dashes; halves to a whole number at every level


@dataclass(frozen=True, eq=False)
class Ground:
    """The painted road.

    texels: uint8, all levels one after another. levels: int64 [LEVELS, 3] where each begins, its rows and columns.
    frame: x, y [m] of the map's lower left corner, texels per metre along x and y at level 0, then how far
    the map is repeated along x [m]; 0: it is not. Rows run upwards, with y; the outermost rows (and columns, unless it is repeated) are grass.
    """

    texels: np.ndarray
    levels: np.ndarray
    frame: np.ndarray


@functools.lru_cache(maxsize=16)
def ground_of(road: Road) -> Ground:
    """The painted road; kept for roads that were asked for last."""
    outline = np.concatenate([np.concatenate(edges(lane)) for lane in road.lanes])
    low, high = outline.min(0) - MARGIN, outline.max(0) + MARGIN
    fine, endless = np.array([FINE, FINE]), _is_endless(road)
    if endless:
        low[0] = outline[:, 0].min()
        high[0] = low[0] + DASH_PERIOD
        fine[0] = PERIOD / DASH_PERIOD
    else:
        fine *= min(1.0, math.sqrt(MOST / float(np.prod((high - low) * FINE))))
    columns, rows = (int(n) for n in np.ceil(np.round((high - low) * fine, 9)))
    to_x = high[0] if endless else math.inf
    strips = [
        _painted(
            road, low + (0.0, first / fine[1]), fine, (min(STRIP, rows - first), columns), to_x
        )
        for first in range(0, rows, STRIP)
    ]
    canvas = np.concatenate(strips)
    levels = [canvas]
    for _ in range(LEVELS - 1):
        last = levels[-1]
        half = max(1, last.shape[1] // 2), max(1, last.shape[0] // 2)
        levels.append(cv2.resize(last, half, interpolation=cv2.INTER_AREA))
    begins = np.cumsum([0, *(level.size for level in levels)])[:-1]
    shapes = [(begin, *level.shape) for begin, level in zip(begins, levels, strict=True)]
    texels = np.concatenate([level.ravel() for level in levels])
    return Ground(
        texels,
        np.array(shapes, np.int64),
        np.array([*low, *fine, float(np.ptp(outline[:, 0])) if endless else 0.0]),
    )


def _is_endless(road: Road) -> bool:
    """Do all lanes run along the x axis, from the same place, on and on?"""
    ways = [lane.curve for lane in road.lanes]
    if not all(isinstance(way, Straight) for way in ways):
        return False
    begins = {way.start[0] for way in ways}
    level = all(way.start[1] == way.end[1] for way in ways)
    return level and len(begins) == 1 and min(way.end[0] - way.start[0] for way in ways) > ENDLESS


def _painted(road: Road, low: np.ndarray, fine: np.ndarray, size: tuple[int, int], to_x: float):
    """A part of the map, from its lower left corner [m] on: rows and columns of texels, each drawn many times as fine."""
    rows, columns = size
    canvas = np.full((rows * FINER, columns * FINER), GRASS, np.uint8)
    scale = fine * FINER
    for lane in road.lanes:
        left, right = edges(lane)
        _fill(canvas, np.concatenate([left, right[::-1]]), ASPHALT, low, scale)
    # OpenCV fills every texel that an outline touches: half of one more on either side
    width = PAINT - 1 / scale[1]
    for lane in road.lanes:
        for strip in painted(lane, width, to_x):
            _fill(canvas, strip, LINE, low, scale)
    return cv2.resize(canvas, (columns, rows), interpolation=cv2.INTER_AREA)


def painted(lane: Lane, width: float, to_x: float = math.inf) -> list[np.ndarray]:
    """The lines on a lane's edges as polygons [m], so wide; of an endless lane those that begin before x."""
    strips = []
    for edge, kind in zip(edges(lane), (lane.left_line, lane.right_line), strict=True):
        if kind == "continuous":
            strips.append(strip_along(edge, width))
        elif kind == "striped":
            strips += _dashes(edge, width, to_x)
    return strips


def _dashes(edge: np.ndarray, width: float, to_x: float) -> list[np.ndarray]:
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(edge, axis=0).T))])
    last = s[-1] if math.isinf(to_x) else min(s[-1], to_x - edge[0, 0])
    dashes = []
    for begin in np.arange(0.0, last, DASH_PERIOD):
        end = min(begin + DASH, s[-1])
        inner = s[(s > begin) & (s < end)]
        at = np.array([begin, *inner, end])
        line = np.stack([np.interp(at, s, axis) for axis in edge.T], -1)
        dashes.append(strip_along(line, width))
    return dashes


def strip_along(points: np.ndarray, width: float) -> np.ndarray:
    """The outline [m] of a painted line."""
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    aside = np.stack([-along[:, 1], along[:, 0]], -1) * width / 2
    return np.concatenate([points + aside, (points - aside)[::-1]])


def _fill(canvas: np.ndarray, polygon: np.ndarray, grey: int, low, fine) -> None:
    texels = (polygon - low) * fine - 0.5  # OpenCV's whole numbers are the middles of texels
    far = 30 * max(canvas.shape)
    fixed = np.round(np.clip(texels, -far, far) * (1 << FRACTION)).astype(np.int32)
    cv2.fillPoly(canvas, [fixed], grey, cv2.LINE_8, FRACTION)
