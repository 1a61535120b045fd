"""A tree of meta-actions driven in the twin, in every hypothesis at once; knows arrays, not scenes.

Each level drives all open nodes through one decision, legal actions only; a node whose ego crashed or arrived ends there.
Leaves drive on with the speed and lane they have, or brake. What is kept of a plan: when it crashes, how much risk it
takes, how far it drives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from drive.twin import CODES, Worlds
from drive.twin import kernel as k
from policies.planner.goal import Goal
from policies.planner.tree import ACTIONS, Nodes, Tree, gathered

IDLE, SLOWER = CODES["IDLE"], CODES["SLOWER"]


@dataclass(frozen=True)
class Margins:
    """What a plan should keep; missing shares of these are its risk."""

    ahead_time: float = 3.0  # [s] to collision
    ahead_least: float = 2.0  # [m]
    ahead_headway: float = 0.5  # [s] of driving, on top
    behind_time: float = 2.0  # [s] to collision
    behind_least: float = 3.0  # [m]
    imposed: float = 3.0  # [m/s2] asked of the car behind
    aside: float = 0.0  # [m] to any other shape

    @property
    def wanted(self) -> tuple[float, ...]:
        """In the order of kernel.AHEAD_TIME and on."""
        ahead = self.ahead_time, self.ahead_least, self.ahead_headway
        return *ahead, self.behind_time, self.behind_least, self.imposed, self.aside


@dataclass(frozen=True)
class Budget:
    """How far and how finely the tree looks."""

    depth: int  # decisions that branch
    tail: int  # decisions after them
    period: float  # [s] of a decision
    sub_step: float  # [s] simulated, as the world does it, in the first `fine` decisions
    fine: int
    coarse: float  # [s] simulated in the later ones
    width: int  # plans of each first action and hypothesis that are driven on to the horizon first
    beam: int  # nodes of each first action and hypothesis that branch on, from the third decision
    lane_cost: np.ndarray  # [lanes] [m/s] that being in a lane costs
    margins: Margins
    goal: Goal = Goal()  # where a plan ends well; from there on it would keep its speed
    committed: int = 1  # decisions in common to all hypotheses
    fan: int = 3  # into how many parts each of them after the first divides beam and width

    @property
    def horizon(self) -> float:
        return (self.depth + self.tail) * self.period

    def substeps(self, level: int) -> int:
        return max(1, round(self.period / (self.sub_step if level < self.fine else self.coarse)))


@dataclass(frozen=True)
class Plans:
    """What P plans came to, P = leaves of all hypotheses.

    A plan that was not driven to the horizon (`done` is False) has the way that it would drive at most.
    """

    codes: np.ndarray  # int [P, decisions]
    world: np.ndarray  # int [P] which hypothesis it was driven in
    after: np.ndarray  # int [P] number in the tree of its world after the first decision
    crash: np.ndarray  # [P] [s] until the ego's crash; inf: none within the horizon
    ended: np.ndarray  # [P] [s] until it crashed or arrived; inf: neither within the horizon
    risk: np.ndarray  # [P] 0 is none
    way: np.ndarray  # [P] [m] driven
    moves: np.ndarray  # int [P] actions other than IDLE within the branching part
    owed: np.ndarray  # [P] [m] what the lanes cost over the time spent in them
    touched: np.ndarray  # bool [P, slots] to whom it comes closer than the margins, or whom it hits
    done: np.ndarray  # bool [P]


def search(
    roots: Worlds, budget: Budget, first: np.ndarray, promise: Callable[..., np.ndarray], tree: Tree
) -> Plans:
    """Plans of legal actions in every root; `first` [A] are the codes legal now.

    promise: values open nodes [P] by what they have so far, with so many decisions to come. From the third decision on
    the most promising of each first action and root branch on; of the leaves the most promising are driven on to the
    horizon, the others only where none of those arrives there. tree: what is known of these roots under such a budget
    (depth, width and beam aside); it grows.
    """
    drive = _Drive(budget, tree)
    nodes = Nodes.at(roots, budget.depth + budget.tail, tree)
    closed: list[Nodes] = []
    for level in range(budget.depth):
        if len(nodes.key):
            if level > 1:
                nodes = _beam(nodes, budget, level, promise, closed)
            nodes = drive.decision(nodes.branch(first if level == 0 else None), level)
            if level == 0:
                nodes.after = nodes.place
            nodes = nodes.close(closed, (budget.depth + budget.tail - level - 1) * budget.period)
    closed += _tails(nodes, budget, promise(nodes, budget.tail), drive)
    return Plans(
        *(np.concatenate([getattr(n, each.name) for n in closed]) for each in fields(Plans))
    )


def _beam(
    nodes: Nodes,
    budget: Budget,
    level: int,
    promise: Callable[..., np.ndarray],
    closed: list[Nodes],
) -> Nodes:
    """The most promising nodes of each first action and root, which branch on; the others stay as they are."""
    left = budget.depth - level + budget.tail
    top = _most(promise(nodes, left), *_groups(nodes, budget, budget.beam, level))
    closed.append(nodes.left(~top, left * budget.period))
    return nodes.pick(top)


def _groups(nodes: Nodes, budget: Budget, width: int, decided: int) -> tuple[np.ndarray, int]:
    """Which nodes, so many decisions deep, compete with one another [P], and how many of them may win."""
    group, common = nodes.world, min(budget.committed, decided)
    for level in range(common):
        group = nodes.codes[:, level] + ACTIONS * group
    return group, math.ceil(width / budget.fan ** (common - 1))


def _most(value: np.ndarray, group: np.ndarray, width: int) -> np.ndarray:
    """bool [P]: the `width` greatest values of each group."""
    order = np.lexsort((-value, group))
    starts = np.searchsorted(group[order], group[order])
    top = np.zeros(len(order), bool)
    top[order] = np.arange(len(order)) - starts < width
    return top


def _tails(nodes: Nodes, budget: Budget, value: np.ndarray, drive: _Drive) -> list[Nodes]:
    """The open nodes driven on: holding on first; braking where that crashes."""
    group, width = _groups(nodes, budget, budget.width, budget.depth)
    top = _most(value, group, width)
    best = drive.to_horizon(nodes.pick(top), IDLE)
    arrived = np.isin(group, group[top][np.isinf(best.crash)])
    rest = nodes.pick(~arrived)
    held = drive.to_horizon(rest, IDLE)
    braked = drive.to_horizon(rest.pick(np.isfinite(held.crash)), SLOWER)
    return [best, nodes.left(~top & arrived, budget.tail * budget.period), held, braked]


@dataclass(frozen=True)
class Held:
    """What one action came to where speed and lane are held after it."""

    crash: (
        np.ndarray
    )  # [W] [s] until the ego's crash; inf: none within the horizon, or none before it arrived
    partner: np.ndarray  # int [W] whom it hits: a car's id, minus an object's, 0: nobody or unknown


def hold(roots: Worlds, code: int, budget: Budget) -> Held:
    """In every root the one action, then the speed and lane that it gave."""
    worlds, crash, there = roots.copy(), np.full(len(roots), np.inf), np.zeros(len(roots), bool)
    for level in range(budget.depth + budget.tail if len(roots) else 0):
        worlds.reset_clock()
        substeps = budget.substeps(level)
        dt = budget.period / substeps
        worlds.step(
            np.full(len(worlds), IDLE if level else code, np.int32),
            substeps,
            dt,
            stop_on_crash=True,
            related=True,
        )
        now = np.isinf(crash) & ~there & (worlds.ego_crash_step >= 0)
        crash = np.where(now, level * budget.period + worlds.ego_crash_step * dt, crash)
        there |= np.isinf(crash) & at_goal(worlds, budget.goal)
    return Held(crash, np.where(there, 0, struck(worlds)))


@dataclass(frozen=True)
class _Drive:
    """Drives nodes, all but those that the tree knows already."""

    budget: Budget
    tree: Tree

    def decision(self, nodes: Nodes, level: int) -> Nodes:
        """Nodes that have just branched, driven through the decision that they branched to."""
        nodes.codes[:, level] = nodes.key % ACTIONS
        return self._once((level,), nodes, lambda fresh: self._on(fresh, level))

    def to_horizon(self, nodes: Nodes, code: int) -> Nodes:
        """Open nodes, driven on with one action until the horizon or a crash."""
        depth = self.budget.depth
        nodes = replace(nodes, key=nodes.key * ACTIONS + code)
        nodes.codes[:, depth:] = code
        return self._once((depth, code), nodes, lambda fresh: self._out(fresh, code))

    def _once(self, stage: tuple[int, ...], nodes: Nodes, drive: Callable[[Nodes], None]) -> Nodes:
        """Drive what is not known, and keep it."""
        found, known = self.tree.known(stage, nodes.key)
        fresh = nodes.pick(~found) if found.any() else nodes
        if len(fresh.key):
            drive(fresh)
            self.tree.keep(stage, fresh)
        if not found.any():
            return fresh
        lived = (
            [(found, old), (~found, getattr(fresh, name))]
            for name, old in zip(Nodes.LIVED, known, strict=True)
        )
        return replace(nodes, **dict(zip(Nodes.LIVED, map(gathered, lived), strict=True)))

    def _on(self, nodes: Nodes, level: int) -> None:
        worlds = self.tree.take(nodes.place)
        self._decide(nodes, worlds, nodes.codes[:, level], level)
        slots = np.arange(len(worlds)), worlds.ego_slot
        nodes.fastest = np.maximum(nodes.speed, worlds.f[:, k.TARGET_SPEED][slots])
        nodes.legal, nodes.place = worlds.legal(), self.tree.add(worlds)

    def _out(self, nodes: Nodes, code: int) -> None:
        worlds, depth = self.tree.take(nodes.place), self.budget.depth
        for level in range(depth, depth + self.budget.tail):
            self._decide(nodes, worlds, np.full(len(worlds), code), level)
        nodes.place = np.full(len(worlds), -1)

    def _decide(self, nodes: Nodes, worlds: Worlds, codes: np.ndarray, level: int) -> None:
        """Drive the worlds of these nodes, in place, and add what came of it.

        A world whose ego has crashed stands still; who has arrived keeps its speed, whatever happens.
        """
        budget, open_ = self.budget, np.isinf(nodes.ended)
        worlds.reset_clock()
        substeps = budget.substeps(level)
        dt = budget.period / substeps
        record = {"risks": True, "wanted": budget.margins.wanted, "ego": True}
        drive = worlds.step(codes, substeps, dt, stop_on_crash=True, related=True, **record)
        slots = np.arange(len(worlds)), worlds.ego_slot
        lanes = worlds.g[:, k.TARGET_LANE][slots]
        speeds, at = drive.ego[:, :, 3].mean(1), worlds.ego_crash_step
        nodes.owed = nodes.owed + np.where(open_, budget.lane_cost[lanes] * budget.period, 0.0)
        nodes.way = nodes.way + np.where(open_, speeds, nodes.arrived * nodes.speed) * budget.period
        nodes.risk = nodes.risk + np.where(
            open_, risk(drive.risks[:, 0], speeds, budget.margins), 0.0
        )
        nodes.speed = np.where(open_, worlds.f[:, k.SPEED][slots], nodes.speed)
        nodes.crash = np.where(open_ & (at >= 0), level * budget.period + at * dt, nodes.crash)
        there = np.where(
            open_ & at_goal(worlds, budget.goal), (level + 1) * budget.period, nodes.ended
        )
        nodes.ended = np.minimum(there, nodes.crash)
        nodes.touched = worlds.g[:, k.TOUCHED] != 0


def at_goal(worlds: Worlds, goal: Goal) -> np.ndarray:
    """Which worlds' egos [W] are where the task ends."""
    if goal.nowhere:
        return np.zeros(len(worlds), bool)
    slots = np.arange(len(worlds)), worlds.ego_slot
    lanes, (x, y) = worlds.g[:, k.LANE][slots], (worlds.f[:, each][slots] for each in (k.X, k.Y))
    return goal.reached(lanes, x, -y)


