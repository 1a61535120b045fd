"""Trajectories of 64 waypoints at 0.1 s: making one from simulated states, and reading off its meaning.

Meaning is read in the lane frame: from where the car goes relative to the lane that it follows,
never from its own curvature (a car that keeps its lane in a bend does not steer away).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from drive.roads import Lane, LaneId, Road
from drive.roads.geometry import wrap
from drive.types import GRID, HORIZON, WAYPOINTS, Side, Trajectory

TIMES = GRID * np.arange(1, WAYPOINTS + 1)  # [s] after the decision
STANDSTILL = 0.1  # [m] driven within GRID, below which a course means nothing

STOPPED = 0.5  # [m/s]
STEADY = 0.7  # [m/s] change of speed that still counts as keeping it
ALONG = 0.15  # [rad] off a lane's direction, within which a car drives along it
NUDGE = 0.6  # [m] across the lane that already counts as moving in it
TURN = 0.7  # [rad] a lane bends after a junction to count as a turn


def from_states(
    times: Sequence[float],
    states: Sequence[Sequence[float]],
    source: str,
    heading_is: Literal["body", "course"] = "body",
) -> Trajectory:
    """A trajectory through simulated states.

    times: [N] s after the decision, from 0 to 6.4 or later; states: [N, >= 4] x, y, heading, speed.
    Between states everything is interpolated linearly. Acceleration is the change of speed, and
    curvature the change of course (the direction between consecutive states) over the distance
    driven, both over the 0.1 s around a waypoint; curvature is 0 where the car hardly moves.
    """
    times, states = np.asarray(times, float), np.array([state[:4] for state in states], float)
    if times[0] > 1e-9 or times[-1] < HORIZON - 1e-9:
        raise ValueError(f"the states cover {times[0]:g} to {times[-1]:g} s, not 0 to {HORIZON} s")
    x, y, heading, speed = (np.interp(TIMES, times, column) for column in states.T)
    before, after = TIMES - GRID / 2, np.minimum(TIMES + GRID / 2, times[-1])
    speeds = np.interp(after, times, states[:, 3]) - np.interp(before, times, states[:, 3])
    middles, courses = _courses(times, states)
    turned = np.interp(after, middles, courses) - np.interp(before, middles, courses)
    driven = np.abs(speed) * (after - before)
    derived = {
        "acceleration": speeds / (after - before),
        "curvature": np.where(driven > STANDSTILL, turned / np.maximum(driven, STANDSTILL), 0.0),
    }
    arrays = {"x": x, "y": y, "heading": heading, "speed": speed} | derived
    return Trajectory(**arrays, source=source, heading_is=heading_is)


def _courses(times: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Direction of travel [rad] between consecutive states, at the times [s] half way."""
    steps = np.diff(states[:, :2], axis=0)
    body = (states[1:, 2] + states[:-1, 2]) / 2
    slip = wrap(np.arctan2(steps[:, 1], steps[:, 0]) - body)
    slip = (slip + np.pi / 2) % np.pi - np.pi / 2  # reversing is no turn
    moving = np.hypot(*steps.T) > STANDSTILL * np.diff(times) / GRID
    return (times[1:] + times[:-1]) / 2, np.unwrap(body + np.where(moving, slip, 0.0))


# --------------------------------------------------------------------------- meaning, lane frame


@dataclass(frozen=True)
class MetaAction:
    """What a trajectory does, on both axes."""

    longitudinal: Literal["stop", "slow down", "keep speed", "speed up", "drive backwards"]
    lateral: Literal["keep lane", "nudge in lane", "change lane", "turn", "leave road"]
    side: Side | None = None  # of a lateral that goes somewhere
    speed_change: float = 0.0  # [m/s] over the trajectory
    lanes: int = 0  # lanes crossed, positive to the left
    offset: float = 0.0  # [m] across the followed lane, end minus start, positive to the left


def meta_action_of(
    trajectory: Trajectory,
    road: Road,
    lane: LaneId,
    speed: float,
    route: tuple[tuple[str, str], ...] = (),
    horizon: float = HORIZON,
) -> MetaAction:
    """The meaning of a trajectory that starts on `lane` at `speed` [m/s], over `horizon` [s].

    `lane` is the one the car follows at the decision; it is continued along the route.
    """
    count = max(1, min(WAYPOINTS, round(horizon / GRID)))
    x, y = trajectory.x[:count], trajectory.y[:count]
    end_speed = float(trajectory.speed[count - 1])
    path = _path_driven(road, lane, route, x, y)
    offsets, places = _across(path, x, y)
    drift = float(offsets[-1] - offsets[0])
    headings = _off_course(path, places, x, y, trajectory.heading[:count])
    lateral, lanes = _lateral(road, path, offsets, places, headings)
    if lateral == "leave road" and _on_a_lane(
        road, float(x[-1]), float(y[-1]), float(trajectory.heading[count - 1])
    ):
        lanes = _crossed_before(
            road, path, offsets, places, headings
        )  # at a fork, along the branch that was not expected
        lateral = "change lane" if lanes else "keep lane"
    sideways = {"change lane": lanes, "nudge in lane": drift, "turn": _bend(road, path, places)}
    towards = sideways.get(lateral, offsets[-1] if lateral == "leave road" else 0)
    return MetaAction(
        _longitudinal(speed, end_speed),
        lateral,
        None if towards == 0 else "left" if towards > 0 else "right",
        round(end_speed - speed, 3),
        lanes,
        round(drift, 3),
    )


