"""The terms of an option, which sum to its score, and the trajectory of an action."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from drive.kinematics import control
from drive.kinematics.trajectory import from_states
from drive.roads import LaneId
from drive.twin import META_ACTIONS, from_scene
from drive.types import HORIZON, Meta, Scene, Term, Trajectory
from policies.planner.goal import lanes_to_goal, lanes_to_the_right
from policies.planner.search import MARGINS, Budget, Plans
from policies.planner.settings import Margins, Prices
from policies.planner.trace import Trace
from policies.planner.weighing import AT, PARTS, Weighed, Worth

SOURCE = "imagined"
WALK = 3.0  # [m/s] below which a gap is told in metres, not in seconds


@dataclass(frozen=True)
class Followed:
    """An action's best plans, one per hypothesis, with what became of them."""

    plans: Plans
    worth: Worth  # of the plans
    weighed: Weighed
    trace: Trace  # of these plans, in the same order
    budget: Budget

    @property
    def costs(self) -> np.ndarray:
        """[H] of the collisions, 0 to 1."""
        return self.worth.cost[self.weighed.rows]

    @property
    def hypotheses(self) -> int:
        return len(self.weighed.rows)


def terms_of(scene: Scene, followed: Followed, lane: LaneId) -> tuple[Term, ...]:
    """The terms of an action that leads to a lane; their worths [m/s] sum to its score."""
    worths = dict(zip(AT, map(float, followed.weighed.worths), strict=True))
    speed = float(followed.plans.way[followed.weighed.rows].mean()) / followed.budget.horizon
    terms = [
        Term("progress", speed, "m/s", "for", worth=worths["progress"]),
        *_arriving(followed, worths["arriving"]),
        *_contacts(followed, worths["contact"]),
        *(term for kind in range(len(MARGINS)) for term in _margins(followed, kind)),
        *(_of_lanes(scene, lane, worths)),
        *(_plain(kind, worths[kind]) for kind in PLAIN if worths[kind]),
    ]
    return tuple(terms)


def _arriving(followed: Followed, worth: float) -> Iterator[Term]:
    """The mean chance of arriving in time, where it is weighed."""
    if followed.budget.outlook:
        chance = float(followed.plans.chance[followed.weighed.rows].mean())
        yield Term("arriving", chance, "", "for", worth=worth)


PLAIN = "unrest", "reliance", "information"  # components that are a term by themselves


def _plain(kind: str, worth: float) -> Term:
    """A term of which nothing else was measured than what it is worth."""
    return Term(kind, abs(worth), "m/s", _counts(worth), worth=worth)


def _counts(worth: float) -> str:
    return "for" if worth > 0 else "against"


def _of_lanes(scene: Scene, lane: LaneId, worths: dict[str, float]) -> Iterator[Term]:
    """What the lanes cost that the plans drive in; the value is what is left from the lane that the action leads to."""
    number = [each.id for each in scene.road.lanes].index(lane)
    left = {
        "lanes to goal": lanes_to_goal(scene),
        "lanes to the right": lanes_to_the_right(scene.road),
    }
    for kind, lanes in left.items():
        if worths[kind]:
            yield Term(kind, float(lanes[number]), "", "against", worth=worths[kind])


def _contacts(followed: Followed, worth: float) -> Iterator[Term]:
    """The soonest contact with each body that the plans hit; a body's share of the worth is that of its cost."""
    rows, hypotheses = followed.weighed.rows, followed.hypotheses
    crash, costs = followed.plans.crash[rows], followed.costs
    for body in np.unique(followed.trace.partner[np.isfinite(crash)]):
        mine = _hits(followed, body)
        share = float(costs[mine].sum() / costs.sum())
        soonest = float(crash[mine].min())
        yield Term(
            "contact", soonest, "s", "against", **_about(int(body)),
            worth=worth * share, after=soonest, likely=(int(mine.sum()), hypotheses),
        )  # fmt: skip


def _hits(followed: Followed, body: int) -> np.ndarray:
    """bool [H]: in which hypotheses do the plans hit this body?"""
    crash = followed.plans.crash[followed.weighed.rows]
    return np.isfinite(crash) & (followed.trace.partner == body)


def _about(body: int) -> dict[str, tuple[int, ...]]:
    return {"cars": (body,)} if body > 0 else {"objects": (-body,)} if body else {}


def _margins(followed: Followed, kind: int) -> Iterator[Term]:
    """A margin that plans leave missing, by body, with the value that is worst in any hypothesis."""
    trace, worth = followed.trace, followed.weighed.worths[PARTS.index(MARGINS[kind])]
    short, body = trace.short[:, :, kind], trace.body[:, :, kind]
    total = short.sum()
    for each in np.unique(body[short > 0]):
        mine, (row, level) = _shortest(followed, kind, each)
        seen, speed = float(trace.seen[row, level, kind]), float(trace.speed[row, level])
        told = TOLD[MARGINS[kind]](seen, speed, followed.budget.margins)
        yield Term(
            *told[:3], "against", told[3], **_about(int(each)),
            worth=float(worth * mine.sum() / total),
            after=float(level + 1) * followed.budget.period,
            likely=(int(mine.any(1).sum()), followed.hypotheses),
        )  # fmt: skip


