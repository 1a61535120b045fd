"""Lanes: where a point lies in a lane, and which lane is closest (highway-env's road/lane.py and road/road.py)."""

from __future__ import annotations

import math

from drive.twin.kernel.arithmetic import wrap
from drive.twin.kernel.compiling import compiled, inlined
from drive.twin.kernel.rows import (
    AMPLITUDE,
    CENTER_X,
    CENTER_Y,
    CIRCULAR,
    DIR_X,
    DIR_Y,
    FORBIDDEN,
    LANE_HEADING,
    LANE_LENGTH,
    LANE_WIDTH,
    PHASE,
    PI,
    PULSATION,
    RADIUS,
    SHAPE,
    SINE,
    START_PHASE,
    START_X,
    START_Y,
    STRAIGHT,
    TURN,
    VEHICLE_LENGTH,
)


@compiled
def sine(amplitude, pulsation, phase, s):
    return amplitude * math.sin(pulsation * s + phase)


@inlined
def swing(net, lane, s):
    """How far a sine lane lies off its base at s [m]."""
    return sine(
        net.geometry[lane, AMPLITUDE], net.geometry[lane, PULSATION], net.geometry[lane, PHASE], s
    )


@compiled
def arc(dx, dy, start_phase, turn, radius):
    """(longitudinal, lateral) about a circle's centre [m]."""
    phi = start_phase + wrap(math.atan2(dy, dx) - start_phase)
    r = math.sqrt(dx * dx + dy * dy)
    return turn * (phi - start_phase) * radius, turn * (radius - r)


@inlined
def local(net, lane, px, py):
    """(longitudinal, lateral) of a point in a lane [m]."""
    shape = net.facts[lane, SHAPE]
    if shape == CIRCULAR:
        return arc(
            px - net.geometry[lane, CENTER_X],
            py - net.geometry[lane, CENTER_Y],
            net.geometry[lane, START_PHASE],
            net.geometry[lane, TURN],
            net.geometry[lane, RADIUS],
        )
    dx = px - net.geometry[lane, START_X]
    dy = py - net.geometry[lane, START_Y]
    s = dx * net.geometry[lane, DIR_X] + dy * net.geometry[lane, DIR_Y]
    r = dx * -net.geometry[lane, DIR_Y] + dy * net.geometry[lane, DIR_X]
    if shape == SINE:
        r -= swing(net, lane, s)
    return s, r


@compiled
def sine_slope(amplitude, pulsation, phase, s):
    return math.atan(amplitude * pulsation * math.cos(pulsation * s + phase))


@inlined
def heading_at(net, lane, s):
    shape = net.facts[lane, SHAPE]
    if shape == CIRCULAR:
        turn = net.geometry[lane, TURN]
        phi = turn * s / net.geometry[lane, RADIUS] + net.geometry[lane, START_PHASE]
        return phi + PI / 2 * turn
    if shape == STRAIGHT:
        return net.geometry[lane, LANE_HEADING]
    return net.geometry[lane, LANE_HEADING] + sine_slope(
        net.geometry[lane, AMPLITUDE], net.geometry[lane, PULSATION], net.geometry[lane, PHASE], s
    )


@compiled
def position(net, lane, s):
    """World position of a point of the centre line."""
    shape = net.facts[lane, SHAPE]
    if shape == CIRCULAR:
        phi = (
            net.geometry[lane, TURN] * s / net.geometry[lane, RADIUS]
            + net.geometry[lane, START_PHASE]
        )
        return net.geometry[lane, CENTER_X] + net.geometry[lane, RADIUS] * math.cos(
            phi
        ), net.geometry[lane, CENTER_Y] + net.geometry[lane, RADIUS] * math.sin(phi)
    r = 0.0
    if shape == SINE:
        r = swing(net, lane, s)
    return net.geometry[lane, START_X] + s * net.geometry[lane, DIR_X] + r * -net.geometry[
        lane, DIR_Y
    ], net.geometry[lane, START_Y] + s * net.geometry[lane, DIR_Y] + r * net.geometry[lane, DIR_X]


