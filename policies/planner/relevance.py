"""Which cars a decision could depend on, without deciding again for each of them.

A car that is hidden from the ego stays on the road for all other cars. So a plan goes as it went, unless the ego hit that
car or came closer to it than the margins want (`Plans.touched`). Such a plan can only gain by the hiding: at best it loses
all its missing margins and its crash. If the plans of no rival, at their best, catch up with the choice, the choice stays.
Two effects are left out: a plan that gains may take the place of another among the few that branch on or are driven to
the horizon, and hypotheses that differ in the hidden car alone then share their second action.
"""

from __future__ import annotations

import numpy as np

from drive.twin import CODES

FASTER, SLOWER = CODES["FASTER"], CODES["SLOWER"]


def could_matter(thought, settings) -> frozenset[int]:
    """Ids of the cars without one of which a rival of the best action could be worth as much."""
    ids, plans = thought.roots.cars[0], thought.plans
    ghosts, own = thought.roots.ghosts[0], thought.roots.ego_slot[0]
    slots = [s for s in np.flatnonzero(plans.touched.any(0) & (ids > 0) & ~ghosts) if s != own]
    if thought.doubted:
        return frozenset(int(ids[slot]) for slot in slots)
    free = _at_best(thought, settings)
    return frozenset(
        int(ids[slot]) for slot in slots if _could(thought, settings, free, plans.touched[:, slot])
    )


def _at_best(thought, settings) -> np.ndarray:
    """[P, 2] what each plan would be worth with all margins and without a crash, at the greatest speed that it may still reach."""
    plans, budget = thought.plans, thought.budget
    left = np.where(
        np.isfinite(plans.crash), budget.horizon - np.minimum(plans.crash, budget.horizon), 0.0
    )
    gain = (
        thought.worth.gain
        + plans.missing @ settings.prices.each
        + settings.arriving.worth * (1.0 - plans.chance) * (thought.budget.outlook is not None)
        + left * _fastest(thought) / budget.horizon
    )
    return np.stack([np.zeros(len(gain)), gain], -1)


def _fastest(thought) -> np.ndarray:
    """[P] the greatest speed [m/s] that a plan has, or may have if it branches on where it crashed."""
    plans, depth, speeds = thought.plans, thought.budget.depth, thought.roots.speeds
    own = thought.roots.ego_slot[0]
    start = int(thought.roots.speed_index[0, own])
    gears = (plans.codes[:, :depth] == FASTER).astype(int) - (plans.codes[:, :depth] == SLOWER)
    crashed_at = np.ceil(plans.crash / thought.budget.period)[:, None]
    gears = np.where(np.arange(depth) >= crashed_at, 1, gears)  # undecided after a crash
    most = np.maximum(gears.cumsum(1).max(1), 0)
    return np.maximum(
        speeds[np.minimum(start + most, len(speeds) - 1)], thought.roots.speed[0, own]
    )


def _could(thought, settings, free: np.ndarray, touched: np.ndarray) -> bool:
    kept = thought.plans.done | touched
    own = np.stack([thought.worth.cost, thought.worth.gain], -1)
    worth, world = np.where(touched[:, None], free, own)[kept], thought.plans.world[kept]
    rivals = (each.code for each in thought.weighed if each is not thought.best)
    ways = (way[kept] for code in rivals for way in _ways(thought, code))
    return any(
        _bound(worth[way], world[way], settings) >= thought.best.score for way in ways if way.any()
    )


def _ways(thought, code: int) -> list[np.ndarray]:
    """The plans [P] that begin with an action, by the second where every hypothesis is to have the same."""
    plans, budget = thought.plans, thought.budget
    mine, second = plans.codes[:, 0] == code, plans.codes[:, 1]
    if budget.committed < 2:
        return [mine]
    open_ = plans.ended <= budget.period
    return [mine & (open_ | (second == each)) for each in np.unique(second[mine])]


def _bound(worth: np.ndarray, world: np.ndarray, settings) -> float:
    """An upper bound of what an action with such plans is worth, before the costs of reliance and information."""
    costs, gains = [], []
    for number in np.unique(world):
        cost, gain = worth[world == number].T
        costs.append(cost.min())
        gains.append(gain[cost == 0].max() if costs[-1] == 0 else gain.max())
    return float(
        np.mean(gains) - settings.crash_weight * settings.stepped(np.mean(costs), len(costs))
    )
