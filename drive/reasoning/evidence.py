"""From what a policy measured to what may be claimed of the scene.

A term becomes an observation only where the scene, looked at again, shows it: the car is where the
term has it, in the ego's lane or one beside it. What a policy foresees or values stays marked as
such (a consequence of the chosen option, a rejection of another).
"""

from __future__ import annotations

import itertools
import math

from drive.kinematics.goal import way_to_exit
from drive.kinematics.surroundings import CHANGES, Neighbour, Place
from drive.kinematics.trajectory import STEADY
from drive.language import FOLLOW, FOLLOW_OTHER, make_claim, said_action
from drive.reasoning.reasons import (
    LEAST_GAIN,
    OFF_CENTRE,
    UNAVAILABLE,
    WHEREABOUTS,
    Reason,
    Situation,
    manoeuvre_of,
)
from drive.roads import LaneId
from drive.roads.geometry import corners, distance_between
from drive.types import Action, Attribution, Cause, Choice, Claim, Follow, Meta, Option, Scene, Term

BEND_REACH = 100.0  # [m] along the path, within which bends count as ahead
SAME = 0.05  # what a term and the scene may differ by, where the term's place had to be searched
NAMED = 2  # cars at most by name
LONG = 5.0  # [s], from which on a time gap says nothing

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
# terms that wish for more, and terms that wish for less, than their threshold
AT_LEAST = ("time gap", "gap ahead", "time to collision", "gap behind", "speed gain", "incentive")
AT_MOST = ("imposed braking", "predicted contact")
OF_THE_ROAD = {
    "distance to goal": ("rule", "distance to exit"),
    "lanes to goal": ("rule", "lanes to goal"),
    "lanes to the right": ("rule", "lanes to the right"),
    "always": ("rule", "always"),
    "drawn": ("rule", "drawn"),
    "acceleration": ("rule", "acceleration asked"),
    "lateral offset": ("observation", "lateral offset"),
    "heading error": ("observation", "heading error"),
}
ASKED = "asked"  # what the policy's own formula says comes after what it is made of
VALUELESS = ("always", "drawn")
ORDER = (
    "beside", "to the left", "to the right", "oncoming", "gap ahead", "gap behind", "slower ahead",
    "imposed braking", "closing from behind", "its speed", "time gap", "time to collision",
    "predicted contact", "distance to exit", "lanes to goal", "lanes to the right",
    "bend radius",
)  # fmt: skip


def claims_of(situation: Situation, reasons: tuple[Reason, ...], most: int) -> tuple[Claim, ...]:
    """The claims that the reasons amount to, at most so many: all about one body together.

    That a car which is beside the ego could be in its way is not claimed: it is plain.
    """
    claims: list[Claim] = []
    for reason in reasons:
        claims += [c for c in claims_by_reason(situation, reason) if c not in claims]
    beside = {claim.cars for claim in claims if claim.quantity == "beside"}
    claims = [
        each for each in claims if each.quantity != "predicted contact" or each.cars not in beside
    ]
    bodies = sorted(dict.fromkeys(map(_body, claims)), key=lambda body: body == ASKED)
    claims.sort(key=lambda claim: (bodies.index(_body(claim)), _rank(claim)))
    return tuple(claims[:most])


def claims_by_reason(situation: Situation, reason: Reason) -> list[Claim]:
    """What one reason amounts to; [] where the scene does not show it."""
    term = reason.term
    if not math.isfinite(term.value) or not _tells(reason):
        return []
    if term.kind == "distance to goal" and situation.scene.task.kind != "exit":
        return []  # only an exit has words
    if term.kind in OF_THE_ROAD:
        claim = _plain(reason, *OF_THE_ROAD[term.kind])
        return [] if term.kind in OFF_CENTRE and claim.said == 0 else [claim]
    if term.kind == "curve ahead":
        return _bend(situation.scene, reason)
    if term.kind == "predicted contact":
        return _in_the_way(situation, reason)
    if term.kind == "free ahead" or (term.kind == "lane ends" and term.counts == "for"):
        return _free(situation, reason)
    if term.kind == UNAVAILABLE:
        return _no_lane(situation, reason)
    if term.kind == WHEREABOUTS and term.cars:
        return _whereabouts(situation, term)
    return _seen(situation, reason)


