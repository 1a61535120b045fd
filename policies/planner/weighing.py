"""What plans are worth, and what an action is worth: its best plans."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from policies.planner import contingency
from policies.planner.search import LANE_COSTS, MARGINS, Budget, Plans
from policies.planner.settings import Settings
from policies.planner.tree import Tree

# what a plan without a collision is worth is the sum of these
PARTS = ("progress", *MARGINS, "unrest", *LANE_COSTS)


@dataclass(frozen=True)
class Weighed:
    """An action with its score and its plans, one best plan per hypothesis."""

    code: int
    score: float
    rows: np.ndarray  # [H] the best plan of each hypothesis


def worth_of(plans: Plans, budget: Budget, settings: Settings) -> np.ndarray:
    """[P, 2]: what a plan's collision costs (0 to 1), and what it is worth besides, in m/s."""
    crashed = np.isfinite(plans.crash)
    cost = np.where(crashed, settings.gamma ** np.where(crashed, plans.crash, 0.0), 0.0)
    return np.stack([cost, parts_of(plans, plans.way, budget, settings).sum(1)], -1)


def parts_of(plans, way: np.ndarray, budget: Budget, settings: Settings) -> np.ndarray:
    """[P, PARTS] [m/s]: mean speed, less what missing margins, unrest and lanes cost; all but collisions."""
    progress, unrest = way / budget.horizon, -settings.move * plans.moves
    margins, lanes = -settings.prices.each * plans.missing, -plans.owed / budget.horizon
    return np.column_stack([progress, margins, unrest, lanes])


def promise(nodes, seconds: float, budget: Budget, settings: Settings) -> np.ndarray:
    """What open nodes would be worth if they went on for so long [s] at the speed they have."""
    return parts_of(nodes, nodes.way + nodes.speed * seconds, budget, settings).sum(1)


def weighed(
    plans: Plans,
    code: int,
    worth: np.ndarray,
    hypotheses: int,
    budget: Budget,
    settings: Settings,
    tree: Tree,
) -> Weighed:
    """An action with its best plans, one per hypothesis, as far as the next decisions will be able to tell them apart."""

    def value(cost: np.ndarray, gain: np.ndarray) -> np.ndarray:
        return gain - settings.crash_weight * settings.stepped(cost, hypotheses)

    def scored(rows: np.ndarray) -> Weighed:
        return Weighed(int(code), float(value(*worth[rows].mean(0))), rows)

    begun, alone = plans.codes[:, 0] == code, value(*worth.T)
    mine = begun & plans.done
    if budget.committed > 1:
        choices = (
            _best(plans, way, alone, hypotheses) for way in contingency.ways(plans, mine, budget)
        )
        return max(
            (scored(rows) for rows in choices if len(rows) == hypotheses),
            key=lambda each: each.score,
        )
    rows = _best(plans, mine, alone, hypotheses)
    costs = contingency.by_second_action(plans, code, worth[:, 0], hypotheses, budget.period)
    for world, second in contingency.shared(
        plans, code, costs, tree, budget.period, settings
    ).items():
        fits = (
            begun
            & (plans.world == world)
            & ((plans.codes[:, 1] == second) | (plans.ended <= budget.period))
        )
        best = np.flatnonzero(fits)[alone[fits].argmax()]
        if plans.done[best]:  # else no collision of it was driven
            rows[world] = best
    best = scored(rows)
    relied = settings.reliance * contingency.reliance(costs, worth[rows, 0])
    return replace(
        best,
        score=best.score - relied - settings.information * contingency.value_of_information(costs),
    )


def _best(plans: Plans, mine: np.ndarray, value: np.ndarray, hypotheses: int) -> np.ndarray:
    """The most valuable of these plans in each hypothesis that has one."""
    rows = (np.flatnonzero(mine & (plans.world == world)) for world in range(hypotheses))
    return np.array([of[value[of].argmax()] for of in rows if len(of)])
