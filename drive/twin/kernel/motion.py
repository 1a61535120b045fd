"""Motion: how a car moves in one sub-step (highway-env's vehicle/kinematics.py and vehicle/dynamics.py)."""

from __future__ import annotations

import math

from drive.twin.kernel.arithmetic import clip
from drive.twin.kernel.compiling import compiled, inlined
from drive.twin.kernel.rows import (
    ACCELERATION,
    BICYCLE,
    CRASHED,
    DRIVER,
    GRIP,
    HEADING,
    IDM,
    IMPACT_X,
    IMPACT_Y,
    KIND,
    LATERAL_SPEED,
    LENGTH,
    LINEAR,
    MAX_YAW_RATE,
    PI,
    SLIP,
    SPEED,
    SPEED_MAX,
    SPEED_MIN,
    STEERING,
    STRUCK,
    TIMER,
    WIDTH,
    YAW_RATE,
    X,
    Y,
)


@inlined
def clip_actions(f, g, drivers, i):
    if g[CRASHED, i]:
        f[STEERING, i] = 0.0
        f[SLIP, i] = 0.0
        f[ACCELERATION, i] = -1.0 * f[SPEED, i]
    p = g[DRIVER, i]
    v = f[SPEED, i]
    if v > drivers[p, SPEED_MAX]:
        f[ACCELERATION, i] = min(f[ACCELERATION, i], drivers[p, SPEED_MAX] - v)
    elif v < drivers[p, SPEED_MIN]:
        f[ACCELERATION, i] = max(f[ACCELERATION, i], drivers[p, SPEED_MIN] - v)
    f[ACCELERATION, i] = clip(f[ACCELERATION, i], -f[GRIP, i], f[GRIP, i])


@compiled
def bicycle_rates(c, s, speed, lateral, yaw, length, width, steering):
    """BicycleVehicle.derivative_func: rates of x, y, lateral speed and yaw rate (Rajamani, chapter 2)."""
    arm = length / 2
    inertia = 1 / 12 * 1 * (length * length + width * width)
    if abs(speed) < 1:
        front = -1 * lateral - inertia / arm * yaw
        rear = -1 * lateral + inertia / arm * yaw
    else:
        front = 2 * 15.0 * (steering - math.atan2(lateral + arm * yaw, speed))
        rear = 2 * 15.0 * (0.0 - math.atan2(lateral - arm * yaw, speed))
    return (
        c * speed - s * lateral,
        s * speed + c * lateral,
        front + rear - yaw * speed,
        1 / inertia * (arm * front - arm * rear),
    )


@compiled
def move_bicycle(f, own, i, dt):
    """BicycleVehicle.step: one step of Runge-Kutta 4."""
    f[STEERING, i] = clip(f[STEERING, i], -PI / 2, PI / 2)
    f[YAW_RATE, i] = clip(f[YAW_RATE, i], -MAX_YAW_RATE, MAX_YAW_RATE)
    a = f[ACCELERATION, i]
    angle = f[STEERING, i]
    length = f[LENGTH, i]
    width = f[WIDTH, i]
    h = f[HEADING, i]
    v = f[SPEED, i]
    u = f[LATERAL_SPEED, i]
    w = f[YAW_RATE, i]
    x1, y1, u1, w1 = bicycle_rates(own[0, i], own[1, i], v, u, w, length, width, angle)
    k = dt / 2
    v2 = v + a * k
    wb = w + w1 * k
    b = h + w * k
    x2, y2, u2, w2 = bicycle_rates(
        math.cos(b), math.sin(b), v2, u + u1 * k, wb, length, width, angle
    )
    wc = w + w2 * k
    b = h + wb * k
    x3, y3, u3, w3 = bicycle_rates(
        math.cos(b), math.sin(b), v2, u + u2 * k, wc, length, width, angle
    )
    wd = w + w3 * dt
    b = h + wc * dt
    x4, y4, u4, w4 = bicycle_rates(
        math.cos(b), math.sin(b), v + a * dt, u + u3 * dt, wd, length, width, angle
    )
    k = dt / 6
    f[X, i] += k * (x1 + 2 * x2 + 2 * x3 + x4)
    f[Y, i] += k * (y1 + 2 * y2 + 2 * y3 + y4)
    f[HEADING, i] = h + k * (w + 2 * wb + 2 * wc + wd)
    f[SPEED, i] = v + k * (a + 2 * a + 2 * a + a)
    f[LATERAL_SPEED, i] = u + k * (u1 + 2 * u2 + 2 * u3 + u4)
    f[YAW_RATE, i] = w + k * (w1 + 2 * w2 + 2 * w3 + w4)


@inlined
def move(f, g, drivers, own, i, dt):
    """IDMVehicle.step, Vehicle.step and BicycleVehicle.step."""
    kind = g[KIND, i]
    if kind in (IDM, LINEAR):
        f[TIMER, i] += dt
    clip_actions(f, g, drivers, i)
    if kind == BICYCLE:
        move_bicycle(f, own, i, dt)
        return
    v = f[SPEED, i]
    slip = f[SLIP, i]
    c = own[0, i]
    s = own[1, i]
    if slip == 0.0:
        f[X, i] += v * c * dt
        f[Y, i] += v * s * dt
    else:
        along = math.sqrt(1 - slip * slip)
        f[X, i] += v * (c * along - s * slip) * dt
        f[Y, i] += v * (s * along + c * slip) * dt
        f[HEADING, i] += v * slip / (f[LENGTH, i] / 2) * dt
    if g[STRUCK, i]:
        f[X, i] += f[IMPACT_X, i]
        f[Y, i] += f[IMPACT_Y, i]
        g[CRASHED, i] = 1
        g[STRUCK, i] = 0
    f[SPEED, i] = v + f[ACCELERATION, i] * dt


@inlined
def face(f, own, i):
    """Cosine and sine of the heading, into `own`; its other rows are (longitudinal, lateral) in the own lane."""
    h = f[HEADING, i]
    if h == 0.0:
        own[0, i] = 1.0
        own[1, i] = 0.0
    else:
        own[0, i] = math.cos(h)
        own[1, i] = math.sin(h)
