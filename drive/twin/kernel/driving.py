"""What each kind of car decides in a sub-step: traffic, an ego by meta-action, an ego by controls."""

from __future__ import annotations

import math

import numpy as np

from drive.twin.kernel.arithmetic import clip
from drive.twin.kernel.compiling import compiled, inlined
from drive.twin.kernel.idm import follow
from drive.twin.kernel.lanes import local, reachable
from drive.twin.kernel.mobil import change_lane
from drive.twin.kernel.neighbours import beside
from drive.twin.kernel.related import look_anew, look_at
from drive.twin.kernel.routes import follow_road
from drive.twin.kernel.rows import (
    ACC_MAX,
    ACCELERATION,
    CHANGE_DELAY,
    CHANGES,
    CRASHED,
    DELTA,
    DRIVER,
    FASTER,
    FORCED,
    KIND,
    LANE,
    LANE_LEFT,
    LANE_RIGHT,
    LINEAR,
    PLAIN,
    SIDE_COUNT,
    SIDE_FIRST,
    SLIP,
    SLOWER,
    SPEED,
    SPEED_INDEX,
    STEERING,
    TARGET_LANE,
    TARGET_SPEED,
    TIMER,
    X,
    Y,
)
from drive.twin.kernel.steering import steer, steer_linear
from drive.twin.kernel.workspace import FRONT


@inlined
def act_idm(net, f, g, cars, slots, ego, drivers, routes, own, notes, i, dt):
    """IDMVehicle.act."""
    if g[CRASHED, i]:
        return
    p = g[DRIVER, i]
    delta = f[DELTA, i]
    linear = g[KIND, i] == LINEAR
    s, r = follow_road(net, f, g, routes, own, i)
    before = np.int64(g[TARGET_LANE, i])
    look_anew(notes, i)
    if g[CHANGES, i] and (g[LANE, i] != before or drivers[p, CHANGE_DELAY] < f[TIMER, i]):
        change_lane(net, f, g, cars, slots, ego, drivers, routes, own, notes, i)
    lane = np.int64(g[LANE, i])
    target = np.int64(g[TARGET_LANE, i])
    if target != before:
        s, r = local(net, target, f[X, i], f[Y, i])
    if linear:
        steer_linear(net, f, i, target, s, r, drivers, p)
    else:
        steer(net, f, i, target, s, r)
    if f[FORCED, i] == f[FORCED, i]:
        f[ACCELERATION, i] = max(f[FORCED, i], -max(f[SPEED, i], 0.0) / dt)
        return
    front, _, _, _ = beside(net, f, g, slots, ego, notes, i, lane, own[2, i])
    if lane == before:
        look_at(notes, i, FRONT, front)
    a = follow(net, f, g, own, drivers, p, delta, linear, i, front)
    if lane != target:
        front, _, _, _ = beside(net, f, g, slots, ego, notes, i, target, s)
        a = min(a, follow(net, f, g, own, drivers, p, delta, linear, i, front))
    f[ACCELERATION, i] = clip(a, -drivers[p, ACC_MAX], drivers[p, ACC_MAX])


@compiled
def nearest_speed(speed, speeds):
    """MDPVehicle.speed_to_index: half-even rounding."""
    n = speeds.size - 1
    x = (speed - speeds[0]) / (speeds[n] - speeds[0])
    return int(clip(np.rint(x * n), 0.0, float(n)))


@inlined
def decide(net, f, g, routes, own, speeds, i, action):
    """MDPVehicle.act with a meta-action; the control that it also computes is overwritten within the same sub-step."""
    if action in (FASTER, SLOWER):
        index = nearest_speed(f[SPEED, i], speeds) + (1 if action == FASTER else -1)
        index = min(max(index, 0), speeds.size - 1)
        g[SPEED_INDEX, i] = index
        f[TARGET_SPEED, i] = speeds[index]
        follow_road(net, f, g, routes, own, i)
        return
    follow_road(net, f, g, routes, own, i)
    if action in (LANE_LEFT, LANE_RIGHT):
        target = np.int64(g[TARGET_LANE, i])
        first = np.int64(net.facts[target, SIDE_FIRST])
        side = target + (1 if action == LANE_RIGHT else -1)
        side = min(max(side, first), first + net.facts[target, SIDE_COUNT] - 1)
        if reachable(net, side, f[X, i], f[Y, i]):
            g[TARGET_LANE, i] = side


@compiled
def command(f, g, i, a, angle):
    """Set the controls of a PLAIN or BICYCLE car [m/s2], [rad]."""
    f[ACCELERATION, i] = a
    f[STEERING, i] = angle
    if g[KIND, i] == PLAIN:
        f[SLIP, i] = math.sin(math.atan(0.5 * math.tan(angle)))
