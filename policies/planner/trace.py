"""Plans driven once more, to see which car each missing margin and each collision belongs to.

A search keeps of a plan only what its score needs. The few plans that an action is worth are driven again, exactly as
they were, with every decision written down.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from drive.twin import Worlds
from policies.planner.search import MARGINS, Budget, Plans, at_goal, missing, struck


@dataclass(frozen=True)
class Trace:
    """What R plans came to, decision by decision; D decisions. Bodies: a car's id, or minus an object's; 0: none."""

    short: np.ndarray  # [R, D, MARGINS] share of each margin that was missing, as it counts
    seen: np.ndarray  # [R, D, MARGINS] what was measured of each, in the margin's unit
    body: np.ndarray  # int [R, D, MARGINS] of which body
    speed: np.ndarray  # [R, D] [m/s] of the ego, on average
    partner: np.ndarray  # int [R] what the ego hits

    def pick(self, rows) -> Trace:
        """The traces of some of the plans."""
        return Trace(*(getattr(self, each.name)[rows] for each in fields(self)))


def trace(roots: Worlds, plans: Plans, rows: np.ndarray, budget: Budget) -> Trace:
    """The plans [R] driven again from their roots, with the margins that the budget wants."""
    worlds = roots.select(plans.world[rows])
    worlds.reset_clock()
    decisions, count = budget.depth + budget.tail, len(rows)
    short, seen = np.zeros((2, count, decisions, len(MARGINS)))
    body, speed = np.zeros(seen.shape, int), np.zeros((count, decisions))
    ended = np.zeros(count, bool)
    record = {"risks": True, "wanted": budget.margins.wanted, "ego": True}
    for level in range(decisions if count else 0):
        worlds.reset_clock()
        substeps = budget.substeps(level)
        codes = plans.codes[rows, level]
        drive = worlds.step(
            codes, substeps, budget.period / substeps, stop_on_crash=True, related=True, **record
        )
        speed[:, level] = drive.ego[:, :, 3].mean(1)
        counts = ~ended * (1.0 if level < budget.depth else budget.held)
        risks = drive.risks[:, 0]
        short[:, level] = counts[:, None] * missing(risks, speed[:, level], budget.margins)
        seen[:, level] = risks[:, ORDER]
        body[:, level] = _bodies(worlds, drive.partners[:, 0][:, ORDER])
        ended |= worlds.ego_crashed | at_goal(worlds, budget.goal)
    return Trace(short, seen, body, speed, struck(worlds))


# the column of Drive.risks that each of MARGINS is measured by
ORDER = [1, 0, 3, 2, 4, 5]


def _bodies(worlds: Worlds, slots: np.ndarray) -> np.ndarray:
    """The bodies in these slots [R, MARGINS]; inf: none."""
    present = np.isfinite(slots)
    at = np.where(present, slots, 0).astype(int)
    rows = np.arange(len(slots))[:, None]
    sign = np.where(worlds.objects[rows, at], -1, 1)
    return np.where(present, sign * worlds.ids[rows, at], 0)
