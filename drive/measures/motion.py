"""An episode's sub-steps as arrays, and what follows from them: speeds, gaps, comfort, lane changes.

The quantities that `drive.measures.metrics` counts and averages. Everything comes from the tracks, in SI
units and the road frame, up to the moment of contact: what a wreck does is not driving.
Knows no simulator and no policy.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from drive.roads import Lane
from drive.roads.geometry import corners, wrap
from drive.types import GRID, WAYPOINTS, Episode, Step

SIZE = (5.0, 2.0)  # [m] length and width of a car that was never in sight: highway-env's standard
SIGHT = 200.0  # [m] how far along the path a leading car counts: highway-env's PERCEPTION_DISTANCE
MARGIN = 1.0  # [m] a car this far over its neighbour's marking counts as in the lane (highway-env)
TTC_CAP = 20.0  # [s] a longer time to collision says nothing; it counts as this
ENCOUNTER = (
    1.0  # [s] a close encounter: two cars would touch within this if both kept their velocity
)
MOVING = 3.0  # [m/s] a headway in seconds is told above this speed
SOON = (
    2.0  # [s] what the car behind does within this, after the ego came in front of it, is a reply
)
HARD = 4.0  # [m/s2] braking harder than this is hard: a driving school's rule of thumb for firm braking

# Responsibility-Sensitive Safety: the initial values of Intel's ad-rss-lib (appendix "Parameter Discussion")
RSS_RESPONSE = 1.0  # [s] until the ego brakes
RSS_ACCELERATION = 3.5  # [m/s2] the ego's, at most, until then
RSS_BRAKING = 4.0, 8.0  # [m/s2] the ego's at least, the body ahead's at most

SETTLED = 0.25  # [m] a lane change lasts from leaving one centre line to reaching the other
MANOEUVRE = 5.0  # [s] the longest either half of a lane change may take

# nuPlan's windows of smoothing: its limits of comfort mean something only after the same smoothing
ACCELERATION_WINDOW, JERK_WINDOW, YAW_WINDOW = 0.8, 1.5, 0.5  # [s]


@dataclass(frozen=True, eq=False)
class Motion:
    """An episode's sub-steps as arrays, and what follows from them, each derived once when asked.

    T sub-steps until contact, N bodies: every car ever tracked, then every static object.
    """

    episode: Episode

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.episode.steps

    @property
    def sub_step(self) -> float:
        return self.episode.header.sub_step

    @functools.cached_property
    def _rows(self) -> tuple[slice, ...]:
        """Per step, the rows of its tracks that count: the first row repeats the last of the step before."""
        end = self.episode.end
        last = end.contact.time + 1e-6 if end and end.contact else math.inf
        counts = [int(np.searchsorted(step.tracks.times, last, "right")) for step in self.steps]
        return tuple(slice(int(k > 0), max(count, int(k > 0))) for k, count in enumerate(counts))

    def _joined(self, parts: list[np.ndarray], *empty: int) -> np.ndarray:
        return np.concatenate([np.empty((0, *empty)), *parts])

    @functools.cached_property
    def times(self) -> np.ndarray:  # [T] [s]
        pairs = zip(self.steps, self._rows, strict=True)
        return self._joined([step.tracks.times[rows] for step, rows in pairs])

    @functools.cached_property
    def ego(self) -> np.ndarray:  # [T, 4] x, y [m], heading [rad], speed [m/s]
        pairs = zip(self.steps, self._rows, strict=True)
        return self._joined([step.tracks.ego[rows] for step, rows in pairs], 4)

    @functools.cached_property
    def step_of(self) -> np.ndarray:  # [T] index of the step that a sub-step belongs to
        lengths = [rows.stop - rows.start for rows in self._rows]
        return np.repeat(np.arange(len(lengths)), lengths)

    @functools.cached_property
    def _bodies(self) -> tuple[tuple, ...]:
        cars = {("car", car) for step in self.steps for car in step.tracks.cars}
        things = {("object", thing.id) for step in self.steps for thing in step.scene.objects}
        return (*sorted(cars), *sorted(things))

    @functools.cached_property
    def bodies(self) -> np.ndarray:  # [T, N, 4] as `ego`; NaN where absent
        place = {body: n for n, body in enumerate(self._bodies)}
        states = np.full((len(self.times), len(place), 4), np.nan)
        start = 0
        for step, rows in zip(self.steps, self._rows, strict=True):
            span = slice(start, start := start + rows.stop - rows.start)
            for car, track in step.tracks.cars.items():
                states[span, place["car", car]] = track[rows]
            for thing in step.scene.objects:
                states[span, place["object", thing.id]] = thing.x, thing.y, thing.heading, 0.0
        return states

    @functools.cached_property
    def sizes(self) -> np.ndarray:  # [N, 2] length, width [m]
        seen = {}
        for step in self.steps:
            seen |= {("car", car.id): (car.length, car.width) for car in step.scene.cars}
            seen |= {("object", o.id): (o.length, o.width) for o in step.scene.objects}
        return np.array([seen.get(body, SIZE) for body in self._bodies]).reshape(-1, 2)

    @functools.cached_property
    def size(self) -> tuple[float, float]:  # the ego's length and width [m]
        return next(((step.scene.ego.length, step.scene.ego.width) for step in self.steps), SIZE)

    # -- the ego on its road

    @functools.cached_property
    def _places(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How far off each lane the ego is, as highway-env measures it; s and d on it; [L, T] each."""
        x, y, heading, _ = self.ego.T
        lanes = self.episode.header.road.lanes
        s, d = np.moveaxis(np.array([lane.frenet(x, y) for lane in lanes]), 1, 0)
        lengths = np.array([[lane.length] for lane in lanes])
        courses = np.array([lane.heading(along) for lane, along in zip(lanes, s, strict=True)])
        off = abs(d) + np.maximum(s - lengths, 0) + np.maximum(-s, 0) + abs(wrap(heading - courses))
        return off, s, d

    @functools.cached_property
    def lane_of(self) -> np.ndarray:  # [T] index into the road's lanes: the closest
        return self._places[0].argmin(0)

    @functools.cached_property
    def along(self) -> np.ndarray:  # [L, T] cosine of the ego's heading against each lane's
        lanes, heading = self.episode.header.road.lanes, self.ego[:, 2]
        places = zip(lanes, self._places[1], strict=True)
        return np.cos(np.array([heading - lane.heading(s) for lane, s in places]))

    def on(self, margin: float = 0.0) -> np.ndarray:
        """[L, T] bool: is the ego's centre on each lane, which may be wider by a margin [m]?"""
        _, s, d = self._places
        places = zip(self.episode.header.road.lanes, s, d, strict=True)
        return np.array([lane.contains(*place, margin) for lane, *place in places])

    def lanes_driven(self) -> Iterator[tuple[Lane, np.ndarray]]:
        """Each lane the ego was in, with the indices of those sub-steps."""
        for index in np.unique(self.lane_of):
            yield self.episode.header.road.lanes[index], np.flatnonzero(self.lane_of == index)

    @functools.cached_property
    def off_road(self) -> np.ndarray:  # [T] bool: the ego's centre is on no lane
        return ~self.on().any(0)

    @property
    def oncoming(
        self,
    ) -> np.ndarray:  # [T] bool: the ego's centre is on a lane that it drives against
        road = self.episode.header.road
        counts = np.array([[not road.crosses(lane.id)] for lane in road.lanes])
        return (counts & self.on() & (self.along < 0)).any(0)

    @functools.cached_property
    def to_goal(self) -> np.ndarray:
        """[T] sections that lie between the ego and a lane of its goal, at least; inf: no way leads there.

        NaN off the road. Where lanes overlap, the one that is nearest to the goal counts.
        """
        road, goal = self.episode.header.road, self.episode.header.task.goal
        left = road.sections_to(lane[:2] for lane in goal)
        counts = np.array([[left.get(lane.id[:2], math.inf)] for lane in road.lanes])
        here = self.on() & (self.along > 0)
        return np.where(here.any(0), np.where(here, counts, math.inf).min(0), math.nan)

    @functools.cached_property
    def inside(self) -> np.ndarray:  # [T] bool: all four corners are between the lane's markings
        x, y, heading, _ = self.ego.T
        shape = corners(x, y, heading, *self.size)
        within = np.zeros(len(self.times), bool)
        for lane, at in self.lanes_driven():
            _, d = lane.frenet(shape[at, :, 0], shape[at, :, 1])
            within[at] = (abs(d) <= lane.width / 2).all(1)
        return within

    @functools.cached_property
    def lane_changes(self) -> tuple[int, ...]:
        """Sub-steps at which the ego's centre has entered a lane that its own does not lead into."""
        switches = np.flatnonzero(np.diff(self.lane_of)) + 1
        return tuple(int(at) for at in switches if self._changes(*self.lane_of[at - 1 : at + 1]))

    def _changes(self, before: int, after: int) -> bool:
        road = self.episode.header.road
        old, new = road.lanes[before], road.lanes[after]
        if old.id[:2] == new.id[:2]:
            return True
        onward = [lane for lane in road.continuations(old.id) if lane.id[:2] == new.id[:2]]
        return bool(onward) and onward[0] is not new

    @functools.cached_property
    def manoeuvres(self) -> tuple[slice, ...]:
        """Completed lane changes, from leaving the old centre line to reaching the new one."""
        _, _, d = self._places
        reach = round(MANOEUVRE / self.sub_step)
        spans = []
        for at in self.lane_changes:
            old, new = abs(d[self.lane_of[at - 1]]), abs(d[self.lane_of[at]])
            before = np.flatnonzero(old[max(0, at - reach) : at] <= SETTLED)
            after = np.flatnonzero(new[at : at + reach] <= SETTLED)
            if len(before) and len(after):
                spans.append(slice(max(0, at - reach) + int(before[-1]), at + int(after[0]) + 1))
        return tuple(spans)

    # -- the ego and what is ahead of it

    @functools.cached_property
    def lead(self) -> tuple[np.ndarray, np.ndarray]:
        """Gap [m] (inf: none) and closing speed [m/s] to the next body ahead in the ego's path [T]."""
        gap, closing = np.full((2, len(self.times)), np.inf)
        if not self._bodies:
            return gap, closing
        routes = [step.scene.ego.route for step in self.steps]
        starts = self._path_lanes(routes)
        for at in np.split(np.arange(len(self.times)), self._turns(routes, starts)):
            lane = self.episode.header.road.lanes[starts[at[0]]]
            gap[at], closing[at] = self._ahead(lane, routes[self.step_of[at[0]]], at)
        return gap, closing

    def _path_lanes(self, routes: list) -> np.ndarray:
        """[T] index of the lane in which the ego's path begins.

        The closest lane; where lanes overlap at a junction, the closest of those on the ego's route.
        """
        lanes = self.episode.header.road.lanes
        planned = np.array([[lane.id[:2] in route for route in routes] for lane in lanes])
        here = planned[:, self.step_of] & self.on()
        nearest = np.where(here, self._places[0], math.inf).argmin(0)
        return np.where(here.any(0), nearest, self.lane_of)

    def _turns(self, routes: list, starts: np.ndarray) -> np.ndarray:
        """Sub-steps at which the lane that the path starts in, or the route, differs from the one before."""
        changed = np.array([a != b for a, b in itertools.pairwise(routes)] + [False])
        entered = np.diff(self.step_of).astype(bool) & changed[self.step_of[:-1]]
        return np.flatnonzero(np.diff(starts).astype(bool) | entered) + 1

    def _ahead(self, lane: Lane, route: tuple, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`lead` while the ego is on one lane with one route."""
        x, y, heading, speed = self.ego[at].T
        s = lane.frenet(x, y)[0]
        onward = speed * np.cos(heading - lane.heading(s))
        cars = self.bodies[at]
        lengths = (self.sizes[:, 0] + self.size[0]) / 2
        gaps = np.full(cars.shape[:2], np.inf)
        speeds = np.zeros(cars.shape[:2])
        for stretch, begin in self.episode.header.road.path(lane.id, route, lane.length + SIGHT):
            along, across = stretch.frenet(cars[..., 0], cars[..., 1])
            turned = np.cos(cars[..., 2] - stretch.heading(along))
            gap = begin + along - s[:, None] - lengths
            counts = stretch.contains(along, across, MARGIN) & (turned >= 0)
            nearer = counts & (gap > 0) & (gap < np.minimum(gaps, SIGHT))
            gaps = np.where(nearer, gap, gaps)
            speeds = np.where(nearer, cars[..., 3] * turned, speeds)
        nearest = gaps.argmin(1)[:, None]
        gap, other = (np.take_along_axis(v, nearest, 1)[:, 0] for v in (gaps, speeds))
        return gap, onward - other

    @functools.cached_property
    def time_to_collision(self) -> np.ndarray:
        """[T] [s] to the lead at the present closing speed, at most TTC_CAP; NaN without a lead."""
        gap, closing = self.lead
        closes = np.isfinite(gap) & (closing > 0)
        ttc = np.where(closes, gap / np.where(closes, closing, 1), TTC_CAP)
        return np.where(np.isfinite(gap), np.minimum(ttc, TTC_CAP), np.nan)

    @functools.cached_property
    def headway(self) -> np.ndarray:
        """[T] [s] the gap to the lead over the ego's own speed; inf without a lead, NaN below MOVING."""
        gap, speed = self.lead[0], self.ego[:, 3]
        moves = speed > MOVING
        return np.where(moves, gap / np.where(moves, speed, 1), np.nan)

    @functools.cached_property
    def rss_gap(self) -> np.ndarray:
        """[T] [m] the least gap to the lead that is safe by RSS; 0 without a lead.

        (Shalev-Shwartz, Shammah and Shashua 2017, arXiv 1708.06374, definition 1.)
        """
        gap, closing = self.lead
        led, own = np.isfinite(gap), np.maximum(self.ego[:, 3], 0.0)
        other = np.maximum(own - np.where(led, closing, 0.0), 0.0)
        gained, (least, most) = RSS_RESPONSE * RSS_ACCELERATION, RSS_BRAKING
        reply = RSS_RESPONSE * (own + gained / 2)
        needed = reply + (own + gained) ** 2 / (2 * least) - other**2 / (2 * most)
        return np.where(led, np.maximum(needed, 0.0), 0.0)

    # -- the ego and what is behind it

    @functools.cached_property
    def braking_imposed(self) -> int:
        """Times that the first car behind in a lane of the ego began to brake harder than HARD because of it.

        Because of it: the car was closing on the ego, or the ego had come into that lane from beside
        within SOON. What the same car begins within SOON of the last time is the same.
        """
        dt, speeds = self.sub_step, self.bodies[..., 3]
        gained = np.diff(
            speeds, axis=0, prepend=np.nan
        )  # NaN at first: what went on before is unknown
        hard, soft = gained < -HARD * dt, gained >= -HARD * dt
        begun = hard & np.roll(soft, 1, axis=0)
        replies = np.zeros_like(begun)
        for lane, since in zip(self.episode.header.road.lanes, self._in_lane_since, strict=True):
            at = np.flatnonzero(np.isfinite(since))
            if len(at):
                first, closing = self._behind(lane, at)
                fresh = (self.times[at] - since[at] <= SOON)[:, None]
                replies[at] |= first & (closing | fresh)
        return sum(_spells(self.times[times], SOON) for times in (begun & replies).T)

    @functools.cached_property
    def _in_lane_since(self) -> np.ndarray:
        """[L, T] [s] when the ego came into each lane that it is in; NaN where it is not.

        In a lane as highway-env's neighbour rule has it. Coming along the road is no entering: a lane that is
        driven into from the one before it counts from when the ego came into that; at the start, from never.
        """
        road = self.episode.header.road
        inside = self.on(MARGIN) & (self.along >= 0)
        place = {lane.id: number for number, lane in enumerate(road.lanes)}
        before = [[place[e.id] for e in road.entries.get(lane.id, ())] for lane in road.lanes]
        since = np.full(inside.shape, np.nan)
        since[:, :1] = np.where(inside[:, :1], -SOON - 1.0, np.nan)
        for at in range(1, len(self.times)):
            for lane in np.flatnonzero(inside[:, at]):
                earlier = since[[lane, *before[lane]], at - 1]
                earlier = earlier[~np.isnan(earlier)]
                since[lane, at] = earlier[0] if len(earlier) else self.times[at]
        return since

    def _behind(self, lane: Lane, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which body is the first behind the ego in a lane, and which are faster than it there; [A, N] bool."""
        x, y, heading, speed = self.ego[at].T
        s = lane.frenet(x, y)[0]
        cars = self.bodies[at]
        lengths = (self.sizes[:, 0] + self.size[0]) / 2
        gaps = np.full(cars.shape[:2], np.inf)
        speeds = np.zeros(cars.shape[:2])
        for stretch, begin in self._leading_to(lane):
            along, across = stretch.frenet(cars[..., 0], cars[..., 1])
            turned = np.cos(cars[..., 2] - stretch.heading(along))
            gap = s[:, None] - begin - along - lengths
            counts = stretch.contains(along, across, MARGIN) & (turned >= 0)
            nearer = counts & (gap > 0) & (gap < np.minimum(gaps, SIGHT))
            gaps = np.where(nearer, gap, gaps)
            speeds = np.where(nearer, cars[..., 3] * turned, speeds)
        onward = speed * np.cos(heading - lane.heading(s))
        first = np.isfinite(gaps) & (gaps == gaps.min(1, keepdims=True, initial=np.inf))
        return first, speeds > onward[:, None]

    def _leading_to(self, lane: Lane) -> Iterator[tuple[Lane, float]]:
        """A lane and all that lead into it, up to SIGHT back, each with where it begins: [m] <= 0."""
        road, queue, seen = self.episode.header.road, [(lane, 0.0)], {lane.id}
        for stretch, begin in queue:
            yield stretch, begin
            for earlier in road.entries.get(stretch.id, ()) if begin > -SIGHT else ():
                if earlier.id not in seen:
                    seen.add(earlier.id)
                    queue.append((earlier, begin - earlier.length))

    # -- whatever is near

    @functools.cached_property
    def touching_in(self) -> np.ndarray:
        """[T] [s] until the ego and any body touch if all keep their velocity; inf where never.

        Exact for rectangles in straight motion: a separating axis test, swept in time.
        """
        times = np.full(len(self.times), np.inf)
        offset = self.bodies[..., :2] - self.ego[:, None, :2]
        reach = ENCOUNTER * (abs(self.bodies[..., 3]) + abs(self.ego[:, None, 3])) + 20.0
        t, n = np.nonzero(np.hypot(offset[..., 0], offset[..., 1]) < reach)
        np.minimum.at(times, t, _swept(self.ego[t], self.bodies[t, n], self.size, self.sizes[n]))
        return times

    # -- comfort

    @functools.cached_property
    def comfort(self) -> dict[str, np.ndarray]:
        """nuPlan's six signals of comfort, each [T - 2]: the first and last sub-step have no acceleration."""
        dt, heading = self.sub_step, np.unwrap(self.ego[:, 2])
        raw = np.diff(self.ego[:, :2], 2, axis=0) / dt**2
        cos, sin = np.cos(heading[1:-1]), np.sin(heading[1:-1])
        along = smoothed(raw[:, 0] * cos + raw[:, 1] * sin, dt, ACCELERATION_WINDOW, 2)
        across = smoothed(raw[:, 1] * cos - raw[:, 0] * sin, dt, ACCELERATION_WINDOW, 2)
        whole = smoothed(np.hypot(raw[:, 0], raw[:, 1]), dt, ACCELERATION_WINDOW, 2)
        return {
            "longitudinal acceleration": along,
            "lateral acceleration": across,
            "jerk": smoothed(whole, dt, JERK_WINDOW, 2, 1),
            "longitudinal jerk": smoothed(along, dt, JERK_WINDOW, 2, 1),
            "yaw acceleration": smoothed(heading, dt, YAW_WINDOW, 3, 2)[1:-1],
            "yaw rate": smoothed(heading, dt, YAW_WINDOW, 2, 1)[1:-1],
        }

    # -- what was planned

    @functools.cached_property
    def plans(self) -> np.ndarray:  # [K, 65, 2] [m] each step's place, then its trajectory
        plans = [
            np.vstack(
                [step.tracks.ego[:1, :2], np.stack([step.trajectory.x, step.trajectory.y], 1)]
            )
            for step in self.steps
        ]
        return np.array(plans).reshape(-1, WAYPOINTS + 1, 2)

    @functools.cached_property
    def strayed(self) -> np.ndarray:
        """[K, 64] [m] between each waypoint and where the ego then was; NaN past the end."""
        starts = np.array([step.tracks.times[0] for step in self.steps])
        when = starts[:, None] + GRID * np.arange(1, WAYPOINTS + 1)
        driven = np.stack([np.interp(when, self.times, self.ego[:, axis]) for axis in (0, 1)], -1)
        distance = np.linalg.norm(self.plans[:, 1:] - driven, axis=-1)
        return np.where(when <= self.times[-1] + 1e-6, distance, np.nan)


def _spells(times: np.ndarray, apart: float) -> int:
    """How many spells sorted times [s] make, where a spell ends when nothing follows within `apart` [s]."""
    return int(np.count_nonzero(np.diff(times, prepend=-math.inf) > apart))


def smoothed(values: np.ndarray, dt: float, window: float, order: int, derivative: int = 0):
    """A Savitzky-Golay filter: the derivative of a polynomial fitted around each value.

    values: [T], every dt seconds; window: [s], at least as long as the polynomial needs. The ends
    take the polynomial of the first and last window. NaN where there are too few values. (Savitzky
    and Golay 1964; as `scipy.signal.savgol_filter`, mode "interp".)
    """
    half = max(math.floor(window / (2 * dt) + 1e-9), (order + 1) // 2)
    half = min(half, (len(values) - 1) // 2)
    if 2 * half < order:
        return np.full(len(values), np.nan)
    weights = _fit(half, order, derivative) / dt**derivative  # [place in the window, 2 half + 1]
    middle = np.convolve(values, weights[half][::-1], "valid")
    start = weights[:half] @ values[: 2 * half + 1]
    stop = weights[half + 1 :] @ values[len(values) - 2 * half - 1 :]
    return np.concatenate([start, middle, stop])


@functools.lru_cache
def _fit(half: int, order: int, derivative: int) -> np.ndarray:
    places = np.arange(-half, half + 1.0)
    powers = np.arange(order + 1)
    factors = np.array([math.perm(p, derivative) for p in powers], float)
    shifted = places[:, None] ** np.maximum(powers - derivative, 0)
    return (factors * shifted) @ np.linalg.pinv(places[:, None] ** powers)


def _swept(ego: np.ndarray, cars: np.ndarray, size: tuple, sizes: np.ndarray) -> np.ndarray:
    """Seconds [P] until pairs of rectangles in straight motion touch; 0 where they do, inf if never.

    ego, cars: [P, 4] x, y [m], heading [rad], speed [m/s]; sizes: [P, 2] length and width [m].
    """
    forward = [np.stack([np.cos(p[:, 2]), np.sin(p[:, 2])], -1) for p in (ego, cars)]
    halves = (np.broadcast_to(np.array(size) / 2, sizes.shape), sizes / 2)
    axes = np.stack([a for f in forward for a in (f, np.stack([-f[:, 1], f[:, 0]], -1))], 1)
    offset = np.einsum("pak,pk->pa", axes, cars[:, :2] - ego[:, :2])
    velocity = cars[:, 3:] * forward[1] - ego[:, 3:] * forward[0]
    rate = np.einsum("pak,pk->pa", axes, velocity)
    room = sum(map(_extent, (axes, axes), forward, halves))
    with np.errstate(divide="ignore", invalid="ignore"):
        one, two = (-room - offset) / rate, (room - offset) / rate
    still, apart = rate == 0, abs(offset) > room
    enter = np.where(still, np.where(apart, np.inf, -np.inf), np.minimum(one, two)).max(1)
    leave = np.where(still, np.inf, np.maximum(one, two)).min(1)
    return np.where((enter <= leave) & (leave >= 0), np.maximum(enter, 0), np.inf)


def _extent(axes: np.ndarray, forward: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Half the extent [P, A] of rectangles, projected onto axes."""
    sideways = np.stack([-forward[:, 1], forward[:, 0]], -1)
    along = abs(np.einsum("pak,pk->pa", axes, forward))
    across = abs(np.einsum("pak,pk->pa", axes, sideways))
    return along * half[:, :1] + across * half[:, 1:]
