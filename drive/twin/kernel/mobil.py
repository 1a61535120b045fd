"""Lane changes of the traffic: MOBIL, and what breaks a change off (IDMVehicle)."""

from __future__ import annotations

import numpy as np

from drive.twin.kernel.arithmetic import sign
from drive.twin.kernel.compiling import compiled
from drive.twin.kernel.idm import acceleration, desired_gap
from drive.twin.kernel.lanes import local, reachable
from drive.twin.kernel.neighbours import neighbours
from drive.twin.kernel.related import look_at
from drive.twin.kernel.rows import (
    BICYCLE,
    BRAKING_IMPOSED,
    CHANGE_DELAY,
    DELTA,
    DRIVER,
    GAIN_MIN,
    KIND,
    LANE,
    LINEAR,
    PLAIN,
    POLITENESS,
    RANK,
    ROUTE,
    ROUTE_AT,
    SEGMENT,
    SIDE_COUNT,
    SIDE_FIRST,
    SPEED,
    TARGET_LANE,
    TIMER,
    X,
    Y,
)
from drive.twin.kernel.workspace import FRONT, REAR, SIDES


@compiled
def mobil(net, f, g, slots, ego, drivers, routes, own, notes, i, lane):
    """IDMVehicle.mobil."""
    p = g[DRIVER, i]
    delta = f[DELTA, i]
    linear = g[KIND, i] == LINEAR
    s = local(net, lane, f[X, i], f[Y, i])[0]
    ahead, behind = neighbours(net, f, g, slots, ego, notes, i, lane, s)
    side = SIDES if lane < g[LANE, i] else SIDES + 2
    look_at(notes, i, side + FRONT, ahead)
    look_at(notes, i, side + REAR, behind)
    imposed = acceleration(net, f, g, own, drivers, p, delta, linear, behind, i)
    if imposed < -drivers[p, BRAKING_IMPOSED]:
        return False
    front, rear = neighbours(net, f, g, slots, ego, notes, i, np.int64(g[LANE, i]), own[2, i])
    mine = acceleration(net, f, g, own, drivers, p, delta, linear, i, ahead)
    row = g[ROUTE, i]
    at = g[ROUTE_AT, i]
    if row >= 0 and at < routes.shape[1] and routes[row, at, 0] >= 0 and routes[row, at, 1] >= 0:
        here = net.facts[g[TARGET_LANE, i], RANK]
        if sign(net.facts[lane, RANK] - here) != sign(routes[row, at, 1] - here):
            return False
        return not mine < -drivers[p, BRAKING_IMPOSED]
    gain = mine - acceleration(net, f, g, own, drivers, p, delta, linear, i, front)
    if drivers[p, POLITENESS] != 0.0:
        look_at(notes, i, REAR, rear)
        others = imposed - acceleration(net, f, g, own, drivers, p, delta, linear, behind, ahead)
        others += acceleration(net, f, g, own, drivers, p, delta, linear, rear, front)
        others -= acceleration(net, f, g, own, drivers, p, delta, linear, rear, i)
        gain += drivers[p, POLITENESS] * others
    return not gain < drivers[p, GAIN_MIN]


@compiled
def change_lane(net, f, g, cars, slots, ego, drivers, routes, own, notes, i):
    """IDMVehicle.change_lane_policy."""
    p = g[DRIVER, i]
    lane = np.int64(g[LANE, i])
    target = np.int64(g[TARGET_LANE, i])
    if lane != target:
        if net.facts[lane, SEGMENT] == net.facts[target, SEGMENT]:
            for j in range(cars):
                if g[TARGET_LANE, j] != target or j == i or g[LANE, j] == target:
                    continue
                if g[KIND, j] == PLAIN or g[KIND, j] == BICYCLE:
                    continue
                d = local(net, lane, f[X, j], f[Y, j])[0] - own[2, i]
                if 0 < d < desired_gap(f, own, drivers, p, i, j):
                    g[TARGET_LANE, i] = lane
                    break
        return
    if not drivers[p, CHANGE_DELAY] < f[TIMER, i]:
        return
    f[TIMER, i] = 0.0
    first = net.facts[lane, SIDE_FIRST]
    for k in range(2):
        side = lane - 1 if k == 0 else lane + 1
        if side < first or side >= first + net.facts[lane, SIDE_COUNT]:
            continue
        if not reachable(net, side, f[X, i], f[Y, i]):
            continue
        if abs(f[SPEED, i]) < 1:
            continue
        if mobil(net, f, g, slots, ego, drivers, routes, own, notes, i, side):
            g[TARGET_LANE, i] = side
