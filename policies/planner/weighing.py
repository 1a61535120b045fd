"""What plans are worth, and an action by the best that begin with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from policies.planner import contingency
from policies.planner.search import Budget, Margins, Plans
from policies.planner.tree import Tree


@dataclass(frozen=True)
class Settings:
    """How far it looks and how it weighs; tuned on seeds below 20000 alone."""

    depth: int = 4  # decisions that branch
    deeper: int = 1  # decisions more, where every option may crash
    horizon: float = 7.0  # [s]
    fine: int = 2  # decisions simulated as finely as the world
    coarse: float = 0.25  # [s] simulated per step in the others
    coarse_crossing: float = 0.1  # [s] the same, where cars cross or come the other way
    beam: int = (
        10  # nodes of each first action and hypothesis that branch on, from the third decision
    )
    width: int = 6  # plans of each first action and hypothesis that are driven to the horizon first
    hypotheses: int = 7
    crossing: int = 14  # hypotheses where others may take one way or another
    common: int = 2  # decisions that are the same in every hypothesis, where ways cross
    common_junction: int = 3  # the same, where others may take one way or another
    gamma: float = 0.85  # per second: what a later collision costs of an immediate one
    crash_weight: float = 1e4  # of a sure collision now; outweighs every speed
    crash_step: float = (
        0.05  # collision costs closer than this count as equal, over so many `hypotheses`
    )
    reliance: float = (
        4.0  # [m/s] that relying on a single second action, which alone survives, costs
    )
    information: float = 10.0  # [m/s] that needing to know by then which hypothesis holds costs
    risk_weight: float = 0.6  # [m/s] that a margin missing wholly, for one decision, costs
    move: float = 0.2  # [m/s] that an action other than IDLE has to gain
    goal: float = 3.0  # [m/s] that a lane nearer to the exit is worth
    right: float = 0.7  # [m/s] that a lane further to the right is worth on a motorway
    margins: Margins = field(default_factory=Margins)

    def stepped(self, cost, hypotheses: int):
        """Collision costs in steps; one hypothesis among many counts for as much as among few."""
        step = self.crash_step * self.hypotheses / max(hypotheses, self.hypotheses)
        return np.round(cost / step) * step


@dataclass(frozen=True)
class Weighed:
    """An action with what its plans came to, one best plan per hypothesis."""

    code: int
    score: float
    rows: np.ndarray  # [H] the best plan of each hypothesis


def worth_of(plans: Plans, budget: Budget, settings: Settings) -> np.ndarray:
    """[P, 2]: what a plan's collision costs (0 to 1), and what it is worth besides, in m/s."""
    crashed = np.isfinite(plans.crash)
    cost = np.where(crashed, settings.gamma ** np.where(crashed, plans.crash, 0.0), 0.0)
    return np.stack([cost, gain_of(plans, plans.way, budget, settings)], -1)


def gain_of(plans, way: np.ndarray, budget: Budget, settings: Settings) -> np.ndarray:
    """Mean speed [m/s], less what missing margins, lanes and unrest cost."""
    gain = way / budget.horizon - settings.risk_weight * plans.risk
    return gain - settings.move * plans.moves - plans.owed / budget.horizon


def promise(nodes, seconds: float, budget: Budget, settings: Settings) -> np.ndarray:
    """What open nodes would be worth if they went on for so long [s] at the speed they have."""
    return gain_of(nodes, nodes.way + nodes.speed * seconds, budget, settings)


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
        found = (
            _best(plans, way, alone, hypotheses) for way in contingency.ways(plans, mine, budget)
        )
        return max(
            (scored(rows) for rows in found if len(rows) == hypotheses), key=lambda each: each.score
        )
    rows = _best(plans, mine, alone, hypotheses)
    costs = contingency.by_second_action(plans, code, worth[:, 0], hypotheses, budget.period)
    for world, second in contingency.shared(plans, code, costs, tree, budget.period).items():
        fits = (
            begun
            & (plans.world == world)
            & ((plans.codes[:, 1] == second) | (plans.ended <= budget.period))
        )
        best = np.flatnonzero(fits)[alone[fits].argmax()]
        if plans.done[best]:  # else nothing is known against it
            rows[world] = best
    found = scored(rows)
    relied = settings.reliance * contingency.reliance(costs, worth[rows, 0])
    return replace(
        found,
        score=found.score - relied - settings.information * contingency.value_of_information(costs),
    )


def _best(plans: Plans, mine: np.ndarray, value: np.ndarray, hypotheses: int) -> np.ndarray:
    """The most valuable of these plans in each hypothesis that has one."""
    rows = (np.flatnonzero(mine & (plans.world == world)) for world in range(hypotheses))
    return np.array([of[value[of].argmax()] for of in rows if len(of)])