def _longitudinal(before: float, after: float) -> str:
    if after <= -STOPPED:
        return "drive backwards"
    if after < STOPPED:
        return "stop"
    if abs(after - before) <= STEADY:
        return "keep speed"
    return "speed up" if after > before else "slow down"


def _path_driven(road: Road, lane: LaneId, route, x: np.ndarray, y: np.ndarray) -> tuple[Lane, ...]:
    start = road.lane(lane).frenet(float(x[0]), float(y[0]))[0]
    driven = float(np.hypot(np.diff(x), np.diff(y)).sum())
    reach = max(start, 0.0) + driven + 10.0
    return tuple(lane for lane, _ in road.path(lane, route, reach))


def _across(path: tuple[Lane, ...], x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Offset [m] from the path's centre line at each point, and the number of its lane there."""
    frenet = [lane.frenet(x, y) for lane in path]
    overrun = [
        np.maximum(s - lane.length, 0) + np.maximum(-s, 0)
        for lane, (s, _) in zip(path, frenet, strict=True)
    ]
    offsets = np.array([d for _, d in frenet])
    places = np.argmin(np.array(overrun) + 0.1 * np.abs(offsets), axis=0)
    return offsets[places, np.arange(len(x))], places


def _on_a_lane(road: Road, x: float, y: float, heading: float) -> bool:
    lane = road.closest(x, y, heading)
    return bool(lane.contains(*lane.frenet(x, y)))


def _off_course(
    path, places: np.ndarray, x: np.ndarray, y: np.ndarray, heading: np.ndarray
) -> np.ndarray:
    """Angle [rad] between the car and the path's lane at each point."""
    here = [path[k] for k in places]
    lanes = [
        lane.heading(lane.frenet(float(a), float(b))[0])
        for lane, a, b in zip(here, x, y, strict=True)
    ]
    return wrap(heading - np.array(lanes))


def _lateral(
    road: Road, path, offsets: np.ndarray, places: np.ndarray, headings: np.ndarray
) -> tuple[str, int]:
    lanes = _lanes_crossed(road, path[places[-1]], float(offsets[-1]))
    if lanes is None:
        return "leave road", 0
    lanes = lanes or _crossed_before(road, path, offsets, places, headings)
    if lanes:
        return "change lane", lanes
    if _bend(road, path, places):
        return "turn", 0
    moved = abs(offsets[-1] - offsets[0]) > NUDGE and abs(offsets[-1]) > abs(offsets[0])
    return ("nudge in lane" if moved else "keep lane"), 0


def _crossed_before(
    road: Road, path, offsets: np.ndarray, places: np.ndarray, headings: np.ndarray
) -> int:
    """Lanes crossed in an earlier section, where the lanes join or part further on.

    Counted in the last section before the car's present one where it drove along a lane beside the path's.
    """
    along = np.flatnonzero((np.abs(headings) < ALONG) & (places != places[-1]))
    last = along[
        np.flatnonzero(np.diff(places[along], append=-1))
    ]  # in each section that it drives along
    return next(
        filter(None, (_lanes_crossed(road, path[places[i]], float(offsets[i])) for i in last)), 0
    )


def _lanes_crossed(road: Road, lane: Lane, offset: float) -> int | None:
    """Lanes between a lane and a point `offset` [m] to its left; None where no lane is there."""
    if abs(offset) <= lane.width / 2:
        return 0
    lanes = int(np.sign(offset)) * int((abs(offset) + lane.width / 2) // lane.width)
    start, end, number = lane.id
    return lanes if (start, end, number - lanes) in road.by_id else None


def _bend(road: Road, path, places: np.ndarray) -> int:
    """+1 or -1 where the path driven chooses, at a junction, a lane that turns left or right; else 0."""
    for lane in path[places[0] : places[-1] + 1]:
        bend = float(wrap(lane.heading(lane.length) - lane.heading(0.0)))
        if len(road.exits[lane.id[0]]) > 1 and abs(bend) > TURN:
            return int(np.sign(bend))
    return 0