def _shortest(followed: Followed, kind: int, body: int) -> tuple[np.ndarray, tuple[int, int]]:
    """What is missing of a margin to a body [H, D], and the hypothesis and decision in which most is missing."""
    short, of = followed.trace.short[:, :, kind], followed.trace.body[:, :, kind]
    mine = np.where(of == body, short, 0.0)
    row, level = np.unravel_index(np.argmax(mine), mine.shape)
    return mine, (int(row), int(level))


def worst_of(followed: Followed, term: Term) -> tuple[int, float]:
    """The plan in whose hypothesis what a term tells is worst, and when that is told to be [s].

    ValueError where the term is told of no hypothesis.
    """
    body, rows = (*term.cars, *(-each for each in term.objects), 0)[0], followed.weighed.rows
    if term.kind == "contact" and _hits(followed, body).any():
        crash = np.where(_hits(followed, body), followed.plans.crash[rows], np.inf)
        return int(rows[crash.argmin()]), float(crash.min())
    if term.kind in MARGIN_OF:
        mine, (row, level) = _shortest(followed, MARGIN_OF[term.kind], body)
        if mine[row, level] > 0:
            return int(rows[row]), float(level + 1) * followed.budget.period
    raise ValueError(f"what is told of {term.kind!r} is told of no hypothesis")


def _gap_ahead(seen: float, speed: float, wants: Margins) -> tuple[str, float, str, float]:
    wish = wants.ahead_least + wants.ahead_headway * speed
    if speed < WALK:
        return "gap kept ahead", seen, "m", wish
    return "headway", seen / speed, "s", wish / speed


# how a margin is told: (kind, value, unit, wish) of what was measured at a speed [m/s]
TOLD = {
    "time ahead": lambda seen, speed, wants: ("time to contact", seen, "s", wants.ahead_time),
    "gap ahead": _gap_ahead,
    "time behind": lambda seen, speed, wants: (
        "time to contact behind",
        seen,
        "s",
        wants.behind_time,
    ),
    "gap behind": lambda seen, speed, wants: ("gap kept behind", seen, "m", wants.behind_least),
    "imposed": lambda seen, speed, wants: ("braking asked", -seen, "m/s²", wants.imposed),
    "aside": lambda seen, speed, wants: ("clearance", seen, "m", wants.aside),
}


# the number in MARGINS of the margin that a kind of term tells
MARGIN_OF = {
    "time to contact": 0,
    "headway": 1,
    "gap kept ahead": 1,
    "time to contact behind": 2,
    "gap kept behind": 3,
    "braking asked": 4,
    "clearance": 5,
}


# the numbers of `Margins` that hold the wish of a kind of term
WISHES = {
    "headway": ("ahead_least", "ahead_headway"),
    "gap kept ahead": ("ahead_least", "ahead_headway"),
    "time to contact": ("ahead_time",),
    "time to contact behind": ("behind_time",),
    "gap kept behind": ("behind_least",),
    "braking asked": ("imposed",),
    "clearance": ("aside",),
}


def scaled(wants: Margins, kind: str, factor: float) -> Margins:
    """The margins with the wish of this kind of term so many times as large; ValueError where that is no wish."""
    if kind not in WISHES:
        raise ValueError(f"{kind!r} is no wish; choose from {', '.join(WISHES)}")
    return replace(wants, **{name: getattr(wants, name) * factor for name in WISHES[kind]})


def reheld(plans: Followed, prices: Prices) -> Followed:
    """The same plans, with what the missing margins of their trace are worth."""
    worths = plans.weighed.worths.copy()
    first = PARTS.index(MARGINS[0])
    missing = plans.trace.short.sum((0, 1)) / plans.hypotheses
    worths[first : first + len(MARGINS)] = -prices.each * missing
    return replace(plans, weighed=replace(plans.weighed, worths=worths))


def lane_after(scene: Scene, action: Meta) -> LaneId:
    """The lane that an action leads to."""
    ego = scene.ego
    here = scene.road.lane(ego.target_lane)
    return control.target_lane_after(scene.road, here, action.name, ego.x, ego.y).id


def trajectories(scene: Scene, codes: np.ndarray) -> list[Trajectory]:
    """The trajectory of each action, with speed and lane held afterwards and no car in the way."""
    alone = from_scene(replace(scene, cars=(), ghosts=(), objects=()))
    worlds = alone.tile(len(codes))
    substeps = max(1, round(scene.period / scene.sub_step))
    held = np.full(
        (len(codes), math.ceil(HORIZON / scene.period) + 1), META_ACTIONS.index("IDLE"), np.int32
    )
    held[:, 0] = codes
    drive = worlds.step(held, substeps, scene.period / substeps, ego=True)
    return [imagined(scene, states, scene.period / substeps) for states in drive.ego]


def imagined(scene: Scene, states: np.ndarray, dt: float) -> Trajectory:
    """A trajectory through the ego's states [T, >= 4] after each sub-step of dt [s]."""
    ego = scene.ego
    start = np.array([[ego.x, ego.y, ego.heading, ego.speed]])
    rows = np.concatenate([start, states[:, :4]])
    return from_states([dt * number for number in range(len(rows))], rows, SOURCE)
