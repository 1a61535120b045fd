"""From what a policy measured to what may be claimed of the scene.

A term becomes an observation only where the scene, looked at again, shows it: the car is where the
term has it, in the ego's lane or one beside it. What a policy foresees or values stays marked as
such (a consequence of the chosen option, a rejection of another).
"""

from __future__ import annotations

import itertools
import math

from drive.kinematics.surroundings import Neighbour, View
from drive.language import make_claim, said_action
from drive.reasoning.decisions import OFF_CENTRE, SIDES, WHEREABOUTS, Reason, manoeuvre_of
from drive.roads import LaneId
from drive.roads.geometry import corners, distance_between
from drive.types import Claim, Meta, Scene, Term

BEND_REACH = 100.0  # [m] along the path, within which bends count as ahead
SAME = 0.05  # what a term and the scene may differ by, where the term's place had to be searched
LONG = 5.0  # [s], from which on a time gap says nothing
PLACES = (None, Meta("LANE_LEFT"), Meta("LANE_RIGHT"))  # my lane, and those beside it

# what is measured of a car or object ahead, behind and beside: quantity -> value
AHEAD = {
    "gap ahead": lambda n, speed: n.gap,
    "slower ahead": lambda n, speed: n.closing,
    "time gap": lambda n, speed: n.time_gap(speed),
    "time to collision": lambda n, speed: n.time_to_collision,
}
BEHIND = {
    "gap behind": lambda n, speed: n.gap,
    "closing from behind": lambda n, speed: n.closing,
    "imposed braking": lambda n, speed: n.imposed_braking,
}
BESIDE = {"beside": lambda n, speed: -n.gap}
NEIGHBOURS = (("gap ahead", "slower ahead"), ("beside",), ("gap behind", "closing from behind"))
WORTH = 0.5  # [m/s], from which a difference in speed is worth saying
# terms that wish for more, and terms that wish for less, than their threshold
AT_LEAST = ("time gap", "gap ahead", "time to collision", "gap behind", "speed gain", "incentive")
AT_MOST = ("imposed braking", "predicted contact", "speed")
OF_THE_ROAD = {
    "right of way": ("rule", "right of way"),
    "speed limit": ("rule", "speed limit"),
    "lanes to goal": ("rule", "lanes to goal"),
    "lanes to the right": ("rule", "lanes to the right"),
    "always": ("rule", "always"),
    "drawn": ("rule", "drawn"),
    "acceleration": ("rule", "acceleration asked"),
    "speed": ("observation", "speed"),
    "lateral offset": ("observation", "lateral offset"),
    "heading error": ("observation", "heading error"),
}
FORESEEN = ("speed gain", "incentive", "predicted contact", "value")
ASKED = "asked"  # what the policy's own formula says comes after what it is made of
VALUELESS = ("always", "drawn")
ORDER = (
    "beside", "to the left", "to the right", "oncoming", "gap ahead", "gap behind", "slower ahead",
    "closing from behind", "its speed", "time gap", "time to collision", "imposed braking",
    "predicted contact", "distance to exit", "distance to goal", "lanes to goal", "lanes to the right",
    "bend radius",
)  # fmt: skip


def claims_of(view: View, reasons: tuple[Reason, ...], most: int) -> tuple[Claim, ...]:
    """The claims that the reasons amount to, at most so many: all about one body together.

    Of a car that is beside, nobody need be told that it could be in the way.
    """
    claims: list[Claim] = []
    for reason in reasons:
        claims += [claim for claim in _claims(view, reason) if claim not in claims]
    beside = {claim.cars for claim in claims if claim.quantity == "beside"}
    claims = [
        each for each in claims if each.quantity != "predicted contact" or each.cars not in beside
    ]
    bodies = sorted(dict.fromkeys(map(_body, claims)), key=lambda body: body == ASKED)
    claims.sort(key=lambda claim: (bodies.index(_body(claim)), _rank(claim)))
    return tuple(claims[:most])


def place_of(scene: Scene, lane: LaneId | None) -> Meta | None:
    """The place of a lane: None for the ego's own (its set-point), LANE_LEFT or LANE_RIGHT."""
    for place in PLACES[1:]:
        beside = scene.road.side(scene.ego.target_lane, SIDES[place.name])
        if beside is not None and beside.id == lane:
            return place
    return None


def lane_at(scene: Scene, place: Meta | None) -> LaneId | None:
    """The lane at a place; None where there is none."""
    if place is None:
        return scene.ego.target_lane
    beside = scene.road.side(scene.ego.target_lane, SIDES[place.name])
    return beside.id if beside else None


