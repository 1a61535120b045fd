"""Steering laws of the traffic (ControlledVehicle and LinearVehicle)."""

from __future__ import annotations

import math

from drive.twin.kernel.arithmetic import clip, not_zero, wrap
from drive.twin.kernel.compiling import compiled, inlined
from drive.twin.kernel.lanes import heading_at
from drive.twin.kernel.rows import (
    HEADING,
    KP_HEADING,
    KP_LATERAL,
    LENGTH,
    PI,
    SLIP,
    SLIP_MAX,
    SPEED,
    STEER_1,
    STEER_2,
    STEERING_MAX,
    TAU_PURSUIT,
)


@inlined
def steer(net, f, i, lane, s, r):
    """ControlledVehicle.steering_control, then the slip angle that Vehicle.step derives from it, as its sine.

    arctan(tan(arctan(2 tan(slip))) / 2) is slip again, so neither angle is taken.
    """
    speed = f[SPEED, i]
    ahead = heading_at(net, lane, s + speed * TAU_PURSUIT)
    lateral = -KP_LATERAL * r
    towards = 0.0
    if lateral != 0.0:
        towards = clip(math.asin(clip(lateral / not_zero(speed), -1.0, 1.0)), -PI / 4, PI / 4)
    rate = KP_HEADING * wrap(ahead + towards - f[HEADING, i])
    f[SLIP, i] = clip(f[LENGTH, i] / 2 / not_zero(speed) * rate, -SLIP_MAX, SLIP_MAX)


@compiled
def steer_linear(net, f, i, lane, s, r, drivers, p):
    """LinearVehicle.steering_control."""
    speed = f[SPEED, i]
    ahead = heading_at(net, lane, s + speed * TAU_PURSUIT)
    angle = drivers[p, STEER_1] * (wrap(ahead - f[HEADING, i]) * f[LENGTH, i] / not_zero(speed))
    angle += drivers[p, STEER_2] * (-r * f[LENGTH, i] / (not_zero(speed) * not_zero(speed)))
    f[SLIP, i] = math.sin(math.atan(0.5 * math.tan(clip(angle, -STEERING_MAX, STEERING_MAX))))
