"""TODO"""

from __future__ import annotations

from drive.twin.kernel.compiling import inlined
from drive.twin.kernel.neighbours import list_lane
from drive.twin.kernel.rows import (
    ACCELERATION,
    CRASHED,
    FLOAT_ROWS,
    FORCED,
    HEADING,
    INT_ROWS,
    LANE,
    ROUTE_AT,
    SLIP,
    SPEED,
    STRUCK,
    TARGET_LANE,
    TIMER,
    TOUCHED,
    X,
    Y,
)
from drive.twin.kernel.workspace import CHANGED, FRONT, NOBODY, ROW, SEEN, SIDES, UNKNOWN, WORLD


@inlined
def copy_row(row, noted):
    for i in range(row.size):
        noted[i] = row[i]


@inlined
def copy_and_compare(row, noted, same):
    """Note a row of all slots; who differs from what was noted of the world before is not the same."""
    for i in range(row.size):
        same[i] &= row[i] == noted[i]
        noted[i] = row[i]


@inlined
def compare_starts(f, g, notes, known):
    """Who stands at first as in the world before? Whoever is about to be pushed does not count."""
    same = notes.unchanged
    for i in range(same.size):
        same[i] = known
    for row in range(FLOAT_ROWS):
        if row != FORCED:
            copy_and_compare(f[row], notes.was_f[0, row], same)
    for i in range(same.size):
        noted = notes.was_f[0, FORCED, i]
        same[i] &= (f[FORCED, i] == noted) | ((f[FORCED, i] != f[FORCED, i]) & (noted != noted))
        notes.was_f[0, FORCED, i] = f[FORCED, i]
    for row in range(INT_ROWS):
        if row != TOUCHED:
            copy_and_compare(g[row], notes.was_g[0, row], same)
    for i in range(same.size):
        notes.settled[i] = same[i]
        same[i] &= g[STRUCK, i] == 0


@inlined
def compare_ends(f, g, own, notes, t, known):
    """Note how all stand after a sub-step, in what may change and others see. Who stands as in the world before?"""
    same = notes.unchanged
    for i in range(same.size):
        same[i] = known & notes.settled[i] & (g[STRUCK, i] == 0)
    for row in (X, Y, HEADING, SPEED, TIMER):
        copy_and_compare(f[row], notes.was_f[t, row], same)
    for row in (LANE, TARGET_LANE, ROUTE_AT, CRASHED, STRUCK):
        copy_and_compare(g[row], notes.was_g[t, row], same)
    for row in (SLIP, ACCELERATION):
        copy_row(f[row], notes.was_f[t, row])
    for row in range(own.shape[0]):
        copy_row(own[row], notes.was_own[t, row])


@inlined
def disturb_neighbours(notes, row, lane, m, step):
    """Who stands beside entry m of a lane's list, and who next to it on one side: all of them, where several are level."""
    last = notes.count[row, lane] - 1
    k = m + step
    while 0 <= k <= last and notes.at[row, lane, k] == notes.at[row, lane, m]:
        notes.disturbed[notes.slot[row, lane, k]] = True
        k += step
    notes.open_end[lane] |= not 0 <= k <= last
    nearest = k
    while 0 <= k <= last and notes.at[row, lane, k] == notes.at[row, lane, nearest]:
        notes.disturbed[notes.slot[row, lane, k]] = True
        k += step


@inlined
def find_disturbed(net, f, slots, notes):
    """Next to whom, on any lane that somebody looked at, does one stand who is not as in the world before?"""
    row = notes.now[ROW]
    some = 0
    for i in range(slots):
        notes.disturbed[i] = False
        if not notes.unchanged[i]:
            notes.changed[some] = i
            some += 1
    notes.now[CHANGED] = some
    for lane in range(notes.listed.shape[1]):
        notes.open_end[lane] = False
        if notes.listed[row, lane] != notes.now[WORLD] - 1:
            continue
        list_lane(net, f, slots, notes, lane)
        for m in range(notes.count[row, lane]):
            if not notes.unchanged[notes.slot[row, lane, m]]:
                disturb_neighbours(notes, row, lane, m, -1)
                disturb_neighbours(notes, row, lane, m, 1)


@inlined
def repeats(g, notes, i):
    """Will car i do what it did in the world before?

    It does where it is the same, and so is whom it looked at, and nobody who is not stands beside those. Where it looked
    and saw nobody, nobody new may be at the end of that lane.
    """
    seen = notes.looked_at[notes.now[ROW], i]
    if not notes.unchanged[i] or seen[FRONT] == UNKNOWN:
        return False
    for k in range(SEEN):
        j = seen[k]
        if j >= 0 and (notes.disturbed[j] or not notes.unchanged[j]):
            return False
        if j == NOBODY:
            lane = g[LANE, i] if k < SIDES else g[LANE, i] + (-1 if k < SIDES + 2 else 1)
            if notes.open_end[lane]:
                return False
    return True


@inlined
def recall_row(row, noted, worked):
    for i in range(row.size):
        mine = row[i]
        former = noted[i]
        row[i] = mine if worked[i] else former


@inlined
def recall(f, g, own, notes, t):
    """Whoever was not worked out stands as in the world before."""
    for row in (X, Y, HEADING, SPEED, SLIP, ACCELERATION, TIMER):
        recall_row(f[row], notes.was_f[t, row], notes.computed)
    for row in (LANE, TARGET_LANE, ROUTE_AT):
        recall_row(g[row], notes.was_g[t, row], notes.computed)
    for row in range(own.shape[0]):
        recall_row(own[row], notes.was_own[t, row], notes.computed)
