"""highway-env 1.12's traffic physics, compiled by numba. Everything compiled lives in this one file.

(numba's on-disk cache is invalidated by the file of the entry point alone, so compiled code must not be spread over files.)

Frame: highway-env's own, y DOWN, angles clockwise as drawn. `worlds` flips at the border; nothing here does.
A world is one block of rows by slots: `f` float64 [FLOAT_ROWS, N], `g` int32 [INT_ROWS, N]. Slots 0..cars-1 are the cars in
highway-env's `road.vehicles` order (which decides ties and which impact survives), then the solid objects.
What it does not know: landmarks (not solid, never a neighbour), several egos, parking, PolyLane.

Worlds of a batch may be related: most cars stand in one as they stood in the one driven before it. Then (`advance`, related)
who is as before, and sees whom it saw before, is not worked out again but recalled, to the last digit.
"""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
from numba import njit

# rows of f
X, Y, HEADING, SPEED = 0, 1, 2, 3  # [m], [m], [rad], [m/s]
SLIP = 4  # sine of the slip angle at the centre of mass that the steering commands []
ACCELERATION = 5  # commanded [m/s2]
STEERING = 6  # front wheels [rad]; kept for PLAIN and BICYCLE only, others keep SLIP
TARGET_SPEED, TIMER, DELTA = 7, 8, 9  # [m/s], [s], []
IMPACT_X, IMPACT_Y = 10, 11  # [m], pending displacement
LENGTH, WIDTH, DIAGONAL = 12, 13, 14  # [m]
LATERAL_SPEED, YAW_RATE = 15, 16  # [m/s], [rad/s], BICYCLE only
FORCED = 17  # imposed acceleration [m/s2], NaN: none; a META car with one keeps the controls that it was given
GRIP = 18  # acceleration and braking stay within this [m/s2], inf: unlimited (not highway-env's, see drive.world)
FLOAT_ROWS = 19

# rows of g
KIND, LANE, TARGET_LANE, SPEED_INDEX = 0, 1, 2, 3
ROUTE, ROUTE_AT = 4, 5  # row of the routes table (-1: none), next entry of it
DRIVER = 6  # row of the drivers table
CRASHED, STRUCK = 7, 8  # STRUCK: an impact is pending
CHECKS = 9  # checks its own collisions
CHANGES = 10  # may change lane by its own decision
YIELDING, YIELD_TIMER = 11, 12
GHOST = 13  # the ego neither sees nor hits it
CAR = 14  # id, carried along
TOUCHED = 15  # the ego came closer to it than was wanted, or hit it; only ever set
INT_ROWS = 16

EMPTY, PLAIN, BICYCLE, META, IDM, LINEAR, OBSTACLE = 0, 1, 2, 3, 4, 5, 6

# columns of a world's head, int32
CARS, SLOTS, EGO, TICKS = 0, 1, 2, 3  # TICKS: RegulatedRoad.steps
CRASH_STEP = 4  # sub-step of the ego's crash since the counter was reset, -1: none
SUBSTEPS = 5  # sub-steps driven since the counter was reset
HEAD = 6

# columns of the drivers table
ACC_MAX, COMFORT_MAX, COMFORT_MIN, DISTANCE_WANTED, TIME_WANTED = 0, 1, 2, 3, 4
POLITENESS, GAIN_MIN, BRAKING_IMPOSED, CHANGE_DELAY, SPEED_MIN, SPEED_MAX = 5, 6, 7, 8, 9, 10
GAP_SCALE = 11  # 2 sqrt(-COMFORT_MAX COMFORT_MIN) [m/s2]
ACC_1, ACC_2, ACC_3, STEER_1, STEER_2 = 12, 13, 14, 15, 16  # LinearVehicle's parameters
DRIVER_COLUMNS = 17

# columns of the lane tables
START_X, START_Y, DIR_X, DIR_Y, LANE_LENGTH, LANE_WIDTH, LANE_HEADING = 0, 1, 2, 3, 4, 5, 6
AMPLITUDE, PULSATION, PHASE = 7, 8, 9
CENTER_X, CENTER_Y, RADIUS, START_PHASE, TURN = 10, 11, 12, 13, 14
SPEED_LIMIT, PRIORITY = 15, 16  # NaN: no limit
LANE_COLUMNS = 17
SHAPE, SEGMENT, RANK, SIDE_COUNT, SIDE_FIRST, FORBIDDEN, JOIN_FROM, JOIN_TO = 0, 1, 2, 3, 4, 5, 6, 7
LANE_FACTS = 8
STRAIGHT, SINE, CIRCULAR = 0, 1, 2
SEG_FIRST, SEG_COUNT, SEG_FROM, SEG_TO, SEG_NEXT_FROM, SEG_NEXT_TO = 0, 1, 2, 3, 4, 5
SEG_FACTS = 6

LANE_LEFT, IDLE, LANE_RIGHT, FASTER, SLOWER = 0, 1, 2, 3, 4
NONE, STILL = -1, -2  # no action; the world is left as it is

Net = namedtuple("Net", "geometry facts segments next_segments joined offsets connected regulated")
# What is noted beside a world's state; T: this sub-step alone, or all of a call where worlds are related.
#   order [N] slots along x; by lane [T, lanes, ...] who stands on it, in order (count, slot, at [m]), where in that order a
#   slot is (place, -1: nowhere), and of which world that is known (made)
#   of the world before, by sub-step: its state [T + 1, rows, N] (f, g, own); by slot [T, N, ...] the acceleration that it chose
#   (asked [m/s2]) and whom it looked at (seen); what the ego wished (aim [T] [m/s])
#   of each slot now [N]: does it stand as there (same; fixed: in what never changes)? Does one beside it not (shy)? Is it
#   worked out (worked), and anybody close (near)? Those who are not the same (odd); is one first or last on a lane (ends)?
Notes = namedtuple(
    "Notes",
    "now order count slot at place made f g own asked seen aim same fixed shy worked near odd ends",
)
ROW, WORLD, RELATED, KNOWN, SORTED, ODD = (
    0,
    1,
    2,
    3,
    4,
    5,
)  # of now: row of T, which world, what is so, how many are odd
FRONT, REAR, SIDES, SEEN = (
    0,
    1,
    2,
    6,
)  # of seen: on its lane in front and behind; the same to the left, and to the right
NOBODY, UNKNOWN, UNASKED = -1, -2, -3
FEW = 5  # slots, up to which working out is faster than recalling

