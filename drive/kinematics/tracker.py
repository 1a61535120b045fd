"""Follows a path: the control that keeps the ego on a trajectory, from its state and the time.

Steering is Stanley's law (Hoffmann, Tomlin, Montemerlo and Thrun, "Autonomous Automobile Trajectory
Tracking for Off-Road Driving", ACC 2007): the front wheels take the direction of the path at the
front axle, and turn towards the path by the arctangent of the distance over the speed. Speed follows
the trajectory's own speed at that time, by highway-env's proportional law (`ControlledVehicle`) and
the change of speed that the trajectory has in the next sub-step. Of a trajectory, only positions,
headings and speeds are followed. Knows nothing of limits: `Legal.within` clips.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from drive.kinematics.control import MAX_STEERING, TAU_ACCELERATION, State
from drive.roads import CAR_LENGTH
from drive.roads.geometry import wrap
from drive.types import GRID, HORIZON, WAYPOINTS, Control, Ego, Trajectory

GAIN = 2.5  # [1/s] speed towards the path per distance from it (benchmarks/tracking.py --gain)
SOFT = 1.0  # [m/s] added to the speed, so that a slow car does not turn its wheels far
APART = 0.05  # [m] between two points, below which they give no direction
FARTHEST_START = 5.0  # [m] from where the ego will be at the first waypoint's time
TIMES = GRID * np.arange(WAYPOINTS + 1)  # [s] the start of a trajectory included


def refusal(trajectory: Trajectory, ego: Ego) -> str:
    """Why this path cannot be followed from where the ego is; empty where it can."""
    if not isinstance(trajectory, Trajectory):
        return f"a path that is {type(trajectory).__name__}, not a Trajectory"
    if not all(np.isfinite(getattr(trajectory, name)).all() for name in trajectory.ARRAYS):
        return "a path that holds a number that is not finite"
    ahead = ego.speed * GRID
    x, y = ego.x + ahead * math.cos(ego.heading), ego.y + ahead * math.sin(ego.heading)
    away = math.hypot(trajectory.x[0] - x, trajectory.y[0] - y)
    if away > FARTHEST_START:
        return f"a path that begins {away:.1f} m away from the ego, more than {FARTHEST_START:g} m"
    return ""


def control(
    trajectory: Trajectory,
    elapsed: float,
    state: State,
    sub_step: float,
    length: float = CAR_LENGTH,
) -> Control:
    """The control to hold for the next sub-step [s], `elapsed` seconds after the decision.

    A pure function. length: of the car [m]; its axles are half of that before and behind. Beyond its last waypoint a trajectory goes straight on at its last speed.
    """
    return Control(
        _acceleration(trajectory, elapsed, state.speed, sub_step),
        _steering(trajectory, state, sub_step, length / 2),
    )


def _acceleration(trajectory: Trajectory, elapsed: float, speed: float, sub_step: float) -> float:
    speeds = _with_start(trajectory.speed)
    now, then = np.interp((elapsed, elapsed + sub_step), TIMES, speeds)
    return float((then - now) / sub_step + (now - speed) / TAU_ACCELERATION)


def _steering(trajectory: Trajectory, state: State, sub_step: float, axle: float) -> float:
    path = _front_axle(trajectory, axle)
    x = state.x + axle * math.cos(state.heading)
    y = state.y + axle * math.sin(state.heading)
    across, course = _place_on(path, x, y, state.speed * sub_step / 2)
    back = math.atan2(GAIN * across, SOFT + abs(state.speed))
    angle = float(wrap(course - state.heading)) - back
    return min(max(angle, -MAX_STEERING), MAX_STEERING)


def _with_start(values: np.ndarray) -> np.ndarray:
    """The values of a trajectory with the one at its start, 0.1 s before the first waypoint."""
    return np.concatenate([[2 * values[0] - values[1]], values])


def _front_axle(trajectory: Trajectory, axle: float) -> np.ndarray:
    """Where the front axle goes [N >= 2, 2] [m], `axle` metres before the centre: points at least APART."""
    heading = _with_start(np.unwrap(trajectory.heading))
    if trajectory.heading_is == "course":
        slip = np.arcsin(np.clip(axle * trajectory.curvature, -1.0, 1.0))
        heading = heading - _with_start(slip)
    x = _with_start(trajectory.x) + axle * np.cos(heading)
    y = _with_start(trajectory.y) + axle * np.sin(heading)
    points = [(x[0], y[0])]
    for point in zip(x[1:], y[1:], strict=True):
        if math.dist(point, points[-1]) >= APART:
            points.append(point)
    if len(points) == 1:  # it stands
        points.append((x[0] + math.cos(heading[0]), y[0] + math.sin(heading[0])))
    return np.array(points)


def _place_on(path: np.ndarray, x: float, y: float, ahead: float) -> tuple[float, float]:
    """Offset [m] of a point from a path, to its left, and the path's course [rad] `ahead` metres on.

    The first and the last stretch go on straight.
    """
    steps = np.diff(path, axis=0)
    lengths = np.hypot(*steps.T)
    along = steps / lengths[:, None]
    share = ((x, y) - path[:-1]) * along
    station = share.sum(1)
    low = np.where(np.arange(len(steps)) == 0, -np.inf, 0.0)
    high = np.where(np.arange(len(steps)) == len(steps) - 1, np.inf, lengths)
    station = np.clip(station, low, high)
    nearest = path[:-1] + along * station[:, None]
    place = int(np.argmin(np.hypot(*((x, y) - nearest).T)))
    dx, dy = (x, y) - nearest[place]
    begins = np.concatenate([[0.0], np.cumsum(lengths)])
    courses = np.unwrap(np.arctan2(along[:, 1], along[:, 0]))
    middles = (begins[1:] + begins[:-1]) / 2
    course = float(np.interp(begins[place] + station[place] + ahead, middles, courses))
    return float(along[place, 0] * dy - along[place, 1] * dx), course


def remaining(trajectory: Trajectory, elapsed: float) -> Trajectory:
    """What is left of a path `elapsed` seconds after its start; beyond its end it goes straight on."""
    times = TIMES[1:] + elapsed
    columns = {
        name: np.interp(times, TIMES[1:], getattr(trajectory, name)) for name in trajectory.ARRAYS
    }
    columns["heading"] = np.interp(times, TIMES[1:], np.unwrap(trajectory.heading))
    beyond = np.maximum(times - HORIZON, 0.0) * trajectory.speed[-1]
    columns["x"] = columns["x"] + beyond * np.cos(trajectory.heading[-1])
    columns["y"] = columns["y"] + beyond * np.sin(trajectory.heading[-1])
    past = times > HORIZON + 1e-9
    columns |= {name: np.where(past, 0.0, columns[name]) for name in ("acceleration", "curvature")}
    return replace(trajectory, **columns)
