"""The closed-set meaning of a choice.

The set is Alpamayo-R1's Chain of Causation: at most one longitudinal and one lateral decision, none
where nothing changes. What the ego does is read off its trajectory, what for off the reasons.
"""

from __future__ import annotations

import functools

from drive.kinematics.trajectory import MetaAction
from drive.language.quantities import MOVES
from drive.reasoning.reasons import (
    LANE_CHANGES,
    WHEREABOUTS,
    Reason,
    Situation,
    Weighed,
    nudges,
    side_of,
)
from drive.roads import Lane, LaneId, Road, turns_back
from drive.types import Decision, Scene, Side

RING_REACH = 100.0  # [m] looked along the path for a ring
HOLDING_BACK = {
    "lead": "lead following",
    "crossing": "yielding",
    "static": "stopping for a static constraint",
    "road": "speed adaptation",
    "goal": "gap searching",
}


def decision_of(situation: Situation, weighed: Weighed) -> Decision:
    """At most one decision per axis, None where nothing changes."""
    lateral, side = _lateral(situation, weighed.manoeuvre)
    subject = _subject(situation, weighed.reasons)
    against = any(reason.term.counts == "against" for reason in weighed.reasons)
    return Decision(_longitudinal(situation.change, lateral, subject, against), lateral, side)


def _subject(situation: Situation, reasons: tuple[Reason, ...]) -> str | None:
    """What the reasons are first about: a value of SUBJECTS."""
    first = next((reason for reason in reasons if reason.subject), None)
    if first is None:
        return None
    if first.term.kind == WHEREABOUTS:
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


def _longitudinal(
    change: str, lateral: str | None, subject: str | None, against: bool
) -> str | None:
    """The longitudinal decision; against: does any reason speak against another option?"""
    changes_lane = lateral in ("lane change", "merge or split")
    moves = change in MOVES
    if change == "speed up":
        return (
            "accelerating to overtake" if changes_lane and subject == "lead" else "speed tracking"
        )
    held = against and not changes_lane
    return (HOLDING_BACK.get(subject) if held else None) or ("speed tracking" if moves else None)


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
    return any(_returns(road, lane) for lane, _ in path)


@functools.lru_cache(maxsize=1024)
def _returns(road: Road, start: Lane) -> bool:
    """Does some way on from a lane lead back to it?"""
    seen, front = set(), [start]
    while front:
        here = front.pop()
        for lane in road.continuations(here.id):
            if turns_back(here, lane) or lane.id in seen:
                continue
            if lane.id == start.id:
                return True
            seen.add(lane.id)
            front.append(lane)
    return False