def _tells(reason: Reason) -> bool:
    """Does the value explain which way the term counts? What keeps its threshold is no objection."""
    term = reason.term
    if term.threshold is None or term.kind not in AT_LEAST + AT_MOST:
        return True
    short = term.value < term.threshold if term.kind in AT_LEAST else term.value > term.threshold
    return short == (term.counts == "against") or term.kind == "predicted contact"


def _plain(reason: Reason, kind: str, quantity: str) -> Claim:
    """A claim that says the term's value as it is."""
    return make_claim(kind, quantity, None if quantity in VALUELESS else reason.term.value)


def _place_of(situation: Situation, option: Option) -> Place:
    """The place that an option drives to; the ego's own where it is none of those beside."""
    own, *beside = situation.places
    change, lane = option.action, option.target_lane
    fits = (p for p in beside if p.lane == lane or (lane is None and p.change == change))
    return next(fits, own)


def _no_lane(situation: Situation, reason: Reason) -> list[Claim]:
    """Of a change of lane that the road does not offer: that there is no lane, if that is why."""
    change = reason.option.action
    if change not in CHANGES or any(place.change == change for place in situation.places):
        return []
    return [make_claim("observation", "no lane", option=change)]


def _bend(scene: Scene, reason: Reason) -> list[Claim]:
    """The bend, and the speed at which the option would come into it."""
    radius, option = tightest_bend(scene), reason.option
    if radius is None:
        return []
    bend = make_claim("observation", "bend radius", radius)
    name = manoeuvre_of(scene, option)
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


def _in_the_way(situation: Situation, reason: Reason) -> list[Claim]:
    """A car that could be in the option's way, and where it comes from."""
    scene, term, option = situation.scene, reason.term, reason.option
    if not term.cars:
        return []  # with an object, of which other terms tell, or with an unknown car
    name = manoeuvre_of(scene, option)
    about = Meta(name) if name else said_action(option.action)
    follows = situation.view.drives_along(term.cars[0], option.target_lane)
    seen = [] if follows else _crossing(scene, term.cars[0])
    claim = make_claim("rejection", term.kind, term.value, cars=term.cars[:1], option=about)
    return [*seen, claim]


def _whereabouts(situation: Situation, term: Term) -> list[Claim]:
    """Where a car is and how fast: as a neighbour, else where it crosses from.

    Nothing of a car on the ego's own section that is no neighbour.
    """
    scene, car = situation.scene, situation.scene.car(term.cars[0])
    for place, kinds in itertools.product(situation.places, NEIGHBOURS):
        measured = [
            (quantity, value)
            for kind in kinds
            for neighbour, quantity, value in _measured(place, kind, scene.ego.speed)
            if neighbour.car == car.id
        ]
        if measured:
            gap, *speeds = measured
            closing = (
                [] if gap[0] == "oncoming" else [each for each in speeds if each[1] > LEAST_GAIN]
            )
            return [_observation(*each, term, place) for each in (gap, *closing)]
    return [] if car.lane[:2] == scene.ego.lane[:2] else _crossing(scene, car.id)


def _crossing(scene: Scene, car_id: int) -> list[Claim]:
    """Where a car on another path is, and how fast; nothing of a car straight ahead or behind."""
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


def _free(situation: Situation, reason: Reason) -> list[Claim]:
    """How far the road ahead is free, where no car or object is ahead in the option's lane."""
    scene, place = situation.scene, _place_of(situation, reason.option)
    lead, oncoming = place.leader, place.oncoming
    blocked = lead is not None and (lead.car is not None or lead.object is not None)
    if blocked or oncoming is not None:
        return []
    free = min([scene.perception.range, *_path_left(scene, place.lane)])
    if free < 0:
        return []  # the ego is past the end of its path
    return [make_claim("observation", "free ahead", free, option=place.change)]


