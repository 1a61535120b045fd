"""What became of plans, decision by decision: which car each missing margin and each collision belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from policies.planner.search import MARGINS, Budget, Plans, missing
from policies.planner.tree import ACTIONS, Tree


@dataclass(frozen=True)
class Trace:
    """R plans, decision by decision; D decisions. Bodies: a car's id, or minus an object's; 0: none."""

    short: np.ndarray  # [R, D, MARGINS] share of each margin that was missing, as it counts
    seen: np.ndarray  # [R, D, MARGINS] what was measured of each, in the margin's unit
    body: np.ndarray  # int [R, D, MARGINS] of which body
    speed: np.ndarray  # [R, D] [m/s] of the ego, on average
    partner: np.ndarray  # int [R] what the ego hits


def trace(tree: Tree, plans: Plans, rows: np.ndarray, budget: Budget) -> Trace:
    """These plans [R], as the tree noted them, held against the margins that the budget wants."""
    shape = len(rows), budget.depth + budget.tail
    seen, body = np.full((*shape, len(MARGINS)), np.inf), np.zeros((*shape, len(MARGINS)), int)
    speed, partner, keys = np.zeros(shape), np.zeros(len(rows), int), plans.world[rows]
    for level in range(budget.depth + 1):
        goes_on = plans.ended[rows] > level * budget.period
        codes = plans.codes[rows, level] if level < shape[1] else np.zeros(len(rows), int)
        keys = keys * ACTIONS + codes
        last = level == budget.depth
        for code in np.unique(codes) if last else [None]:
            mine = goes_on & (codes == code) if last else goes_on
            if not mine.any():
                continue
            notes = tree.notes((level, int(code)) if last else (level,), keys[mine])
            at = slice(level, level + notes.pace.shape[1])
            seen[mine, at], body[mine, at] = notes.seen, notes.body
            speed[mine, at], partner[mine] = notes.pace, notes.partner
    held = np.where(np.arange(shape[1]) < budget.depth, 1.0, budget.held)
    short = held[:, None] * missing(seen, speed, budget.margins)
    return Trace(short, seen, body, speed, partner)