def _claims(view: View, reason: Reason) -> list[Claim]:
    term = reason.term
    if not math.isfinite(term.value) or not _tells(reason):
        return []
    if term.kind in OF_THE_ROAD:
        claim = _plain(reason, *OF_THE_ROAD[term.kind])
        return [] if term.kind in OFF_CENTRE and claim.said == 0 else [claim]
    if term.kind == "distance to goal":
        goal = "exit" if view.scene.task.kind == "exit" else "goal"
        return [_plain(reason, "rule", f"distance to {goal}")]
    if term.kind == "curve ahead":
        return _bend(view, reason)
    if term.kind in FORESEEN:
        return _foreseen(view, reason)
    if term.kind == "free ahead" or (term.kind == "lane ends" and term.counts == "for"):
        return _free(view, reason)
    if term.kind == "unavailable":
        place = place_of(view.scene, None)
        return [make_claim("observation", "no lane", option=place)] if place else []
    if term.kind == WHEREABOUTS:
        return _whereabouts(view, term)
    return _seen(view, reason)


def _tells(reason: Reason) -> bool:
    """Does the value explain which way the term counts? What keeps its threshold is no objection."""
    term = reason.term
    if term.threshold is None or term.kind not in AT_LEAST + AT_MOST:
        return True
    short = term.value < term.threshold if term.kind in AT_LEAST else term.value > term.threshold
    return short == (term.counts == "against") or term.kind in ("predicted contact", "speed")


def _plain(reason: Reason, kind: str, quantity: str) -> Claim:
    term = reason.term
    cars = term.cars[:1] if quantity == "right of way" else ()
    threshold = term.threshold if quantity == "speed" else None
    value = None if quantity in VALUELESS else term.value
    return make_claim(kind, quantity, value, cars=cars, threshold=threshold)


def _bend(view: View, reason: Reason) -> list[Claim]:
    """The bend, and the speed at which the option would come into it."""
    radius, option = tightest_bend(view.scene), reason.option
    if radius is None:
        return []
    bend = make_claim("observation", "bend radius", radius)
    name = manoeuvre_of(view.scene, option)
    if name is None or option.trajectory is None or reason.term.counts == "for":
        return [bend]
    speed, fit = float(option.trajectory.speed[-1]), reason.term.value
    if speed <= fit:
        return [bend]
    return [bend, make_claim("rejection", "speed", speed, option=Meta(name), threshold=fit)]


def tightest_bend(scene: Scene) -> float | None:
    """Radius [m] of the tightest bend that lies within BEND_REACH ahead; None where it is straight."""
    ego, road = scene.ego, scene.road
    s = road.lane(ego.target_lane).frenet(ego.x, ego.y)[0]
    sharpest = 0.0
    for lane, begin in road.path(ego.target_lane, ego.route, max(s, 0.0) + BEND_REACH):
        near, far = max(s - begin, 0.0), min(s + BEND_REACH - begin, lane.length)
        if near < far:
            marks = (near + (far - near) * k / 50 for k in range(51))
            sharpest = max(sharpest, *(abs(float(lane.curvature(mark))) for mark in marks))
    return 1 / sharpest if sharpest > 1e-4 else None


def _foreseen(view: View, reason: Reason) -> list[Claim]:
    term, option = reason.term, reason.option
    name = manoeuvre_of(view.scene, option)
    kind = "consequence" if term.counts == "for" else "rejection"
    about = {"option": Meta(name) if name else said_action(option.action)}
    if term.kind == "predicted contact" and not term.cars:
        return []  # with an object, which other terms tell of, or with nobody knows whom
    if term.kind == "predicted contact":
        follows = view.drives_along(term.cars[0], option.target_lane)
        seen = [] if follows else _crossing(view.scene, term.cars[0])
        return [*seen, make_claim(kind, term.kind, term.value, cars=term.cars[:1], **about)]
    threshold = term.threshold if term.value >= 0 else None
    return [make_claim(kind, term.kind, term.value, threshold=threshold, **about)]


def _whereabouts(view: View, term: Term) -> list[Claim]:
    """Where a car is and how fast: as a neighbour, else where it comes from; nothing of others on the same section."""
    scene, car = view.scene, view.scene.car(term.cars[0])
    for place, kinds in itertools.product(PLACES, NEIGHBOURS):
        lane = lane_at(scene, place)
        found = [
            each
            for kind in kinds
            if lane
            for each in _measured(view, lane, kind)
            if each[0].car == car.id
        ]
        if found:
            (_, first, gap), *rest = found
            closing = [] if first == "oncoming" else [each[1:] for each in rest if each[2] > WORTH]
            return [
                _observation(quantity, value, term, place)
                for quantity, value in ((first, gap), *closing)
            ]
    return [] if car.lane[:2] == scene.ego.lane[:2] else _crossing(scene, car.id)