PI = math.pi
TWO_PI = 2 * math.pi
VEHICLE_LENGTH = 5.0  # AbstractLane.VEHICLE_LENGTH
KP_A = 1 / 0.6  # ControlledVehicle
KP_HEADING = 1 / 0.2
KP_LATERAL = 1 / 0.6
TAU_PURSUIT = 0.5 * 0.2
STEERING_MAX = math.pi / 3
SLIP_MAX = math.sqrt(3.0 / 7.0)  # sine of the slip angle at the largest steering angle
PREDICTIONS = 11  # RegulatedRoad: 0.25 .. 2.75 s
MAX_YAW_RATE = 2 * math.pi

# No function below touches reference counts (_nrt=False: seven times faster). What is called at every sub-step
# is inlined, because handing over a dozen arrays costs more than most of these functions.
_fast = njit(nogil=True, error_model="numpy", _nrt=False)
_inlined = njit(nogil=True, error_model="numpy", _nrt=False, forceinline=True)


@_inlined
def wrap(a):
    t = a + PI
    if 0.0 <= t < TWO_PI:
        return t - PI
    return t % TWO_PI - PI


@_inlined
def not_zero(a):
    if abs(a) > 1e-2:
        return a
    return 1e-2 if a >= 0 else -1e-2


@_inlined
def clip(a, low, high):
    return min(max(a, low), high)


# --- lanes (road/lane.py) ---------------------------------------------------------------------------------------------


@_fast
def sine(amplitude, pulsation, phase, s):
    return amplitude * math.sin(pulsation * s + phase)


@_inlined
def swing(net, lane, s):
    """How far a sine lane lies off its base at s [m]."""
    return sine(
        net.geometry[lane, AMPLITUDE], net.geometry[lane, PULSATION], net.geometry[lane, PHASE], s
    )


@_fast
def arc(dx, dy, start_phase, turn, radius):
    """(longitudinal, lateral) about a circle's centre [m]."""
    phi = start_phase + wrap(math.atan2(dy, dx) - start_phase)
    r = math.sqrt(dx * dx + dy * dy)
    return turn * (phi - start_phase) * radius, turn * (radius - r)


@_inlined
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


@_fast
def sine_slope(amplitude, pulsation, phase, s):
    return math.atan(amplitude * pulsation * math.cos(pulsation * s + phase))


@_inlined
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


@_fast
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


@_fast
def lane_distance(net, lane, px, py):
    s, r = local(net, lane, px, py)
    return abs(r) + max(s - net.geometry[lane, LANE_LENGTH], 0.0) + max(0.0 - s, 0.0)


@_fast
def reachable(net, lane, px, py):
    if net.facts[lane, FORBIDDEN]:
        return False
    s, r = local(net, lane, px, py)
    return (
        abs(r) <= 2 * net.geometry[lane, LANE_WIDTH]
        and 0 <= s < net.geometry[lane, LANE_LENGTH] + VEHICLE_LENGTH
    )


@_inlined
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


@_inlined
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


# --- neighbours (Road.neighbour_vehicles) -----------------------------------------------------------------------------


@_inlined
def stands(net, lane, px, py):
    """Is a point on a lane: 1, where connected on its next or previous ones: 2, neither: 0; and where [m]."""
    on, s = on_lane(net, lane, px, py, 1.0)
    if on:
        return 1, s
    if net.connected:
        for j in range(net.facts[lane, JOIN_FROM], net.facts[lane, JOIN_TO]):
            on, s = on_lane(net, net.joined[j], px, py, 1.0)
            if on:
                return 2, s + net.offsets[j]
    return 0, 0.0


@_inlined
def sort_along(f, slots, notes):
    """Bring the slots in the order of x, once a sub-step: most lanes are listed faster so."""
    if notes.now[SORTED]:
        return
    notes.now[SORTED] = 1
    order = notes.order
    for k in range(1, slots):
        i = order[k]
        m = k
        while m > 0 and f[X, order[m - 1]] > f[X, i]:
            order[m] = order[m - 1]
            m -= 1
        order[m] = i


@_fast
def list_lane(net, f, slots, notes, lane):
    """Sort by (longitudinal, slot) what stands on a lane and, where connected, on its next and previous ones.

    Where the list of the world before is known, only who is not the same is looked at.
    """
    row = notes.now[ROW]
    place = notes.place[row, lane]
    slot = notes.slot[row, lane]
    at = notes.at[row, lane]
    n = 0
    known = notes.now[KNOWN] and notes.made[row, lane] == notes.now[WORLD] - 1
    if known:
        for m in range(notes.count[row, lane]):
            i = slot[m]
            if notes.same[i]:
                at[n] = at[m]
                slot[n] = i
                n += 1
                if place[i] >= 0:
                    place[i] = 0
    else:
        sort_along(f, slots, notes)
    for k in range(notes.now[ODD] if known else slots):
        i = notes.odd[k] if known else notes.order[k]
        place[i] = -1
        on, s = stands(net, lane, f[X, i], f[Y, i])
        if on:
            m = n
            while m > 0 and (at[m - 1] > s or (at[m - 1] == s and slot[m - 1] > i)):
                at[m] = at[m - 1]
                slot[m] = slot[m - 1]
                m -= 1
            at[m] = s
            slot[m] = i
            n += 1
            if on == 1:
                place[i] = 0
    for m in range(n):
        if place[slot[m]] == 0:
            place[slot[m]] = m
    notes.count[row, lane] = n
    notes.made[row, lane] = notes.now[WORLD]


