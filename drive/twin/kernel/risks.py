"""What threatens the ego: gaps, times to collision and clearances, the worst of each decision."""

from __future__ import annotations

import numpy as np

from drive.twin.kernel.compiling import inlined
from drive.twin.kernel.lanes import local
from drive.twin.kernel.neighbours import beside
from drive.twin.kernel.rows import (
    ACCELERATION,
    AHEAD_HEADWAY,
    AHEAD_LEAST,
    AHEAD_TIME,
    ASIDE,
    BEHIND_LEAST,
    BEHIND_TIME,
    CLEARANCE,
    CRASHED,
    FOLLOWER,
    GAP_AHEAD,
    GAP_BEHIND,
    GHOST,
    IMPOSED,
    KIND,
    LANE,
    LENGTH,
    LOOK_AHEAD,
    LOOK_ASIDE,
    OBSTACLE,
    PICK_UP,
    RISKS,
    SEGMENT,
    SPEED,
    TARGET_LANE,
    TOUCHED,
    TTC_AHEAD,
    TTC_BEHIND,
    WIDTH,
    X,
    Y,
)
from drive.twin.kernel.workspace import ROW


@inlined
def keep(risk, column, value, slot):
    """Keep a value that is worse than what the row holds, and the slot that it comes from."""
    if value < risk[column]:
        risk[column] = value
        risk[column + RISKS] = slot


@inlined
def watch_lane(net, f, g, slots, ego, notes, lane, s, risk, wanted):
    """Gaps and times along one lane. All cars ahead count, so that hiding one uncovers no other; behind, only the next car does."""
    beside(net, f, g, slots, ego, notes, ego, lane, s)
    speed = f[SPEED, ego]
    rear = -1
    row = notes.now[ROW]
    for n in range(notes.count[row, lane]):
        j = np.int64(notes.slot[row, lane, n])
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
        keep(risk, GAP_AHEAD, gap, j)
        keep(risk, TTC_AHEAD, time, j)
        if wanted.size:
            least = wanted[AHEAD_LEAST] + wanted[AHEAD_HEADWAY] * (speed + PICK_UP)
            if gap < least or time < wanted[AHEAD_TIME]:
                g[TOUCHED, j] = 1
    if rear >= 0 and g[KIND, rear] != OBSTACLE and not g[GHOST, rear]:
        closing = f[SPEED, rear] - speed
        time = max(gap_behind, 0.0) / closing if closing > 0 else np.inf
        asked = np.inf if g[CRASHED, rear] else f[ACCELERATION, rear]
        keep(risk, GAP_BEHIND, gap_behind, rear)
        keep(risk, TTC_BEHIND, time, rear)
        keep(risk, FOLLOWER, asked, rear)
        if wanted.size:
            tight = gap_behind < wanted[BEHIND_LEAST] or time < wanted[BEHIND_TIME]
            if tight or asked < -wanted[IMPOSED]:
                g[TOUCHED, rear] = 1


@inlined
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
        keep(risk, CLEARANCE, clear, j)
        if wanted.size and clear < wanted[ASIDE]:
            g[TOUCHED, j] = 1


@inlined
def watch(net, f, g, slots, ego, own, notes, risk, wanted):
    """Keep the worst of this sub-step, on the lane that the ego is on and the lane that it is changing to."""
    lane = np.int64(g[LANE, ego])
    target = np.int64(g[TARGET_LANE, ego])
    watch_lane(net, f, g, slots, ego, notes, lane, own[2, ego], risk, wanted)
    if target != lane and net.facts[target, SEGMENT] == net.facts[lane, SEGMENT]:
        at = local(net, target, f[X, ego], f[Y, ego])[0]
        watch_lane(net, f, g, slots, ego, notes, target, at, risk, wanted)
    watch_aside(f, g, slots, ego, own, risk, wanted)
