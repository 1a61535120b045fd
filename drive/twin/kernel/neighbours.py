"""Neighbours: the cars in front of and behind a car on a lane (highway-env's Road.neighbour_vehicles).

The cars of a lane are listed in order once a sub-step; each question is then a search in that list.
"""

from __future__ import annotations

import numpy as np

from drive.twin.kernel.compiling import compiled, inlined
from drive.twin.kernel.lanes import on_lane
from drive.twin.kernel.rows import GHOST, JOIN_FROM, JOIN_TO, X, Y
from drive.twin.kernel.workspace import ROW, SORTED, WORLD


@inlined
def stands(net, lane, px, py):
    """Is a point on a lane: 1, where connected on its next or previous ones: 2, neither: 0; and where [m]."""
    on, s = on_lane(net, lane, px, py, 1.0)
    if on:
        return 1, s
    if net.connected:
        for j in range(net.facts[lane, JOIN_FROM], net.facts[lane, JOIN_TO]):
            on, s = on_lane(net, np.int64(net.joined[j]), px, py, 1.0)
            if on:
                return 2, s + net.offsets[j]
    return 0, 0.0


@inlined
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


@inlined
def insert(net, f, slot, at, place, n, i, lane):
    """Put car i into a lane's list of n, where it stands on the lane; returns how many the list then has."""
    place[i] = -1
    on, s = stands(net, lane, f[X, i], f[Y, i])
    if not on:
        return n
    m = n
    while m > 0 and (at[m - 1] > s or (at[m - 1] == s and slot[m - 1] > i)):
        at[m] = at[m - 1]
        slot[m] = slot[m - 1]
        m -= 1
    at[m] = s
    slot[m] = i
    if on == 1:
        place[i] = 0
    return n + 1


@inlined
def close_list(notes, row, lane, n):
    """A lane's list of n is complete: note each car's place in it."""
    place = notes.place[row, lane]
    slot = notes.slot[row, lane]
    for m in range(n):
        if place[slot[m]] == 0:
            place[slot[m]] = m
    notes.count[row, lane] = n
    notes.listed[row, lane] = notes.now[WORLD]


@compiled
def list_lane(net, f, slots, notes, lane):
    """Sort by (longitudinal, slot) what stands on a lane and, where connected, on its next and previous ones."""
    row = notes.now[ROW]
    sort_along(f, slots, notes)
    n = np.int64(0)
    for k in range(slots):
        n = insert(
            net,
            f,
            notes.slot[row, lane],
            notes.at[row, lane],
            notes.place[row, lane],
            n,
            np.int64(notes.order[k]),
            lane,
        )
    close_list(notes, row, lane, n)


@inlined
def beside(net, f, g, slots, ego, notes, i, lane, s):
    """Slots of the cars in front of and behind car i on a lane, where its longitudinal coordinate is s, and theirs.

    Slot -1: none.
    Among equals the last is in front and the first behind, as in highway-env's scan.
    """
    row = notes.now[ROW]
    if notes.listed[row, lane] != notes.now[WORLD]:
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


@compiled
def neighbours(net, f, g, slots, ego, notes, i, lane, s):
    front, rear, _, _ = beside(net, f, g, slots, ego, notes, i, lane, s)
    return front, rear