def _path_left(scene: Scene, lane: LaneId) -> list[float]:
    """Metres from the ego's front to the end of the path, where it ends within sight."""
    ego, reach = scene.ego, scene.perception.range
    s = scene.road.lane(lane).frenet(ego.x, ego.y)[0]
    last, begin = scene.road.path(lane, ego.route, max(s, 0.0) + reach)[-1]
    left = begin + last.length - s - ego.length / 2
    return [left] if left < reach else []


def _seen(situation: Situation, reason: Reason) -> list[Claim]:
    """The observation in the option's lane, or at another place where the scene shows that value."""
    term, first = reason.term, _place_of(situation, reason.option)
    speed = situation.scene.ego.speed
    for place in sorted(situation.places, key=lambda place: place is not first):
        for neighbour, quantity, value in _measured(place, term.kind, speed):
            if not _is_about(neighbour, term) or not _matters(quantity, value):
                continue
            if place is not first and not math.isclose(value, term.value, abs_tol=SAME):
                continue
            seen = [_observation(quantity, value, term, place)]
            if neighbour.oncoming and quantity != "oncoming":
                seen.insert(0, _observation("oncoming", neighbour.gap, term, place))
            return seen
    return []


def _measured(place: Place, kind: str, speed: float):
    """(neighbour, quantity, value) for each on a lane about which a term of this kind could be true."""
    if kind in AHEAD:
        for neighbour in filter(None, (place.leader, place.oncoming)):
            quantity = "oncoming" if neighbour.oncoming and kind == "gap ahead" else kind
            if neighbour.gap >= 0:
                yield neighbour, quantity, AHEAD[kind](neighbour, speed)
    if kind == "lane ends" and place.leader is not None:
        yield place.leader, "gap ahead" if place.leader.object else "lane ends", place.leader.gap
    if kind in BEHIND and place.follower is not None:
        yield place.follower, kind, BEHIND[kind](place.follower, speed)
    if kind in BESIDE:
        for neighbour in place.beside:
            yield neighbour, kind, BESIDE[kind](neighbour, speed)


def _is_about(neighbour: Neighbour, term: Term) -> bool:
    """Is the neighbour what the term is about? The end of the road has no id, as a term without any."""
    cars = () if neighbour.car is None else (neighbour.car,)
    objects = () if neighbour.object is None else (neighbour.object,)
    return (cars, objects) == (term.cars[:1], term.objects[:1])


def _matters(quantity: str, value: float) -> bool:
    """Is the value finite, near enough to count, and not negative where it has no words for that?"""
    if quantity == "time gap":
        return 0 <= value <= LONG
    return math.isfinite(value) and (
        value >= 0 or quantity in ("slower ahead", "closing from behind")
    )


def _observation(quantity: str, value: float, term: Term, place: Place) -> Claim:
    held = term.kind in AT_LEAST + AT_MOST and quantity not in ("oncoming", "lane ends")
    about = {} if quantity == "lane ends" else {"cars": term.cars[:1], "objects": term.objects[:1]}
    threshold = term.threshold if held else None
    return make_claim(
        "observation", quantity, value, option=place.change, threshold=threshold, **about
    )


def _body(claim: Claim):
    """What the claim is about, by which claims are put together."""
    if claim.quantity == "acceleration asked":
        return ASKED
    about_road = claim.kind in ("observation", "rule")
    return (
        claim.cars,
        claim.objects,
        None if claim.cars + claim.objects or about_road else claim.option,
    )


def _rank(claim: Claim) -> int:
    """Where the claim stands among those about one body."""
    return ORDER.index(claim.quantity) if claim.quantity in ORDER else len(ORDER)


# -------------------------------------------------------------------- what is seen of one car


def seen_of(situation: Situation, kinds: tuple[str, ...], car: int) -> list[Claim]:
    """What the scene shows of a car ahead in any of the ego's lanes, by kinds of terms, as far as it matters."""
    speed = situation.scene.ego.speed
    return [
        make_claim("observation", quantity, value, cars=(car,), option=place.change)
        for kind, place in itertools.product(kinds, situation.places)
        for neighbour, quantity, value in _measured(place, kind, speed)
        if neighbour.car == car and _matters(quantity, value)
    ]


