"""Drives worlds: one sub-step of all that happens in one, and all sub-steps of many."""

from __future__ import annotations

import numpy as np

from drive.twin.kernel.collisions import collide_all
from drive.twin.kernel.compiling import cached, inlined, spread
from drive.twin.kernel.driving import act_idm, command, decide
from drive.twin.kernel.lanes import closest_lane, local, reachable
from drive.twin.kernel.motion import face, move
from drive.twin.kernel.related import (
    compare_ends,
    compare_starts,
    compare_wish,
    copy_row,
    find_disturbed,
    recall,
    repeats,
)
from drive.twin.kernel.right_of_way import regulate
from drive.twin.kernel.risks import watch
from drive.twin.kernel.routes import follow_road
from drive.twin.kernel.rows import (
    ACCELERATION,
    BICYCLE,
    CARS,
    CRASH_STEP,
    CRASHED,
    EGO,
    FASTER,
    FORCED,
    HEADING,
    IDLE,
    IDM,
    KIND,
    KP_A,
    LANE,
    LANE_LEFT,
    LANE_RIGHT,
    LINEAR,
    META,
    NONE,
    PLAIN,
    SIDE_COUNT,
    SIDE_FIRST,
    SLOTS,
    SLOWER,
    SPEED,
    SPEED_INDEX,
    STILL,
    SUBSTEPS,
    TARGET_LANE,
    TARGET_SPEED,
    TICKS,
    X,
    Y,
)
from drive.twin.kernel.steering import steer
from drive.twin.kernel.workspace import COMPARABLE, FRONT, RELATED, ROW, SORTED, UNKNOWN, WORLD


@spread
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
    cars = np.int64(head[CARS])
    slots = np.int64(head[SLOTS])
    ego = np.int64(head[EGO])
    t = notes.now[ROW]
    notes.now[SORTED] = 0
    if action >= 0:
        decide(net, f, g, routes, own, speeds, ego, action)
    compare_wish(f, notes, ego)
    if notes.now[COMPARABLE]:
        find_disturbed(net, f, slots, notes)
    for i in range(cars):
        kind = g[KIND, i]
        notes.computed[i] = True
        if kind in (IDM, LINEAR):
            if repeats(g, notes, i):
                notes.computed[i] = False
                f[ACCELERATION, i] = notes.chosen[t, i]
            else:
                act_idm(net, f, g, cars, slots, ego, drivers, routes, own, notes, i, dt)
        elif kind == META and f[FORCED, i] != f[FORCED, i]:
            s, r = follow_road(net, f, g, routes, own, i)
            steer(net, f, i, np.int64(g[TARGET_LANE, i]), s, r)
            f[ACCELERATION, i] = KP_A * (f[TARGET_SPEED, i] - f[SPEED, i])
    if notes.now[RELATED]:
        copy_row(f[ACCELERATION], notes.chosen[t])
    if risk.size and ego >= 0:
        watch(net, f, g, slots, ego, own, notes, risk, wanted)
    if net.regulated:
        head[TICKS] += 1
        if head[TICKS] % int(1 / dt / 2) == 0:
            regulate(net, f, g, cars, drivers, routes, own, predictions, spare_f, spare_g)
    for i in range(cars):
        if notes.computed[i]:
            move(f, g, drivers, own, i, dt)
            lane, own[2, i], own[3, i] = closest_lane(
                net, f[X, i], f[Y, i], f[HEADING, i], np.int64(g[LANE, i])
            )
            g[LANE, i] = lane
            face(f, own, i)
    if notes.now[COMPARABLE]:
        recall(f, g, own, notes, t + 1)
    collide_all(f, g, own, polygons, cars, slots, ego, notes, dt)
    if notes.now[RELATED]:
        compare_ends(f, g, own, notes, t + 1, notes.now[COMPARABLE] != 0)
    head[SUBSTEPS] += 1
    if ego >= 0 and g[CRASHED, ego] and head[CRASH_STEP] < 0:
        head[CRASH_STEP] = head[SUBSTEPS]


