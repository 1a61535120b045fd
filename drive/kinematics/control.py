"""The ego's own low-level laws and motion, as highway-env 1.12 has them, in the road frame.

`ControlledVehicle` and `MDPVehicle` (set-points, speed and steering laws), `Vehicle.step` (kinematic
bicycle) and `BicycleVehicle` (dynamical bicycle), mirrored in y: steering is positive to the left.
Plain numbers only, for speed. Knows nothing of other cars.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

from drive.roads import CAR_LENGTH, Lane, Road
from drive.roads.geometry import GRAVITY, wrap
from drive.types import Ego, Scene

TAU_ACCELERATION = 0.6  # [s]
TAU_HEADING = 0.2  # [s]
TAU_LATERAL = 0.6  # [s]
TAU_PURSUIT = 0.1  # [s]
MAX_STEERING = math.pi / 3  # [rad]
MAX_SPEED = 40.0  # [m/s]
MAX_YAW_RATE = 2 * math.pi  # [rad/s]
HALF_LENGTH = CAR_LENGTH / 2  # [m], axle to centre of gravity of an ordinary car
FRICTION = 15.0  # [1/s2], of either axle, per kg and rad of slip

Route = tuple[tuple[str, str], ...]
Plan = tuple[tuple[float, float], ...]  # (s, m/s): from then on, towards that speed; the first at 0


class State(NamedTuple):
    """Where a car is and how it moves."""

    x: float  # [m]
    y: float  # [m]
    heading: float  # [rad], of the body
    speed: float  # [m/s], along the body
    lateral_speed: float = 0.0  # [m/s], to the left
    yaw_rate: float = 0.0  # [rad/s]


class Chassis(NamedTuple):
    """What of a car decides how its controls move it."""

    length: float = CAR_LENGTH  # [m]
    width: float = 2.0  # [m]
    dynamical: bool = False  # do its tyres slip?
    grip: float | None = (
        None  # acceleration and braking stay within grip x 9.81 m/s2; None: unlimited
    )

    @property
    def axle(self) -> float:
        """Distance [m] of either axle from the centre of gravity."""
        return self.length / 2

    @property
    def inertia(self) -> float:
        """About the vertical axis, per kg [m2]."""
        return (self.length**2 + self.width**2) / 12


def chassis_of(scene: Scene) -> Chassis:
    """The ego's, on the surface that it is on."""
    ego = scene.ego
    return Chassis(ego.length, ego.width, ego.dynamical, scene.grip)


def state_of(ego: Ego) -> State:
    return State(ego.x, ego.y, ego.heading, ego.speed, ego.lateral_speed, ego.yaw_rate)


# --------------------------------------------------------------------------------- set-points


def target_speed_after(ego: Ego, action: str) -> float:
    """The speed set-point [m/s] once a meta-action is given (`MDPVehicle.act`).

    FASTER and SLOWER count from the speed that is driven, not from the set-point: one step from
    the nearest of the target speeds, halves rounded to even.
    """
    step = {"FASTER": 1, "SLOWER": -1}.get(action, 0)
    speeds = ego.target_speeds
    if not step or not speeds:
        return ego.target_speed
    last = len(speeds) - 1
    share = (ego.speed - speeds[0]) / (speeds[-1] - speeds[0])
    nearest = min(max(round(share * last), 0), last)
    return speeds[min(max(nearest + step, 0), last)]


def target_lane_after(road: Road, lane: Lane, action: str, x: float, y: float) -> Lane:
    """The lane set-point once a meta-action is given at (x, y) (`ControlledVehicle.act`)."""
    side = {"LANE_LEFT": "left", "LANE_RIGHT": "right"}.get(action)
    wanted = side and road.side(lane.id, side)
    return wanted if wanted and wanted.reachable_from(x, y) else lane


def followed_lane(road: Road, lane: Lane, route: Route, x: float, y: float) -> tuple[Lane, Route]:
    """The lane set-point, and what is left of the route, once the end of a lane has been reached.

    `ControlledVehicle.follow_road` with `RoadNetwork.next_lane`: half a car before the end.
    """
    s, _ = lane.frenet(x, y)
    if s <= lane.length - HALF_LENGTH:
        return lane, route
    if route and route[0] == lane.id[:2]:
        route = route[1:]
    planned = route[0] if route else None
    onward = {other.id[:2]: other for other in road.continuations(lane.id, s)}
    if planned in onward:
        return onward[planned], route
    here = lane.point(s)
    return min(onward.values(), key=lambda other: other.distance(*here), default=lane), route


# --------------------------------------------------------------------------------------- laws


def acceleration_towards(speed: float, target: float) -> float:
    """Acceleration command [m/s2] (`ControlledVehicle.speed_control`)."""
    return (target - speed) / TAU_ACCELERATION


def clipped(value: float, bounds: tuple[float, float] | None) -> float:
    """A command within its legal range; unchanged where there is none."""
    return min(max(value, bounds[0]), bounds[1]) if bounds else value


def speed_after(speed: float, target: float, t: float) -> float:
    """Speed [m/s] after t seconds of that law, in continuous time."""
    return target + (speed - target) * math.exp(-t / TAU_ACCELERATION)


