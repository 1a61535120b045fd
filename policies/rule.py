"""A transparent gap rule: keep clear first, then reach the goal, then drive as fast as wanted.

Every option is measured against one table of thresholds. What it measures gives a level of danger
(none, tight, hard, contact); the rule takes the lowest level, then the fewest lanes to the goal,
then the fastest lane, then the fastest speed. It looks at one decision period and what follows if
it held on or braked; it knows nothing of what others intend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from drive import control
from drive.roads import Lane, LaneId
from drive.surroundings import HORIZON, Neighbour, View, side_lanes
from drive.types import Choice, Control, Legal, Meta, Option, Scene, Term

# What is wanted, in the units of the terms that are held against it.
TIME_GAP = 0.8  # [s] to the car ahead, after one period
GAP = 3.0  # [m] ahead, at the least
COMFORT, ABILITY = 2.5, 4.0  # [m/s2] of braking after that period; ABILITY is what SLOWER gives
EXPECT = 2.0  # [s] for which a leader is expected to brake as IDM would
GAP_BEHIND = 3.0  # [m] in the lane changed into
TIME_GAP_BEHIND = 0.5  # [s] of the follower
TIGHT_IMPOSED, HARD_IMPOSED = 2.0, 4.0  # [m/s2] asked of the follower
ONCOMING = 7.0  # [s] to oncoming traffic
LATERAL = 5.0  # [m/s2] in a bend
BRAKING = 3.0  # [m/s2] counted on before a bend
CHANGE = 1.5  # [m/s] that a lane must gain to be worth changing into
FORESIGHT = 6.0  # [s] within which a gap ahead may be used up
TIGHT_CONTACT, HARD_CONTACT = 6.0, 3.0  # [s] to a slower car, where the road is steered only

NONE, TIGHT, HARD, CONTACT = range(4)


@dataclass(frozen=True)
class Weighed:
    """An option with what was measured of it."""

    option: Option
    danger: int = NONE
    severity: float = 0.0  # orders options of equal danger; larger is worse
    lanes_to_goal: int = 0  # counted only when it is time to move
    lane_speed: float = 0.0  # [m/s] that its lane allows
    speed: float = 0.0  # [m/s] that it sets

    @property
    def preference(self) -> tuple:
        """Smaller is better, compared from the left."""
        return (self.danger, self.severity, self.lanes_to_goal, -self.lane_speed, -self.speed)


class Rule:
    """Weighs every legal action by the gaps that it leaves."""

    name = "rule"
    tie = "shares evidence"

    @staticmethod
    def applies(legal: Legal) -> bool:
        return True

    def decide(self, scene: Scene) -> Choice:
        view = View(scene)
        weigh = _weigh_metas if scene.legal.meta else _weigh_steering
        weighed = weigh(view)
        best = min(weighed, key=lambda each: each.preference)
        return Choice(best.option.action, tuple(each.option for each in weighed))


# ------------------------------------------------------------------------------- meta-actions


def _weigh_metas(view: View) -> list[Weighed]:
    return [_weigh_meta(view, name) for name in view.scene.legal.meta]


def _weigh_meta(view: View, name: str) -> Weighed:
    scene, ego = view.scene, view.scene.ego
    here = scene.road.lane(ego.target_lane)
    lane = control.target_lane_after(scene.road, here, name, ego.x, ego.y)
    speed = control.target_speed_after(ego, name)
    findings = [
        *_ahead(view, lane.id, speed),
        *(_behind(view, lane.id, speed) if lane is not here else ()),
        *(_moving_in(view, lane) if lane is not here else ()),
        *_crossing(view, lane.id, speed),
        *_oncoming(view, lane.id, speed),
        *_bend(view, lane.id, speed),
    ]
    goal, goal_terms = _goal(view, lane.id)
    lane_speed, gain_terms = _lane_speed(view, lane.id, changes=lane is not here)
    danger = max((finding.danger for finding in findings), default=NONE)
    terms = (*(f.term for f in findings if f.term), *goal_terms, *gain_terms)
    return Weighed(
        Option(Meta(name), _towards(name, terms), target_lane=lane.id),
        danger,
        max((f.severity for f in findings if f.danger == danger), default=0.0),
        goal,
        lane_speed,
        speed,
    )


@dataclass(frozen=True)
class Finding:
    """One measurement with its danger; the term says it."""

    danger: int
    severity: float = 0.0
    term: Term | None = None


def _towards(name: str, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """What speaks against going on speaks for slowing down."""
    if name != "SLOWER":
        return terms
    turned = {"time gap", "slower ahead", "time to collision", "curve ahead", "predicted contact"}
    return tuple(
        replace(term, counts="for") if term.kind in turned and term.counts == "against" else term
        for term in terms
    )


def _ahead(view: View, lane: LaneId, target: float) -> list[Finding]:
    """The gap to the leader, against the gap that this option needs."""
    lead = view.leader(lane)
    if lead is None:
        return [Finding(NONE, 0.0, Term("free ahead", view.scene.perception.range, "m", "for"))]
    least = _needed_gap(view, lane, lead, target, ABILITY, 0.0)
    wanted = _needed_gap(view, lane, lead, target, COMFORT, TIME_GAP)
    danger = _level((lead.gap < least, HARD), (lead.gap < wanted, TIGHT))
    terms = _lead_terms(view, lead, danger, wanted)
    missing = {HARD: least, TIGHT: wanted}.get(danger, lead.gap) - lead.gap
    return [Finding(danger, missing, term) for term in terms]


def _needed_gap(
    view: View, lane: LaneId, lead: Neighbour, target: float, braking: float, time_gap: float
) -> float:
    """Gap [m] now, so that after one period `braking` and `time_gap` still suffice.

    The leader is expected to brake as IDM would, given who is ahead of it.
    """
    ego, period = view.scene.ego, view.scene.period
    slowing = view.expected_acceleration(lead, lane)
    speed = control.speed_after(ego.speed, target, period)
    then = max(lead.speed + slowing * EXPECT, 0.0)
    closing = max(speed - then, 0.0)
    left = GAP + max(time_gap * speed, closing**2 / (2 * braking))
    ahead = lead.speed * period + slowing * period**2 / 2
    return max(left + control.distance_after(ego.speed, target, period) - ahead, 0.0)


def _lead_terms(view: View, lead: Neighbour, danger: int, wanted: float | None = None) -> list[Term]:
    about = {"cars": (lead.car,)} if lead.car else {"objects": (lead.object,)} if lead.object else {}
    counts = "against" if danger else "for"
    if lead.car is None:
        return [Term("lane ends", lead.gap, "m", counts, **about)]
    terms = [Term("gap ahead", lead.gap, "m", counts, wanted, **about)]
    if lead.closing > 0.5:
        terms.append(Term("slower ahead", lead.closing, "m/s", counts, **about))
    return terms


def _behind(view: View, lane: LaneId, target: float) -> list[Finding]:
    """Who is beside or behind in the lane changed into, and what the change would ask of them."""
    findings = [
        Finding(CONTACT, 9.0, Term("beside", -other.gap, "m", "against", cars=(other.car,)))
        for other in view.beside(lane)
    ]
    follower = view.follower(lane)
    if follower is None or follower.gap < 0:
        return findings
    cars = {"cars": (follower.car,)}
    period = view.scene.period
    gap = follower.gap - max(follower.closing, 0.0) * period
    gap = min(gap, follower.gap)
    imposed = follower.closing**2 / (2 * max(gap, 0.1)) if follower.closing > 0 else 0.0
    danger = _level(
        (gap < GAP_BEHIND / 2 or imposed > 2 * HARD_IMPOSED, CONTACT),
        (gap < GAP_BEHIND or imposed > HARD_IMPOSED, HARD),
        (imposed > TIGHT_IMPOSED or gap < TIME_GAP_BEHIND * follower.speed, TIGHT),
    )
    counts = "against" if danger else "for"
    findings.append(Finding(danger, imposed, Term("gap behind", follower.gap, "m", counts, **cars)))
    if follower.closing > 0.5:
        closing = Term("closing from behind", follower.closing, "m/s", counts, **cars)
        findings.append(Finding(danger, imposed, closing))
        braking = Term(
            "imposed braking", follower.imposed_braking, "m/s²", counts, TIGHT_IMPOSED, **cars
        )
        findings.append(Finding(danger, imposed, braking))
    return findings


def _moving_in(view: View, lane: Lane) -> list[Finding]:
    """Cars in the lanes on either side of the one changed into, who could change into it as well."""
    ego, period, findings = view.scene.ego, view.scene.period, []
    for side in (view.scene.road.side(lane.id, "left"), view.scene.road.side(lane.id, "right")):
        lead = view.leader(side.id) if side else None
        if lead is None or lead.car is None:
            continue
        gap = lead.gap - lead.closing * period
        if gap < GAP:
            term = Term("gap ahead", lead.gap, "m", "against", GAP + lead.closing * period, (lead.car,))
            leaving = side.id == ego.lane and gap < 0
            findings.append(Finding(HARD if leaving else TIGHT, GAP - gap, term))
    return findings


def _crossing(view: View, lane: LaneId, target: float) -> list[Finding]:
    """Cars whose paths cross or join: is there a contact if we hold on, and if we brake after one period?"""
    held = view.contacts(lane, target)
    if not held:
        return []
    braked = view.contacts(lane, target, view.scene.period)
    soonest = held[0]
    danger = HARD if braked else TIGHT
    term = Term("predicted contact", soonest.time, "s", "against", HORIZON, cars=(soonest.car,))
    return [Finding(danger, HORIZON - soonest.time, term)]


def _oncoming(view: View, lane: LaneId, target: float) -> list[Finding]:
    """Traffic that comes the other way in the lane."""
    other = view.oncoming(lane)
    if other is None or other.closing <= 0:
        return []
    contact = other.time_to_collision
    if contact > ONCOMING:
        return []
    danger = _level((contact < ONCOMING / 2, CONTACT), (True, HARD))
    term = Term("time to collision", contact, "s", "against", ONCOMING, cars=(other.car,))
    return [Finding(danger, ONCOMING - contact, term)]


def _bend(view: View, lane: LaneId, target: float) -> list[Finding]:
    """Bends ahead: is the speed fit for them, or can it still be lost before?"""
    scene, ego = view.scene, view.scene.ego
    speed = control.speed_after(ego.speed, target, scene.period)
    driven = control.distance_after(ego.speed, target, scene.period)
    s = scene.road.lane(lane).frenet(ego.x, ego.y)[0]
    for part, begin in scene.road.path(lane, ego.route, max(s, 0.0) + 100.0):
        bend = max(abs(float(part.curvature(share * part.length))) for share in (0.0, 0.25, 0.5, 0.75, 1.0))
        fit = math.sqrt(LATERAL / bend) if bend > 1e-4 else math.inf
        room = max(begin - s - driven, 0.0)
        if begin + part.length > s and speed**2 > fit**2 + 2 * BRAKING * room + 1.0:
            if fit < min(v for v in ego.target_speeds if v > 0):
                continue
            return [Finding(TIGHT, speed - fit, Term("curve ahead", fit, "m/s", "against"))]
    return []


def _goal(view: View, lane: LaneId) -> tuple[int, list[Term]]:
    """Lanes still to be crossed to the goal, where it is time to cross them."""
    scene = view.scene
    if scene.task.kind != "exit" or not scene.task.goal:
        return 0, []
    lanes, room = _way_to(view, lane)
    if lanes == 0:
        return 0, []
    return lanes, [
        Term("lanes to goal", float(lanes), "", "against"),
        Term("distance to goal", room, "m", "against"),
    ]


def _way_to(view: View, lane: LaneId) -> tuple[int, float]:
    """Lane changes that the goal still takes from a lane, and the metres left to make them."""
    scene = view.scene
    road, goal = scene.road, set(scene.task.goal)
    best, room = {lane: 0}, 0.0
    s = road.lane(lane).frenet(scene.ego.x, scene.ego.y)[0]
    section, ahead = lane[:2], -s
    while section:
        lanes = road.sections[section]
        for number, other in enumerate(lanes):
            reach = [best[o.id] + abs(number - n) for n, o in enumerate(lanes) if o.id in best]
            if reach:
                best[other.id] = min(reach)
        best = {other.id: min(best[o.id] + abs(i - j) for j, o in enumerate(lanes) if o.id in best)
                for i, other in enumerate(lanes)}
        reached = [best[g] for g in goal if g in best]
        ahead += lanes[0].length
        onward: dict[LaneId, int] = {}
        for other in lanes:
            for more in road.continuations(other.id):
                if more.id in goal and _meets(other, more):
                    return best[other.id], ahead
                onward[more.id] = min(best[other.id], onward.get(more.id, 99))
        if reached:
            return min(reached), ahead
        best = onward
        section = next(iter(onward))[:2] if onward else None
    return 0, 0.0


def _meets(lane: Lane, onward: Lane) -> bool:
    """Does a lane end where the other begins? At a fork, those beside it do not."""
    return math.dist(lane.point(lane.length), onward.point(0.0)) < onward.width / 2


def _lane_speed(view: View, lane: LaneId, changes: bool) -> tuple[float, list[Term]]:
    """The speed that a lane allows within FORESIGHT, less what a change of lane must gain."""
    allowed = _allowed(view, lane)
    if not changes:
        return allowed, []
    gain = allowed - _allowed(view, view.scene.ego.target_lane)
    counts = "for" if gain > CHANGE else "against"
    return allowed - CHANGE, [Term("speed gain", gain, "m/s", counts, CHANGE)]


def _allowed(view: View, lane: LaneId) -> float:
    lead, wanted = view.leader(lane), max(view.scene.ego.target_speeds)
    if lead is None:
        return wanted
    speed = max(lead.speed + view.expected_acceleration(lead, lane) * EXPECT, 0.0)
    spare = lead.gap - GAP - TIME_GAP * speed
    return round(min(wanted, max(speed + spare / FORESIGHT, 0.0)), 1)


# ----------------------------------------------------------------------------------- steering


def _weigh_steering(view: View) -> list[Weighed]:
    scene = view.scene
    here = scene.road.lane(scene.ego.lane)
    lanes = [here, *side_lanes(scene).values()]
    weighed = [_weigh_lane(view, lane) for lane in lanes]
    return weighed


def _weigh_lane(view: View, lane: Lane) -> Weighed:
    scene, ego = view.scene, view.scene.ego
    low, high = scene.legal.steering
    wheel = min(max(control.steering_towards(lane, control.state_of(ego)), low), high)
    lead, changes = view.leader(lane.id), lane.id != ego.lane
    terms, danger, severity = [], NONE, 0.0
    if lead is not None:
        contact = lead.time_to_collision
        danger = _level((contact < HARD_CONTACT, HARD), (contact < TIGHT_CONTACT, TIGHT))
        severity = HARD_CONTACT - contact
        terms += _lead_terms(view, lead, danger)
    behind = _behind(view, lane.id, ego.speed) if changes else []
    danger = max([danger, *(finding.danger for finding in behind)])
    terms += [finding.term for finding in behind]
    action = Control(0.0, wheel)
    return Weighed(Option(action, tuple(terms), target_lane=lane.id), danger, severity, int(changes))


def _level(*cases: tuple[bool, int]) -> int:
    return next((level for holds, level in cases if holds), NONE)