@compiled
def lane_distance(net, lane, px, py):
    s, r = local(net, lane, px, py)
    return abs(r) + max(s - net.geometry[lane, LANE_LENGTH], 0.0) + max(0.0 - s, 0.0)


@compiled
def reachable(net, lane, px, py):
    if net.facts[lane, FORBIDDEN]:
        return False
    s, r = local(net, lane, px, py)
    return (
        abs(r) <= 2 * net.geometry[lane, LANE_WIDTH]
        and 0 <= s < net.geometry[lane, LANE_LENGTH] + VEHICLE_LENGTH
    )


@inlined
def on_lane(net, lane, px, py, margin):
    """Whether a point is on a lane, and its longitudinal coordinate if it is."""
    shape = net.facts[lane, SHAPE]
    reach = net.geometry[lane, LANE_WIDTH] / 2 + margin
    if shape == CIRCULAR:
        dx = px - net.geometry[lane, CENTER_X]
        dy = py - net.geometry[lane, CENTER_Y]
        if not abs(net.geometry[lane, RADIUS] - math.sqrt(dx * dx + dy * dy)) <= reach:
            return False, 0.0
        s, _ = local(net, lane, px, py)
        return -VEHICLE_LENGTH <= s < net.geometry[lane, LANE_LENGTH] + VEHICLE_LENGTH, s
    dx = px - net.geometry[lane, START_X]
    dy = py - net.geometry[lane, START_Y]
    s = dx * net.geometry[lane, DIR_X] + dy * net.geometry[lane, DIR_Y]
    if not (-VEHICLE_LENGTH <= s < net.geometry[lane, LANE_LENGTH] + VEHICLE_LENGTH):
        return False, 0.0
    r = dx * -net.geometry[lane, DIR_Y] + dy * net.geometry[lane, DIR_X]
    if shape == SINE:
        r -= swing(net, lane, s)
    return abs(r) <= reach, s


@inlined
def closest_lane(net, px, py, heading, guess):
    """RoadNetwork.get_closest_lane_index: the first of the nearest, and (longitudinal, lateral) in it; `guess` only prunes."""
    along, across = local(net, guess, px, py)
    best = abs(across) + max(along - net.geometry[guess, LANE_LENGTH], 0.0) + max(0.0 - along, 0.0)
    best += abs(wrap(heading - heading_at(net, guess, along)))
    chosen = guess
    for lane in range(net.facts.shape[0]):
        if lane == guess:
            continue
        shape = net.facts[lane, SHAPE]
        if shape == CIRCULAR:
            dx = px - net.geometry[lane, CENTER_X]
            dy = py - net.geometry[lane, CENTER_Y]
            r = abs(net.geometry[lane, RADIUS] - math.sqrt(dx * dx + dy * dy))
            if r > best:
                continue
            s, _ = local(net, lane, px, py)
        else:
            dx = px - net.geometry[lane, START_X]
            dy = py - net.geometry[lane, START_Y]
            r = dx * -net.geometry[lane, DIR_Y] + dy * net.geometry[lane, DIR_X]
            if shape == SINE:
                if abs(r) - abs(net.geometry[lane, AMPLITUDE]) - 1e-6 > best:
                    continue
                s = dx * net.geometry[lane, DIR_X] + dy * net.geometry[lane, DIR_Y]
                r -= swing(net, lane, s)
                r = abs(r)
            else:
                r = abs(r)
                if r > best:
                    continue
                s = dx * net.geometry[lane, DIR_X] + dy * net.geometry[lane, DIR_Y]
        d = r + max(s - net.geometry[lane, LANE_LENGTH], 0.0) + max(0.0 - s, 0.0)
        if d > best:
            continue
        d += abs(wrap(heading - heading_at(net, lane, s)))
        if d < best or (d == best and lane < chosen):
            best = d
            chosen = lane
    if chosen != guess:
        along, across = local(net, chosen, px, py)
    return chosen, along, across
