"""The kernel's workspace: arrays that a drive writes to and that are of no use afterwards.

They are made in Python, because array memory that is managed inside compiled code costs a fifth of the time to compile, and
kept from one call to the next of the same thread, because making them costs more than to drive a small world.
"""

from __future__ import annotations

import threading
from collections import namedtuple

import numpy as np

from drive.twin.kernel.rows import FLOAT_ROWS, INT_ROWS, PREDICTIONS

# T: this sub-step alone (1), or all sub-steps of a call where worlds are related. L: lanes. N: slots.
#
# The cars of each lane, in order, listed where some car looks at the lane:
#   now [6]            where the drive is, see below
#   order [N]          slots along x
#   count [T, L]       how many stand on the lane
#   slot, at [T, L, N] the slots, and where along the lane [m], in order
#   place [T, L, N]    by slot: which entry of that list it is, -1: none
#   listed [T, L]      for which world the lane was listed last
# Only where worlds are related, of the world that was driven before this one (see `related`):
#   was_f, was_g [T + 1, rows, N]; was_own [T + 1, 4, N]     its state after each sub-step
#   chosen [T, N]           the acceleration that each driver chose [m/s2]
#   looked_at [T, N, SEEN]  the slots that each driver looked at
#   ego_wish [T]            the ego's target speed [m/s]
# and of each slot now:
#   unchanged [N]  it stands as it did in that world
#   settled [N]    it does in the rows that never change while driving
#   disturbed [N]  a car that has changed stands next to it
#   computed [N]   it is worked out in this sub-step, not recalled
#   near [N]       something is close enough to hit
#   changed [N]    the slots that are not unchanged, CHANGED of them
#   open_end [L]   a changed car is the first or the last on the lane
Notes = namedtuple(
    "Notes",
    "now order count slot at place listed was_f was_g was_own chosen looked_at ego_wish "
    "unchanged settled disturbed computed near changed open_end",
)

# entries of now
ROW = 0  # sub-step of the call, 0 where worlds are not related
WORLD = 1  # counts the worlds of a call; the sub-steps where worlds are not related
RELATED = 2  # are worlds related?
COMPARABLE = 3  # was the world before driven as far as this?
SORTED = 4  # is `order` that of this sub-step?
CHANGED = 5  # how many slots are changed

# columns of looked_at
FRONT = 0  # on its lane: the car in front
REAR = 1  # and the car behind
SIDES = 2  # the same two to the left, then to the right
SEEN = 6
NOBODY = -1  # it looked and saw no car
UNKNOWN = -2  # it looked further than is noted here
UNASKED = -3  # it did not look

# own [4, N]: cosine and sine of each heading, (longitudinal, lateral) in the own lane [m]
Workspace = namedtuple("Workspace", "own notes polygons predictions spare_f spare_g")

_kept = threading.local()


def workspace(slots: int, lanes: int, substeps: int, related: bool, regulated: bool) -> Workspace:
    """Arrays for worlds of `slots` slots on a road of `lanes` lanes; the last ones of this thread where they fit.

    substeps: of the whole call; they only matter where worlds are related.
    """
    rows = substeps if related else 1
    asked = slots, lanes, rows, related, regulated
    if getattr(_kept, "asked", None) != asked:
        _kept.workspace = _made(slots, lanes, rows, rows if related else 0, regulated)
        _kept.asked = asked
    return _kept.workspace


def _made(slots: int, lanes: int, rows: int, noted: int, regulated: bool) -> Workspace:
    notes = Notes(
        now=np.zeros(6, np.int32),
        order=np.empty(slots, np.int32),
        count=np.empty((rows, lanes), np.int32),
        slot=np.empty((rows, lanes, slots), np.int32),
        at=np.empty((rows, lanes, slots)),
        place=np.empty((rows, lanes, slots), np.int32),
        listed=np.empty((rows, lanes), np.int32),
        was_f=np.empty((noted + 1, FLOAT_ROWS, slots)),
        was_g=np.empty((noted + 1, INT_ROWS, slots), np.int32),
        was_own=np.empty((noted + 1, 4, slots)),
        chosen=np.empty((noted, slots)),
        looked_at=np.empty((noted, slots, SEEN), np.int32),
        ego_wish=np.empty(noted),
        unchanged=np.zeros(slots, np.bool_),
        settled=np.zeros(slots, np.bool_),
        disturbed=np.zeros(slots, np.bool_),
        computed=np.zeros(slots, np.bool_),
        near=np.zeros(slots, np.bool_),
        changed=np.empty(slots, np.int32),
        open_end=np.zeros(lanes, np.bool_),
    )
    return Workspace(
        own=np.zeros((4, slots)),
        notes=notes,
        polygons=np.empty((2, 4, 2)),
        predictions=np.empty((slots if regulated else 1, PREDICTIONS + 2, 3)),
        spare_f=np.empty((FLOAT_ROWS + 2, 1)),
        spare_g=np.empty((INT_ROWS, 1), np.int32),
    )
