"""The memory of a search: sequences of actions and the worlds that they led to, so that none is driven twice.

A car that is hidden from the ego stays on the road for all other cars. So, of the same worlds, only those sequences have
to be driven again in which the ego touched a hidden car; the tree holds the results of the others.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from drive.twin import CODES, META_ACTIONS, Worlds

IDLE, ACTIONS = CODES["IDLE"], len(META_ACTIONS)


@dataclass
class Nodes:
    """P sequences of actions, each in its hypothesis, with their results so far."""

    key: np.ndarray  # int [P] hypothesis and actions, as one number
    world: np.ndarray  # int [P] the hypothesis
    codes: np.ndarray  # int [P, decisions]
    moves: np.ndarray  # int [P] actions other than IDLE
    done: np.ndarray  # bool [P] is it driven as far as it was meant to be?
    place: np.ndarray  # int [P] number of its world in the tree; -1: not kept
    after: np.ndarray  # int [P] the same, of its world after the first decision
    crash: np.ndarray  # [P] [s] until the ego's crash; inf: none so far
    ended: np.ndarray  # [P] [s] until it crashed or arrived; inf: it goes on
    missing: (
        np.ndarray
    )  # [P, MARGINS] decisions for which a margin was missing wholly, or in shares
    way: np.ndarray  # [P] [m]
    chance: np.ndarray  # [P] of arriving in time, 0 to 1
    owed: np.ndarray  # [P, LANE_COSTS] [m] cost of the lanes
    touched: np.ndarray  # bool [P, slots]
    speed: np.ndarray  # [P] [m/s] of the ego
    fastest: np.ndarray  # [P] [m/s] that it has or was told to have
    legal: np.ndarray  # bool [P, 5] what it may do next

    # the results of driving
    LIVED = (
        "place",
        "crash",
        "ended",
        "missing",
        "way",
        "chance",
        "owed",
        "touched",
        "speed",
        "fastest",
        "legal",
    )

    @classmethod
    def at(cls, roots: Worlds, decisions: int, tree: Tree, margins: int, costs: int) -> Nodes:
        """The roots themselves; of so many margins and costs of lanes."""
        n = len(roots)
        world, place, zeros = np.arange(n), tree.add(roots), np.zeros(n)
        return cls(
            key=world,
            world=world,
            codes=np.full((n, decisions), IDLE, np.int32),
            moves=np.zeros(n, int),
            done=np.ones(n, bool),
            place=place,
            after=place,
            crash=np.full(n, np.inf),
            ended=np.full(n, np.inf),
            missing=np.zeros((n, margins)),
            way=zeros,
            chance=zeros,
            owed=np.zeros((n, costs)),
            touched=roots.touched,
            speed=zeros,
            fastest=zeros,
            legal=np.zeros((n, ACTIONS), bool),
        )

    def pick(self, chosen) -> Nodes:
        """Copies of the chosen ones (indices or a mask)."""
        return Nodes(*(getattr(self, each.name)[chosen] for each in fields(self)))

    def branch(self, first: np.ndarray | None) -> Nodes:
        """Every node with every action that it may take next (`first`: with these), not yet driven."""
        if first is None:
            parents, codes = np.nonzero(self.legal)
        else:
            parents, codes = (
                np.repeat(np.arange(len(self.key)), len(first)),
                np.tile(first, len(self.key)),
            )
        grown = self.pick(parents)
        return replace(grown, key=grown.key * ACTIONS + codes, moves=grown.moves + (codes != IDLE))

    @property
    def arrived(self) -> np.ndarray:
        """bool [P]: is the task done?"""
        return np.isfinite(self.ended) & np.isinf(self.crash)

    def close(self, closed: list[Nodes], seconds: float) -> Nodes:
        """The nodes that go on; those that ended are appended to `closed`, with so much time [s] left for an ego that arrived."""
        over = np.isfinite(self.ended)
        if not over.any():
            return self
        ended = self.pick(over)
        closed.append(replace(ended, way=ended.way + ended.arrived * ended.speed * seconds))
        return self.pick(~over)

    def left(self, chosen, seconds: float) -> Nodes:
        """What the chosen nodes came to so far, and would drive in so much more time [s] at most."""
        nodes = self.pick(chosen)
        way = nodes.way + nodes.fastest * seconds
        return replace(nodes, way=way, done=np.zeros(len(way), bool))


@dataclass(frozen=True)
class Notes:
    """What was measured while P nodes were driven through L decisions. Bodies: a car's id, minus an object's, 0: none."""

    seen: np.ndarray  # [P, L, MARGINS] the worst of each decision, in the margin's unit; inf: none
    body: np.ndarray  # int [P, L, MARGINS] of which body
    pace: np.ndarray  # [P, L] [m/s] mean speed of the ego
    partner: np.ndarray  # int [P] what the ego hit


class Tree:
    """The nodes that searches of the same roots drove, by hypothesis and actions; each of them is driven once."""

    def __init__(self, ghosts: np.ndarray):
        self.ghosts = ghosts  # bool [slots] of cars that the ego does not see
        # Worlds as they stood after some decision (never driven on in place), and where each block ends, in worlds.
        self._blocks: list[Worlds] = []
        self._ends: list[int] = []
        # By stage of the search: the keys of nodes, then their LIVED arrays, then their Notes.
        self._driven: dict[tuple[int, ...], list[tuple[np.ndarray, ...]]] = {}

    def add(self, worlds: Worlds) -> np.ndarray:
        """Keep these worlds; the numbers under which `take` finds them [W]."""
        first = self._ends[-1] if self._ends else 0
        self._blocks.append(worlds)
        self._ends.append(first + len(worlds))
        return np.arange(first, first + len(worlds))

    def take(self, numbers: np.ndarray) -> Worlds:
        """Copies of kept worlds, with the cars hidden that are hidden in this tree."""
        block = np.searchsorted(self._ends, numbers, "right")
        within = numbers - np.array([0, *self._ends])[block]
        parts = [(block == each, self._blocks[each]) for each in np.unique(block)]
        if len(parts) == 1:
            worlds = parts[0][1].select(within)
        else:
            arrays = (
                [(at, getattr(of, name)[within[at]]) for at, of in parts]
                for name in ("f", "g", "head")
            )
            worlds = replace(
                parts[0][1], **dict(zip(("f", "g", "head"), map(gathered, arrays), strict=True))
            )
        worlds.hide(self.ghosts)
        return worlds

    def keep(self, stage: tuple[int, ...], nodes: Nodes, notes: Notes) -> None:
        """Remember nodes as results of a stage of the search."""
        lived = (getattr(nodes, name) for name in Nodes.LIVED)
        rows = nodes.key, *lived, notes.seen, notes.body, notes.pace, notes.partner
        self._driven.setdefault(stage, []).append(rows)

    def recall(
        self, stage: tuple[int, ...], keys: np.ndarray
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """Which of these nodes [P] a stage has driven before, and the LIVED arrays of those."""
        mine, *lived = self._in_order(stage)
        if not len(mine):
            return np.zeros(len(keys), bool), ()
        at = np.minimum(np.searchsorted(mine, keys), len(mine) - 1)
        kept = mine[at] == keys
        return kept, tuple(row[at[kept]] for row in lived[: len(Nodes.LIVED)])

    def notes(self, stage: tuple[int, ...], keys: np.ndarray) -> Notes:
        """What was measured of these nodes [P], which a stage has driven."""
        mine, *rows = self._in_order(stage)
        at = np.searchsorted(mine, keys)
        return Notes(*(row[at] for row in rows[len(Nodes.LIVED) :]))

    def _in_order(self, stage: tuple[int, ...]) -> tuple[np.ndarray, ...]:
        """The rows of a stage in the order of their keys; sorted at the first request."""
        parts = self._driven.get(stage, [])
        if not parts:
            return (np.empty(0, int),)
        rows = tuple(map(np.concatenate, zip(*parts, strict=True))) if len(parts) > 1 else parts[0]
        if (rows[0][1:] < rows[0][:-1]).any():
            order = np.argsort(rows[0])
            rows = tuple(row[order] for row in rows)
        self._driven[stage] = [rows]
        return rows

    def hiding(self, ghosts: np.ndarray) -> Tree:
        """The tree for an ego that sees fewer cars: without the nodes in which it touched a hidden car.

        Hidden cars stay on the road for all other cars, so all other nodes would go as they went.
        """
        if (self.ghosts & ~ghosts).any():
            raise ValueError(
                "a car that was hidden is seen now: this tree does not tell which nodes touched it"
            )
        less, hidden = Tree(ghosts), ghosts & ~self.ghosts
        less._blocks, less._ends = list(self._blocks), list(self._ends)
        touched = 1 + Nodes.LIVED.index("touched")
        for stage in self._driven:
            rows = self._in_order(stage)
            kept = ~rows[touched][:, hidden].any(1)
            less._driven[stage] = [tuple(row[kept] for row in rows)]
        return less


def gathered(parts: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """One array of several: each where its mask says."""
    out = np.empty((len(parts[0][0]), *parts[0][1].shape[1:]), parts[0][1].dtype)
    for at, values in parts:
        out[at] = values
    return out
