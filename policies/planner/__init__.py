"""Thinks ahead: imagines sequences of actions in the twin, under several hypotheses of what other drivers intend.

The default policy. At each decision it drives the most promising legal sequences of four meta-actions (five where every
option may crash), and then holds on, or brakes, until seven seconds have passed. It does so in every hypothesis at once
(`imagination`: what is assumed of the other drivers). An action is worth the best plan that begins with it, taken in each
hypothesis separately, as far as the next decision will be able to tell the hypotheses apart (`contingency`). Collisions
are compared first, over all hypotheses, early ones with the greatest weight; then the speed, less what missing margins,
lanes and changes of action cost (`weighing`). On a road where the ego only steers, manoeuvres take the place of the
sequences (`steering`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from drive.kinematics.control import clipped
from drive.twin import CODES, META_ACTIONS, Worlds, sees_less, warm
from drive.types import (
    EGO,
    Action,
    Choice,
    Control,
    Imagined,
    Legal,
    Meta,
    Option,
    Scene,
    Term,
    Trajectory,
)
from policies.planner import relevance, steering
from policies.planner.goal import Goal, lanes_to_goal, lanes_to_the_right
from policies.planner.imagination import (
    crossing,
    imagine,
    junctions,
    nearby,
    with_ego_as_wide,
)
from policies.planner.outlook import Outlook
from policies.planner.retold import retold
from policies.planner.search import Budget, Plans, search
from policies.planner.settings import Settings
from policies.planner.styles import KINDS, OPEN, STYLES, USUAL, kind_of, style_of
from policies.planner.terms import (
    Followed,
    lane_after,
    reheld,
    scaled,
    terms_of,
    trajectories,
    worst_of,
)
from policies.planner.trace import trace
from policies.planner.tree import Tree
from policies.planner.weighing import Weighed, Worth, promise, weighed, worth_of


@dataclass(frozen=True)
class Thought:
    """A finished search with its result."""

    budget: Budget
    roots: Worlds
    plans: Plans
    worth: Worth  # of every plan
    weighed: tuple[Weighed, ...]
    tree: Tree  # of the search
    paths: list[Trajectory]  # where each weighed action leads
    doubted: bool = False  # was it repeated, deeper, because every option might crash?

    @property
    def best(self) -> Weighed:
        return max(self.weighed, key=lambda each: each.score)


class Planner:
    """Weighs every legal action by what it imagines of it.

    style: a name of `STYLES`, whose settings go by the kind of road; or settings for every road.
    """

    tie = "shares evidence"
    styles = {style.name: style.about for style in STYLES.values()}

    def __init__(self, style: str | Settings | None = None):
        self.name = f"planner:{style}" if isinstance(style, str) else "planner"
        if isinstance(style, Settings):
            self._by_kind = dict.fromkeys(KINDS, style)
        else:
            chosen = style_of(USUAL if style is None else style)
            self._by_kind = {kind: chosen.settings(kind) for kind in KINDS}
        self.settings = self._by_kind[OPEN]
        # The last scene with its search: the same scene is often asked about again, with cars hidden.
        self._last: tuple[Scene, Thought] | None = None

    @staticmethod
    def applies(legal: Legal) -> bool:
        return True

    @staticmethod
    def prepare(progress: Callable[[str], None]) -> None:
        """Compile the traffic model, once on a machine."""
        warm(progress)

    def settings_for(self, scene: Scene) -> Settings:
        """The settings by which it decides about a scene."""
        return self._by_kind[kind_of(scene)]

    def decide(self, scene: Scene) -> Choice:
        settings = self.settings_for(scene)
        if scene.legal.steered:
            return _steer(scene, self._roots(scene), settings)
        return chosen(scene, self._thought(scene), settings)

    def could_matter(self, scene: Scene, choice: Choice) -> frozenset[int]:
        """Ids of the cars whose absence could change the choice (`relevance` says why no other car's could)."""
        if scene.legal.steered:
            return frozenset(car.id for car in scene.cars)
        return relevance.could_matter(self._thought(scene), self.settings_for(scene))

    def reweighed(self, scene: Scene, kind: str, factor: float) -> Choice:
        """The choice's options, their plans held as they are, with the wish of this kind of term so many times as large."""
        if scene.legal.steered:
            raise ValueError("where the road is steered, no such wish is weighed")
        thought, settings = self._thought(scene), self.settings_for(scene)
        margins = scaled(settings.margins, kind, factor)
        plans = followed(thought, replace(thought.budget, margins=margins))
        again = [reheld(each, settings.prices) for each in plans]
        return _told(scene, thought, again, settings)

    def imagined(self, scene: Scene, action: Action, term: Term) -> Imagined:
        """How all go on in the hypothesis in which this term of an action is worst."""
        if scene.legal.steered:
            raise ValueError("where the road is steered, no hypothesis is driven out again")
        thought = self._thought(scene)
        plans = followed(thought, thought.budget)
        mine = next((p for p in plans if META_ACTIONS[p.weighed.code] == str(action)), None)
        if mine is None:
            raise ValueError(f"{action} is not among what was weighed")
        row, worst = worst_of(mine, term)
        times, states, ids = retold(thought.roots, thought.plans, row, thought.budget)
        tracks = {int(car): states[:, slot] for slot, car in enumerate(ids) if car >= 0}
        number = int(thought.plans.world[row]) + 1
        return Imagined(action, term, number, worst, times, tracks.pop(EGO), tracks)

    def dangers(self, scene: Scene, choice: Choice, action: Action) -> tuple[Term, ...]:
        """How the best plans end that begin with an action, one in each hypothesis: contacts, or off the road; the soonest first.

        choice: its own in the scene. ValueError for an action that it does not weigh.
        """
        option = choice.option(action)
        if isinstance(action, Control) and scene.legal.steered:
            settings = self.settings_for(scene)
            terms = steering.dangers(scene, self._roots(scene), settings, action)
        elif option is not None:
            terms = tuple(term for term in option.terms if term.kind == "contact")
        else:
            raise ValueError(f"the planner does not weigh {action}")
        return tuple(sorted(terms, key=lambda term: term.after))

    def _thought(self, scene: Scene) -> Thought:
        last = self._last
        if last is not None and last[0] is scene:
            return last[1]
        settings = self.settings_for(scene)
        aside = 0.0 if crossing(scene.road) else settings.imagining.aside
        roots = with_ego_as_wide(self._roots(scene), scene.ego.width + 2 * aside)
        if last is not None and _sees_less(scene, roots, *last):
            return think(scene, roots, settings, last[1])
        thought = think(scene, roots, settings)
        if not scene.ghosts:
            self._last = scene, thought
        return thought

    def _roots(self, scene: Scene) -> Worlds:
        settings = self.settings_for(scene)
        if not nearby(scene, settings).cars:
            scene = replace(scene, cars=(), ghosts=())  # ghosts matter to other cars alone
            return imagine(scene, 1, settings)
        count = settings.crossing if junctions(scene.road) else settings.hypotheses
        return imagine(scene, count, settings)


def _sees_less(scene: Scene, roots: Worlds, before: Scene, thought: Thought) -> bool:
    """Is this the same decision in the same worlds as before, but with cars hidden from the ego?"""
    asked, then = ((each.task, each.legal, each.period, each.sub_step) for each in (scene, before))
    return asked == then and sees_less(roots, thought.roots)


def weigh(scene: Scene, roots: Worlds, settings: Settings) -> Choice:
    """Choose by what happens in these worlds, whatever they assume (the oracle of a benchmark passes the truth)."""
    if scene.legal.steered:
        return _steer(scene, roots, settings)
    return chosen(scene, think(scene, roots, settings), settings)


def chosen(scene: Scene, thought: Thought, settings: Settings) -> Choice:
    """The choice that a search leads to: the best action, and every action with its terms."""
    return _told(scene, thought, followed(thought, thought.budget), settings)


def followed(thought: Thought, budget: Budget) -> list[Followed]:
    """The best plans of every action, held against the margins of this budget."""
    return [
        Followed(
            thought.plans,
            thought.worth,
            each,
            trace(thought.tree, thought.plans, each.rows, budget),
            budget,
        )
        for each in thought.weighed
    ]


def _told(scene: Scene, thought: Thought, plans: list[Followed], settings: Settings) -> Choice:
    options = tuple(
        _option(scene, each, path) for each, path in zip(plans, thought.paths, strict=True)
    )
    action = Meta(META_ACTIONS[thought.best.code])
    return Choice(action, options, unit="m/s", even=settings.even)


def think(
    scene: Scene, roots: Worlds, settings: Settings, before: Thought | None = None
) -> Thought:
    """Search, and search deeper where every option may crash.

    before: a search of the same worlds in which no car was hidden that is seen now; its plans are driven once.
    """
    first = np.array([CODES[name] for name in scene.legal.meta])
    budget = _budget(scene, settings)
    ghosts = roots.ghosts[0]
    tree = Tree(ghosts) if before is None else before.tree.hiding(ghosts)
    # No car is in the way of these trajectories, so they are the same whichever cars are hidden.
    paths = trajectories(scene, first) if before is None else before.paths
    thought = _searched(roots, budget, first, settings, tree, paths)
    if settings.deeper and thought.best.score < -settings.doubt:
        deeper = replace(budget, depth=budget.depth + settings.deeper)
        return replace(_searched(roots, deeper, first, settings, tree, paths), doubted=True)
    return thought


def _budget(scene: Scene, settings: Settings) -> Budget:
    period, road = max(scene.period, settings.shortest), scene.road
    one_way = len(road.sections) == 1
    lanes = [settings.goal * lanes_to_goal(scene), settings.right * lanes_to_the_right(road)]
    common = settings.common_junction if junctions(road) else settings.common
    return Budget(
        depth=settings.depth,
        tail=max(0, math.ceil(settings.horizon / period) - settings.depth),
        period=period,
        sub_step=scene.sub_step,
        fine=settings.fine,
        coarse=max(settings.coarse if one_way else settings.coarse_crossing, scene.sub_step),
        width=settings.width,
        beam=settings.beam,
        lane_cost=np.stack(lanes, -1),
        margins=settings.margins,
        held=settings.prices.held,
        goal=Goal.of(scene),
        committed=common if crossing(road) else 1,
        fan=settings.fan,
        outlook=Outlook.of(scene, settings.arriving),
    )


def _searched(
    roots: Worlds,
    budget: Budget,
    first: np.ndarray,
    settings: Settings,
    tree: Tree,
    paths: list[Trajectory],
) -> Thought:
    def promising(nodes, left: int) -> np.ndarray:
        return promise(nodes, left * budget.period, budget, settings)

    plans = search(roots, budget, first, promising, tree)
    worth = worth_of(plans, budget, settings)
    actions = tuple(
        weighed(plans, code, worth, len(roots), budget, settings, tree) for code in first
    )
    return Thought(budget, roots, plans, worth, actions, tree, paths)


def _option(scene: Scene, followed: Followed, path: Trajectory) -> Option:
    of = followed.weighed
    action = Meta(META_ACTIONS[of.code])
    lane = lane_after(scene, action)
    return Option(action, terms_of(scene, followed, lane), of.score, lane, path)


# ----------------------------------------------------------------------------------- steering


def _steer(scene: Scene, roots: Worlds, settings: Settings) -> Choice:
    driven = steering.drive(scene, roots, settings)
    terms = steering.weighed(scene, driven, settings)
    scores = np.array([math.fsum(term.worth for term in own) for own in terms])
    speed = clipped(0.0, scene.legal.acceleration)
    options: dict[Control, Option] = {}
    for number in np.argsort(-scores, kind="stable"):
        action = Control(speed, float(driven.wheel[number]))
        if action not in options:
            options[action] = steering.option(scene, driven, int(number), action, terms[number])
    return Choice(next(iter(options)), tuple(options.values()), unit="m/s")