def distance_after(speed: float, target: float, t: float) -> float:
    """Distance [m] driven in t seconds of that law, in continuous time."""
    lag = TAU_ACCELERATION * (1 - math.exp(-t / TAU_ACCELERATION))
    return target * t + (speed - target) * lag


def driven(speed: float, plan: Plan, t: float) -> float:
    """Distance [m] driven in t seconds of that law under a plan."""
    distance = 0.0
    for (start, target), (end, _) in zip(plan, (*plan[1:], (math.inf, 0.0)), strict=True):
        if t <= end:
            return distance + distance_after(speed, target, t - start)
        distance += distance_after(speed, target, end - start)
        speed = speed_after(speed, target, end - start)
    return distance


def stepwise(ego: Ego, action: str, again: str, period: float, count: int) -> Plan:
    """The plan of giving a meta-action, and then another one at each of `count` decisions."""
    plan = [(0.0, target_speed_after(ego, action))]
    for k in range(1, count + 1):
        speed = speed_after(ego.speed, plan[-1][1], period)
        ego = replace(ego, speed=speed, target_speed=plan[-1][1])
        plan.append((k * period, target_speed_after(ego, again)))
    return tuple(plan)


def steering_towards(lane: Lane, state: State, length: float = CAR_LENGTH) -> float:
    """Steering command [rad] that follows a lane's centre (`ControlledVehicle.steering_control`); length of the car [m]."""
    speed = _not_zero(state.speed)
    s, d = lane.frenet(state.x, state.y)
    aim = math.asin(_clip(-d / TAU_LATERAL / speed, 1.0))
    wanted = lane.heading(s + state.speed * TAU_PURSUIT) + _clip(aim, math.pi / 4)
    turn = wrap(wanted - state.heading) / TAU_HEADING
    slip = math.asin(_clip(length / 2 / speed * turn, 1.0))
    return _clip(math.atan(2 * math.tan(slip)), MAX_STEERING)


# ------------------------------------------------------------------------------------- motion


def moved(
    state: State, acceleration: float, steering: float, dt: float, chassis: Chassis = Chassis()
) -> State:
    """The state dt seconds later under held controls."""
    if state.speed > MAX_SPEED:
        acceleration = min(acceleration, MAX_SPEED - state.speed)
    elif state.speed < -MAX_SPEED:
        acceleration = max(acceleration, -MAX_SPEED - state.speed)
    if chassis.grip is not None:
        acceleration = _clip(acceleration, chassis.grip * GRAVITY)
    move = _slipping if chassis.dynamical else _rolling
    return move(state, acceleration, steering, dt, chassis)


def _rolling(
    state: State, acceleration: float, steering: float, dt: float, chassis: Chassis
) -> State:
    """One Euler step of the kinematic bicycle (`Vehicle.step`)."""
    x, y, heading, speed = state[:4]
    slip = math.atan(math.tan(steering) / 2)
    return State(
        x + speed * math.cos(heading + slip) * dt,
        y + speed * math.sin(heading + slip) * dt,
        heading + speed * math.sin(slip) / chassis.axle * dt,
        speed + acceleration * dt,
    )


def _slipping(
    state: State, acceleration: float, steering: float, dt: float, chassis: Chassis
) -> State:
    """One Runge-Kutta step of the dynamical bicycle (`BicycleVehicle.step`)."""
    start = state._replace(yaw_rate=_clip(state.yaw_rate, MAX_YAW_RATE))
    a = _slope(start, acceleration, steering, chassis)
    b = _slope(_along(start, a, dt / 2), acceleration, steering, chassis)
    c = _slope(_along(start, b, dt / 2), acceleration, steering, chassis)
    d = _slope(_along(start, c, dt), acceleration, steering, chassis)
    mean = (p + 2 * q + 2 * r + u for p, q, r, u in zip(a, b, c, d, strict=True))
    return _along(start, mean, dt / 6)


def _along(state: State, slope, dt: float) -> State:
    return State(*(value + rate * dt for value, rate in zip(state, slope, strict=True)))


def _slope(
    state: State, acceleration: float, steering: float, chassis: Chassis
) -> tuple[float, ...]:
    """`BicycleVehicle.derivative_func` (Rajamani 2011, 2.21-2.28), per kg."""
    _, _, heading, speed, across, turn = state
    axle, inertia = chassis.axle, chassis.inertia
    if abs(speed) < 1:
        front = -across - inertia / axle * turn
        rear = -across + inertia / axle * turn
    else:
        front = 2 * FRICTION * (steering - _slip_angle(across + axle * turn, speed))
        rear = -2 * FRICTION * _slip_angle(across - axle * turn, speed)
    cos, sin = math.cos(heading), math.sin(heading)
    return (
        cos * speed - sin * across,
        sin * speed + cos * across,
        turn,
        acceleration,
        front + rear - turn * speed,
        axle * (front - rear) / inertia,
    )


def _slip_angle(across: float, speed: float) -> float:
    """As highway-env has it: backwards without slip it is half a turn, to the side that its y points to."""
    return -math.atan2(0.0 - across, speed)


def _clip(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


def _not_zero(value: float) -> float:
    return value if abs(value) > 0.01 else math.copysign(0.01, value)
