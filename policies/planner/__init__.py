"""Thinks ahead: imagines sequences of actions in the twin, under several hypotheses of what others intend.

The default policy. At each decision it drives the most promising legal sequences of four meta-actions (five where
survival looks doubtful) and then holds on, or brakes, until seven seconds have passed, in every hypothesis at once
(`imagination` says what is assumed of the others). An action is worth the best plan that begins with it, in each
hypothesis by itself: the next decision will know more. Compared are, layer by layer: collisions (over all
hypotheses, soon ones weigh most), then speed less what missing margins, lanes and unrest cost.
Where the road is only steered, manoeuvres take the place of the sequences (`steering`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from drive.control import clipped
from drive.twin import CODES, META_ACTIONS, Worlds, warm
from drive.twin import kernel as k
from drive.types import Choice, Control, Legal, Meta, Option, Scene, Trajectory
from policies.planner import relevance, steering
from policies.planner.goal import Goal, lanes_to_goal, lanes_to_the_right
from policies.planner.imagination import crossing, imagine, junctions, nearby
from policies.planner.search import Budget, Margins, Plans, hold, search
from policies.planner.terms import lane_after, terms_of, trajectories
from policies.planner.tree import Tree, sees_less


@dataclass(frozen=True)
class Settings:
    """How far it looks and how it weighs; tuned on seeds below 20000 alone."""

    depth: int = 4  # decisions that branch
    deeper: int = 1  # decisions more, where every option may crash
    horizon: float = 7.0  # [s]
    fine: int = 2  # decisions simulated as finely as the world
    coarse: float = 0.2  # [s] simulated per step in the others
    coarse_crossing: float = 0.1  # [s] the same, where cars cross or come the other way
    beam: int = 10  # nodes of each first action and hypothesis that branch on, from the third decision
    width: int = 6  # plans of each first action and hypothesis that are driven to the horizon first
    hypotheses: int = 7
    crossing: int = 14  # hypotheses where others may take one way or another
    common: int = 2  # decisions that are the same in every hypothesis, where ways cross
    common_junction: int = 3  # the same, where others may take one way or another
    gamma: float = 0.85  # per second: what a later collision costs of an immediate one
    crash_weight: float = 1e4  # of a sure collision now; outweighs every speed
    crash_step: float = 0.05  # collision costs closer than this count as equal, over so many `hypotheses`
    risk_weight: float = 0.6  # [m/s] that a margin missing wholly, for one decision, costs
    move: float = 0.2  # [m/s] that an action other than IDLE has to gain
    goal: float = 3.0  # [m/s] that a lane nearer to the exit is worth
    right: float = 1.0  # [m/s] that a lane further to the right is worth on a motorway
    margins: Margins = field(default_factory=Margins)

    def stepped(self, cost, hypotheses: int):
        """Collision costs in steps; one hypothesis among many counts for as much as among few."""
        step = self.crash_step * self.hypotheses / max(hypotheses, self.hypotheses)
        return np.round(cost / step) * step


DOUBT = 500.0  # a best score below minus this: every option may crash


@dataclass(frozen=True)
class Weighed:
    """An action with what its plans came to, one best plan per hypothesis."""

    code: int
    score: float
    rows: np.ndarray  # [H] the best plan of each hypothesis


@dataclass(frozen=True)
class Thought:
    """A search that was done, and what it came to."""

    budget: Budget
    roots: Worlds
    plans: Plans
    worth: np.ndarray  # [P, 2] of every plan
    weighed: tuple[Weighed, ...]
    tree: Tree  # of the search
    paths: list[Trajectory]  # where each weighed action leads
    doubted: bool = False  # was it done again, deeper?

    @property
    def best(self) -> Weighed:
        return max(self.weighed, key=lambda each: each.score)


class Planner:
    """Weighs every legal action by what it imagines of it."""

    name = "planner"
    tie = "shares evidence"

    def __init__(self, settings: Settings = Settings()):
        self.settings = settings
        self._last: tuple[Scene, Thought] | None = None  # the same scene is often asked about again, with cars hidden

    @staticmethod
    def applies(legal: Legal) -> bool:
        return True

    @staticmethod
    def prepare(progress: Callable[[str], None]) -> None:
        """Compile the traffic model, once on a machine."""
        warm(progress)

    def decide(self, scene: Scene) -> Choice:
        if not scene.legal.meta:
            return _steer(scene, self._roots(scene))
        return chosen(scene, self._thought(scene))

    def could_matter(self, scene: Scene, choice: Choice) -> frozenset[int]:
        """The cars without one of which another action could be chosen (`relevance` says why no others could)."""
        if not scene.legal.meta:
            return frozenset(car.id for car in scene.cars)
        return relevance.could_matter(self._thought(scene), self.settings)

    def _thought(self, scene: Scene) -> Thought:
        last = self._last
        if last is not None and last[0] is scene:
            return last[1]
        roots = self._roots(scene)
        if last is not None and _sees_less(scene, roots, *last):
            return think(scene, roots, self.settings, last[1])
        thought = think(scene, roots, self.settings)
        if not scene.ghosts:
            self._last = scene, thought
        return thought

    def _roots(self, scene: Scene) -> Worlds:
        if nearby(scene).cars:
            return imagine(scene, self.settings.crossing if junctions(scene.road) else self.settings.hypotheses)
        return imagine(replace(scene, cars=(), ghosts=()), 1)  # ghosts matter to other cars alone


def _sees_less(scene: Scene, roots: Worlds, before: Scene, thought: Thought) -> bool:
    """Is it the same decision in the same worlds, but that cars are hidden from the ego?"""
    asked, then = ((each.task, each.legal, each.period, each.sub_step) for each in (scene, before))
    return asked == then and sees_less(roots, thought.roots)


def weigh(scene: Scene, roots: Worlds, settings: Settings) -> Choice:
    """Choose by what happens in these worlds, wherever they come from (a benchmark's oracle knows the truth)."""
    return chosen(scene, think(scene, roots, settings)) if scene.legal.meta else _steer(scene, roots)


def chosen(scene: Scene, thought: Thought) -> Choice:
    """The best action, and every other with what it came to."""
    options = tuple(
        _option(scene, thought, each, path) for each, path in zip(thought.weighed, thought.paths, strict=True)
    )
    return Choice(Meta(META_ACTIONS[thought.best.code]), options)


def think(scene: Scene, roots: Worlds, settings: Settings, known: Thought | None = None) -> Thought:
    """Search, and search deeper where every option may crash; `known` is of the same worlds, where the ego saw no car less."""
    first = np.array([CODES[name] for name in scene.legal.meta])
    budget = _budget(scene, settings)
    ghosts = roots.g[0, k.GHOST] != 0
    tree = Tree(ghosts) if known is None else known.tree.hiding(ghosts)
    paths = trajectories(scene, first) if known is None else known.paths  # nobody is in their way
    thought = _searched(roots, budget, first, settings, tree, paths)
    if settings.deeper and thought.best.score < -DOUBT:
        deeper = replace(budget, depth=budget.depth + settings.deeper)
        return replace(_searched(roots, deeper, first, settings, tree, paths), doubted=True)
    return thought


def _budget(scene: Scene, settings: Settings) -> Budget:
    period, road = max(scene.period, 1.0), scene.road
    one_way = len(road.sections) == 1
    return Budget(
        settings.depth,
        max(0, math.ceil(settings.horizon / period) - settings.depth),
        period,
        scene.sub_step,
        settings.fine,
        max(settings.coarse if one_way else settings.coarse_crossing, scene.sub_step),
        settings.width,
        settings.beam,
        settings.goal * lanes_to_goal(scene) + settings.right * lanes_to_the_right(road),
        settings.margins,
        Goal.of(scene),
        (settings.common_junction if junctions(road) else settings.common) if crossing(road) else 1,
    )


def _searched(
    roots: Worlds, budget: Budget, first: np.ndarray, settings: Settings, tree: Tree, paths: list[Trajectory]
) -> Thought:
    def promise(nodes, left: int) -> np.ndarray:
        return _promise(nodes, left * budget.period, budget, settings)

    plans = search(roots, budget, first, promise, tree)
    worth = worth_of(plans, budget, settings)
    weighed = tuple(_weighed(plans, code, worth, roots, budget, settings) for code in first)
    return Thought(budget, roots, plans, worth, weighed, tree, paths)


def worth_of(plans: Plans, budget: Budget, settings: Settings) -> np.ndarray:
    """[P, 2]: what a plan's collision costs (0 to 1), and what it is worth besides, in m/s."""
    crashed = np.isfinite(plans.crash)
    cost = np.where(crashed, settings.gamma ** np.where(crashed, plans.crash, 0.0), 0.0)
    return np.stack([cost, _gain(plans, plans.way, budget, settings)], -1)


def _gain(plans, way: np.ndarray, budget: Budget, settings: Settings) -> np.ndarray:
    """Mean speed [m/s], less what missing margins, lanes and unrest cost."""
    gain = way / budget.horizon - settings.risk_weight * plans.risk
    return gain - settings.move * plans.moves - plans.owed / budget.horizon


def _promise(nodes, seconds: float, budget: Budget, settings: Settings) -> np.ndarray:
    """What open nodes would be worth if they went on for so long [s] at the speed they have."""
    return _gain(nodes, nodes.way + nodes.speed * seconds, budget, settings)


def _weighed(plans: Plans, code: int, worth: np.ndarray, roots: Worlds, budget: Budget, settings: Settings) -> Weighed:
    """An action with its best plans, one per hypothesis; where the budget says so, the next actions are the same in all."""
    mine = (plans.codes[:, 0] == code) & plans.done
    found = (_best(plans, code, way, worth, len(roots), settings) for way in ways(plans, mine, budget))
    return max(filter(None, found), key=lambda each: each.score)


def ways(plans: Plans, mine: np.ndarray, budget: Budget) -> list[np.ndarray]:
    """The plans [P] of each way to go on with decisions in common; those that ended before are of every way that they fit."""
    codes, times = plans.codes[:, 1 : budget.committed], budget.period * np.arange(1, budget.committed)
    decided = plans.ended[:, None] > times
    return [mine & ((codes == way) | ~decided).all(1) for way in np.unique(codes[mine], axis=0)]


def _best(plans: Plans, code: int, mine: np.ndarray, worth: np.ndarray, hypotheses: int, settings: Settings) -> Weighed | None:
    """The best of these plans in every hypothesis; None where one has none."""
    value = -settings.crash_weight * settings.stepped(worth[:, 0], hypotheses) + worth[:, 1]
    rows = [np.flatnonzero(mine & (plans.world == world)) for world in range(hypotheses)]
    if not all(map(len, rows)):
        return None
    best = np.array([of[np.argmax(value[of])] for of in rows])
    cost, gain = worth[best].mean(0)
    return Weighed(int(code), float(-settings.crash_weight * settings.stepped(cost, hypotheses) + gain), best)


def _option(scene: Scene, thought: Thought, weighed: Weighed, path: Trajectory) -> Option:
    action = Meta(META_ACTIONS[weighed.code])
    lost = np.flatnonzero(np.isfinite(thought.plans.crash[weighed.rows]))
    held = hold(thought.roots.select(lost), weighed.code, thought.budget)
    terms = terms_of(scene, action, thought.plans, weighed.rows, held)
    return Option(action, terms, weighed.score, lane_after(scene, action), path)


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