@_inlined
def beside(net, f, g, slots, ego, notes, i, lane, s):
    """Slots of the cars in front of and behind car i on a lane, where its longitudinal coordinate is s, and theirs.

    Slot -1: none.
    Among equals the last is in front and the first behind, as in highway-env's scan.
    """
    row = notes.now[ROW]
    if notes.made[row, lane] != notes.now[WORLD]:
        list_lane(net, f, slots, notes, lane)
    n = notes.count[row, lane]
    low = notes.place[row, lane, i]
    if low >= 0:
        while low > 0 and notes.at[row, lane, low - 1] == s:
            low -= 1
    else:
        low = 0
        high = n
        while low < high:
            middle = (low + high) // 2
            if notes.at[row, lane, middle] < s:
                low = middle + 1
            else:
                high = middle
    front = -1
    rear = -1
    front_at = 0.0
    rear_at = 0.0
    for k in range(low, n):
        if front >= 0 and notes.at[row, lane, k] != front_at:
            break
        j = notes.slot[row, lane, k]
        if j != i and not (i == ego and g[GHOST, j]):
            front = j
            front_at = notes.at[row, lane, k]
    for k in range(low - 1, -1, -1):
        if rear >= 0 and notes.at[row, lane, k] != rear_at:
            break
        j = notes.slot[row, lane, k]
        if j != i and not (i == ego and g[GHOST, j]):
            rear = j
            rear_at = notes.at[row, lane, k]
    return front, rear, front_at, rear_at


@_fast
def neighbours(net, f, g, slots, ego, notes, i, lane, s):
    front, rear, _, _ = beside(net, f, g, slots, ego, notes, i, lane, s)
    return front, rear


# --- routes (RoadNetwork.next_lane) -----------------------------------------------------------------------------------


@_fast
def enter_segment(net, lane, segment, rank, px, py):
    """next_lane_given_next_road: the lane of a next segment and its distance [m]; rank -1: not planned."""
    first = net.segments[segment, SEG_FIRST]
    count = net.segments[segment, SEG_COUNT]
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


@_fast
def next_lane(net, g, routes, i, lane, s):
    segment = net.facts[lane, SEGMENT]
    planned = -1
    rank = -1
    row = g[ROUTE, i]
    if row >= 0:
        at = g[ROUTE_AT, i]
        if at < routes.shape[1] and routes[row, at, 0] == segment:
            at += 1
            g[ROUTE_AT, i] = at
        if at < routes.shape[1] and routes[row, at, 0] >= 0:
            ahead = routes[row, at, 0]
            if net.segments[ahead, SEG_FROM] == net.segments[segment, SEG_TO]:
                planned = ahead
                rank = routes[row, at, 1]
    px, py = position(net, lane, s)
    if planned >= 0:
        chosen, _ = enter_segment(net, lane, planned, rank, px, py)
        return chosen
    chosen = lane
    best = np.inf
    for k in range(net.segments[segment, SEG_NEXT_FROM], net.segments[segment, SEG_NEXT_TO]):
        candidate, d = enter_segment(net, lane, net.next_segments[k], -1, px, py)
        if d < best:
            best = d
            chosen = candidate
    return chosen


@_fast
def pass_on(net, f, g, routes, i, s):
    """Take the next lane as target lane; returns (longitudinal, lateral) in it."""
    g[TARGET_LANE, i] = next_lane(net, g, routes, i, g[TARGET_LANE, i], s)
    return local(net, g[TARGET_LANE, i], f[X, i], f[Y, i])


@_inlined
def follow_road(net, f, g, routes, own, i):
    """ControlledVehicle.follow_road; returns (longitudinal, lateral) in the target lane."""
    lane = g[TARGET_LANE, i]
    if lane == g[LANE, i]:
        s = own[2, i]
        r = own[3, i]
    else:
        s, r = local(net, lane, f[X, i], f[Y, i])
    if s > net.geometry[lane, LANE_LENGTH] - VEHICLE_LENGTH / 2:
        s, r = pass_on(net, f, g, routes, i, s)
    return s, r


# --- drivers (vehicle/controller.py, vehicle/behavior.py) -------------------------------------------------------------


@_inlined
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


@_fast
def steer_linear(net, f, i, lane, s, r, drivers, p):
    """LinearVehicle.steering_control."""
    speed = f[SPEED, i]
    ahead = heading_at(net, lane, s + speed * TAU_PURSUIT)
    angle = drivers[p, STEER_1] * (wrap(ahead - f[HEADING, i]) * f[LENGTH, i] / not_zero(speed))
    angle += drivers[p, STEER_2] * (-r * f[LENGTH, i] / (not_zero(speed) * not_zero(speed)))
    f[SLIP, i] = math.sin(math.atan(0.5 * math.tan(clip(angle, -STEERING_MAX, STEERING_MAX))))


@_inlined
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


@_inlined
def wanted(net, f, g, own, drivers, p, delta, linear, i, front):
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
            d = local(net, g[LANE, i], f[X, front], f[Y, front])[0] - own[2, i]
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
        d = local(net, g[LANE, i], f[X, front], f[Y, front])[0] - own[2, i]
        ratio = desired_gap(f, own, drivers, p, i, front) / not_zero(d)
        a -= drivers[p, COMFORT_MAX] * (ratio * ratio)
    return a


@_fast
def acceleration(net, f, g, own, drivers, p, delta, linear, i, front):
    return wanted(net, f, g, own, drivers, p, delta, linear, i, front)


@_fast
def sign(a):
    return 1 if a > 0 else (-1 if a < 0 else 0)


@_fast
def mobil(net, f, g, slots, ego, drivers, routes, own, notes, i, lane):
    """IDMVehicle.mobil."""
    p = g[DRIVER, i]
    delta = f[DELTA, i]
    linear = g[KIND, i] == LINEAR
    s = local(net, lane, f[X, i], f[Y, i])[0]
    ahead, behind = neighbours(net, f, g, slots, ego, notes, i, lane, s)
    if notes.now[RELATED]:
        side = SIDES if lane < g[LANE, i] else SIDES + 2
        notes.seen[notes.now[ROW], i, side + FRONT] = ahead
        notes.seen[notes.now[ROW], i, side + REAR] = behind
    imposed = acceleration(net, f, g, own, drivers, p, delta, linear, behind, i)
    if imposed < -drivers[p, BRAKING_IMPOSED]:
        return False
    front, rear = neighbours(net, f, g, slots, ego, notes, i, g[LANE, i], own[2, i])
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
        if notes.now[RELATED]:
            notes.seen[notes.now[ROW], i, REAR] = rear
        others = imposed - acceleration(net, f, g, own, drivers, p, delta, linear, behind, ahead)
        others += acceleration(net, f, g, own, drivers, p, delta, linear, rear, front)
        others -= acceleration(net, f, g, own, drivers, p, delta, linear, rear, i)
        gain += drivers[p, POLITENESS] * others
    return not gain < drivers[p, GAIN_MIN]


