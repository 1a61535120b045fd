"""Facts beside the terms that were weighed: what the scene shows of an option, and what its plans imagine; none has a worth."""

from __future__ import annotations

import math

import numpy as np

from drive.kinematics.surroundings import Neighbour, View
from drive.roads import LaneId, Road
from drive.types import Meta, Scene, Term
from policies.planner.goal import lanes_to_goal, lanes_to_the_right
from policies.planner.search import Budget, Held, Plans
from policies.planner.settings import Words
from policies.planner.terms import lane_after


def facts_of(
    scene: Scene,
    action: Meta,
    plans: Plans,
    rows: np.ndarray,
    held: Held,
    budget: Budget,
    words: Words,
) -> tuple[Term, ...]:
    """Contacts foreseen first, then the cars ahead and behind in the lane that the action leads to, then the gain.

    held: the action and nothing after it, in the hypotheses in which none of the plans left to it survives.
    """
    view, lane = View(scene), lane_after(scene, action)
    terms = [
        *_contacts(held, budget.horizon),
        *(_beside(view, lane, words) if lane != scene.ego.target_lane else ()),
        *ahead(view, lane, words, slows=action.name == "SLOWER"),
        *_goal(scene, lane),
        *_keeping_right(scene, lane),
        *_gain(scene, plans, rows, budget, words),
    ]
    return tuple(terms)


def _contacts(held: Held, horizon: float) -> list[Term]:
    """The soonest contact over the hypotheses in which a contact cannot be avoided, if any."""
    if not np.isfinite(held.crash).any():
        return []
    soonest = int(np.argmin(held.crash))
    partner = int(held.partner[soonest])
    about = {"cars": (partner,)} if partner > 0 else {"objects": (-partner,)} if partner else {}
    return [Term("predicted contact", float(held.crash[soonest]), "s", "against", horizon, **about)]


def ahead(view: View, lane: LaneId, words: Words, slows: bool = False) -> list[Term]:
    """The leader on a lane; what speaks against going on speaks for slowing down."""
    lead, speed = view.leader(lane), view.scene.ego.speed
    if lead is None:
        return [Term("free ahead", view.scene.perception.range, "m", "for")]
    if (
        lead.car is None
        and lead.object is None
        and not _runs_out(view.scene.road, lane, words.look)
    ):
        return [Term("free ahead", lead.gap, "m", "for")]
    if lead.car is None:
        objects = (lead.object,) if lead.object is not None else ()
        return [Term("lane ends", lead.gap, "m", "for" if slows else "against", objects=objects)]
    close = lead.time_gap(speed) < words.time_gap
    soon = lead.time_to_collision < words.time_to_collision
    tight = close or soon
    counts = "against" if tight and not slows else "for"
    cars = (lead.car,)
    terms = [Term("gap ahead", lead.gap, "m", counts, cars=cars)]
    if close:
        gap, wanted = lead.time_gap(speed), words.time_gap
        terms.insert(0, Term("time gap", gap, "s", counts, wanted, cars=cars))
    if soon:
        time, wanted = lead.time_to_collision, words.time_to_collision
        terms.insert(0, Term("time to collision", time, "s", counts, wanted, cars=cars))
    if lead.closing > words.gain:
        terms.append(Term("slower ahead", lead.closing, "m/s", counts, cars=cars))
    return terms


def _runs_out(road: Road, lane: LaneId, look: float) -> bool:
    """Does the lane end while others beside it, or what they lead to, go on?"""
    path = road.path(lane, (), look)
    last = path[-1][0]
    others = (other.id for other in road.sections[last.id[:2]] if other.id != last.id)
    return not road.continuations(last.id) and any(map(road.continuations, others))


def _beside(view: View, lane: LaneId, words: Words) -> list[Term]:
    terms = [
        Term("beside", -other.gap, "m", "against", cars=(other.car,)) for other in view.beside(lane)
    ]
    behind = view.follower(lane)
    if behind is None or behind.gap < 0:
        return terms
    return terms + _behind(behind, words)


def _behind(other: Neighbour, words: Words) -> list[Term]:
    cars, imposed = (other.car,), other.imposed_braking
    counts = "against" if imposed > words.imposed else "for"
    terms = [Term("gap behind", other.gap, "m", counts, cars=cars)]
    if other.closing > words.gain and math.isfinite(imposed):
        terms.append(Term("closing from behind", other.closing, "m/s", counts, cars=cars))
        terms.append(Term("imposed braking", imposed, "m/s²", counts, words.imposed, cars=cars))
    return terms


def _goal(scene: Scene, lane: LaneId) -> list[Term]:
    if scene.task.kind != "exit":
        return []
    numbers = {each.id: number for number, each in enumerate(scene.road.lanes)}
    changes = lanes_to_goal(scene)
    left, now = changes[numbers[lane]], changes[numbers[scene.ego.target_lane]]
    if not left and not now:
        return []
    return [
        Term(
            "lanes to goal",
            float(left),
            "",
            "for" if left <= now and left < 1 or left < now else "against",
        )
    ]


def _keeping_right(scene: Scene, lane: LaneId) -> list[Term]:
    """The term for a lane further to the right, on a road where keeping right is worth something."""
    number = {each.id: number for number, each in enumerate(scene.road.lanes)}
    left = lanes_to_the_right(scene.road)
    now = float(left[number[scene.ego.target_lane]])
    return [Term("lanes to the right", now, "", "for")] if left[number[lane]] < now else []


def _gain(scene: Scene, plans: Plans, rows: np.ndarray, budget: Budget, words: Words) -> list[Term]:
    """Mean speed imagined, over the speed driven now."""
    gain = float(plans.way[rows].mean()) / budget.horizon - scene.ego.speed
    if abs(gain) < words.gain or not np.isinf(plans.crash[rows]).all():
        return []
    return [Term("speed gain", gain, "m/s", "for" if gain > 0 else "against")]