@inlined
def prepare(notes, related):
    """A workspace as it has to be at the beginning of a call."""
    for k in range(notes.now.size):
        notes.now[k] = 0
    notes.now[RELATED] = related
    for row in range(notes.listed.shape[0]):
        for lane in range(notes.listed.shape[1]):
            notes.listed[row, lane] = -1
    for row in range(notes.looked_at.shape[0]):
        for i in range(notes.looked_at.shape[1]):
            notes.looked_at[row, i, FRONT] = UNKNOWN
    for i in range(notes.computed.size):
        notes.computed[i] = True


@cached
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
    work,
):
    """Drive every world through its decisions, in place.

    codes int32 [W, D]: meta-actions, NONE, or STILL at the first; controls float64 [W, D, 2]: acceleration [m/s2] and
    steering [rad] of a PLAIN or BICYCLE ego, NaN: keep. stop: a world ends with its ego's crash (what follows is recorded
    as standing still). tracks [W or 0, D * substeps, N, 4] and egos [W or 0, D * substeps, 5]: x, y, heading, speed (and
    acceleration of the ego). risks [W or 0, D, PARTNERS]: the worst of each decision, kept where it is worse than what the
    array holds, and the slots that it comes from. wanted [WANTED or 0]: a car that falls short of these margins, while risks are kept, is TOUCHED.
    related: most cars of a world stand as in the world before it, which changes nothing but the time. work: a `workspace`
    that was made for the same worlds, road, sub-steps and `related`.
    """
    own = work.own
    notes = work.notes
    prepare(notes, related)
    before = -1  # the last world that was driven,
    reached = 0  # and for how many sub-steps
    risk = wanted[:0]
    decisions = codes.shape[1]
    for w in range(fs.shape[0]):
        f = fs[w]
        g = gs[w]
        head = heads[w]
        slots = np.int64(head[SLOTS])
        ego = np.int64(head[EGO])
        if decisions > 0 and codes[w, 0] == STILL:
            continue
        done = stop and ego >= 0 and g[CRASHED, ego]
        driven = 0
        if not done:
            for i in range(slots):
                notes.order[i] = i
                own[2, i], own[3, i] = local(net, np.int64(g[LANE, i]), f[X, i], f[Y, i])
                face(f, own, i)
            if related:
                alike = before >= 0
                for k in (CARS, SLOTS, EGO):
                    alike = alike and heads[before, k] == head[k]
                reached = reached if alike else 0
                compare_starts(f, g, notes, alike)
                notes.now[WORLD] += 1
        for d in range(decisions):
            code = np.int64(codes[w, d])
            if ego >= 0 and (g[KIND, ego] == PLAIN or g[KIND, ego] == BICYCLE):
                code = NONE
                if controls[w, d, 0] == controls[w, d, 0]:
                    command(f, g, ego, controls[w, d, 0], controls[w, d, 1])
            if risks.shape[0]:
                risk = risks[w, d]
            for k in range(substeps):
                if stop and ego >= 0 and g[CRASHED, ego]:
                    done = True
                if not done:
                    action = code if k == 0 else NONE
                    if related:
                        notes.now[ROW] = driven
                        notes.now[COMPARABLE] = driven < reached
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
                        work.polygons,
                        work.predictions,
                        work.spare_f,
                        work.spare_g,
                        action,
                        dt,
                        risk,
                        wanted,
                    )
                t = d * substeps + k
                if tracks.shape[0]:
                    for i in range(slots):
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
            reached = driven


@cached
def legal(net, fs, gs, heads, speeds, longitudinal, lateral, out):
    """DiscreteMetaAction.get_available_actions of each world's ego, into out: bool [W, 5] by code, False before."""
    for w in range(fs.shape[0]):
        ego = np.int64(heads[w, EGO])
        out[w, IDLE] = True
        if ego < 0 or gs[w, KIND, ego] != META:
            continue
        lane = np.int64(gs[w, LANE, ego])
        first = net.facts[lane, SIDE_FIRST]
        if lateral and lane > first:
            out[w, LANE_LEFT] = reachable(net, lane - 1, fs[w, X, ego], fs[w, Y, ego])
        if lateral and lane + 1 < first + net.facts[lane, SIDE_COUNT]:
            out[w, LANE_RIGHT] = reachable(net, lane + 1, fs[w, X, ego], fs[w, Y, ego])
        if longitudinal:
            out[w, FASTER] = gs[w, SPEED_INDEX, ego] < speeds.size - 1
            out[w, SLOWER] = gs[w, SPEED_INDEX, ego] > 0
