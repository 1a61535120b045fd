"""Car following: how hard a driver accelerates behind the car in front (IDMVehicle, LinearVehicle)."""

from __future__ import annotations

import math

import numpy as np

from drive.twin.kernel.arithmetic import clip, not_zero
from drive.twin.kernel.compiling import compiled, inlined
from drive.twin.kernel.lanes import local
from drive.twin.kernel.rows import (
    ACC_1,
    ACC_2,
    ACC_3,
    COMFORT_MAX,
    DISTANCE_WANTED,
    GAP_SCALE,
    IDM,
    KIND,
    LANE,
    LINEAR,
    META,
    OBSTACLE,
    SPEED,
    SPEED_LIMIT,
    TARGET_SPEED,
    TIME_WANTED,
    X,
    Y,
)


@inlined
def desired_gap(f, own, drivers, p, i, front):
    """IDMVehicle.desired_gap, centre to centre [m]."""
    v = f[SPEED, i]
    vf = f[SPEED, front]
    dv = (v * own[0, i] - vf * own[0, front]) * own[0, i] + (
        v * own[1, i] - vf * own[1, front]
    ) * own[1, i]
    return (
        drivers[p, DISTANCE_WANTED] + v * drivers[p, TIME_WANTED] + v * dv / drivers[p, GAP_SCALE]
    )


@inlined
def follow(net, f, g, own, drivers, p, delta, linear, i, front):
    """IDMVehicle.acceleration or LinearVehicle.acceleration of car i by the parameters p of the car that decides."""
    if i < 0:
        return 0.0
    kind = g[KIND, i]
    v = f[SPEED, i]
    if linear:
        aim = 0.0
        if kind in (META, IDM, LINEAR):
            aim = f[TARGET_SPEED, i] - v
        dv = 0.0
        dp = 0.0
        if front >= 0:
            d = local(net, np.int64(g[LANE, i]), f[X, front], f[Y, front])[0] - own[2, i]
            dv = min(f[SPEED, front] - v, 0.0)
            dp = min(d - (drivers[p, DISTANCE_WANTED] + max(v, 0.0) * drivers[p, TIME_WANTED]), 0.0)
        return drivers[p, ACC_1] * aim + drivers[p, ACC_2] * dv + drivers[p, ACC_3] * dp
    if kind == OBSTACLE:
        return 0.0
    aim = 0.0
    if kind in (META, IDM, LINEAR):
        aim = f[TARGET_SPEED, i]
    limit = net.geometry[g[LANE, i], SPEED_LIMIT]
    if limit == limit:
        aim = clip(aim, 0.0, limit)
    a = drivers[p, COMFORT_MAX] * (1 - math.pow(max(v, 0.0) / abs(not_zero(aim)), delta))
    if front >= 0:
        d = local(net, np.int64(g[LANE, i]), f[X, front], f[Y, front])[0] - own[2, i]
        ratio = desired_gap(f, own, drivers, p, i, front) / not_zero(d)
        a -= drivers[p, COMFORT_MAX] * (ratio * ratio)
    return a


@compiled
def acceleration(net, f, g, own, drivers, p, delta, linear, i, front):
    return follow(net, f, g, own, drivers, p, delta, linear, i, front)