@_fast
def change_lane(net, f, g, cars, slots, ego, drivers, routes, own, notes, i):
    """IDMVehicle.change_lane_policy."""
    p = g[DRIVER, i]
    lane = g[LANE, i]
    target = g[TARGET_LANE, i]
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


@_inlined
def act_idm(net, f, g, cars, slots, ego, drivers, routes, own, notes, i, dt):
    """IDMVehicle.act."""
    if g[CRASHED, i]:
        return
    p = g[DRIVER, i]
    delta = f[DELTA, i]
    linear = g[KIND, i] == LINEAR
    s, r = follow_road(net, f, g, routes, own, i)
    before = g[TARGET_LANE, i]
    if notes.now[RELATED]:
        notes.seen[notes.now[ROW], i, FRONT] = UNKNOWN
        for k in range(REAR, SEEN):
            notes.seen[notes.now[ROW], i, k] = UNASKED
    if g[CHANGES, i] and (g[LANE, i] != before or drivers[p, CHANGE_DELAY] < f[TIMER, i]):
        change_lane(net, f, g, cars, slots, ego, drivers, routes, own, notes, i)
    lane = g[LANE, i]
    target = g[TARGET_LANE, i]
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
    if notes.now[RELATED] and lane == before:
        notes.seen[notes.now[ROW], i, FRONT] = front
    a = wanted(net, f, g, own, drivers, p, delta, linear, i, front)
    if lane != target:
        front, _, _, _ = beside(net, f, g, slots, ego, notes, i, target, s)
        a = min(a, wanted(net, f, g, own, drivers, p, delta, linear, i, front))
    f[ACCELERATION, i] = clip(a, -drivers[p, ACC_MAX], drivers[p, ACC_MAX])


@_fast
def nearest_speed(speed, speeds):
    """MDPVehicle.speed_to_index: half-even rounding."""
    n = speeds.size - 1
    x = (speed - speeds[0]) / (speeds[n] - speeds[0])
    return int(clip(np.rint(x * n), 0.0, float(n)))


@_inlined
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
        target = g[TARGET_LANE, i]
        first = net.facts[target, SIDE_FIRST]
        side = target + (1 if action == LANE_RIGHT else -1)
        side = min(max(side, first), first + net.facts[target, SIDE_COUNT] - 1)
        if reachable(net, side, f[X, i], f[Y, i]):
            g[TARGET_LANE, i] = side


@_fast
def command(f, g, i, a, angle):
    """Set the controls of a PLAIN or BICYCLE car [m/s2], [rad]."""
    f[ACCELERATION, i] = a
    f[STEERING, i] = angle
    if g[KIND, i] == PLAIN:
        f[SLIP, i] = math.sin(math.atan(0.5 * math.tan(angle)))


# --- motion (vehicle/kinematics.py, vehicle/dynamics.py) --------------------------------------------------------------


@_inlined
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


@_fast
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


@_fast
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


@_inlined
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


@_inlined
def face(f, own, i):
    """Cosine and sine of the heading, into `own`; its other rows are (longitudinal, lateral) in the own lane."""
    h = f[HEADING, i]
    if h == 0.0:
        own[0, i] = 1.0
        own[1, i] = 0.0
    else:
        own[0, i] = math.cos(h)
        own[1, i] = math.sin(h)


# --- collisions (vehicle/objects.py, utils.are_polygons_intersecting) -------------------------------------------------


@_fast
def corners(f, own, i, out):
    c = own[0, i]
    s = own[1, i]
    half_length = f[LENGTH, i] / 2
    half_width = f[WIDTH, i] / 2
    for k in range(4):
        a = -half_length if k < 2 else half_length
        b = -half_width if k in (0, 3) else half_width
        out[k, 0] = c * a - s * b + f[X, i]
        out[k, 1] = s * a + c * b + f[Y, i]


@_fast
def span(polygon, nx, ny):
    low = polygon[0, 0] * nx + polygon[0, 1] * ny
    high = low
    for k in range(1, 4):
        d = polygon[k, 0] * nx + polygon[k, 1] * ny
        low = min(low, d)
        high = max(high, d)
    return low, high


@_fast
def apart(low_a, high_a, low_b, high_b):
    return low_b - high_a if low_a < low_b else low_a - high_b


@_fast
def surely_apart(f, own, i, j, dt):
    """A cheap separating axis: across car i. True only where the exact test has to say neither now nor next."""
    c = own[0, i]
    s = own[1, i]
    dx = f[X, j] - f[X, i]
    dy = f[Y, j] - f[Y, i]
    across = abs(-dx * s + dy * c)
    cj = own[0, j]
    sj = own[1, j]
    half = f[LENGTH, j] / 2 * abs(-s * cj + c * sj) + f[WIDTH, j] / 2 * abs(s * sj + c * cj)
    swept = abs(f[SPEED, j] * dt * (-s * cj + c * sj))
    return across - f[WIDTH, i] / 2 - half - swept > 1e-6