def whereabouts(situation: Situation, car: int) -> list[Claim]:
    """Where a car is and how fast, wherever it is."""
    return _whereabouts(situation, Term(WHEREABOUTS, 0.0, "m", "against", cars=(car,)))


def room_ahead(situation: Situation) -> Claim | None:
    """How far the road ahead is free, up to the next body or the end of the path; None past that."""
    scene, place = situation.scene, situation.places[0]
    bodies = [n.gap for n in (place.leader, place.oncoming) if n is not None]
    free = min([scene.perception.range, *_path_left(scene, place.lane), *bodies])
    return make_claim("observation", "free ahead", free) if free >= 0 else None


def bend_ahead(situation: Situation) -> list[Claim]:
    """The tightest bend ahead, if any."""
    radius = tightest_bend(situation.scene)
    return [] if radius is None else [make_claim("observation", "bend radius", radius)]


def way_out(situation: Situation) -> list[Claim]:
    """How far the exit is, and the lanes still to be crossed to it from the ego's set-point lane."""
    scene = situation.scene
    way = way_to_exit(scene, scene.ego.target_lane)
    if scene.task.kind != "exit" or way is None or not way.lanes:
        return []
    distance = make_claim("rule", "distance to exit", way.distance)
    return [distance, make_claim("rule", "lanes to goal", way.lanes)]


# ------------------------------------------------------------------------------------ what was tested


def cause_claims(
    scene: Scene, choice: Choice, attribution: Attribution | None
) -> tuple[Claim, ...]:
    """What the decision depended on and makes sense as a cause, the proximate cause first.

    () where nothing was tested. That a danger gone would make the ego slower says nothing to anyone: such a
    cause stays in the log only (`makes_sense`).
    """
    if attribution is None:
        return ()
    sensible = [cause for cause in attribution.causes if makes_sense(choice, cause)]
    claims = [_cause(scene, choice, each) for each in sensible if len(each.cars) <= NAMED]
    if claims:
        return _alike_together(claims)
    crowded = any(len(cause.cars) > NAMED for cause in attribution.causes)
    if (crowded or not attribution.causes) and attribution.free != choice.action:
        everyone = Cause(attribution.free, 0.0, tuple(car.id for car in scene.cars))
        if makes_sense(choice, everyone):
            instead = _instead(scene, choice, attribution.free)
            return (make_claim("cause", "traffic", option=instead),)
    return ()


def makes_sense(choice: Choice, cause: Cause) -> bool:
    """Does what would be done without the cause go elsewhere, or no slower? A task may ask for anything."""
    ours, instead = choice.chosen.trajectory, choice.option(cause.instead)
    if (
        cause.instead in CHANGES
        or cause.condition == "task"
        or instead is None
        or None in (ours, instead.trajectory)
    ):
        return True
    return instead.trajectory.speed[-1] > ours.speed[-1] - STEADY


def _alike_together(claims: list[Claim]) -> tuple[Claim, ...]:
    """Claims without whose subjects the same would be done, next to each other; the first stays first."""
    options = [claim.option for claim in claims]
    return tuple(sorted(claims, key=lambda claim: options.index(claim.option)))


def _instead(scene: Scene, choice: Choice, action: Action) -> Action:
    """The action as it is said: by the manoeuvre, and of a path with the choice's own manoeuvre as another path."""
    weighed = Option(action) if isinstance(action, Follow) else choice.option(action)
    name = manoeuvre_of(scene, weighed) if weighed else None
    if isinstance(action, Follow) and name == manoeuvre_of(scene, choice.chosen):
        return FOLLOW_OTHER if isinstance(choice.action, Follow) else FOLLOW
    return Meta(name) if name else said_action(action)


def _cause(scene: Scene, choice: Choice, cause: Cause) -> Claim:
    instead = _instead(scene, choice, cause.instead)
    if cause.condition:
        return make_claim("cause", cause.condition, option=instead)
    return make_claim("cause", "without", option=instead, cars=cause.cars, objects=cause.objects)
