"""A transparent gap rule: keep clear first, then reach the goal, then drive as fast as wanted.

Every option is measured against one table of thresholds (`Settings`). The measurements give a level of danger (none,
tight, hard) and a severity within that level. The rule takes the option with the least danger, then the fewest lanes to
the goal, then the fastest lane, then the fastest speed. `Layers` makes one sum of these: any difference in what comes
first outweighs every difference in what comes later. The rule looks one decision ahead, and at what follows if the ego
holds on or brakes; it does not know what other cars intend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from drive.kinematics import control
from drive.kinematics.surroundings import (
    HORIZON,
    Neighbour,
    View,
    begun_change,
    legal_options,
    opposed,
)
from drive.roads import Lane, LaneId, Road
from drive.roads.geometry import time_to_collision, wrap
from drive.types import Choice, Legal, Meta, Option, Scene, Term
from drive.types.settings import tunable

NONE, TIGHT, HARD = range(3)  # levels of danger
WATCHED = "by hand, watching `python benchmarks/tune_rule.py rule` on seeds below 1000"
GRAIN = 6  # decimals [m/s] that a gain counts with, so that no last bit decides
BENDS = 0.0, 0.25, 0.5, 0.75, 1.0  # shares of a lane's length at which its curvature is measured


@dataclass(frozen=True)
class Layers:
    """What comes first, as prices in metres per second of set speed; each outweighs all those below it.

    That holds while severities stay below 100, options differ by less than 10 lanes to the goal, by less than 80 m/s
    of lane speed and by less than 100 m/s of set speed, and lane speeds differ by 0.1 m/s or not at all.
    """

    danger: float = tunable(1e10, "m/s", "that each level of danger costs")
    severity: float = tunable(1e8, "m/s", "that a severity of 1 costs, within a level")
    lanes: float = tunable(1e5, "m/s", "that each lane still to be crossed to the goal costs")
    lane_speed: float = tunable(1e3, "", "that 1 m/s of what a lane allows is worth")
    unrest: float = tunable(0.01, "m/s", "that any action other than carrying on costs")


@dataclass(frozen=True)
class Settings:
    """What the rule wants, in the units of the terms that are held against it."""

    time_gap: float = tunable(0.8, "s", "to the car ahead, after one decision", WATCHED)
    gap: float = tunable(3.0, "m", "ahead and behind, at the least", WATCHED)
    comfort: float = tunable(2.5, "m/s²", "of braking wanted after that decision", WATCHED)
    ability: float = tunable(4.0, "m/s²", "of braking that SLOWER gives at most", WATCHED)
    expect: float = tunable(
        2.0, "s", "for which a leader is expected to brake as IDM would", WATCHED
    )
    trapped: float = tunable(
        10.0, "s", "to a leader that stays slower than the ego's lowest speed", WATCHED
    )
    imposed: float = tunable(2.0, "m/s²", "of braking asked of a new follower, tight", WATCHED)
    hard_imposed: float = tunable(5.0, "m/s²", "of braking asked of a new follower, hard", WATCHED)
    late: float = tunable(
        2.5, "s", "to a predicted contact that can hardly be avoided later", WATCHED
    )
    early: float = tunable(
        2.5, "s", "to a predicted contact that braking later still avoids", WATCHED
    )
    oncoming: float = tunable(8.0, "s", "to oncoming traffic, tight", WATCHED)
    hard_oncoming: float = tunable(4.0, "s", "to oncoming traffic, hard", WATCHED)
    unseen: float = tunable(4.2, "s", "to an oncoming car that may be just out of sight", WATCHED)
    oncoming_speed: float = tunable(20.0, "m/s", "of this unseen car", WATCHED)
    lateral: float = tunable(5.0, "m/s²", "across the lane in a bend", WATCHED)
    braking: float = tunable(3.0, "m/s²", "counted on before a bend", WATCHED)
    bend_spare: float = tunable(
        1.0, "m²/s²", "of squared speed, by which a bend may be entered too fast"
    )
    look: float = tunable(100.0, "m", "ahead, within which bends count")
    change: float = tunable(1.5, "m/s", "that a lane must gain to be worth changing into", WATCHED)
    slot: float = tunable(
        25.0,
        "m",
        "behind the ego, within which a car just passed leaves a slot to return to",
        WATCHED,
    )
    wrong_side: float = tunable(
        20.0, "m/s", "that driving against the traffic must gain: never for speed alone", WATCHED
    )
    walk: float = tunable(1.0, "m/s", "below which a lane cannot be changed", WATCHED)
    lane_time: float = tunable(1.0, "s", "set aside for each lane on the way to the goal", WATCHED)
    bold: float = tunable(
        0.3,
        "",
        "severity of a tight gap ahead, up to which the goal chooses the lane all the same",
        WATCHED,
    )
    foresight: float = tunable(6.0, "s", "within which a gap ahead may be used up", WATCHED)
    tight_contact: float = tunable(
        6.0, "s", "to a slower car where the road is steered, tight", WATCHED
    )
    hard_contact: float = tunable(
        3.0, "s", "to a slower car where the road is steered, hard", WATCHED
    )
    said: float = tunable(
        0.5, "m/s", "of closing speed, from which it is said; changes no decision"
    )
    layers: Layers = Layers()


@dataclass(frozen=True)
class Finding:
    """One measurement: its level of danger, how bad within that (0 to 1), and the term that says it."""

    danger: int
    severity: float
    term: Term


@dataclass(frozen=True)
class Danger:
    """What the findings about an option come to."""

    level: int = NONE
    severity: float = 0.0  # of the worst finding at that level, rounded
    worst: Finding | None = None  # None: no level of danger

    def worth(self, layers: Layers) -> float:
        """[m/s], 0 or less."""
        return -(layers.danger * self.level + layers.severity * self.severity)


class Rule:
    """Weighs every legal action by the gaps that it leaves."""

    name = "rule"
    tie = "shares evidence"

    @staticmethod
    def applies(legal: Legal) -> bool:
        return True

    def __init__(self, settings: Settings = Settings()):
        self.settings = settings

    def decide(self, scene: Scene) -> Choice:
        view = View(scene)
        options = tuple(_weigh(view, self.settings, option) for option in legal_options(scene))
        best = max(options, key=lambda option: option.score)
        return Choice(best.action, options, unit="m/s")


def _weigh(view: View, settings: Settings, option: Option) -> Option:
    """The option with its terms; the score is the sum of their worths."""
    terms_of = _terms_of_meta if isinstance(option.action, Meta) else _terms_of_steering
    weighed = replace(option, terms=terms_of(view, settings, option))
    return replace(weighed, score=weighed.sum)


# ------------------------------------------------------------------------------- meta-actions


def _terms_of_meta(view: View, wants: Settings, option: Option) -> tuple[Term, ...]:
    ego, name = view.scene.ego, option.action.name
    lane, changes = option.target_lane, option.target_lane != ego.target_lane
    speed = control.target_speed_after(ego, name)
    ahead = _ahead(view, wants, lane, speed)
    findings = [
        *(_standing(view, wants, speed) if changes else ()),
        *ahead,
        *(_behind(view, wants, lane, speed) if changes else ()),
        *(_moving_in(view, wants, lane) if changes else ()),
        *_crossing(view, wants, lane, name),
        *_oncoming(view, wants, lane, speed),
        *_slot(view, wants, lane, speed),
        *_bend(view, wants, lane, speed),
    ]
    danger, lanes = _worst(findings), _way_to_goal(view, lane)[0]
    nearer = _way_to_goal(view, ego.target_lane)[0] - lanes
    bold = nearer > 0 and danger.level == TIGHT and _worst(ahead).severity < wants.bold
    away = nearer < 0 and danger.level == NONE
    return (
        *_towards(name, _carried(findings, Danger() if bold else danger, wants.layers)),
        *_goal(view, wants, lane, speed, away),
        *_lane_speed(view, wants, lane, changes),
        *_pace(wants.layers, name, speed),
    )


def _worst(findings: list[Finding]) -> Danger:
    level = max((finding.danger for finding in findings), default=NONE)
    if level == NONE:
        return Danger()
    worst = max((f for f in findings if f.danger == level), key=lambda finding: finding.severity)
    return Danger(level, round(worst.severity, 2), worst)


def _carried(findings: list[Finding], danger: Danger, layers: Layers) -> tuple[Term, ...]:
    """The findings' terms; the worst of them carries all that the danger costs, the others nothing."""
    worths = (danger.worth(layers) if finding is danger.worst else None for finding in findings)
    return tuple(
        replace(finding.term, worth=worth) for finding, worth in zip(findings, worths, strict=True)
    )


