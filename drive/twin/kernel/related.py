"""Related worlds: what a car does is taken over from the world that was driven before, where it cannot differ.

Where one situation branches, by what the ego does, most cars stand in one world exactly as they stood at the same sub-step
of the world before it. A car is *unchanged* where all that others see of it, and all that it decides by, is the same. A car
*repeats* what it did where it is unchanged, the cars that it looked at are unchanged, and no changed car stands next to those
(such a car might be the one to look at now). Its motion is then copied from the world before, and the result is the same to
the last digit. All other cars are worked out as ever. `workspace` says what is noted of the world before.
"""

from __future__ import annotations

import numpy as np

from drive.twin.kernel.compiling import compiled, inlined, spread
from drive.twin.kernel.neighbours import close_list, insert
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
    TARGET_SPEED,
    TIMER,
    TOUCHED,
    X,
    Y,
)
from drive.twin.kernel.workspace import (
    CHANGED,
    COMPARABLE,
    FRONT,
    NOBODY,
    REAR,
    RELATED,
    ROW,
    SEEN,
    SIDES,
    UNASKED,
    UNKNOWN,
    WORLD,
)

# --- what is noted while a world is driven


@spread
def look_anew(notes, i):
    """Car i decides now; so far it has looked at no car."""
    if notes.now[RELATED]:
        notes.looked_at[notes.now[ROW], i, FRONT] = UNKNOWN
        for k in range(REAR, SEEN):
            notes.looked_at[notes.now[ROW], i, k] = UNASKED


@spread
def look_at(notes, i, where, other):
    """Car i looked at the car in this place (FRONT, REAR, SIDES and on); other: its slot, or NOBODY."""
    if notes.now[RELATED]:
        notes.looked_at[notes.now[ROW], i, where] = other


@inlined
def never_repeat(notes, i):
    """What happens to car i in this sub-step, a collision, is worked out in every world."""
    look_at(notes, i, FRONT, UNKNOWN)


@inlined
def copy_row(row, noted):
    for i in range(row.size):
        noted[i] = row[i]


@inlined
def copy_and_compare(row, noted, unchanged):
    """Note one row of all slots; a car that differs from what was noted there is not unchanged."""
    for i in range(row.size):
        unchanged[i] &= row[i] == noted[i]
        noted[i] = row[i]


@inlined
def compare_starts(f, g, notes, alike):
    """Note how all cars stand at first, and find the unchanged ones. A car that is about to be pushed counts as changed.

    alike: there was a world before, with as many cars and the same ego.
    """
    unchanged = notes.unchanged
    for i in range(unchanged.size):
        unchanged[i] = alike
    for row in range(FLOAT_ROWS):
        if row != FORCED:
            copy_and_compare(f[row], notes.was_f[0, row], unchanged)
    for i in range(unchanged.size):
        noted = notes.was_f[0, FORCED, i]
        forced = f[FORCED, i]
        unchanged[i] &= (forced == noted) | ((forced != forced) & (noted != noted))
        notes.was_f[0, FORCED, i] = forced
    for row in range(INT_ROWS):
        if row != TOUCHED:
            copy_and_compare(g[row], notes.was_g[0, row], unchanged)
    for i in range(unchanged.size):
        notes.settled[i] = unchanged[i]
        unchanged[i] &= g[STRUCK, i] == 0


@inlined
def compare_ends(f, g, own, notes, t, comparable):
    """Note how all cars stand after a sub-step, in the rows that may change and that others see; find the unchanged ones."""
    unchanged = notes.unchanged
    for i in range(unchanged.size):
        unchanged[i] = comparable & notes.settled[i] & (g[STRUCK, i] == 0)
    for row in (X, Y, HEADING, SPEED, TIMER):
        copy_and_compare(f[row], notes.was_f[t, row], unchanged)
    for row in (LANE, TARGET_LANE, ROUTE_AT, CRASHED, STRUCK):
        copy_and_compare(g[row], notes.was_g[t, row], unchanged)
    for row in (SLIP, ACCELERATION):
        copy_row(f[row], notes.was_f[t, row])
    for row in range(own.shape[0]):
        copy_row(own[row], notes.was_own[t, row])


@inlined
def compare_wish(f, notes, ego):
    """Others reckon with the target speed of the ego: where that has changed, so has the ego."""
    if notes.now[RELATED] and ego >= 0:
        t = notes.now[ROW]
        notes.unchanged[ego] &= f[TARGET_SPEED, ego] == notes.ego_wish[t]
        notes.ego_wish[t] = f[TARGET_SPEED, ego]


# --- which cars repeat what they did


@compiled
def list_changed(net, f, notes, lane):
    """Bring a lane's list of the world before up to date: only the changed cars are looked at."""
    row = notes.now[ROW]
    place = notes.place[row, lane]
    slot = notes.slot[row, lane]
    at = notes.at[row, lane]
    n = np.int64(0)
    for m in range(notes.count[row, lane]):
        i = slot[m]
        if notes.unchanged[i]:
            at[n] = at[m]
            slot[n] = i
            n += 1
            if place[i] >= 0:
                place[i] = 0
    for k in range(notes.now[CHANGED]):
        n = insert(net, f, slot, at, place, n, np.int64(notes.changed[k]), lane)
    close_list(notes, row, lane, n)


@inlined
def disturb_neighbours(notes, row, lane, m, step):
    """Mark the cars next to entry m of a lane's list, on one side: all of them, where several are level with it or each other."""
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
    """Mark every car that stands next to a changed car, on any lane that some car looked at in the world before."""
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
        list_changed(net, f, notes, lane)
        for m in range(notes.count[row, lane]):
            if not notes.unchanged[notes.slot[row, lane, m]]:
                for step in (-1, 1):
                    disturb_neighbours(notes, row, lane, m, step)


@inlined
def repeats(g, notes, i):
    """Does car i do what it did in the world before?

    Where it looked along a lane and saw no car, no changed car may be the first or the last on that lane.
    """
    seen = notes.looked_at[notes.now[ROW], i]
    if not notes.now[COMPARABLE] or not notes.unchanged[i] or seen[FRONT] == UNKNOWN:
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
def recall_row(row, noted, computed):
    for i in range(row.size):
        mine = row[i]
        former = noted[i]
        row[i] = mine if computed[i] else former


@inlined
def recall(f, g, own, notes, t):
    """A car that was not worked out stands where it stood in the world before."""
    for row in (X, Y, HEADING, SPEED, SLIP, ACCELERATION, TIMER):
        recall_row(f[row], notes.was_f[t, row], notes.computed)
    for row in (LANE, TARGET_LANE, ROUTE_AT):
        recall_row(g[row], notes.was_g[t, row], notes.computed)
    for row in range(own.shape[0]):
        recall_row(own[row], notes.was_own[t, row], notes.computed)
