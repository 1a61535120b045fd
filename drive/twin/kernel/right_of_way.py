"""Right of way at intersections (highway-env's road/regulation.py)."""

from __future__ import annotations

import math

import numpy as np

from drive.twin.kernel.compiling import compiled, inlined
from drive.twin.kernel.lanes import heading_at, position
from drive.twin.kernel.motion import move
from drive.twin.kernel.rows import (
    ACCELERATION,
    BICYCLE,
    FLOAT_ROWS,
    HEADING,
    HIGHEST,
    IDM,
    INT_ROWS,
    KIND,
    LANE,
    LANE_LENGTH,
    LENGTH,
    LINEAR,
    LOWEST,
    PLAIN,
    PREDICTIONS,
    PRIORITY,
    RANK,
    ROUTE,
    ROUTE_AT,
    SEG_COUNT,
    SEG_FIRST,
    SPEED,
    SPEED_LIMIT,
    TARGET_SPEED,
    WIDTH,
    YIELD_TIMER,
    YIELDING,
    X,
    Y,
)


@compiled
def predict(net, f, g, drivers, routes, own, spare_f, spare_g, i, ahead):
    """predict_trajectory_constant_speed of one car: x, y, heading [PREDICTIONS, 3]."""
    kind = g[KIND, i]
    if kind in (PLAIN, BICYCLE):
        for k in range(FLOAT_ROWS):
            spare_f[k, 0] = f[k, i]
        for k in range(INT_ROWS):
            spare_g[k, 0] = g[k, i]
        spare_f[ACCELERATION, 0] = 0.0
        spare = np.int64(0)
        for k in range(PREDICTIONS):
            spare_f[FLOAT_ROWS, 0] = math.cos(spare_f[HEADING, 0])
            spare_f[FLOAT_ROWS + 1, 0] = math.sin(spare_f[HEADING, 0])
            move(spare_f, spare_g, drivers, spare_f[FLOAT_ROWS:], spare, 0.25)
            ahead[k, 0] = spare_f[X, 0]
            ahead[k, 1] = spare_f[Y, 0]
            ahead[k, 2] = spare_f[HEADING, 0]
        return
    row = g[ROUTE, i]
    for k in range(PREDICTIONS):
        s = own[2, i] + f[SPEED, i] * (0.25 * (k + 1))
        lane = np.int64(g[LANE, i])
        at = np.int64(g[ROUTE_AT, i])
        if row >= 0 and at < routes.shape[1] and routes[row, at, 0] >= 0:
            rank = np.int64(net.facts[lane, RANK])
            here = lane
            while True:
                segment = np.int64(routes[row, at, 0])
                planned = np.int64(routes[row, at, 1])
                if planned < 0:
                    planned = min(rank, net.segments[segment, SEG_COUNT] - 1)
                here = net.segments[segment, SEG_FIRST] + planned
                length = net.geometry[here, LANE_LENGTH]
                more = at + 1 < routes.shape[1] and routes[row, at + 1, 0] >= 0
                if not (more and s > length):
                    break
                s -= length
                at += 1
            lane = here
        px, py = position(net, lane, s)
        ahead[k, 0] = px
        ahead[k, 1] = py
        ahead[k, 2] = heading_at(net, lane, s)


@compiled
def corner_inside(ax, ay, al, aw, ah, bx, by, bl, bw, bh):
    """utils.has_corner_inside, with its sense of rotation (points are turned by +heading into the rectangle's frame)."""
    ca = math.cos(ah)
    sa = math.sin(ah)
    cb = math.cos(bh)
    sb = math.sin(bh)
    for k in range(9):
        u = (k % 3 - 1) * (al / 2)
        v = (k // 3 - 1) * (aw / 2)
        dx = ca * u - sa * v + ax - bx
        dy = sa * u + ca * v + ay - by
        if abs(cb * dx - sb * dy) <= bl / 2 and abs(sb * dx + cb * dy) <= bw / 2:
            return True
    return False


@inlined
def bound(ahead):
    """Note the lowest and the highest x and y of a car's predictions behind them."""
    for axis in range(2):
        low = ahead[0, axis]
        high = low
        for k in range(1, PREDICTIONS):
            low = min(low, ahead[k, axis])
            high = max(high, ahead[k, axis])
        ahead[LOWEST, axis] = low
        ahead[HIGHEST, axis] = high


@inlined
def far_apart(f, predictions, i, j):
    """Are all predictions of two cars further apart than a conflict can be, seen along x or along y alone?"""
    reach = f[LENGTH, i]
    for axis in range(2):
        if predictions[i, LOWEST, axis] - predictions[j, HIGHEST, axis] > reach:
            return True
        if predictions[j, LOWEST, axis] - predictions[i, HIGHEST, axis] > reach:
            return True
    return False


@compiled
def conflict(f, predictions, i, j):
    """RegulatedRoad.is_conflict_possible."""
    for k in range(PREDICTIONS):
        ax = predictions[i, k, 0]
        ay = predictions[i, k, 1]
        bx = predictions[j, k, 0]
        by = predictions[j, k, 1]
        if math.sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay)) > f[LENGTH, i]:
            continue
        al = 1.5 * f[LENGTH, i]
        aw = 0.9 * f[WIDTH, i]
        bl = 1.5 * f[LENGTH, j]
        bw = 0.9 * f[WIDTH, j]
        ah = predictions[i, k, 2]
        bh = predictions[j, k, 2]
        if corner_inside(ax, ay, al, aw, ah, bx, by, bl, bw, bh):
            return True
        if corner_inside(bx, by, bl, bw, bh, ax, ay, al, aw, ah):
            return True
    return False


@compiled
def regulate(net, f, g, cars, drivers, routes, own, predictions, spare_f, spare_g):
    """RegulatedRoad.enforce_road_rules (YIELD_DURATION is 0)."""
    for i in range(cars):
        if g[YIELDING, i]:
            if g[YIELD_TIMER, i] >= 0:
                f[TARGET_SPEED, i] = net.geometry[g[LANE, i], SPEED_LIMIT]
                g[YIELDING, i] = 0
            else:
                g[YIELD_TIMER, i] += 1
    for i in range(cars):
        predict(net, f, g, drivers, routes, own, spare_f, spare_g, i, predictions[i])
        bound(predictions[i])
    for i in range(cars - 1):
        for j in range(i + 1, cars):
            if far_apart(f, predictions, i, j) or not conflict(f, predictions, i, j):
                continue
            a = net.geometry[g[LANE, i], PRIORITY]
            b = net.geometry[g[LANE, j], PRIORITY]
            if a > b:
                loser = j
            elif a < b:
                loser = i
            else:
                dx = f[X, j] - f[X, i]
                dy = f[Y, j] - f[Y, i]
                ahead_i = own[0, i] * dx + own[1, i] * dy
                ahead_j = own[0, j] * -dx + own[1, j] * -dy
                loser = i if ahead_i > ahead_j else j
            if g[KIND, loser] == IDM or g[KIND, loser] == LINEAR:
                f[TARGET_SPEED, loser] = 0.0
                g[YIELDING, loser] = 1
                g[YIELD_TIMER, loser] = 0
