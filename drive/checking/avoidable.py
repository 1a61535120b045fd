"""Could it have been avoided? Sequences of actions, driven by hindsight from the true states of a logged episode.

Every sequence is driven in the twin, from the truth of the log driven again. One that is told of was driven in
highway-env as well: cars that highway-env adds later are not in the twin. Knows no words and asks no policy.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from drive.episodes.branch import Stage, branched, branching
from drive.kinematics.goal import arrived, way_to_exit
from drive.twin import CODES, META_ACTIONS, Worlds, from_truth
from drive.types import Action, Choice, Control, End, Episode, Header, Meta, Option, Scene, Step
from drive.world import World

LOST = ("collision", "off road")  # what ends a sequence that avoids nothing
NO_PLACE = "its task names no place to reach"
OFF = 5.0  # [m] beyond the ends of a lane that still count as on it: highway-env's rule


@dataclass(frozen=True)
class Settings:
    """How much is searched; `tests/test_incident.py` holds what it finds and how long that takes."""

    back: float = 15.0  # [s] before a collision: the earliest decision that is looked at
    beyond: float = 5.0  # [s] after it that a sequence must last
    states: int = 300  # different states of the ego that are kept at each decision
    most: int = (
        500_000  # drives of one decision, in the twin, after which no earlier decision is looked at
    )
    tried: int = 4  # sequences of one decision that are driven in highway-env
    held: float = 0.6  # [s] that one control is held, where the road is steered
    accelerations: tuple[float, ...] = (-1.0, 0.0, 1.0)  # of a control, as shares of what is legal
    steering: tuple[float, ...] = (-0.25, -0.08, 0.0, 0.08, 0.25)  # likewise


@dataclass(frozen=True)
class Saving:
    """A sequence of actions that avoids the incident, driven in highway-env."""

    step: int  # the latest decision from which one was found
    actions: tuple[Action, ...]  # of that decision and those after it
    ended: str = ""  # how the episode ends with it, a reason of `types.End`; "" where it goes on


@dataclass(frozen=True)
class Search:
    """What was driven by hindsight, and what came of it."""

    first: int  # the earliest decision that was looked at
    last: int  # the latest
    count: int  # drives of one decision, in the twin
    complete: bool  # was every sequence driven, of every decision that none avoids it from?
    saving: Saving | None
    refused: str = ""  # why nothing was searched, in words; "" where it was


@dataclass(frozen=True)
class Aim:
    """What a sequence must come to."""

    goal: bool  # reach the task's goal; else last until a decision
    until: int  # the decision before which it must be so


@dataclass(frozen=True)
class Fixed:
    """A policy that takes actions one after the other, from a step on."""

    actions: tuple[Action, ...]
    step: int
    name = "avoiding"
    tie = "post hoc"

    def decide(self, scene: Scene) -> Choice:
        action = self.actions[scene.step - self.step]
        return Choice(action, (Option(action),))


def look_back(episode: Episode, goal: bool, settings: Settings = Settings()) -> Search:
    """The latest decision from which a sequence of actions avoids how the episode ended.

    goal: it ended without its goal, and that must be reached; else nothing must be touched and no road left. Beyond
    `settings.states` different states, some are left out, so a decision that is said to be lost is proved lost only
    where the search is complete. No decision before an edit is looked at: what is driven from there would lack the
    edit. A log that cannot be driven again is a search that was refused.
    """
    last, header = len(episode.steps) - 1, episode.header
    if goal and not header.task.goal and header.task.goal_x is None:
        return Search(last, last, 0, False, None, NO_PLACE)
    deadline = max(round(header.task.deadline / header.period), last + 1)
    beyond = min(last + 1 + math.ceil(settings.beyond / header.period), deadline)
    aim = Aim(goal, deadline if goal else beyond)
    reach = last + 1 if goal else max(math.ceil(settings.back / header.period), 1)
    edited = max((k for k, each in enumerate(episode.steps) if each.edits), default=0)
    first, count, complete, step = max(last + 1 - reach, edited), 0, True, last
    twin, real = Stage(episode), Stage(episode, "highway-env")
    try:
        for step in range(last, first - 1, -1):
            tree = Tree(episode, twin.at(step), aim, settings)
            sequences = tree.sequences()
            count += tree.count
            for actions in sequences:
                if saving := saving_of(real.at(step), actions, aim):
                    return Search(first, last, count, complete, _at_last(episode, saving))
            complete = complete and tree.complete and not sequences
            if count > settings.most:
                return Search(step, last, count, complete, None)
    except ValueError as error:
        return Search(step, last, count, False, None, str(error))
    return Search(first, last, count, complete, None)


def _at_last(episode: Episode, saving: Saving) -> Saving:
    """The same sequence, from the first decision at which the log has another action."""
    taken = (step.driven for step in episode.steps[saving.step :])
    pairs = zip(taken, saving.actions, strict=False)
    same = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)))
    return Saving(saving.step + same, saving.actions[same:], saving.ended)


def saving_of(world: World, actions: Sequence[Action], aim: Aim) -> Saving | None:
    """The actions up to where they come to the aim in this world; None where they do not.

    The world stands afterwards where it stood.
    """
    step = world.scene.step
    with branched(world):
        for number, action in enumerate(actions, 1):
            if not world.scene.legal.allows(action):
                return None
            ended = world.step(action).ended
            if ended in LOST or (ended and aim.goal and not arrived(world.scene)):
                return None
            if ended:
                return Saving(step, tuple(actions[:number]), ended)
    return None if aim.goal else Saving(step, tuple(actions))


def saved(
    episode: Episode, saving: Saving, physics: str = "highway-env"
) -> Iterator[Header | Step | End]:
    """The episode with the saving sequence, as a branch that is driven: its header, steps, and perhaps its end."""
    return branching(
        episode, saving.step, (), Fixed(saving.actions, saving.step),
        None if saving.ended else len(saving.actions), physics, causes="never",
    )  # fmt: skip


# --------------------------------------------------------------------------------------- the tree


class Tree:
    """All that may follow from one decision, level by level, in the twin."""

    def __init__(self, episode: Episode, world: World, aim: Aim, settings: Settings):
        self.aim, self.settings, self.scene = aim, settings, world.scene
        self._worlds = from_truth(world.road, world.truth())
        self._frames, self._sub_step = round(world.period / world.sub_step), world.sub_step
        self._chance = np.random.default_rng(0)
        self._moves = _moves(episode, world.scene, settings)
        self.count, self.complete = 0, self._moves.meta
        self._held = 1 if self._moves.meta else max(round(settings.held / world.period), 1)
        self._left = _lanes_left(world.scene) if aim.goal else None

    def sequences(self) -> list[tuple[Action, ...]]:
        """The sequences that come to the aim, those that do least first; () where none was found."""
        worlds, depth = self._worlds, self.aim.until - self.scene.step
        ways, way = np.zeros((1, 0), int), np.zeros(1)
        for level in range(math.ceil(depth / self._held)):
            held = min(self._held, depth - level * self._held)
            parents, moves = self._open(worlds)
            worlds = worlds.select(parents)
            before = self._places(worlds)
            self.count += len(worlds)
            orders = np.repeat(self._moves.orders[moves][:, None], held, 1)
            worlds.step(orders, self._frames, self._sub_step, stop_on_crash=True, related=True)
            ways = np.concatenate([ways[parents], moves[:, None]], 1)
            way = way[parents] + np.hypot(*(self._places(worlds) - before).T)
            alive = ~worlds.ego_crashed & self._on_road(worlds)
            done = alive & self._arrived(worlds)
            if done.any():
                return self._simplest(ways[done], depth)
            alive = np.flatnonzero(alive)
            if not len(alive):
                return []
            alive = alive[self._kept(worlds.select(alive), way[alive])]
            worlds, ways, way = worlds.select(alive), ways[alive], way[alive]
        return [] if self.aim.goal else self._simplest(ways, depth)

    def _open(self, worlds: Worlds) -> tuple[np.ndarray, np.ndarray]:
        """The worlds, once for every move that is legal in them, and those moves."""
        if self._moves.meta:
            return np.nonzero(worlds.legal(*self._moves.axes))
        count = len(self._moves.orders)
        return np.repeat(np.arange(len(worlds)), count), np.tile(np.arange(count), len(worlds))

    def _places(self, worlds: Worlds) -> np.ndarray:
        return worlds.ego_states[:, :2]

    def _on_road(self, worlds: Worlds) -> np.ndarray:
        """bool [W]: is the ego's centre on a lane?"""
        on, (x, y) = np.zeros(len(worlds), bool), self._places(worlds).T
        for lane in self.scene.road.lanes:
            s, d = lane.frenet(x, y)
            on |= (abs(d) <= lane.width / 2) & (s >= -OFF) & (s < lane.length + OFF)
        return on

    def _arrived(self, worlds: Worlds) -> np.ndarray:
        """bool [W]: does the ego stand where its task ends? As `drive.kinematics.goal.arrived`, of many worlds."""
        task, (x, y) = self.scene.task, self._places(worlds).T
        if task.goal_x is not None:
            return x > task.goal_x
        lane, done = worlds.of_ego(worlds.lane), np.zeros(len(worlds), bool)
        for number, each in enumerate(self.scene.road.lanes):
            if each.id in task.goal:
                done |= (lane == number) & (each.frenet(x, y)[0] >= task.goal_from)
        return done

    def _kept(self, worlds: Worlds, way: np.ndarray) -> np.ndarray:
        """Which of the worlds are gone on with: all, or of those that are alike one, and no more than are kept."""
        most = self.settings.states
        if len(worlds) <= most:
            return np.arange(len(worlds))
        self.complete = False
        x, y, heading, speed, *_ = worlds.ego_states.T
        aims = worlds.of_ego(worlds.target_lane)
        state = np.stack([x, 2 * y, 10 * heading, speed, aims], 1).round().astype(int)
        _, first = np.unique(state, axis=0, return_index=True)
        drawn = self._chance.permutation(first)
        if self._left is not None:  # half of those that are nearest to the goal, half by lot
            lanes = self._left[worlds.of_ego(worlds.lane)[first]]
            best = first[np.lexsort((-way[first], lanes))][: most // 2]
            drawn = np.concatenate([best, drawn[~np.isin(drawn, best)]])
        return np.sort(drawn[:most])

    def _simplest(self, ways: np.ndarray, depth: int) -> list[tuple[Action, ...]]:
        """Ways as actions, decision by decision: those first that do least, and of these those that do it once."""
        effort = self._moves.effort[ways].sum(1)
        turns = (np.diff(ways, axis=1) != 0).sum(1)
        order = np.lexsort((turns, effort))
        return [
            tuple(self._moves.actions[move] for move in ways[k] for _ in range(self._held))[:depth]
            for k in order[: self.settings.tried]
        ]


@dataclass(frozen=True, eq=False)
class Moves:
    """What may be done at a decision."""

    actions: tuple[Action, ...]
    orders: (
        np.ndarray
    )  # int [M] codes of the twin, or float [M, 2] acceleration [m/s2], steering [rad]
    effort: np.ndarray  # [M] how much each does; 0: the ego carries on
    meta: bool
    axes: tuple[bool, bool] = (True, True)  # may speeds be changed, and lanes?


def _moves(episode: Episode, scene: Scene, settings: Settings) -> Moves:
    if scene.legal.meta:
        offered = {name for step in episode.steps for name in step.scene.legal.meta}
        axes = (bool(offered & {"FASTER", "SLOWER"}), bool(offered & {"LANE_LEFT", "LANE_RIGHT"}))
        codes = np.arange(len(META_ACTIONS))
        effort = (codes != CODES["IDLE"]).astype(float)
        return Moves(tuple(map(Meta, META_ACTIONS)), codes, effort, True, axes)
    shares = np.array([*itertools.product(settings.accelerations, settings.steering)])
    most = [max(map(abs, limits)) for limits in (scene.legal.acceleration, scene.legal.steering)]
    controls = [scene.legal.within(Control(*map(float, pair * most))) for pair in shares]
    orders = np.array([[each.acceleration, each.steering] for each in controls])
    return Moves(tuple(controls), orders, (shares**2).sum(1), False)


def _lanes_left(scene: Scene) -> np.ndarray:
    """Changes of lane to the goal, by the number of the lane [lanes]; inf where no way leads there."""
    ways = [way_to_exit(scene, lane.id) for lane in scene.road.lanes]
    return np.array([math.inf if way is None else float(way.lanes) for way in ways])