def struck(worlds: Worlds) -> np.ndarray:
    """Whom each world's ego has hit [W]: the crashed car (its id; no ghost) or the object (minus its id) closest to it."""
    found = np.zeros(len(worlds), int)
    for world in np.flatnonzero(worlds.ego_crashed):
        g, ego = worlds.g[world], worlds.ego_slot[world]
        hit = ((g[k.CRASHED] != 0) & (g[k.GHOST] == 0)) | (g[k.KIND] == k.OBSTACLE)
        hit[ego], hit[worlds.head[world, k.SLOTS] :] = False, False
        if hit.any():
            xy = worlds.f[world, [k.X, k.Y]]
            nearest = np.where(hit, np.hypot(*(xy - xy[:, [ego]])), np.inf).argmin()
            found[world] = g[k.CAR, nearest] * (-1 if g[k.KIND, nearest] == k.OBSTACLE else 1)
    return found


def risk(seen: np.ndarray, speed: np.ndarray, margins: Margins) -> np.ndarray:
    """How tight one decision was [P], from Drive.risks [P, 6] and the speed driven [m/s]; 0 is free."""
    gap, ttc, behind, ttc_behind, follower, clear = seen.T
    ahead = _short(ttc, margins.ahead_time) + _short(
        gap, margins.ahead_least + margins.ahead_headway * speed
    )
    back = _short(ttc_behind, margins.behind_time) + _short(behind, margins.behind_least)
    aside = _short(clear, margins.aside) if margins.aside else 0.0
    return ahead + back + aside + np.clip(-follower / margins.imposed - 1.0, 0.0, 1.0)


def _short(value: np.ndarray, wanted) -> np.ndarray:
    """The share of a wanted margin that is missing, at most 1.5 (where bodies overlap lengthwise)."""
    return np.clip((wanted - value) / wanted, 0.0, 1.5)