@_fast
def collide(f, g, own, polygons, i, j, dt):
    """RoadObject.handle_collisions for one pair, i before j in the road's order. Did they meet, or will they next?"""
    dx = f[X, j] - f[X, i]
    dy = f[Y, j] - f[Y, i]
    if math.sqrt(dx * dx + dy * dy) > (f[DIAGONAL, i] + f[DIAGONAL, j]) / 2 + f[SPEED, i] * dt:
        return False
    if surely_apart(f, own, i, j, dt):
        return False
    a = polygons[0]
    b = polygons[1]
    corners(f, own, i, a)
    corners(f, own, j, b)
    moved_x = f[SPEED, i] * own[0, i] * dt - f[SPEED, j] * own[0, j] * dt
    moved_y = f[SPEED, i] * own[1, i] * dt - f[SPEED, j] * own[1, j] * dt
    now = True
    soon = True
    least = np.inf
    axis_x = 0.0
    axis_y = 0.0
    for k in range(
        8
    ):  # opposite edges share an axis, but not the distance along it where one span holds the other
        polygon = polygons[k // 4]
        e = k % 4
        after = (e + 1) % 4
        nx = -polygon[after, 1] + polygon[e, 1]
        ny = polygon[after, 0] - polygon[e, 0]
        size = math.sqrt(nx * nx + ny * ny)
        nx /= size
        ny /= size
        low_a, high_a = span(a, nx, ny)
        low_b, high_b = span(b, nx, ny)
        if apart(low_a, high_a, low_b, high_b) > 0:
            now = False
        swept = nx * moved_x + ny * moved_y
        if swept < 0:
            low_a += swept
        else:
            high_a += swept
        d = apart(low_a, high_a, low_b, high_b)
        if d > 0:
            soon = False
        if not now and not soon:
            return False
        if abs(d) < least:
            least = abs(d)
            cx = (a[0, 0] + a[1, 0] + a[2, 0] + a[3, 0]) / 4 - (
                b[0, 0] + b[1, 0] + b[2, 0] + b[3, 0]
            ) / 4
            cy = (a[0, 1] + a[1, 1] + a[2, 1] + a[3, 1]) / 4 - (
                b[0, 1] + b[1, 1] + b[2, 1] + b[3, 1]
            ) / 4
            side = 1.0 if cx * nx + cy * ny > 0 else -1.0
            axis_x = side * nx
            axis_y = side * ny
    if soon:
        share = 1.0 if g[KIND, j] == OBSTACLE else 0.5
        f[IMPACT_X, i] = least * axis_x * share
        f[IMPACT_Y, i] = least * axis_y * share
        g[STRUCK, i] = 1
        if g[KIND, j] != OBSTACLE:
            f[IMPACT_X, j] = -least * axis_x * share
            f[IMPACT_Y, j] = -least * axis_y * share
            g[STRUCK, j] = 1
    if now:
        g[CRASHED, i] = 1
        g[CRASHED, j] = 1
    return now or soon


@_inlined
def within(f, i, j, reach):
    return (abs(f[X, j] - f[X, i]) <= reach) & (abs(f[Y, j] - f[Y, i]) <= reach)


@_inlined
def collide_all(f, g, own, polygons, cars, slots, ego, notes, dt):
    """Road.step's pairs, in its order, less those too far apart, and those that did not meet in the world before either."""
    near = notes.near
    longest = 0.0
    fastest = 0.0
    for i in range(slots):
        longest = max(longest, f[DIAGONAL, i])
        fastest = max(fastest, abs(f[SPEED, i]))
        near[i] = False
    reach = longest + fastest * dt
    anybody = False
    for i in range(slots):
        if not notes.worked[i]:
            continue
        close = 0
        for j in range(slots):
            close += within(f, i, j, reach)
        if close > 1:  # more than itself
            anybody = True
            for j in range(slots):
                near[j] |= within(f, i, j, reach)
    if not anybody:
        return
    for i in range(cars):
        if not near[i]:
            continue
        reach = (f[DIAGONAL, i] + longest) / 2 + f[SPEED, i] * dt
        for j in range(i + 1, slots):
            if (
                not near[j]
                or not (notes.worked[i] or notes.worked[j])
                or not within(f, i, j, reach)
            ):
                continue
            if not (g[CHECKS, i] or g[CHECKS, j]):
                continue
            if (i == ego and g[GHOST, j]) or (j == ego and g[GHOST, i]):
                continue
            if not collide(f, g, own, polygons, i, j, dt):
                continue
            if notes.now[RELATED]:
                notes.seen[notes.now[ROW], i, FRONT] = UNKNOWN
                notes.seen[notes.now[ROW], j, FRONT] = UNKNOWN
            if i == ego or j == ego:
                g[TOUCHED, i] = 1
                g[TOUCHED, j] = 1


# --- right of way (road/regulation.py) --------------------------------------------------------------------------------


@_fast
def predict(net, f, g, drivers, routes, own, spare_f, spare_g, i, ahead):
    """predict_trajectory_constant_speed of one car: x, y, heading [PREDICTIONS, 3]."""
    kind = g[KIND, i]
    if kind in (PLAIN, BICYCLE):
        for k in range(FLOAT_ROWS):
            spare_f[k, 0] = f[k, i]
        for k in range(INT_ROWS):
            spare_g[k, 0] = g[k, i]
        spare_f[ACCELERATION, 0] = 0.0
        for k in range(PREDICTIONS):
            spare_f[FLOAT_ROWS, 0] = math.cos(spare_f[HEADING, 0])
            spare_f[FLOAT_ROWS + 1, 0] = math.sin(spare_f[HEADING, 0])
            move(spare_f, spare_g, drivers, spare_f[FLOAT_ROWS:], 0, 0.25)
            ahead[k, 0] = spare_f[X, 0]
            ahead[k, 1] = spare_f[Y, 0]
            ahead[k, 2] = spare_f[HEADING, 0]
        return
    row = g[ROUTE, i]
    for k in range(PREDICTIONS):
        s = own[2, i] + f[SPEED, i] * (0.25 * (k + 1))
        lane = g[LANE, i]
        at = g[ROUTE_AT, i]
        if row >= 0 and at < routes.shape[1] and routes[row, at, 0] >= 0:
            rank = net.facts[lane, RANK]
            here = lane
            while True:
                segment = routes[row, at, 0]
                planned = routes[row, at, 1]
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


@_fast
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


@_fast
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


@_fast
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
    for i in range(cars - 1):
        for j in range(i + 1, cars):
            if not conflict(f, predictions, i, j):
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


# --- what threatens the ego ------------------------------------------------------------------------------------------

GAP_AHEAD, TTC_AHEAD, GAP_BEHIND, TTC_BEHIND = 0, 1, 2, 3  # [m], [s], [m], [s]
FOLLOWER = 4  # commanded acceleration of the car behind [m/s2]
CLEARANCE = 5  # between the ego's shape and any other, along or across the ego [m]
RISKS = 6

# what is wanted of them; who falls short of it is TOUCHED
AHEAD_TIME, AHEAD_LEAST, AHEAD_HEADWAY = 0, 1, 2  # [s] to collision, [m], [s] of driving on top
BEHIND_TIME, BEHIND_LEAST, IMPOSED, ASIDE = 3, 4, 5, 6  # [s], [m], [m/s2], [m] of clearance
WANTED = 7
PICK_UP = 5.0  # [m/s] that the ego may be faster on average than it is at the moment
LOOK_AHEAD = 150.0  # [m]
LOOK_ASIDE = 12.0  # [m] between centres


@_inlined
def watch_lane(net, f, g, slots, ego, notes, lane, s, risk, wanted):
    """All cars ahead count, so that hiding one uncovers nobody; behind, the next alone, and not where it is a ghost."""
    beside(net, f, g, slots, ego, notes, ego, lane, s)
    speed = f[SPEED, ego]
    rear = -1
    row = notes.now[ROW]
    for n in range(notes.count[row, lane]):
        j = notes.slot[row, lane, n]
        at = notes.at[row, lane, n]
        if j == ego:
            continue
        if at < s:
            rear = j
            gap_behind = s - at - (f[LENGTH, ego] + f[LENGTH, j]) / 2
            continue
        if at - s > LOOK_AHEAD:
            break
        if g[GHOST, j]:
            continue
        gap = at - s - (f[LENGTH, ego] + f[LENGTH, j]) / 2
        closing = speed - f[SPEED, j]
        time = max(gap, 0.0) / closing if closing > 0 else np.inf
        risk[GAP_AHEAD] = min(risk[GAP_AHEAD], gap)
        risk[TTC_AHEAD] = min(risk[TTC_AHEAD], time)
        if wanted.size:
            least = wanted[AHEAD_LEAST] + wanted[AHEAD_HEADWAY] * (speed + PICK_UP)
            if gap < least or time < wanted[AHEAD_TIME]:
                g[TOUCHED, j] = 1
    if rear >= 0 and g[KIND, rear] != OBSTACLE and not g[GHOST, rear]:
        closing = f[SPEED, rear] - speed
        time = max(gap_behind, 0.0) / closing if closing > 0 else np.inf
        asked = np.inf if g[CRASHED, rear] else f[ACCELERATION, rear]
        risk[GAP_BEHIND] = min(risk[GAP_BEHIND], gap_behind)
        risk[TTC_BEHIND] = min(risk[TTC_BEHIND], time)
        risk[FOLLOWER] = min(risk[FOLLOWER], asked)
        if wanted.size:
            tight = gap_behind < wanted[BEHIND_LEAST] or time < wanted[BEHIND_TIME]
            if tight or asked < -wanted[IMPOSED]:
                g[TOUCHED, rear] = 1


@_inlined
def watch_aside(f, g, slots, ego, own, risk, wanted):
    """How close any shape comes, by the separating axes of the ego: along it, or across it."""
    c = own[0, ego]
    s = own[1, ego]
    for j in range(slots):
        dx = f[X, j] - f[X, ego]
        dy = f[Y, j] - f[Y, ego]
        if j == ego or g[GHOST, j] or abs(dx) > LOOK_ASIDE or abs(dy) > LOOK_ASIDE:
            continue
        turned_c = abs(c * own[0, j] + s * own[1, j])
        turned_s = abs(s * own[0, j] - c * own[1, j])
        along = abs(dx * c + dy * s) - f[LENGTH, ego] / 2
        along -= (f[LENGTH, j] * turned_c + f[WIDTH, j] * turned_s) / 2
        across = abs(dy * c - dx * s) - f[WIDTH, ego] / 2
        across -= (f[LENGTH, j] * turned_s + f[WIDTH, j] * turned_c) / 2
        clear = max(along, across)
        risk[CLEARANCE] = min(risk[CLEARANCE], clear)
        if wanted.size and clear < wanted[ASIDE]:
            g[TOUCHED, j] = 1


@_inlined
def watch(net, f, g, slots, ego, own, notes, risk, wanted):
    """Keep the worst of this sub-step, on the lane that the ego is on and the lane that it is changing to."""
    lane = g[LANE, ego]
    target = g[TARGET_LANE, ego]
    watch_lane(net, f, g, slots, ego, notes, lane, own[2, ego], risk, wanted)
    if target != lane and net.facts[target, SEGMENT] == net.facts[lane, SEGMENT]:
        at = local(net, target, f[X, ego], f[Y, ego])[0]
        watch_lane(net, f, g, slots, ego, notes, target, at, risk, wanted)
    watch_aside(f, g, slots, ego, own, risk, wanted)


# --- related worlds ---------------------------------------------------------------------------------------------------


@_inlined
def note(row, noted):
    for i in range(row.size):
        noted[i] = row[i]


@_inlined
def equals(row, noted, same):
    """Note a row of all slots; who differs from what was noted of the world before is not the same."""
    for i in range(row.size):
        same[i] &= row[i] == noted[i]
        noted[i] = row[i]


@_inlined
def begin(f, g, notes, known):
    """Who stands at first as in the world before? Whoever is about to be pushed does not count."""
    same = notes.same
    for i in range(same.size):
        same[i] = known
    for row in range(FLOAT_ROWS):
        if row != FORCED:
            equals(f[row], notes.f[0, row], same)
    for i in range(same.size):
        noted = notes.f[0, FORCED, i]
        same[i] &= (f[FORCED, i] == noted) | ((f[FORCED, i] != f[FORCED, i]) & (noted != noted))
        notes.f[0, FORCED, i] = f[FORCED, i]
    for row in range(INT_ROWS):
        if row != TOUCHED:
            equals(g[row], notes.g[0, row], same)
    for i in range(same.size):
        notes.fixed[i] = same[i]
        same[i] &= g[STRUCK, i] == 0


@_inlined
def keep(f, g, own, notes, t, known):
    """Note how all stand after a sub-step, in what may change and others see. Who stands as in the world before?"""
    same = notes.same
    for i in range(same.size):
        same[i] = known & notes.fixed[i] & (g[STRUCK, i] == 0)
    for row in (X, Y, HEADING, SPEED, TIMER):
        equals(f[row], notes.f[t, row], same)
    for row in (LANE, TARGET_LANE, ROUTE_AT, CRASHED, STRUCK):
        equals(g[row], notes.g[t, row], same)
    for row in (SLIP, ACCELERATION):
        note(f[row], notes.f[t, row])
    for row in range(own.shape[0]):
        note(own[row], notes.own[t, row])


@_inlined
def shun(notes, row, lane, m, step):
    """Who stands beside entry m of a lane's list, and who next to it on one side: all of them, where several are level."""
    last = notes.count[row, lane] - 1
    k = m + step
    while 0 <= k <= last and notes.at[row, lane, k] == notes.at[row, lane, m]:
        notes.shy[notes.slot[row, lane, k]] = True
        k += step
    notes.ends[lane] |= not 0 <= k <= last
    nearest = k
    while 0 <= k <= last and notes.at[row, lane, k] == notes.at[row, lane, nearest]:
        notes.shy[notes.slot[row, lane, k]] = True
        k += step


@_inlined
def intrude(net, f, slots, notes):
    """Next to whom, on any lane that somebody looked at, does one stand who is not as in the world before?"""
    row = notes.now[ROW]
    some = 0
    for i in range(slots):
        notes.shy[i] = False
        if not notes.same[i]:
            notes.odd[some] = i
            some += 1
    notes.now[ODD] = some
    for lane in range(notes.made.shape[1]):
        notes.ends[lane] = False
        if notes.made[row, lane] != notes.now[WORLD] - 1:
            continue
        list_lane(net, f, slots, notes, lane)
        for m in range(notes.count[row, lane]):
            if not notes.same[notes.slot[row, lane, m]]:
                shun(notes, row, lane, m, -1)
                shun(notes, row, lane, m, 1)


@_inlined
def again(g, notes, i):
    """Will car i do what it did in the world before?

    It does where it is the same, and so is whom it looked at, and nobody who is not stands beside those. Where it looked
    and saw nobody, nobody new may be at the end of that lane.
    """
    seen = notes.seen[notes.now[ROW], i]
    if not notes.same[i] or seen[FRONT] == UNKNOWN:
        return False
    for k in range(SEEN):
        j = seen[k]
        if j >= 0 and (notes.shy[j] or not notes.same[j]):
            return False
        if j == NOBODY:
            lane = g[LANE, i] if k < SIDES else g[LANE, i] + (-1 if k < SIDES + 2 else 1)
            if notes.ends[lane]:
                return False
    return True


@_inlined
def recall_row(row, noted, worked):
    for i in range(row.size):
        mine = row[i]
        former = noted[i]
        row[i] = mine if worked[i] else former


@_inlined
def recall(f, g, own, notes, t):
    """Whoever was not worked out stands as in the world before."""
    for row in (X, Y, HEADING, SPEED, SLIP, ACCELERATION, TIMER):
        recall_row(f[row], notes.f[t, row], notes.worked)
    for row in (LANE, TARGET_LANE, ROUTE_AT):
        recall_row(g[row], notes.g[t, row], notes.worked)
    for row in range(own.shape[0]):
        recall_row(own[row], notes.own[t, row], notes.worked)


# --- worlds -----------------------------------------------------------------------------------------------------------


@_inlined
def substep(
    net,
    f,
    g,
    head,
    drivers,
    routes,
    speeds,
    own,
    notes,
    polygons,
    predictions,
    spare_f,
    spare_g,
    action,
    dt,
    risk,
    wanted,
):
    """One sub-step of AbstractEnv._simulate; action -1: none, otherwise the ego's meta-action of this decision."""
    cars = head[CARS]
    slots = head[SLOTS]
    ego = head[EGO]
    t = notes.now[ROW]
    notes.now[SORTED] = 0
    if action >= 0:
        decide(net, f, g, routes, own, speeds, ego, action)
    if notes.now[RELATED] and ego >= 0:  # others reckon with its wish as it is now
        notes.same[ego] &= f[TARGET_SPEED, ego] == notes.aim[t]
        notes.aim[t] = f[TARGET_SPEED, ego]
    if notes.now[KNOWN]:
        intrude(net, f, slots, notes)
    for i in range(cars):
        kind = g[KIND, i]
        notes.worked[i] = True
        if kind in (IDM, LINEAR):
            if notes.now[KNOWN] and again(g, notes, i):
                notes.worked[i] = False
                f[ACCELERATION, i] = notes.asked[t, i]
            else:
                act_idm(net, f, g, cars, slots, ego, drivers, routes, own, notes, i, dt)
        elif kind == META and f[FORCED, i] != f[FORCED, i]:
            s, r = follow_road(net, f, g, routes, own, i)
            steer(net, f, i, g[TARGET_LANE, i], s, r)
            f[ACCELERATION, i] = KP_A * (f[TARGET_SPEED, i] - f[SPEED, i])
    if notes.now[RELATED]:
        note(f[ACCELERATION], notes.asked[t])
    if risk.size and ego >= 0:
        watch(net, f, g, slots, ego, own, notes, risk, wanted)
    if net.regulated:
        head[TICKS] += 1
        if head[TICKS] % int(1 / dt / 2) == 0:
            regulate(net, f, g, cars, drivers, routes, own, predictions, spare_f, spare_g)
    for i in range(cars):
        if notes.worked[i]:
            move(f, g, drivers, own, i, dt)
            lane, own[2, i], own[3, i] = closest_lane(
                net, f[X, i], f[Y, i], f[HEADING, i], g[LANE, i]
            )
            g[LANE, i] = lane
            face(f, own, i)
    if notes.now[KNOWN]:
        recall(f, g, own, notes, t + 1)
    collide_all(f, g, own, polygons, cars, slots, ego, notes, dt)
    if notes.now[RELATED]:
        keep(f, g, own, notes, t + 1, notes.now[KNOWN] != 0)
    head[SUBSTEPS] += 1
    if ego >= 0 and g[CRASHED, ego] and head[CRASH_STEP] < 0:
        head[CRASH_STEP] = head[SUBSTEPS]


@njit(cache=True, nogil=True, error_model="numpy")
def advance(
    net,
    fs,
    gs,
    heads,
    drivers,
    routes,
    speeds,
    codes,
    controls,
    substeps,
    dt,
    stop,
    tracks,
    egos,
    risks,
    wanted,
    related,
):
    """Drive every world through its decisions, in place.

    codes int32 [W, D]: meta-actions, NONE, or STILL at the first; controls float64 [W, D, 2]: acceleration [m/s2] and steering [rad] of a PLAIN
    or BICYCLE ego, NaN: keep. stop: a world ends with its ego's crash (what follows is recorded as standing still).
    tracks [W or 0, D * substeps, N, 4] and egos [W or 0, D * substeps, 5]: x, y, heading, speed (and acceleration of the ego).
    risks [W or 0, D, RISKS]: the worst of each decision, kept where it is worse than what the array holds.
    wanted [WANTED or 0]: who falls short of these margins, while risks are kept, is TOUCHED.
    related: most cars of a world stand as in the world before it. It changes nothing but the time, and is left out where it
    would not pay: among a few cars, and where right of way is regulated.
    """
    worlds, _, n = fs.shape
    lanes = net.facts.shape[0]
    own = np.zeros((4, n))
    related = related and not net.regulated and n > FEW
    rows = codes.shape[1] * substeps if related else 1
    noted = rows if related else 0
    notes = Notes(
        np.zeros(6, np.int32),
        np.empty(n, np.int32),
        np.empty((rows, lanes), np.int32),
        np.empty((rows, lanes, n), np.int32),
        np.empty((rows, lanes, n)),
        np.empty((rows, lanes, n), np.int32),
        np.full((rows, lanes), -1, np.int32),
        np.empty((noted + 1, FLOAT_ROWS, n)),
        np.empty((noted + 1, INT_ROWS, n), np.int32),
        np.empty((noted + 1, 4, n)),
        np.empty((noted, n)),
        np.full((noted, n, SEEN), UNKNOWN, np.int32),
        np.empty(noted),
        np.zeros(n, np.bool_),
        np.zeros(n, np.bool_),
        np.zeros(n, np.bool_),
        np.ones(n, np.bool_),
        np.zeros(n, np.bool_),
        np.empty(n, np.int32),
        np.zeros(lanes, np.bool_),
    )
    notes.now[RELATED] = related
    before = -1  # the last world that was driven, and for how many sub-steps
    known = 0
    polygons = np.empty((2, 4, 2))
    predictions = np.empty((n if net.regulated else 1, PREDICTIONS, 3))
    spare_f = np.empty((FLOAT_ROWS + 2, 1))
    spare_g = np.empty((INT_ROWS, 1), np.int32)
    risk = np.empty(0)
    decisions = codes.shape[1]
    for w in range(worlds):
        f = fs[w]
        g = gs[w]
        head = heads[w]
        ego = head[EGO]
        if decisions > 0 and codes[w, 0] == STILL:
            continue
        done = stop and ego >= 0 and g[CRASHED, ego]
        driven = 0
        if not done:
            for i in range(head[SLOTS]):
                notes.order[i] = i
                own[2, i], own[3, i] = local(net, g[LANE, i], f[X, i], f[Y, i])
                face(f, own, i)
            if related:
                alike = before >= 0
                for k in (CARS, SLOTS, EGO):
                    alike = alike and heads[before, k] == head[k]
                known = known if alike else 0
                begin(f, g, notes, alike)
                notes.now[WORLD] += 1
        for d in range(decisions):
            code = codes[w, d]
            if ego >= 0 and (g[KIND, ego] == PLAIN or g[KIND, ego] == BICYCLE):
                code = -1
                if controls[w, d, 0] == controls[w, d, 0]:
                    command(f, g, ego, controls[w, d, 0], controls[w, d, 1])
            if risks.shape[0]:
                risk = risks[w, d]
            for k in range(substeps):
                if stop and ego >= 0 and g[CRASHED, ego]:
                    done = True
                if not done:
                    action = code if k == 0 else -1
                    if related:
                        notes.now[ROW] = driven
                        notes.now[KNOWN] = driven < known
                    else:
                        notes.now[WORLD] += 1
                    driven += 1
                    substep(
                        net,
                        f,
                        g,
                        head,
                        drivers,
                        routes,
                        speeds,
                        own,
                        notes,
                        polygons,
                        predictions,
                        spare_f,
                        spare_g,
                        action,
                        dt,
                        risk,
                        wanted,
                    )
                t = d * substeps + k
                if tracks.shape[0]:
                    for i in range(head[SLOTS]):
                        tracks[w, t, i, 0] = f[X, i]
                        tracks[w, t, i, 1] = f[Y, i]
                        tracks[w, t, i, 2] = f[HEADING, i]
                        tracks[w, t, i, 3] = f[SPEED, i]
                if egos.shape[0] and ego >= 0:
                    egos[w, t, 0] = f[X, ego]
                    egos[w, t, 1] = f[Y, ego]
                    egos[w, t, 2] = f[HEADING, ego]
                    egos[w, t, 3] = f[SPEED, ego]
                    egos[w, t, 4] = f[ACCELERATION, ego]
        if driven:
            before = w
            known = driven


@njit(cache=True, nogil=True, error_model="numpy")
def legal(net, fs, gs, heads, speeds, longitudinal, lateral):
    """DiscreteMetaAction.get_available_actions of each world's ego: bool [W, 5] by code."""
    worlds = fs.shape[0]
    out = np.zeros((worlds, 5), np.bool_)
    for w in range(worlds):
        ego = heads[w, EGO]
        out[w, IDLE] = True
        if ego < 0 or gs[w, KIND, ego] != META:
            continue
        lane = gs[w, LANE, ego]
        first = net.facts[lane, SIDE_FIRST]
        if lateral and lane > first:
            out[w, LANE_LEFT] = reachable(net, lane - 1, fs[w, X, ego], fs[w, Y, ego])
        if lateral and lane + 1 < first + net.facts[lane, SIDE_COUNT]:
            out[w, LANE_RIGHT] = reachable(net, lane + 1, fs[w, X, ego], fs[w, Y, ego])
        if longitudinal:
            out[w, FASTER] = gs[w, SPEED_INDEX, ego] < speeds.size - 1
            out[w, SLOWER] = gs[w, SPEED_INDEX, ego] > 0
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def locate_lanes(net, xs, ys, headings):
    """Closest lane of each point (RoadNetwork.get_closest_lane_index), int32 [n]."""
    out = np.empty(xs.size, np.int32)
    for i in range(xs.size):
        out[i] = closest_lane(net, xs[i], ys[i], headings[i], 0)[0]
    return out
