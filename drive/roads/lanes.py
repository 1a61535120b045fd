"""A road network as a value: lanes, widths, connections, and the lane frame (Frenet).

Frame: x forward along the road's first direction, y to the left, angles counter-clockwise.
Lane coordinates are (s, d): metres along the centre line and metres to its left.
The formulas are those of highway-env 1.12 (`highway_env.road.lane`, `.road`), mirrored in y.
Knows nothing of cars.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from drive.roads.geometry import wrap

LaneId = tuple[str, str, int]  # (from node, to node, number from the left, starting at 0)
CAR_LENGTH = 5.0  # [m], the overhang that highway-env grants at both ends of a lane


def _either(scalar, vector):
    """One formula for numbers (math, some ten times faster) and arrays (numpy)."""
    return lambda *x: scalar(*x) if isinstance(x[0], float) else vector(*x)


_sin, _cos, _arctan = (
    _either(math.sin, np.sin),
    _either(math.cos, np.cos),
    _either(math.atan, np.arctan),
)
_arctan2, _hypot = _either(math.atan2, np.arctan2), _either(math.hypot, np.hypot)


@dataclass(frozen=True)
class Straight:
    """A straight centre line from `start` to `end` [m]."""

    start: tuple[float, float]
    end: tuple[float, float]

    @functools.cached_property
    def length(self) -> float:
        return math.dist(self.start, self.end)

    @functools.cached_property
    def angle(self) -> float:
        return math.atan2(self.end[1] - self.start[1], self.end[0] - self.start[0])

    @functools.cached_property
    def direction(self) -> tuple[float, float]:
        return (
            (self.end[0] - self.start[0]) / self.length,
            (self.end[1] - self.start[1]) / self.length,
        )

    def point(self, s, d):
        ux, uy = self.direction
        return self.start[0] + s * ux - d * uy, self.start[1] + s * uy + d * ux

    def heading(self, s):
        return self.angle + 0.0 * s

    def curvature(self, s):
        return 0.0 * s

    def frenet(self, x, y):
        ux, uy = self.direction
        dx, dy = x - self.start[0], y - self.start[1]
        return dx * ux + dy * uy, dy * ux - dx * uy


@dataclass(frozen=True)
class Sine:
    """A sinusoidal line about a straight base; (s, d) are taken along the base, as highway-env does."""

    start: tuple[float, float]
    end: tuple[float, float]
    amplitude: float  # [m], to the left
    pulsation: float  # [rad/m]
    phase: float  # [rad]

    @functools.cached_property
    def base(self) -> Straight:
        return Straight(self.start, self.end)

    @property
    def length(self) -> float:
        return self.base.length

    def point(self, s, d):
        return self.base.point(s, d + self.amplitude * _sin(self.pulsation * s + self.phase))

    def heading(self, s):
        slope = self.amplitude * self.pulsation * _cos(self.pulsation * s + self.phase)
        return self.base.angle + _arctan(slope)

    def curvature(self, s):
        slope = self.amplitude * self.pulsation * _cos(self.pulsation * s + self.phase)
        bend = -self.amplitude * self.pulsation**2 * _sin(self.pulsation * s + self.phase)
        return bend / (1 + slope**2) ** 1.5

    def frenet(self, x, y):
        s, d = self.base.frenet(x, y)
        return s, d - self.amplitude * _sin(self.pulsation * s + self.phase)


@dataclass(frozen=True)
class Arc:
    """A circular arc; `turn` is +1 where it bends to the left, -1 to the right."""

    center: tuple[float, float]
    radius: float  # [m]
    start_phase: float  # [rad]
    end_phase: float  # [rad]
    turn: int

    @property
    def length(self) -> float:
        return self.radius * (self.end_phase - self.start_phase) * self.turn

    def point(self, s, d):
        phase = self.turn * s / self.radius + self.start_phase
        reach = self.radius - self.turn * d
        return self.center[0] + reach * _cos(phase), self.center[1] + reach * _sin(phase)

    def heading(self, s):
        return self.turn * s / self.radius + self.start_phase + self.turn * math.pi / 2

    def curvature(self, s):
        return self.turn / self.radius + 0.0 * s

    def frenet(self, x, y):
        dx, dy = x - self.center[0], y - self.center[1]
        phase = wrap(_arctan2(dy, dx) - self.start_phase)
        return self.turn * phase * self.radius, self.turn * (self.radius - _hypot(dx, dy))


@dataclass(frozen=True)
class Lane:
    """One lane: a centre line with a width and rules."""

    id: LaneId
    curve: Straight | Sine | Arc
    width: float  # [m]
    speed_limit: float | None  # [m/s]; None where highway-env sets none
    forbidden: bool = False  # may not be changed into
    priority: int = 0  # right of way at a regulated crossing, higher goes first
    left_line: str = "striped"  # none, striped, continuous
    right_line: str = "striped"

    @property
    def length(self) -> float:
        """Length of the centre line [m]."""
        return self.curve.length

    def point(self, s, d=0.0):
        """Road-frame (x, y) [m] of lane coordinates (s, d) [m]; numbers or arrays."""
        return self.curve.point(s, d)

    def heading(self, s):
        """Direction of the centre line at s [rad]."""
        return self.curve.heading(s)

    def curvature(self, s):
        """Signed curvature of the centre line at s [1/m], positive to the left."""
        return self.curve.curvature(s)

    def frenet(self, x, y):
        """Lane coordinates (s, d) [m] of a road-frame point; numbers or arrays."""
        return self.curve.frenet(x, y)

    def contains(self, s, d, margin: float = 0.0):
        """Is (s, d) on the lane, as `AbstractLane.on_lane` decides it? margin: extra half-width [m]."""
        inside = (-CAR_LENGTH <= s) & (s < self.length + CAR_LENGTH)
        return (abs(d) <= self.width / 2 + margin) & inside

    def reachable_from(self, x: float, y: float) -> bool:
        """May a car at (x, y) change into it (`AbstractLane.is_reachable_from`)?"""
        s, d = self.frenet(x, y)
        return bool(
            not self.forbidden and abs(d) <= 2 * self.width and 0 <= s < self.length + CAR_LENGTH
        )

    def distance(self, x: float, y: float, heading: float | None = None) -> float:
        """|d| + overrun + |heading error|: the measure by which a car's own lane is chosen."""
        s, d = self.frenet(x, y)
        off = abs(d) + max(s - self.length, 0.0) + max(-s, 0.0)
        return off if heading is None else off + abs(wrap(heading - self.heading(s)))