def _pace(layers: Layers, name: str, speed: float) -> list[Term]:
    """The speed that the option sets, and that it is something else than carrying on."""
    pace = Term("set speed", speed, "m/s", _counts(speed), worth=speed)
    if name == "IDLE":
        return [pace]
    return [pace, Term("unrest", 1.0, "", "against", worth=-layers.unrest)]


def _counts(worth: float) -> str:
    return "for" if worth > 0 else "against"


def _towards(name: str, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms as they count for this action: what speaks against going on speaks for slowing down.

    What carries the danger of slowing down speaks against it.
    """
    if name != "SLOWER":
        return terms
    turned = {"time gap", "slower ahead", "time to collision", "curve ahead", "predicted contact"}
    return tuple(
        replace(term, counts="for") if term.kind in turned and not term.worth else term
        for term in terms
    )


def _standing(view: View, wants: Settings, target: float) -> list[Finding]:
    """A car that stands, or nearly so, cannot change lane."""
    after = control.speed_after(view.scene.ego.speed, target, view.scene.period)
    if after >= wants.walk:
        return []
    return [Finding(HARD, 1.0, Term("own speed", after, "m/s", "against", wants.walk))]


def _ahead(view: View, wants: Settings, lane: LaneId, target: float) -> list[Finding]:
    """The gap to the leader, compared with the gap that this option needs."""
    lead = _lead(view, lane)
    if lead is None:
        return [Finding(NONE, 0.0, Term("free ahead", view.scene.perception.range, "m", "for"))]
    least = _needed_gap(view, wants, lane, lead, target, wants.ability, 0.0)
    wanted = _needed_gap(view, wants, lane, lead, target, wants.comfort, wants.time_gap)
    trap = _trapped(view, wants, lane, lead)
    danger = _level((lead.gap < least, HARD), (lead.gap < wanted or trap > 0, TIGHT))
    short = {HARD: _short(lead.gap, least), TIGHT: max(_short(lead.gap, wanted), trap)}.get(
        danger, 0.0
    )
    return [Finding(danger, short, term) for term in _lead_terms(wants, lead, danger, wanted)]


def _lead(view: View, lane: LaneId) -> Neighbour | None:
    """The nearest car or object ahead in the lane; crossing and oncoming cars are judged elsewhere."""
    return next((n for n in view.ahead(lane) if not n.crossing and not n.oncoming), None)


def _short(value: float, wanted: float) -> float:
    """Share of a wanted value that is missing; 0: none, 1: all of it, more where the value is negative."""
    return max(wanted - value, 0.0) / max(wanted, 1.0)


def _needed_gap(
    view: View,
    wants: Settings,
    lane: LaneId,
    lead: Neighbour,
    target: float,
    braking: float,
    time_gap: float,
) -> float:
    """Gap [m] now, so that after one period `braking` and `time_gap` still suffice.

    The leader is expected to brake as IDM would, given the car ahead of it.
    """
    ego, period = view.scene.ego, view.scene.period
    slowing = view.expected_acceleration(lead, lane)
    speed = control.speed_after(ego.speed, target, period)
    then = max(lead.speed + slowing * wants.expect, 0.0)
    closing = max(speed - then, 0.0)
    left = wants.gap + max(time_gap * speed, closing**2 / (2 * braking))
    ahead = lead.speed * period + slowing * period**2 / 2
    return left + control.distance_after(ego.speed, target, period) - ahead


def _trapped(view: View, wants: Settings, lane: LaneId, lead: Neighbour) -> float:
    """How soon (1: now, 0: not within `trapped`) the ego's lowest speed meets a leader that stays slower."""
    speed = lead.speed + view.expected_acceleration(lead, lane) * wants.expect
    closing = min(view.scene.ego.target_speeds) - max(speed, 0.0)
    return _short(lead.gap / closing, wants.trapped) if closing > 0.1 else 0.0


def _lead_terms(
    wants: Settings, lead: Neighbour, danger: int, wanted: float | None = None
) -> list[Term]:
    about = (
        {"cars": (lead.car,)} if lead.car else {"objects": (lead.object,)} if lead.object else {}
    )
    counts = "against" if danger else "for"
    if lead.car is None:
        return [Term("lane ends", lead.gap, "m", counts, **about)]
    terms = [Term("gap ahead", lead.gap, "m", counts, wanted, **about)]
    if lead.closing > wants.said:
        terms.append(Term("slower ahead", lead.closing, "m/s", counts, **about))
    return terms


def _behind(view: View, wants: Settings, lane: LaneId, target: float) -> list[Finding]:
    """Cars beside or behind in the lane that is changed into, and the braking that the change would ask of them."""
    findings = [
        Finding(HARD, 1.0, Term("beside", -other.gap, "m", "against", cars=(other.car,)))
        for other in view.beside(lane)
    ]
    other = view.follower(lane)
    if other is None or other.gap < 0:
        return findings
    closing = max(other.closing, 0.0)
    left = other.gap - closing * view.scene.period
    imposed = closing**2 / (2 * max(left - wants.gap, 0.01))
    danger = _level(
        (left < wants.gap or imposed > wants.hard_imposed, HARD),
        (imposed > wants.imposed, TIGHT),
    )
    severity = max(_short(left, wants.gap), min(imposed / wants.hard_imposed, 1.0))
    counts, cars = "against" if danger else "for", (other.car,)
    findings.append(
        Finding(danger, severity, Term("gap behind", other.gap, "m", counts, cars=cars))
    )
    if other.closing > wants.said:
        term = Term("closing from behind", other.closing, "m/s", counts, cars=cars)
        findings.append(Finding(danger, severity, term))
    return findings


def _moving_in(view: View, wants: Settings, lane: LaneId) -> list[Finding]:
    """Cars in the lanes on either side of the one changed into, which could change into it as well."""
    ego, road, findings = view.scene.ego, view.scene.road, []
    for side in filter(None, (road.side(lane, "left"), road.side(lane, "right"))):
        lead = view.leader(side.id)
        if lead is None or lead.car is None:
            continue
        wanted = wants.gap + max(lead.closing, 0.0) * view.scene.period
        if lead.gap < wanted:
            leaving = side.id == ego.lane and lead.gap < wanted - wants.gap
            term = Term("gap ahead", lead.gap, "m", "against", wanted, (lead.car,))
            findings.append(Finding(HARD if leaving else TIGHT, _short(lead.gap, wanted), term))
    return findings


def _crossing(view: View, wants: Settings, lane: LaneId, action: str) -> list[Finding]:
    """Cars whose paths cross or join: is there a contact if the ego holds on, hurries, or brakes to a stop?"""
    ego, period = view.scene.ego, view.scene.period
    count = round(HORIZON / period)
    held = view.contacts(lane, control.stepwise(ego, action, "IDLE", period, 0))
    if not held:
        return []
    soonest = held[0]
    hurried = view.contacts(lane, control.stepwise(ego, action, "FASTER", period, count))
    braking = control.stepwise(ego, action, "SLOWER", period, count)
    stuck = _stands_in_junction(view, lane, braking) or view.contacts(lane, braking)
    danger = _level(
        (not hurried or (not stuck and soonest.time > wants.early), NONE),
        (stuck and soonest.time < wants.late, HARD),
        (True, TIGHT),
    )
    term = Term("predicted contact", soonest.time, "s", "against", HORIZON, cars=(soonest.car,))
    return [Finding(danger, _short(soonest.time, HORIZON), term)]


def _stands_in_junction(view: View, lane: LaneId, plan: control.Plan) -> bool:
    """Would the ego come to stand where paths part and meet again?"""
    ego, road = view.scene.ego, view.scene.road
    s = road.lane(lane).frenet(ego.x, ego.y)[0]
    front = s + control.driven(ego.speed, plan, 2 * HORIZON) + ego.length / 2
    return any(
        begin < front <= begin + part.length + ego.length and _is_junction(road, part)
        for part, begin in road.path(lane, ego.route, max(front, 0.0) + 1.0)
    )


def _is_junction(road: Road, lane: Lane) -> bool:
    """Does the lane begin where paths part, and end where paths meet?"""
    start, end, _ = lane.id
    return len(road.exits[start]) > 1 and sum(node == end for _, node in road.sections) > 1


def _oncoming(view: View, wants: Settings, lane: LaneId, target: float) -> list[Finding]:
    """Traffic that comes the other way in the lane, or may come from beyond what is seen."""
    if not opposed(view.scene.road, lane):
        return []
    other = next((n for n in view.ahead(lane) if n.oncoming), None)
    if other is not None and other.time_to_collision < wants.oncoming:
        speed = control.speed_after(view.scene.ego.speed, target, view.scene.period)
        contact = max(other.gap, 0.0) / max(speed - other.speed, 0.1)
        danger = HARD if contact < wants.hard_oncoming else TIGHT
        now = other.time_to_collision
        term = Term("time to collision", now, "s", "against", wants.oncoming, cars=(other.car,))
        return [Finding(danger, _short(contact, wants.oncoming), term)]
    if other is None:
        contact = view.scene.perception.range / (target + wants.oncoming_speed)
        term = Term("unseen oncoming", contact, "s", "against", wants.unseen)
        return (
            [Finding(TIGHT, _short(contact, wants.unseen), term)] if contact < wants.unseen else []
        )
    return []


def _slot(view: View, wants: Settings, lane: LaneId, target: float) -> list[Finding]:
    """On the wrong side, with a car just passed: is the gap to the next one wide enough to return?"""
    right = view.scene.road.side(lane, "right")
    if right is None or not opposed(view.scene.road, lane):
        return []
    lead, passed = _lead(view, right.id), view.follower(right.id)
    if lead is None or passed is None or passed.gap > wants.slot:
        return []
    wanted = _needed_gap(view, wants, right.id, lead, target, wants.comfort, wants.time_gap)
    if lead.gap >= wanted:
        return []
    term = Term("gap ahead", lead.gap, "m", "against", wanted, (lead.car,))
    return [Finding(TIGHT, _short(lead.gap, wanted), term)]


def _bend(view: View, wants: Settings, lane: LaneId, target: float) -> list[Finding]:
    """Bends ahead: is the speed fit for them, or can the ego still slow down before?"""
    scene, ego = view.scene, view.scene.ego
    speed = control.speed_after(ego.speed, target, scene.period)
    driven = control.distance_after(ego.speed, target, scene.period)
    s = scene.road.lane(lane).frenet(ego.x, ego.y)[0]
    for part, begin in scene.road.path(lane, ego.route, max(s, 0.0) + wants.look):
        bend = max(abs(float(part.curvature(share * part.length))) for share in BENDS)
        fit = math.sqrt(wants.lateral / bend) if bend > 1e-4 else math.inf
        room = max(begin - s - driven, 0.0)
        safe = fit**2 + 2 * wants.braking * room + wants.bend_spare  # [m2/s2]
        if begin + part.length > s and speed**2 > safe:
            if fit < min(v for v in ego.target_speeds if v > 0):
                continue
            return [Finding(TIGHT, speed - fit, Term("curve ahead", fit, "m/s", "against"))]
    return []


def _goal(view: View, wants: Settings, lane: LaneId, speed: float, away: bool) -> tuple[Term, ...]:
    """What the lanes still to be crossed to the goal cost, and going fast where no time is left for them.

    away: a lane further from the goal counts as a tight gap where nothing else is a danger.
    """
    lanes, room = _way_to_goal(view, lane)
    if lanes == 0:
        return ()
    away_cost = Danger(TIGHT, wants.bold).worth(wants.layers) if away else 0.0
    late = speed > room / (lanes * wants.lane_time)  # the slower the better
    return (
        Term(
            "lanes to goal",
            float(lanes),
            "",
            "against",
            worth=away_cost - wants.layers.lanes * lanes,
        ),
        Term("distance to goal", room, "m", "against", worth=-2 * speed if late else None),
    )


def _way_to_goal(view: View, lane: LaneId) -> tuple[int, float]:
    """The same as `_way_to`; none and 0 m where there is no such goal."""
    task = view.scene.task
    return _way_to(view, lane) if task.kind == "exit" and task.goal else (0, 0.0)


def _way_to(view: View, lane: LaneId) -> tuple[int, float]:
    """Lane changes that the goal still takes from a lane, and the metres left to make them."""
    scene = view.scene
    road, goal = scene.road, set(scene.task.goal)
    best = {lane: 0}
    s = road.lane(lane).frenet(scene.ego.x, scene.ego.y)[0]
    section, ahead = lane[:2], -s
    while section:
        lanes = road.sections[section]
        for number, other in enumerate(lanes):
            reach = [best[o.id] + abs(number - n) for n, o in enumerate(lanes) if o.id in best]
            if reach:
                best[other.id] = min(reach)
        best = {
            other.id: min(best[o.id] + abs(i - j) for j, o in enumerate(lanes) if o.id in best)
            for i, other in enumerate(lanes)
        }
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


def _lane_speed(view: View, wants: Settings, lane: LaneId, changes: bool) -> list[Term]:
    """What a change of lane gains of the speed that lanes allow within `foresight`, over what it must gain."""
    price, terms = wants.layers.lane_speed, []
    if changes:
        gain = _allowed(view, wants, lane) - _allowed(view, wants, view.scene.ego.target_lane)
        worth = price * round(gain - wants.change, GRAIN)
        terms.append(Term("speed gain", gain, "m/s", _counts(worth), wants.change, worth=worth))
    if opposed(view.scene.road, lane):
        worth = -price * wants.wrong_side
        terms.append(Term("oncoming lane", view.scene.period, "s", "against", worth=worth))
    return terms


def _allowed(view: View, wants: Settings, lane: LaneId) -> float:
    lead, wanted = _lead(view, lane), max(view.scene.ego.target_speeds)
    if lead is None:
        return wanted
    speed = max(lead.speed + view.expected_acceleration(lead, lane) * wants.expect, 0.0)
    spare = lead.gap - wants.gap - wants.time_gap * speed
    return round(min(wanted, max(speed + spare / wants.foresight, 0.0)), 1)


# ----------------------------------------------------------------------------------- steering


def _terms_of_steering(view: View, wants: Settings, option: Option) -> tuple[Term, ...]:
    ego, lane = view.scene.ego, option.target_lane
    if lane is None:
        return _straight(view, wants.layers)
    findings = _behind(view, wants, lane, ego.speed) if lane != ego.lane else []
    findings += _steered_ahead(view, wants, lane)
    kept = begun_change(view.scene) or ego.lane
    moves, worth = (0.0, 0.0) if lane == kept else (1.0, -wants.layers.lanes)
    unrest = Term("unrest", moves, "", "against", worth=worth)
    return (*_carried(findings, _worst(findings), wants.layers), unrest)


def _steered_ahead(view: View, wants: Settings, lane: LaneId) -> list[Finding]:
    """The car ahead, by how soon it is met; it does not matter where the ego's wheels point now."""
    lead = _lead(view, lane)
    if lead is None:
        return [Finding(NONE, 0.0, Term("free ahead", view.scene.perception.range, "m", "for"))]
    contact = time_to_collision(lead.gap, view.scene.ego.speed - lead.speed)
    danger = _level((contact < wants.hard_contact, HARD), (contact < wants.tight_contact, TIGHT))
    severity = _short(contact, wants.tight_contact)
    return [Finding(danger, severity, term) for term in _lead_terms(wants, lead, danger)]


def _straight(view: View, layers: Layers) -> tuple[Term, ...]:
    """Wheels straight: the option always counts as hard danger, with its offset and heading error as terms."""
    ego = view.scene.ego
    lane = view.scene.road.lane(ego.lane)
    s, d = lane.frenet(ego.x, ego.y)
    error = wrap(ego.heading - lane.heading(s))
    cost = Danger(HARD, 1.0).worth(layers)
    return (
        Term("lateral offset", d, "m", "against", lane.width / 2, worth=cost),
        Term("heading error", math.degrees(error), "°", "against"),
    )


def _level(*cases: tuple[bool, int]) -> int:
    return next((level for holds, level in cases if holds), NONE)
