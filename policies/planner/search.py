"""A tree of meta-actions driven in the twin, in every hypothesis at once; knows arrays, not scenes.

Each level drives all open nodes through one decision, with each legal action. A node whose ego has crashed or arrived is
closed. Leaves drive on with the speed and lane that they have, or brake. A plan is summed up by when it crashes, which
margins it leaves missing and how far it drives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from drive.twin import CODES, Worlds
from policies.planner.goal import Goal
from policies.planner.outlook import Outlook
from policies.planner.settings import Margins
from policies.planner.tree import ACTIONS, Nodes, Notes, Tree, gathered

IDLE, SLOWER = CODES["IDLE"], CODES["SLOWER"]
# the columns of `missing`
MARGINS = ("time ahead", "gap ahead", "time behind", "gap behind", "imposed", "aside")
# the columns of a lane's cost
LANE_COSTS = ("lanes to goal", "lanes to the right")
# the column of Drive.risks that each margin is measured by
MEASURED = [1, 0, 3, 2, 4, 5]
TINY = 1e-9  # of a margin: none


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
    lane_cost: np.ndarray  # [lanes, LANE_COSTS] [m/s] that being in a lane costs
    margins: Margins
    held: float  # share of a missing margin that counts after the decisions that branch
    goal: Goal = Goal()  # where a plan ends well; it would keep its speed afterwards
    outlook: Outlook | None = None  # what the chance of arriving is judged by; None: it is not
    committed: int = 1  # decisions in common to all hypotheses
    fan: int = 1  # parts that each of them after the first divides beam and width into

    @property
    def horizon(self) -> float:
        return (self.depth + self.tail) * self.period

    def substeps(self, level: int) -> int:
        return max(1, round(self.period / (self.sub_step if level < self.fine else self.coarse)))


@dataclass(frozen=True)
class Plans:
    """The results of P plans, P = leaves of all hypotheses.

    A plan that was not driven to the horizon (`done` is False) has the longest way that it could have driven.
    """

    codes: np.ndarray  # int [P, decisions]
    world: np.ndarray  # int [P] which hypothesis it was driven in
    after: np.ndarray  # int [P] number in the tree of its world after the first decision
    crash: np.ndarray  # [P] [s] until the ego's crash; inf: none within the horizon
    ended: np.ndarray  # [P] [s] until it crashed or arrived; inf: neither within the horizon
    missing: (
        np.ndarray
    )  # [P, MARGINS] decisions for which a margin was missing wholly, or in shares
    way: np.ndarray  # [P] [m] driven
    chance: np.ndarray  # [P] of arriving in time, by what is left after it
    moves: np.ndarray  # int [P] actions other than IDLE within the branching part
    owed: np.ndarray  # [P, LANE_COSTS] [m] what the lanes cost over the time spent in them
    touched: np.ndarray  # bool [P, slots] cars that the ego hit, or came too close to
    done: np.ndarray  # bool [P]


def search(
    roots: Worlds, budget: Budget, first: np.ndarray, promise: Callable[..., np.ndarray], tree: Tree
) -> Plans:
    """Plans of legal actions in every root; `first` [A] are the codes legal now.

    promise: the value [P] of open nodes, given how many decisions are left. From the third decision on only the most
    promising nodes of each first action and root branch on. The most promising leaves are driven on to the horizon, the
    others only where none of these reaches it. tree: nodes of these roots that were driven before under the same budget
    (depth, width and beam may differ); the search adds to it.
    """
    drive = _Drive(budget, tree)
    decisions = budget.depth + budget.tail
    nodes = Nodes.at(roots, decisions, tree, len(MARGINS), len(LANE_COSTS))
    closed: list[Nodes] = []
    for level in range(budget.depth):
        if len(nodes.key):
            if level > 1:
                nodes = _beam(nodes, budget, level, promise, closed)
            nodes = drive.decision(nodes.branch(first if level == 0 else None), level)
            if level == 0:
                nodes.after = nodes.place
            nodes = nodes.close(closed, (decisions - level - 1) * budget.period)
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
    """The most promising nodes of each first action and root, which branch on; the others are closed undriven."""
    left = budget.depth - level + budget.tail
    top = _most(promise(nodes, left), *_groups(nodes, budget, budget.beam, level))
    closed.append(nodes.left(~top, left * budget.period))
    return nodes.pick(top)


def _groups(nodes: Nodes, budget: Budget, width: int, decided: int) -> tuple[np.ndarray, int]:
    """The group in which each node competes [P], at a depth of so many decisions, and how many of a group win."""
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
    """The open nodes driven on to the horizon, holding speed and lane, and braking where that crashes."""
    group, width = _groups(nodes, budget, budget.width, budget.depth)
    top = _most(value, group, width)
    best = drive.to_horizon(nodes.pick(top), IDLE)
    arrived = np.isin(group, group[top][np.isinf(best.crash)])
    rest = nodes.pick(~arrived)
    held = drive.to_horizon(rest, IDLE)
    braked = drive.to_horizon(rest.pick(np.isfinite(held.crash)), SLOWER)
    return [best, nodes.left(~top & arrived, budget.tail * budget.period), held, braked]


@dataclass(frozen=True)
class _Drive:
    """Drives nodes through the twin, all but those that the tree holds already."""

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

    def _once(self, stage: tuple[int, ...], nodes: Nodes, drive: Callable[[Nodes], Notes]) -> Nodes:
        """Drive the nodes that the tree does not hold, and keep them."""
        kept, before = self.tree.recall(stage, nodes.key)
        fresh = nodes.pick(~kept) if kept.any() else nodes
        if len(fresh.key):
            self.tree.keep(stage, fresh, drive(fresh))
        if not kept.any():
            return fresh
        lived = (
            [(kept, old), (~kept, getattr(fresh, name))]
            for name, old in zip(Nodes.LIVED, before, strict=True)
        )
        return replace(nodes, **dict(zip(Nodes.LIVED, map(gathered, lived), strict=True)))

    def _on(self, nodes: Nodes, level: int) -> Notes:
        worlds = self.tree.take(nodes.place)
        seen, body, pace = self._decide(nodes, worlds, nodes.codes[:, level], level)
        nodes.fastest = np.maximum(nodes.speed, worlds.of_ego(worlds.target_speed))
        nodes.legal, nodes.place = worlds.legal(), self.tree.add(worlds)
        return Notes(seen[:, None], body[:, None], pace[:, None], struck(worlds))

    def _out(self, nodes: Nodes, code: int) -> Notes:
        worlds, depth = self.tree.take(nodes.place), self.budget.depth
        levels = [
            self._decide(nodes, worlds, np.full(len(worlds), code), level)
            for level in range(depth, depth + self.budget.tail)
        ]
        nodes.place = np.full(len(worlds), -1)
        if not levels:
            nothing = np.zeros((len(worlds), 0, len(MARGINS)))
            return Notes(nothing, nothing.astype(int), nothing[..., 0], struck(worlds))
        seen, body, pace = (np.stack(each, 1) for each in zip(*levels, strict=True))
        return Notes(seen, body, pace, struck(worlds))

    def _decide(
        self, nodes: Nodes, worlds: Worlds, codes: np.ndarray, level: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Drive the worlds of these nodes, in place, through one decision, and add the results to the nodes.

        Returns what was measured [P, MARGINS], of which bodies [P, MARGINS], and the ego's mean speed [P].

        A world whose ego has crashed stands still; an ego that has arrived keeps its speed, whatever happens.
        """
        budget, open_ = self.budget, np.isinf(nodes.ended)
        worlds.reset_clock()
        substeps = budget.substeps(level)
        dt = budget.period / substeps
        record = {"risks": True, "wanted": budget.margins.wanted, "ego": True}
        drive = worlds.step(codes, substeps, dt, stop_on_crash=True, related=True, **record)
        lanes = worlds.of_ego(worlds.target_lane)
        speeds, at = drive.ego[:, :, 3].mean(1), worlds.ego_crash_step
        nodes.owed = nodes.owed + open_[:, None] * budget.lane_cost[lanes] * budget.period
        nodes.way = nodes.way + np.where(open_, speeds, nodes.arrived * nodes.speed) * budget.period
        counts = open_ * (1.0 if level < budget.depth else budget.held)
        seen, slots = (each[:, 0][:, MEASURED] for each in (drive.risks, drive.partners))
        short = missing(seen, speeds, budget.margins)
        nodes.missing = nodes.missing + counts[:, None] * short
        nodes.speed = np.where(open_, worlds.of_ego(worlds.speed), nodes.speed)
        hit = open_ & (at >= 0)
        nodes.crash = np.where(hit, level * budget.period + at * dt, nodes.crash)
        arrived = np.where(
            open_ & at_goal(worlds, budget.goal), (level + 1) * budget.period, nodes.ended
        )
        nodes.ended = np.minimum(arrived, nodes.crash)
        if budget.outlook:
            told = budget.outlook.chance(worlds, nodes.ended, (level + 1) * budget.period)
            nodes.chance = np.where(open_, told * np.isinf(nodes.crash), nodes.chance)
        nodes.touched = worlds.touched
        return np.where(open_[:, None], seen, np.inf), bodies(worlds, slots), speeds


