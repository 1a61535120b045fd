"""Routes: the lane that a car takes at the end of its lane (highway-env's RoadNetwork.next_lane)."""

from __future__ import annotations

import numpy as np

from drive.twin.kernel.compiling import compiled, inlined
from drive.twin.kernel.lanes import lane_distance, local, position
from drive.twin.kernel.rows import (
    LANE,
    LANE_LENGTH,
    RANK,
    ROUTE,
    ROUTE_AT,
    SEG_COUNT,
    SEG_FIRST,
    SEG_FROM,
    SEG_NEXT_FROM,
    SEG_NEXT_TO,
    SEG_TO,
    SEGMENT,
    SIDE_COUNT,
    TARGET_LANE,
    VEHICLE_LENGTH,
    X,
    Y,
)


@compiled
def enter_segment(net, lane, segment, rank, px, py):
    """next_lane_given_next_road: the lane of a next segment and its distance [m]; rank -1: not planned."""
    first = np.int64(net.segments[segment, SEG_FIRST])
    count = np.int64(net.segments[segment, SEG_COUNT])
    if count == net.facts[lane, SIDE_COUNT]:
        if rank < 0:
            rank = net.facts[lane, RANK]
        return first + rank, lane_distance(net, first + rank, px, py)
    chosen = first
    best = lane_distance(net, first, px, py)
    for k in range(1, count):
        d = lane_distance(net, first + k, px, py)
        if d < best:
            best = d
            chosen = first + k
    return chosen, best


@compiled
def next_lane(net, g, routes, i, lane, s):
    segment = net.facts[lane, SEGMENT]
    planned = np.int64(-1)
    rank = np.int64(-1)
    row = g[ROUTE, i]
    if row >= 0:
        at = g[ROUTE_AT, i]
        if at < routes.shape[1] and routes[row, at, 0] == segment:
            at += 1
            g[ROUTE_AT, i] = at
        if at < routes.shape[1] and routes[row, at, 0] >= 0:
            ahead = np.int64(routes[row, at, 0])
            if net.segments[ahead, SEG_FROM] == net.segments[segment, SEG_TO]:
                planned = ahead
                rank = np.int64(routes[row, at, 1])
    px, py = position(net, lane, s)
    if planned >= 0:
        chosen, _ = enter_segment(net, lane, planned, rank, px, py)
        return chosen
    chosen = lane
    best = np.inf
    for k in range(net.segments[segment, SEG_NEXT_FROM], net.segments[segment, SEG_NEXT_TO]):
        candidate, d = enter_segment(
            net, lane, np.int64(net.next_segments[k]), np.int64(-1), px, py
        )
        if d < best:
            best = d
            chosen = candidate
    return chosen


@compiled
def pass_on(net, f, g, routes, i, s):
    """Take the next lane as target lane; returns (longitudinal, lateral) in it."""
    lane = next_lane(net, g, routes, i, np.int64(g[TARGET_LANE, i]), s)
    g[TARGET_LANE, i] = lane
    return local(net, lane, f[X, i], f[Y, i])


@inlined
def follow_road(net, f, g, routes, own, i):
    """ControlledVehicle.follow_road; returns (longitudinal, lateral) in the target lane."""
    lane = np.int64(g[TARGET_LANE, i])
    if lane == g[LANE, i]:
        s = own[2, i]
        r = own[3, i]
    else:
        s, r = local(net, lane, f[X, i], f[Y, i])
    if s > net.geometry[lane, LANE_LENGTH] - VEHICLE_LENGTH / 2:
        s, r = pass_on(net, f, g, routes, i, s)
    return s, r