@dataclass(frozen=True)
class Road:
    """All lanes, in highway-env's order (ties between lanes are decided by it)."""

    lanes: tuple[Lane, ...]

    def __post_init__(self):
        if not self.lanes:
            raise ValueError("a road needs at least one lane")

    def __getstate__(self):
        return {"lanes": self.lanes}  # what follows from them is found again

    @functools.cached_property
    def by_id(self) -> Mapping[LaneId, Lane]:
        return MappingProxyType({lane.id: lane for lane in self.lanes})

    @functools.cached_property
    def sections(self) -> Mapping[tuple[str, str], tuple[Lane, ...]]:
        """Lanes side by side between two nodes, from left to right."""
        lanes_of: dict[tuple[str, str], list[Lane]] = {}
        for lane in self.lanes:
            lanes_of.setdefault(lane.id[:2], []).append(lane)
        return MappingProxyType({key: tuple(lanes) for key, lanes in lanes_of.items()})

    @functools.cached_property
    def exits(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Sections that begin at a node."""
        leaving: dict[str, list[tuple[str, str]]] = {}
        for section in self.sections:
            leaving.setdefault(section[0], []).append(section)
        return MappingProxyType({node: tuple(sections) for node, sections in leaving.items()})

    @functools.cached_property
    def entries(self) -> Mapping[LaneId, tuple[Lane, ...]]:
        """Lanes that continue into each lane, whatever a car's route; not those that come the other way."""
        joining: dict[LaneId, list[Lane]] = {}
        for lane in self.lanes:
            for onward in self.continuations(lane.id):
                if turns_back(lane, onward):
                    continue
                joining.setdefault(onward.id, []).append(lane)
        return MappingProxyType({lane_id: tuple(lanes) for lane_id, lanes in joining.items()})

    def crosses(self, lane_id: LaneId) -> bool:
        """Is a lane one of a crossing's, from where several ways part to where several join?"""
        start, end, _ = lane_id
        joining = sum(section[1] == end for section in self.sections)
        return len(self.exits[start]) > 1 and joining > 1

    def sections_to(self, goals: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """How many sections a car has still to enter until it is in a goal's; sections that lead to none are absent."""
        left = dict.fromkeys(goals, 0)
        queue = list(left)
        for section in queue:
            for earlier in self.sections:
                if earlier[1] == section[0] and earlier not in left:
                    left[earlier] = left[section] + 1
                    queue.append(earlier)
        return left

    def lane(self, lane_id: LaneId) -> Lane:
        try:
            return self.by_id[lane_id]
        except KeyError:
            raise ValueError(f"no lane {lane_id!r} on this road") from None

    def side(self, lane_id: LaneId, side: str) -> Lane | None:
        """The lane next to it on the 'left' or 'right' of the same section; None at the edge."""
        start, end, number = lane_id
        return self.by_id.get((start, end, number + {"left": -1, "right": 1}[side]))

    def closest(self, x: float, y: float, heading: float | None = None) -> Lane:
        """The lane a car at this pose is on (`RoadNetwork.get_closest_lane_index`)."""
        return min(self.lanes, key=lambda lane: lane.distance(x, y, heading))

    def continuations(self, lane_id: LaneId, s: float | None = None) -> tuple[Lane, ...]:
        """Where a car may continue at the end of a lane: one lane in each onward section.

        As `RoadNetwork.next_lane`: the same number where the sections are equally wide, else the
        closest lane to the point at s [m] along this one (its end, unless given).
        """
        start, end, number = lane_id
        x, y = self.lane(lane_id).point(self.lane(lane_id).length if s is None else s)
        width = len(self.sections[start, end])

        def continuation(section):
            lanes = self.sections[section]
            if len(lanes) == width and number < width:
                return lanes[number]
            return min(lanes, key=lambda lane: lane.distance(x, y))

        return tuple(continuation(section) for section in self.exits.get(end, ()))

    def following(self, lane_id: LaneId, route: tuple[tuple[str, str], ...] = ()) -> Lane | None:
        """The lane that a car continues on: along its route (sections), else the closest; None at the end."""
        lane = self.lane(lane_id)
        x, y = lane.point(lane.length)
        onward = self.continuations(lane_id)
        planned = [other for other in onward if other.id[:2] in route]
        return min(planned or onward, key=lambda other: other.distance(x, y), default=None)

    def path(
        self, lane_id: LaneId, route: tuple[tuple[str, str], ...] = (), reach: float = 250.0
    ) -> tuple[tuple[Lane, float], ...]:
        """Lanes to be driven from this one on, each with the distance [m] at which it begins.

        Starts with the lane itself at 0 and ends where `reach` [m] beyond it is covered, at the end
        of the road, or where it would drive a lane twice or turn round on the spot (at the ends of
        an intersection's arms, the way out and the way in share a node).
        """
        lane, begin = self.lane(lane_id), 0.0
        course = [(lane, begin)]
        while begin + lane.length < reach:
            begin += lane.length
            lane = self.following(lane.id, route)
            last = course[-1][0]
            if lane is None or turns_back(last, lane) or any(lane is seen for seen, _ in course):
                break
            course.append((lane, begin))
        return tuple(course)


def turns_back(lane: Lane, onward: Lane) -> bool:
    """Would going on from the end of a lane into another mean to turn round on the spot?"""
    turn = float(onward.heading(0.0)) - float(lane.heading(lane.length))
    return abs(wrap(turn)) > math.pi / 2


@functools.lru_cache(maxsize=4096)
def circulates(road: Road, lane: LaneId) -> bool:
    """Does some way on from a lane lead back to it? So in a roundabout, and on a circuit."""
    seen, front = set(), [road.lane(lane)]
    while front:
        here = front.pop()
        for onward in road.continuations(here.id):
            if turns_back(here, onward) or onward.id in seen:
                continue
            if onward.id == lane:
                return True
            seen.add(onward.id)
            front.append(onward)
    return False


def ways(road: Road, lane: LaneId, depth: int = 3) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Every route that a car on this lane can take, as sections from its own on, `depth` sections long at most."""
    routes = [(lane[:2],)]
    for _ in range(depth - 1):
        longer = []
        for way in routes:
            onward = [section for section in road.exits.get(way[-1][1], ()) if section not in way]
            longer += [(*way, section) for section in onward] or [way]
        routes = longer
    return tuple(routes)


def straightest(road: Road, lane: LaneId, depth: int = 4) -> tuple[tuple[str, str], ...]:
    """The way that turns least at each junction; empty where there is no junction to decide at."""
    way = [lane[:2]]
    forks = False
    for _ in range(depth - 1):
        onward = [section for section in road.exits.get(way[-1][1], ()) if section not in way]
        if not onward:
            break
        forks = forks or len(onward) > 1
        way.append(min(onward, key=lambda section: _bend(road.sections[section][0])))
    return tuple(way) if forks else ()


def shortest(road: Road, lane: LaneId, goal: str) -> tuple[tuple[str, str], ...]:
    """The way from a lane's section to a node over the fewest sections; its own section where none leads there."""
    queue, reached = [(lane[:2],)], {lane[1]}
    for way in queue:
        if way[-1][1] == goal:
            return way
        for section in road.exits.get(way[-1][1], ()):
            if section[1] not in reached:
                reached.add(section[1])
                queue.append((*way, section))
    return (lane[:2],)


def _bend(lane: Lane) -> float:
    return abs(float(lane.heading(lane.length) - lane.heading(0.0)))
