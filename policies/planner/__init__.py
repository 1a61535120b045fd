"""Thinks ahead: imagines sequences of actions in the twin, under several hypotheses of what others intend."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from drive.twin import CODES, META_ACTIONS, Worlds
from drive.types import Choice, Legal, Meta, Option, Scene
from policies.planner.imagination import imagine
from policies.planner.search import Budget, Plans, search


@dataclass(frozen=True)
class Settings:
    depth: int = 3
    tail: int = 4
    fine: int = 2
    coarse: float = 0.2
    coarse_crossing: float = 0.1  # where cars cross or come the other way: faster relative motion
    more: int = 1
    hypotheses: int = 6
    spread: float = 0.0
    crash_step: float = 0.05  # collision costs closer than this count as equal
    risk_step: float = 0.01
    risk_weight: float = 0.2
    gamma: float = 0.85
    move: float = 0.2
    margins: tuple = (3.0, 2.0, 0.5, 2.0, 3.0, 3.0)


class Planner:
    """The default policy."""

    name = "planner"
    tie = "shares evidence"

    def __init__(self, settings: Settings = Settings()):
        self.settings = settings

    @staticmethod
    def applies(legal: Legal) -> bool:
        return bool(legal.meta)

    def decide(self, scene: Scene) -> Choice:
        return weigh(scene, imagine(scene, self.settings.hypotheses, self.settings.spread), self.settings)


def weigh(scene: Scene, roots: Worlds, settings: Settings) -> Choice:
    """Search in these worlds and choose."""
    first = np.array([CODES[name] for name in scene.legal.meta])
    coarse = settings.coarse if len(scene.road.sections) == 1 else settings.coarse_crossing
    budget = Budget(settings.depth, settings.tail, scene.period, scene.sub_step, settings.fine, coarse, settings.margins)
    plans = search(roots, budget, first)
    scores = [score(plans, code, len(roots), budget, settings) for code in first]
    if max(scores) < -500 and settings.more:
        budget = replace(budget, depth=settings.depth + settings.more)
        plans = search(roots, budget, first)
        scores = [score(plans, code, len(roots), budget, settings) for code in first]
    best = int(np.argmax(scores))
    options = tuple(Option(Meta(META_ACTIONS[code]), score=float(s)) for code, s in zip(first, scores, strict=True))
    return Choice(options[best].action, options)


def score(plans: Plans, code: int, worlds: int, budget: Budget, settings: Settings) -> float:
    mine = plans.codes[:, 0] == code
    crash = np.where(np.isfinite(plans.crash), settings.gamma**plans.crash, 0.0)
    way = plans.way / budget.horizon  # mean speed
    value = -1e4 * np.round(crash / settings.crash_step) * settings.crash_step
    value = value - settings.risk_weight * np.floor(plans.risk / settings.risk_step) * settings.risk_step + way - settings.move * plans.moves
    best_risk, best_way, cost = [], [], []
    for world in range(worlds):
        rows = np.flatnonzero(mine & (plans.world == world))
        row = rows[np.argmax(value[rows])]
        cost.append(crash[row])
        best_risk.append(plans.risk[row])
        best_way.append(way[row] - settings.move * plans.moves[row])
    cost = np.round(np.mean(cost) / settings.crash_step) * settings.crash_step
    danger = np.floor(np.mean(best_risk) / settings.risk_step) * settings.risk_step
    return -1e4 * cost - settings.risk_weight * danger + float(np.mean(best_way))
