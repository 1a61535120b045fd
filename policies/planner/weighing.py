"""What plans are worth, and what an action is worth: its best plans. Every score is a sum of named components."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from policies.planner import contingency
from policies.planner.search import LANE_COSTS, MARGINS, Budget, Plans
from policies.planner.settings import Settings
from policies.planner.tree import Tree

# what a plan is worth but for its collision is the sum of these
PARTS = ("progress", "arriving", *MARGINS, "unrest", *LANE_COSTS)
# what an action is worth is the sum of these
COMPONENTS = (*PARTS, "contact", "reliance", "information")
AT = {name: number for number, name in enumerate(COMPONENTS)}


@dataclass(frozen=True)
class Weighed:
    """An action with what it is worth, and its plans, one best plan per hypothesis."""

    code: int
    worths: np.ndarray  # [COMPONENTS] [m/s]
    rows: np.ndarray  # [H] the best plan of each hypothesis

    @property
    def score(self) -> float:
        """[m/s]"""
        return float(self.worths.sum())


@dataclass(frozen=True)
class Worth:
    """What plans are worth."""

    cost: np.ndarray  # [P] of a collision, 0 to 1
    parts: np.ndarray  # [P, PARTS] [m/s]
    gain: np.ndarray  # [P] [m/s] the sum of the parts


def worth_of(plans: Plans, budget: Budget, settings: Settings) -> Worth:
    """What the plans are worth, collisions apart."""
    crashed = np.isfinite(plans.crash)
    cost = np.where(crashed, settings.gamma ** np.where(crashed, plans.crash, 0.0), 0.0)
    parts = parts_of(plans, plans.way, budget, settings)
    return Worth(cost, parts, parts.sum(1))


def parts_of(plans, way: np.ndarray, budget: Budget, settings: Settings) -> np.ndarray:
    """[P, PARTS] [m/s]: mean speed and the chance of arriving, less what missing margins, unrest and lanes cost."""
    progress, unrest = way / budget.horizon, -settings.move * plans.moves
    arriving = settings.arriving.worth * plans.chance
    margins, lanes = -settings.prices.each * plans.missing, -plans.owed / budget.horizon
    return np.column_stack([progress, arriving, margins, unrest, lanes])


def promise(nodes, seconds: float, budget: Budget, settings: Settings) -> np.ndarray:
    """What open nodes would be worth if they went on for so long [s] at the speed they have."""
    return parts_of(nodes, nodes.way + nodes.speed * seconds, budget, settings).sum(1)


def weighed(
    plans: Plans,
    code: int,
    worth: Worth,
    hypotheses: int,
    budget: Budget,
    settings: Settings,
    tree: Tree,
) -> Weighed:
    """An action with its best plans, one per hypothesis, as far as the next decisions will be able to tell them apart."""
    begun = plans.codes[:, 0] == code
    alone = worth.gain - settings.crash_weight * settings.stepped(worth.cost, hypotheses)
    mine = begun & plans.done

    def scored(rows: np.ndarray) -> Weighed:
        worths = np.zeros(len(COMPONENTS))
        worths[: len(PARTS)] = worth.parts[rows].mean(0)
        stepped = settings.stepped(worth.cost[rows].mean(), hypotheses)
        worths[AT["contact"]] = -settings.crash_weight * stepped
        return Weighed(int(code), worths, rows)

    if budget.committed > 1:
        choices = (
            _best(plans, way, alone, hypotheses) for way in contingency.ways(plans, mine, budget)
        )
        return max(
            (scored(rows) for rows in choices if len(rows) == hypotheses),
            key=lambda each: each.score,
        )
    rows = _best(plans, mine, alone, hypotheses)
    costs = contingency.by_second_action(plans, code, worth.cost, hypotheses, budget.period)
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
    worths = best.worths.copy()
    relied = contingency.reliance(costs, worth.cost[rows])
    worths[AT["reliance"]] = -settings.reliance * relied
    worths[AT["information"]] = -settings.information * contingency.value_of_information(costs)
    return replace(best, worths=worths)


def _best(plans: Plans, mine: np.ndarray, value: np.ndarray, hypotheses: int) -> np.ndarray:
    """The most valuable of these plans in each hypothesis that has one."""
    rows = (np.flatnonzero(mine & (plans.world == world)) for world in range(hypotheses))
    return np.array([of[value[of].argmax()] for of in rows if len(of)])
