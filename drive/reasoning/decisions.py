"""What a choice is for, and its closed-set meaning.

The set is Alpamayo-R1's Chain of Causation: at most one longitudinal and one lateral decision, none
where nothing changes. What the ego does is read off its trajectory, what for off what decided (or, where
a policy says not what its terms are worth, off the reasons).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from drive.kinematics.goal import way_to_exit
from drive.kinematics.trajectory import MetaAction
from drive.language import make_claim
from drive.language.quantities import longitudinal_of
from drive.reasoning.deciding import Contest, Difference, weighs
from drive.reasoning.reasons import (
    LANE_CHANGES,
    LEAST_GAIN,
    WHEREABOUTS,
    Reason,
    Situation,
    Weighed,
    manoeuvre_of,
    nudges,
    rivals_of,
    side_of,
    weigh,
)
from drive.roads import LaneId, Road, circulates
from drive.types import Choice, Claim, Decision, Option, Scene, Side

RING_REACH = 100.0  # [m] looked along the path for a ring
PURPOSES = {  # what a reason is about -> what holding back for it is for
    "lead": "follow",
    "crossing": "let go first",
    "static": "stop before",
    "road": "bend",
    "goal": "find gap",
}
OF_THE_EXIT = ("lanes to goal", "distance to goal", "arriving")
OF_THE_RIGHT = ("lanes to the right", "oncoming lane")
OF_PACE = ("progress", "set speed", "speed gain", "incentive")
# kinds of terms about the speed alone, which tell not what for
OF_SPEED = (*OF_PACE, "unrest", "acceleration")


def decision_by_weight(situation: Situation, choice: Choice) -> Decision:
    """The decision by all that was weighed, before anything is tested."""
    if weighs(choice):
        purpose = purpose_of(situation, choice, rivals_of(situation, choice))
        return decision_of(situation, manoeuvre_of(situation.scene, choice.chosen), purpose)
    weighed = weigh(situation, choice)
    return decision_of(situation, weighed.manoeuvre, purpose_by_reasons(situation, weighed))


def decision_of(situation: Situation, manoeuvre: str | None, purpose: Claim | None) -> Decision:
    """At most one decision per axis, None where nothing changes."""
    lateral, side = _lateral(situation, manoeuvre)
    longitudinal = longitudinal_of(situation.change, purpose and purpose.quantity)
    return Decision(longitudinal, lateral, side)


# ---------------------------------------------------------------------------- by what decided


def purpose_of(situation: Situation, choice: Choice, contests: Iterable[Contest]) -> Claim | None:
    """What the decision is for, by the differences that decided; None where that is to drive as fast as one likes."""
    if situation.motion.lateral == "change lane":
        return _of_a_change(situation, tuple(contests))
    if situation.change in ("speed up", "pick up"):
        return None
    quicker = (c for c in contests if _is_quicker(situation, c.option, choice.chosen))
    firsts = (
        _of_holding_back(situation, each)
        for c in quicker
        for each in c.decided
        if _favoured(c, each)
    )
    return next(filter(None, firsts), None)


def _favoured(contest: Contest, each: Difference) -> bool:
    """Is the choice better by all that was weighed of the same bodies? One margin may be gained where another is lost."""
    bodies = each.cars[:1], each.objects[:1]
    if not any(bodies):
        return True
    about = (d for d in (*contest.pros, *contest.cons) if (d.cars[:1], d.objects[:1]) == bodies)
    return sum(d.worth for d in about) > 0


def _is_quicker(situation: Situation, option: Option, chosen: Option) -> bool:
    """Would an option go on in the ego's lane, and faster than the choice?"""
    if manoeuvre_of(situation.scene, option) in LANE_CHANGES.values() or not option.trajectory:
        return False
    return option.trajectory.speed[-1] > chosen.trajectory.speed[-1] + LEAST_GAIN


def _of_a_change(situation: Situation, contests: tuple[Contest, ...]) -> Claim | None:
    """Why the ego changes lanes: for its exit, past a slower car, or to keep right."""
    if _nears_the_exit(situation) and _served(contests, OF_THE_EXIT):
        return make_claim("purpose", "reach exit")
    if situation.motion.side == "right" and _served(contests, OF_THE_RIGHT):
        return make_claim("purpose", "keep right")
    lead = situation.view.leader(situation.scene.ego.lane)
    slow = lead is not None and lead.car is not None and lead.closing > LEAST_GAIN
    passes = slow and situation.trajectory.speed[-1] > lead.speed + LEAST_GAIN
    if passes and _served(contests, OF_PACE, lead.car):
        return make_claim("purpose", "pass", cars=(lead.car,))
    return None


def _nears_the_exit(situation: Situation) -> bool:
    """Are fewer lanes left to the exit after the change of lane than before it? One may change away from it to be there in time."""
    scene = situation.scene
    if scene.task.kind != "exit":
        return False
    start, end, number = scene.ego.lane
    changed = scene.road.by_id.get((start, end, number - situation.motion.lanes))
    ways = [lane and way_to_exit(scene, lane) for lane in (scene.ego.lane, changed and changed.id)]
    return None not in ways and ways[1].lanes < ways[0].lanes


def _served(contests: tuple[Contest, ...], kinds: tuple[str, ...], car: int | None = None) -> bool:
    """Did such a difference decide against an option, by which the choice is better in all?"""

    def fits(each: Difference) -> bool:
        return each.kind in kinds or car in each.cars

    return any(
        any(map(fits, each.decided))
        and sum(d.worth for d in (*each.pros, *each.cons) if fits(d)) > 0
        for each in contests
    )