def _crossing(scene: Scene, car_id: int) -> list[Claim]:
    """Where a car on another path is, and how fast; nothing of one that is straight ahead or behind."""
    ego, car = scene.ego, scene.car(car_id)
    across = (car.y - ego.y) * math.cos(ego.heading) - (car.x - ego.x) * math.sin(ego.heading)
    if abs(across) < (ego.width + car.width) / 2:
        return []
    away = distance_between(
        corners(ego.x, ego.y, ego.heading, ego.length, ego.width),
        corners(car.x, car.y, car.heading, car.length, car.width),
    )
    side = "to the left" if across > 0 else "to the right"
    cars = (car_id,)
    return [
        make_claim("observation", side, away, cars=cars),
        make_claim("observation", "its speed", abs(car.speed), cars=cars),
    ]


def _free(view: View, reason: Reason) -> list[Claim]:
    place = place_of(view.scene, reason.option.target_lane)
    lead = view.leader(lane_at(view.scene, place))
    seen = lead is not None and (lead.car is not None or lead.object is not None)
    if seen or view.oncoming(lane_at(view.scene, place)) is not None:
        return []
    free = min([view.scene.perception.range, *_path_left(view.scene, lane_at(view.scene, place))])
    return [make_claim("observation", "free ahead", free, option=place)]


def _path_left(scene: Scene, lane: LaneId) -> list[float]:
    """Metres from the ego's front to the end of the path, where it ends within sight."""
    ego, reach = scene.ego, scene.perception.range
    s = scene.road.lane(lane).frenet(ego.x, ego.y)[0]
    last, begin = scene.road.path(lane, ego.route, max(s, 0.0) + reach)[-1]
    left = begin + last.length - s - ego.length / 2
    return [left] if left < reach else []


def _seen(view: View, reason: Reason) -> list[Claim]:
    """The observation in the option's lane, or at another place where the scene shows that value."""
    scene, term = view.scene, reason.term
    first = place_of(scene, reason.option.target_lane)
    places = (first, *(place for place in PLACES if place != first))
    for place in places:
        lane = lane_at(scene, place)
        if lane is None:
            continue
        for neighbour, quantity, value in _measured(view, lane, term.kind):
            if not _is_about(neighbour, term) or not _matters(quantity, value):
                continue
            if place != first and not math.isclose(value, term.value, abs_tol=SAME):
                continue
            seen = [_observation(quantity, value, term, place)]
            if neighbour.oncoming and quantity != "oncoming":
                seen.insert(0, _observation("oncoming", neighbour.gap, term, place))
            return seen
    return []


def _measured(view: View, lane: LaneId, kind: str):
    """Every neighbour of whom a term of this kind could be true on a lane, with the value."""
    speed = view.scene.ego.speed
    if kind in AHEAD:
        for neighbour in filter(None, (view.leader(lane), view.oncoming(lane))):
            quantity = "oncoming" if neighbour.oncoming and kind == "gap ahead" else kind
            if neighbour.gap >= 0:
                yield neighbour, quantity, AHEAD[kind](neighbour, speed)
    if kind == "lane ends" and (neighbour := view.leader(lane)) is not None:
        yield neighbour, "gap ahead" if neighbour.object else "lane ends", neighbour.gap
    if kind in BEHIND and (neighbour := view.follower(lane)) is not None:
        yield neighbour, kind, BEHIND[kind](neighbour, speed)
    if kind in BESIDE:
        for neighbour in view.beside(lane):
            yield neighbour, kind, BESIDE[kind](neighbour, speed)


def _is_about(neighbour: Neighbour, term: Term) -> bool:
    cars = () if neighbour.car is None else (neighbour.car,)
    objects = () if neighbour.object is None else (neighbour.object,)
    return (cars, objects) == (term.cars[:1], term.objects[:1])


def _matters(quantity: str, value: float) -> bool:
    if quantity == "time gap":
        return 0 <= value <= LONG
    return math.isfinite(value) and (
        value >= 0 or quantity in ("slower ahead", "closing from behind")
    )


def _observation(quantity: str, value: float, term: Term, place: Meta | None) -> Claim:
    held = term.kind in AT_LEAST + AT_MOST and quantity not in ("oncoming", "lane ends")
    about = {} if quantity == "lane ends" else {"cars": term.cars[:1], "objects": term.objects[:1]}
    threshold = term.threshold if held else None
    return make_claim("observation", quantity, value, option=place, threshold=threshold, **about)


def _body(claim: Claim):
    if claim.quantity == "acceleration asked":
        return ASKED
    about_road = claim.kind in ("observation", "rule")
    return (
        claim.cars,
        claim.objects,
        None if claim.cars + claim.objects or about_road else claim.option,
    )


def _rank(claim: Claim) -> int:
    return ORDER.index(claim.quantity) if claim.quantity in ORDER else len(ORDER)
