"""A tree of meta-actions driven in the twin, in every hypothesis at once; knows arrays, not scenes.

Each level drives all open nodes through one decision, legal actions only; a node whose ego crashed ends there.
Leaves drive on with the speed and lane they have, or brake. What is kept of a plan: when it crashes, how much risk it
takes, how far it drives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drive.twin import CODES, META_ACTIONS, Worlds
from drive.twin import kernel as k

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
    committed: bool = False  # is the second decision the same in every hypothesis?

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
    crash: np.ndarray  # [P] [s] until the ego's crash; inf: none within the horizon
    risk: np.ndarray  # [P] 0 is none
    way: np.ndarray  # [P] [m] driven
    moves: np.ndarray  # int [P] actions other than IDLE within the branching part
    owed: np.ndarray  # [P] [m] what the lanes cost over the time spent in them
    touched: np.ndarray  # bool [P, slots] to whom it comes closer than the margins, or whom it hits
    done: np.ndarray  # bool [P]


def search(roots: Worlds, budget: Budget, first: np.ndarray, promise: Callable[..., np.ndarray]) -> Plans:
    """Plans of legal actions in every root; `first` [A] are the codes legal now.

    promise: values open nodes [P] by what they have so far, with so many decisions to come. From the third decision on
    the most promising of each first action and root branch on; of the leaves the most promising are driven on to the
    horizon, the others only where none of those arrives there.
    """
    nodes = _Nodes.at(roots, budget)
    closed: list[_Nodes] = []
    for level in range(budget.depth):
        if len(nodes.world):
            if level > 1:
                nodes = _beam(nodes, budget, level, promise, closed)
            nodes = nodes.branch(first if level == 0 else None)
            nodes.drive(level, budget)
            nodes = nodes.close(closed)
    closed += _tails(nodes, budget, promise(nodes, budget.tail))
    return Plans(*(np.concatenate([getattr(n, name) for n in closed]) for name in _Nodes.KEPT))


def _beam(nodes: _Nodes, budget: Budget, level: int, promise: Callable[..., np.ndarray], closed: list[_Nodes]) -> _Nodes:
    """The most promising nodes of each first action and root, which branch on; the others stay as they are."""
    left = budget.depth - level + budget.tail
    top = _most(promise(nodes, left), *_groups(nodes, budget, budget.beam))
    closed.append(nodes.left(~top, budget, left))
    return nodes.pick(top)


def _groups(nodes: _Nodes, budget: Budget, width: int) -> tuple[np.ndarray, int]:
    """Which nodes compete with one another [P], and how many of them may win."""
    group = nodes.codes[:, 0] + len(META_ACTIONS) * nodes.world
    if budget.committed and budget.depth > 1:
        return nodes.codes[:, 1] + len(META_ACTIONS) * group, math.ceil(width / 3)
    return group, width


def _most(value: np.ndarray, group: np.ndarray, width: int) -> np.ndarray:
    """bool [P]: the `width` greatest values of each group."""
    order = np.lexsort((-value, group))
    starts = np.searchsorted(group[order], group[order])
    top = np.zeros(len(order), bool)
    top[order] = np.arange(len(order)) - starts < width
    return top


def _tails(nodes: _Nodes, budget: Budget, value: np.ndarray) -> list[_Nodes]:
    """The open nodes driven on: holding on first; braking where that crashes."""
    group, width = _groups(nodes, budget, budget.width)
    top = _most(value, group, width)
    done = [nodes.pick(top).held(IDLE, budget)]
    arrived = np.isin(group, group[np.flatnonzero(top)[done[0].now[np.isinf(done[0].crash)]]])
    done.append(nodes.left(np.flatnonzero(~top & arrived), budget, budget.tail))
    rest = np.flatnonzero(~arrived)
    if rest.size:
        held = nodes.pick(rest).held(IDLE, budget)
        crashed = held.now[np.isfinite(held.crash)]
        done += [held, nodes.pick(rest[crashed]).held(SLOWER, budget)]
    return done


@dataclass(frozen=True)
class Held:
    """What one action came to where speed and lane are held after it."""

    crash: np.ndarray  # [W] [s] until the ego's crash; inf: none within the horizon
    partner: np.ndarray  # int [W] whom it hits: a car's id, minus an object's, 0: nobody or unknown


def hold(roots: Worlds, code: int, budget: Budget) -> Held:
    """In every root the one action, then the speed and lane that it gave."""
    worlds, crash = roots.copy(), np.full(len(roots), np.inf)
    for level in range(budget.depth + budget.tail if len(roots) else 0):
        worlds.reset_clock()
        substeps = budget.substeps(level)
        dt = budget.period / substeps
        worlds.step(np.full(len(worlds), IDLE if level else code, np.int32), substeps, dt, stop_on_crash=True)
        now = np.isinf(crash) & (worlds.ego_crash_step >= 0)
        crash = np.where(now, level * budget.period + worlds.ego_crash_step * dt, crash)
    return Held(crash, struck(worlds))


@dataclass
class _Nodes:
    worlds: Worlds
    codes: np.ndarray
    world: np.ndarray
    crash: np.ndarray
    risk: np.ndarray
    way: np.ndarray
    moves: np.ndarray
    owed: np.ndarray
    touched: np.ndarray
    done: np.ndarray
    now: np.ndarray  # codes to be driven next

    KEPT = ("codes", "world", "crash", "risk", "way", "moves", "owed", "touched", "done")

    @classmethod
    def at(cls, roots: Worlds, budget: Budget) -> _Nodes:
        n = len(roots)
        codes = np.full((n, budget.depth + budget.tail), IDLE, np.int32)
        risk, way, owed = np.zeros((3, n))
        moves, now = np.zeros((2, n), int)
        touched, done = roots.g[:, k.TOUCHED] != 0, np.ones(n, bool)
        return cls(roots, codes, np.arange(n), np.full(n, np.inf), risk, way, moves, owed, touched, done, now)

    def pick(self, chosen) -> _Nodes:
        kept = (getattr(self, name)[chosen] for name in self.KEPT)
        return _Nodes(self.worlds.select(chosen), *kept, self.now[chosen])

    def branch(self, first: np.ndarray | None) -> _Nodes:
        if first is None:
            parents, codes = np.nonzero(self.worlds.legal())
        else:
            parents, codes = np.repeat(np.arange(len(self.world)), len(first)), np.tile(first, len(self.world))
        grown = self.pick(parents)
        grown.now = codes.astype(np.int32)
        grown.moves = grown.moves + (codes != IDLE)
        return grown

    def close(self, closed: list[_Nodes]) -> _Nodes:
        """The nodes that go on; those whose ego crashed are appended to `closed`."""
        dead = np.isfinite(self.crash)
        if not dead.any():
            return self
        closed.append(self.outcome(dead))
        return self.pick(~dead)

    def held(self, code: int, budget: Budget) -> _Nodes:
        """These nodes, driven on to the horizon with one action; `now` tells which each of them was."""
        ended: list[_Nodes] = []
        nodes, self.now = self, np.arange(len(self.world))
        for level in range(budget.depth, budget.depth + budget.tail):
            if len(nodes.world):
                nodes.drive(level, budget, code)
                nodes = nodes.close(ended)
        return _Nodes.joined([*ended, nodes])

    def left(self, chosen, budget: Budget, decisions: int) -> _Nodes:
        """What the chosen nodes came to so far, and would drive in so many more decisions at most."""
        at = np.arange(len(self.world))[chosen], self.worlds.ego_slot[chosen]
        fastest = np.maximum(self.worlds.f[:, k.SPEED][at], self.worlds.f[:, k.TARGET_SPEED][at])
        nodes = self.outcome(chosen)
        nodes.way = nodes.way + fastest * decisions * budget.period
        nodes.done = np.zeros(len(nodes.world), bool)
        return nodes

    def outcome(self, chosen) -> _Nodes:
        """The chosen nodes without their worlds, which nobody drives on."""
        return _Nodes(None, *(getattr(self, name)[chosen] for name in self.KEPT), self.now[chosen])

    @classmethod
    def joined(cls, parts: list[_Nodes]) -> _Nodes:
        """Nodes for their outcomes only: the worlds are dropped, and the order is changed."""
        kept = (np.concatenate([getattr(part, name) for part in parts]) for name in cls.KEPT)
        return cls(None, *kept, np.concatenate([part.now for part in parts]))

    def drive(self, level: int, budget: Budget, code: int | None = None) -> None:
        codes = self.now if code is None else np.full(len(self.now), code, np.int32)
        slots = self.worlds.ego_slot
        self.worlds.reset_clock()
        substeps = budget.substeps(level)
        dt = budget.period / substeps
        drive = self.worlds.step(codes, substeps, dt, stop_on_crash=True, risks=True, wanted=budget.margins.wanted, ego=True)
        self.codes[:, level] = codes
        lanes = self.worlds.g[np.arange(len(slots)), k.TARGET_LANE, slots]
        self.owed = self.owed + budget.lane_cost[lanes] * budget.period
        at = self.worlds.ego_crash_step
        self.crash = np.where(at >= 0, level * budget.period + at * dt, np.inf)
        self.touched = self.worlds.g[:, k.TOUCHED] != 0
        speeds = drive.ego[:, :, 3]
        self.way = self.way + speeds.mean(1) * budget.period
        self.risk = self.risk + risk(drive.risks[:, 0], speeds.mean(1), budget.margins)


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
    ahead = _short(ttc, margins.ahead_time) + _short(gap, margins.ahead_least + margins.ahead_headway * speed)
    back = _short(ttc_behind, margins.behind_time) + _short(behind, margins.behind_least)
    aside = _short(clear, margins.aside) if margins.aside else 0.0
    return ahead + back + aside + np.clip(-follower / margins.imposed - 1.0, 0.0, 1.0)


def _short(value: np.ndarray, wanted) -> np.ndarray:
    """The share of a wanted margin that is missing, at most 1.5 (where bodies overlap lengthwise)."""
    return np.clip((wanted - value) / wanted, 0.0, 1.5)
