"""A `Road` laid out as the tables that the kernel reads, once per road.

The kernel computes in highway-env's frame (y down); the flip is negation, hence exact. Knows nothing of cars.
"""

from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np

from drive.roads import Arc, Lane, Road, Sine
from drive.twin import kernel as k

_KEPT = 64
FASTEST = 40.0  # [m/s], the limit where none stands and cars that gave way drive on at the limit
_networks: OrderedDict[tuple[int, bool, bool], tuple[Road, k.Net]] = OrderedDict()


def network(road: Road, connected: bool, regulated: bool) -> k.Net:
    """The tables of a road, kept by the road's identity.

    connected: drivers look for neighbours on the next and previous segments too; regulated: right of way is enforced.
    """
    key = (id(road), connected, regulated)
    if key not in _networks:
        _networks[key] = (
            road,
            _compile(road, connected, regulated),
        )  # the road is kept, so its id stays its own
        while len(_networks) > _KEPT:
            _networks.popitem(last=False)
    _networks.move_to_end(key)
    return _networks[key][1]


def _compile(road: Road, connected: bool, regulated: bool) -> k.Net:
    sections = list(road.sections)
    firsts = {}
    for number, lane in enumerate(road.lanes):
        firsts.setdefault(lane.id[:2], number)
        if number != firsts[lane.id[:2]] + lane.id[2]:
            raise ValueError(f"lane {lane.id!r} is not in highway-env's order")
    nodes = {
        node: number
        for number, node in enumerate(dict.fromkeys(n for section in sections for n in section))
    }
    segments = np.zeros((len(sections), k.SEG_FACTS), np.int32)
    next_segments: list[int] = []
    for number, section in enumerate(sections):
        onward = [sections.index(other) for other in sections if other[0] == section[1]]
        segments[number] = (
            firsts[section],
            len(road.sections[section]),
            nodes[section[0]],
            nodes[section[1]],
            len(next_segments),
            len(next_segments) + len(onward),
        )
        next_segments += onward

    geometry = np.zeros((len(road.lanes), k.LANE_COLUMNS))
    facts = np.zeros((len(road.lanes), k.LANE_FACTS), np.int32)
    joined: list[int] = []
    offsets: list[float] = []
    for number, lane in enumerate(road.lanes):
        shape = _shape(geometry[number], lane)
        if regulated and lane.speed_limit is None:
            geometry[number, k.SPEED_LIMIT] = FASTEST
        start = len(joined)
        for other, offset in _joined(road, sections, lane):
            joined.append(firsts[other.id[:2]] + other.id[2])
            offsets.append(offset)
        facts[number] = (
            shape,
            sections.index(lane.id[:2]),
            lane.id[2],
            len(road.sections[lane.id[:2]]),
            firsts[lane.id[:2]],
            lane.forbidden,
            start,
            len(joined),
        )
    tables = (
        geometry,
        facts,
        segments,
        np.array(next_segments, np.int32),
        np.array(joined, np.int32),
        np.array(offsets, float),
    )
    for table in tables:
        table.setflags(write=True)  # numba compiles for writable arrays; nothing writes them
    return k.Net(*tables, connected, regulated)


def _shape(row: np.ndarray, lane: Lane) -> int:
    curve = lane.curve
    row[k.LANE_LENGTH] = lane.length
    row[k.LANE_WIDTH] = lane.width
    row[k.SPEED_LIMIT] = np.nan if lane.speed_limit is None else lane.speed_limit
    row[k.PRIORITY] = lane.priority
    if isinstance(curve, Arc):
        row[k.CENTER_X], row[k.CENTER_Y] = curve.center[0], -curve.center[1]
        row[k.RADIUS] = curve.radius
        row[k.START_PHASE] = -curve.start_phase
        row[k.TURN] = -curve.turn
        return k.CIRCULAR
    dx, dy = curve.end[0] - curve.start[0], -(curve.end[1] - curve.start[1])
    length = float(np.linalg.norm([dx, dy]))
    row[k.START_X], row[k.START_Y] = curve.start[0], -curve.start[1]
    row[k.DIR_X], row[k.DIR_Y] = dx / length, dy / length
    row[k.LANE_LENGTH] = length
    row[k.LANE_HEADING] = math.atan2(dy, dx)
    if isinstance(curve, Sine):
        row[k.AMPLITUDE] = -curve.amplitude
        row[k.PULSATION] = curve.pulsation
        row[k.PHASE] = curve.phase
        return k.SINE
    return k.STRAIGHT


def _joined(road: Road, sections: list[tuple[str, str]], lane: Lane):
    """Next and previous lanes with the offset of their longitudinal coordinate (Road.neighbour_vehicles)."""
    for section in sections:
        if section[0] == lane.id[1]:
            lanes = road.sections[section]
            yield lanes[lane.id[2] if lane.id[2] < len(lanes) else 0], lane.length
    for section in sections:
        if section[1] == lane.id[0]:
            lanes = road.sections[section]
            previous = lanes[lane.id[2] if lane.id[2] < len(lanes) else 0]
            yield previous, -previous.length