def _of_holding_back(situation: Situation, each: Difference) -> Claim | None:
    """What the ego holds back for, by one difference that decided."""
    if each.kind == "curve ahead":
        return make_claim("purpose", "bend")
    if each.kind in OF_THE_EXIT:
        slows = situation.change in ("slow down", "stop", "wait")
        return (
            make_claim("purpose", "find gap")
            if slows and _lanes_are_left(situation.scene)
            else None
        )
    if each.objects:
        return make_claim("purpose", "stop before", objects=each.objects[:1])
    if each.kind == "lane ends":
        return make_claim("purpose", "stop before")
    if not each.cars or each.kind in OF_SPEED:
        return None
    met = _met(situation, each.cars[0])
    if met in ("lead", "crossing") and situation.scene.car(each.cars[0]).crashed:
        met = "static"  # a wreck goes nowhere, even with priority
    return make_claim("purpose", PURPOSES[met], cars=each.cars[:1]) if met else None


def _lanes_are_left(scene: Scene) -> bool:
    """Are lanes still to be crossed to the exit?"""
    way = way_to_exit(scene, scene.ego.target_lane) if scene.task.kind == "exit" else None
    return way is not None and way.lanes > 0


# ---------------------------------------------------------------------------------- by reasons


def purpose_by_reasons(situation: Situation, weighed: Weighed) -> Claim | None:
    """What the decision is for, where terms have no worth: by the first reason that is about something."""
    first = next((reason for reason in weighed.reasons if reason.subject), None)
    subject = first and _subject(situation, first)
    if subject is None:
        return None
    about = {"cars": first.term.cars[:1], "objects": first.term.objects[:1]}
    changes = situation.motion.lateral == "change lane"
    if changes:
        passes = subject == "lead" and situation.change == "speed up" and first.term.cars
        return make_claim("purpose", "pass", **about) if passes else None
    against = any(reason.term.counts == "against" for reason in weighed.reasons)
    if situation.change == "speed up" or not against:
        return None
    return make_claim("purpose", PURPOSES[subject], **({} if subject == "road" else about))


def _subject(situation: Situation, first: Reason) -> str | None:
    """What a reason is about: a key of PURPOSES."""
    if first.term.kind == WHEREABOUTS and first.term.cars:
        return _met(situation, first.term.cars[0])
    if first.subject in ("lead", "crossing") and first.term.cars:
        leads = _leads(situation, first.term.cars[0])
        if first.subject == "crossing":
            return "lead" if leads else "crossing"  # a car ahead is followed, not let pass
        if not leads:
            return "goal"  # a car ahead in the lane beside: the ego leaves or takes the gap there
    return first.subject


def _met(situation: Situation, car: int) -> str | None:
    """What a car is by its place: a leader, or one that comes across; None where it follows or is alongside."""
    scene, here = situation.scene, situation.places[0]
    lead, follower = here.leader, here.follower
    if lead is not None and lead.car == car and lead.gap >= 0:
        return "lead"
    alongside = scene.car(car).lane[:2] == scene.ego.lane[:2]
    return None if alongside or (follower is not None and follower.car == car) else "crossing"


def _leads(situation: Situation, car: int) -> bool:
    """Is the car the next ahead in the ego's lane, or the next that comes towards the ego there?"""
    here = situation.places[0]
    ahead = (here.leader, here.oncoming)
    return any(n is not None and n.car == car and n.gap >= 0 for n in ahead)


# --------------------------------------------------------------------------------- what is done


def _lateral(situation: Situation, manoeuvre: str | None) -> tuple[str | None, Side | None]:
    scene, motion = situation.scene, situation.motion
    changing = side_of(scene.ego.lane, scene.ego.target_lane)
    if motion.lateral == "change lane":
        joins = _leaves(scene, motion) or _lane_runs_out(scene)
        return ("merge or split" if joins else "lane change"), motion.side
    if changing and manoeuvre in LANE_CHANGES.values():
        return "abort of a lateral manoeuvre", changing
    if motion.lateral == "turn" and not _circulates(scene):
        return "turn", motion.side
    if nudges(scene, motion):
        return "nudge in lane", "left" if motion.offset > 0 else "right"
    if motion.lateral == "leave road":
        return "nudge out of lane", motion.side
    return None, None


def _leaves(scene: Scene, motion: MetaAction) -> bool:
    """Does the ego change to the side of the road on which the exit lies that is its task?"""
    return scene.task.kind == "exit" and motion.side == _side_of_goal(scene.road, scene.task.goal)


@functools.lru_cache(maxsize=64)
def _side_of_goal(road: Road, goal: tuple[LaneId, ...]) -> Side:
    """The side on which a goal lane leaves the road: the right, where the road does not show the lane."""
    for lane in filter(None, map(road.by_id.get, goal)):
        before = [other for other in road.lanes if other.id[1] == lane.id[0]]
        ends = {other.id[2]: lane.distance(*other.point(other.length)) for other in before}
        if ends and 2 * min(ends, key=ends.get) < len(ends) - 1:
            return "left"
    return "right"


def _lane_runs_out(scene: Scene) -> bool:
    """Does the ego's lane end while others go on?"""
    road, lane = scene.road, scene.ego.lane
    others = (other for other in road.sections[lane[:2]] if other.id != lane)
    return not road.continuations(lane) and any(road.continuations(other.id) for other in others)


def _circulates(scene: Scene) -> bool:
    """Does the path lead round a ring, a roundabout or a circuit? To follow its bends is not to turn."""
    ego, road = scene.ego, scene.road
    s = road.lane(ego.lane).frenet(ego.x, ego.y)[0]
    path = road.path(ego.lane, ego.route, max(s, 0.0) + RING_REACH)
    return any(circulates(road, lane.id) for lane, _ in path)