def at_goal(worlds: Worlds, goal: Goal) -> np.ndarray:
    """Which worlds' egos [W] are where the task ends."""
    if goal.nowhere:
        return np.zeros(len(worlds), bool)
    x, y = worlds.of_ego(worlds.xy).T
    return goal.reached(worlds.of_ego(worlds.lane), x, y)


def bodies(worlds: Worlds, slots: np.ndarray) -> np.ndarray:
    """The bodies in these slots [W, MARGINS] (inf: none): a car's id, minus an object's, 0: none."""
    some = np.isfinite(slots)
    at, rows = np.where(some, slots, 0).astype(int), np.arange(len(slots))[:, None]
    sign = np.where(worlds.objects[rows, at], -1, 1)
    return np.where(some, sign * worlds.ids[rows, at], 0)


def struck(worlds: Worlds) -> np.ndarray:
    """What each world's ego has hit [W]: the closest crashed car (its id; no ghost) or object (minus its id); 0: nothing."""
    partners, hit = np.zeros(len(worlds), int), np.flatnonzero(worlds.ego_crashed)
    if not len(hit):
        return partners
    crashed = worlds.select(hit)
    rows, ego = np.arange(len(hit)), crashed.ego_slot
    could = (crashed.crashed & (crashed.cars >= 0) & ~crashed.ghosts) | crashed.objects
    could[rows, ego] = False
    off = crashed.xy - crashed.xy[rows, ego][:, None]
    nearest = np.where(could, np.hypot(off[..., 0], off[..., 1]), np.inf).argmin(1)
    signed = np.where(crashed.objects, -crashed.ids, crashed.ids)[rows, nearest]
    partners[hit] = np.where(could.any(1), signed, 0)
    return partners


def missing(seen: np.ndarray, speed: np.ndarray, margins: Margins) -> np.ndarray:
    """Which share of each margin one decision left missing [..., MARGINS].

    seen [..., MARGINS]: the worst that was measured of each. speed [...]: of the ego, on average [m/s].
    """
    time, gap, time_behind, behind, follower, clear = np.moveaxis(seen, -1, 0)

    def short(value: np.ndarray, wanted) -> np.ndarray:
        """0 where nothing is wanted."""
        share = (wanted - value) / np.maximum(wanted, TINY)
        return np.clip(share, 0.0, margins.worst) * (np.asarray(wanted) > 0)

    return np.stack(
        [
            short(time, margins.ahead_time),
            short(gap, margins.ahead_least + margins.ahead_headway * speed),
            short(time_behind, margins.behind_time),
            short(behind, margins.behind_least),
            np.clip(-follower / margins.imposed - 1.0, 0.0, 1.0),
            short(clear, margins.aside),
        ],
        -1,
    )
