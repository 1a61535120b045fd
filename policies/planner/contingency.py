"""Contingency planning: hypotheses that look alike at the next decision have to share its action.

A plan made for one hypothesis alone would let the ego act on what cannot be known in time, such as whether the car ahead
is about to change lane. So after the first action the hypotheses are told apart by the states of those cars that the ego
could hit soon, and the hypotheses that look alike share the second action (Hardy and Campbell, IEEE Transactions on
Robotics 29(4), 2013). Because no hypothesis is exactly what will happen, two more costs count: relying on one second
action alone, and relying on learning in time which hypothesis holds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from drive.twin import Worlds
from policies.planner.search import Budget, Plans
from policies.planner.settings import Settings
from policies.planner.tree import ACTIONS, Tree


def shared(
    plans: Plans,
    code: int,
    costs: np.ndarray,
    tree: Tree,
    period: float,
    settings: Settings = Settings(),
) -> dict[int, int]:
    """The second action of each hypothesis that has to take another one than its best, because it looks like others.

    code: the first action. costs: of its plans `by_second_action`. period [s] of a decision.
    """
    mine = plans.codes[:, 0] == code
    cars = plans.touched[mine & (plans.crash <= settings.soon * period)].any(0)
    if not cars.any() or costs.sum(0).min() == costs.min(1).sum():  # one action is good for all
        return {}
    after = np.empty(len(costs), int)
    after[plans.world[mine]] = plans.after[mine]
    groups = (
        group
        for group in alike(tree.take(after), cars, settings)
        if costs[group].sum(0).min() > costs[group].min(1).sum()
    )
    return {world: int(costs[group].sum(0).argmin()) for group in groups for world in group}


def reliance(costs: np.ndarray, own: np.ndarray) -> float:
    """How much more collisions would cost if, in each hypothesis, the best second action turned out to be blocked.

    costs: `by_second_action`. own [hypotheses]: collision costs of the plans that are relied on.
    """
    spare = np.sort(costs, 1)[:, 1]
    return float(np.where(np.isfinite(spare), np.maximum(spare - own, 0.0), 0.0).mean())


def value_of_information(costs: np.ndarray) -> float:
    """How much more collisions would cost if the second action had to be settled before the hypotheses differ.

    The expected value of perfect information (Howard, IEEE Transactions on Systems Science and Cybernetics 2(1), 1966).
    costs: `by_second_action`.
    """
    return float(costs.mean(0).min() - costs.min(1).mean())


def ways(plans: Plans, mine: np.ndarray, budget: Budget) -> list[np.ndarray]:
    """For each sequence of decisions in common, the plans [P] that follow it; a plan that ended before fits several."""
    codes, times = (
        plans.codes[:, 1 : budget.committed],
        budget.period * np.arange(1, budget.committed),
    )
    decided = plans.ended[:, None] > times
    return [mine & ((codes == way) | ~decided).all(1) for way in np.unique(codes[mine], axis=0)]


def by_second_action(
    plans: Plans, code: int, cost: np.ndarray, hypotheses: int, period: float
) -> np.ndarray:
    """The least cost [hypotheses, actions] of the plans that begin with an action; inf where the second is not legal.

    cost [P]: of each plan's collision; nothing where a plan was not driven on. period [s] of a decision.
    """
    mine = plans.codes[:, 0] == code
    costs = np.full((hypotheses, ACTIONS), np.inf)
    np.minimum.at(costs, (plans.world[mine], plans.codes[mine, 1]), cost[mine])
    over = np.flatnonzero(mine & (plans.ended <= period))
    costs[plans.world[over]] = cost[over][:, None]
    return costs


def alike(worlds: Worlds, cars: np.ndarray, settings: Settings = Settings()) -> Iterator[list[int]]:
    """The worlds, by number, in groups in which these slots look alike."""
    x, y = np.moveaxis(worlds.xy[:, cars], -1, 0) / settings.same_place
    looks = np.stack([x, y, worlds.heading[:, cars] / settings.same_heading], 1)
    left = np.arange(len(worlds))
    while len(left):
        alike = (np.abs(looks[left] - looks[left[0]]) < 1.0).all((1, 2))
        yield left[alike].tolist()
        left = left[~alike]
