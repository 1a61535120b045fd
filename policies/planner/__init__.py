"""Thinks ahead: imagines sequences of actions in the twin, under several hypotheses of what others intend.

The default policy. At each decision it drives every legal sequence of three meta-actions (four where survival looks
doubtful) and then holds on, or brakes, until seven seconds have passed, in every hypothesis at once
(`imagination` says what is assumed of the others). An action is worth the best plan that begins with it, in each
hypothesis by itself: the next decision will know more. Compared are, layer by layer: collisions (over all
hypotheses, soon ones weigh most), missing margins, lanes left to the exit, speed, and calm.
Where the road is only steered, manoeuvres take the place of the sequences (`steering`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from drive.control import clipped
from drive.twin import CODES, META_ACTIONS, Worlds
from drive.twin import kernel as k
from drive.types import Choice, Control, Legal, Meta, Option, Scene
from policies.planner import steering
from policies.planner.goal import lanes_to_goal
from policies.planner.imagination import imagine
from policies.planner.search import Budget, Margins, Plans, search
from policies.planner.terms import terms_of, trajectory_of


@dataclass(frozen=True)
class Settings:
    """How far it looks and how it weighs; tuned on seeds below 20000 alone."""

    depth: int = 3  # decisions that branch
    deeper: int = 1  # decisions more, where every option may crash
    horizon: float = 7.0  # [s]
    fine: int = 2  # decisions simulated as finely as the world
    coarse: float = 0.2  # [s] simulated per step in the others
    coarse_crossing: float = 0.1  # [s] the same, where cars cross or come the other way
    width: int = 6  # plans of each first action and hypothesis that are driven to the horizon first
    hypotheses: int = 7
    gamma: float = 0.85  # per second: what a later collision costs of an immediate one
    crash_step: float = 0.05  # collision costs closer than this count as equal
    risk_weight: float = 0.2  # [m/s] that a margin missing wholly, for one decision, costs
    move: float = 0.2  # [m/s] that an action other than IDLE has to gain
    goal: float = 5.0  # [m/s] that a lane nearer to the exit is worth
    margins: Margins = field(default_factory=Margins)


CRASH = 1e4  # outweighs every speed
DOUBT = 500.0  # a best score below minus this: every option may crash


@dataclass(frozen=True)
class Weighed:
    """An action with what its plans came to, one best plan per hypothesis."""

    code: int
    score: float
    rows: np.ndarray  # [H] the best plan of each hypothesis


class Planner:
    """Weighs every legal action by what it imagines of it."""

    name = "planner"
    tie = "shares evidence"

    def __init__(self, settings: Settings = Settings()):
        self.settings = settings

    @staticmethod
    def applies(legal: Legal) -> bool:
        return True

    def decide(self, scene: Scene) -> Choice:
        roots = imagine(scene, self.settings.hypotheses)
        return weigh(scene, roots, self.settings)


def weigh(scene: Scene, roots: Worlds, settings: Settings) -> Choice:
    """Choose by what happens in these worlds, wherever they come from (a benchmark's oracle knows the truth)."""
    if not scene.legal.meta:
        return _steer(scene, roots)
    first = np.array([CODES[name] for name in scene.legal.meta])
    budget = _budget(scene, settings)
    plans, weighed = _searched(roots, budget, first, settings)
    if settings.deeper and max(each.score for each in weighed) < -DOUBT:
        deeper = replace(budget, depth=budget.depth + settings.deeper)
        plans, weighed = _searched(roots, deeper, first, settings)
    best = max(weighed, key=lambda each: each.score)
    options = tuple(_option(scene, roots, plans, each) for each in weighed)
    return Choice(Meta(META_ACTIONS[best.code]), options)


def _budget(scene: Scene, settings: Settings) -> Budget:
    period = max(scene.period, 1.0)
    one_way = len(scene.road.sections) == 1
    tail = max(0, math.ceil(settings.horizon / period) - settings.depth)
    return Budget(
        settings.depth,
        tail,
        period,
        scene.sub_step,
        settings.fine,
        max(settings.coarse if one_way else settings.coarse_crossing, scene.sub_step),
        settings.width,
        lanes_to_goal(scene),
        settings.margins,
    )


def _searched(roots: Worlds, budget: Budget, first: np.ndarray, settings: Settings) -> tuple[Plans, list[Weighed]]:
    plans = search(roots, budget, first, lambda nodes: _promise(nodes, budget, settings))
    worth = worth_of(plans, budget, settings)
    return plans, [_weighed(plans, code, worth, len(roots), settings) for code in first]


def worth_of(plans: Plans, budget: Budget, settings: Settings) -> np.ndarray:
    """[P, 2]: what a plan's collision costs (0 to 1), and what it is worth besides, in m/s."""
    crashed = np.isfinite(plans.crash)
    cost = np.where(crashed, settings.gamma ** np.where(crashed, plans.crash, 0.0), 0.0)
    return np.stack([cost, _gain(plans, plans.way, budget, settings)], -1)


def _gain(plans, way: np.ndarray, budget: Budget, settings: Settings) -> np.ndarray:
    """Mean speed [m/s], less what missing margins, lanes left to the exit and unrest cost."""
    gain = way / budget.horizon - settings.risk_weight * plans.risk
    return gain - settings.move * plans.moves - settings.goal * plans.owed / budget.horizon


def _promise(nodes, budget: Budget, settings: Settings) -> np.ndarray:
    """What open nodes would be worth if they went on at the speed they have."""
    slots = nodes.worlds.ego_slot
    speed = nodes.worlds.row(k.SPEED)[np.arange(len(slots)), slots]
    way = nodes.way + speed * budget.tail * budget.period
    return _gain(nodes, way, budget, settings)


def _weighed(plans: Plans, code: int, worth: np.ndarray, hypotheses: int, settings: Settings) -> Weighed:
    value = -CRASH * _stepped(worth[:, 0], settings.crash_step) + worth[:, 1]
    mine = plans.codes[:, 0] == code
    rows = [np.flatnonzero(mine & (plans.world == world)) for world in range(hypotheses)]
    best = np.array([of[np.argmax(value[of])] for of in rows])
    cost, gain = worth[best].mean(0)
    return Weighed(int(code), float(-CRASH * _stepped(cost, settings.crash_step) + gain), best)


def _stepped(cost, step: float):
    return np.round(cost / step) * step


def _option(scene: Scene, roots: Worlds, plans: Plans, weighed: Weighed) -> Option:
    action = Meta(META_ACTIONS[weighed.code])
    return Option(
        action,
        terms_of(scene, action, plans, weighed.rows),
        weighed.score,
        trajectory=trajectory_of(scene, roots, plans.codes[weighed.rows[0]]),
    )


# ----------------------------------------------------------------------------------- steering


def _steer(scene: Scene, roots: Worlds) -> Choice:
    driven = steering.drive(scene, roots)
    scores = steering.scores(scene, driven)
    speed = clipped(0.0, scene.legal.acceleration)
    options: dict[Control, Option] = {}
    for number in np.argsort(-scores, kind="stable"):
        action = Control(speed, float(driven.wheel[number]))
        if action not in options:
            options[action] = steering.option(scene, driven, int(number), action, float(scores[number]))
    return Choice(next(iter(options)), tuple(options.values()))
