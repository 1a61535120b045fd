"""Is it true what a policy that sees pictures made out? Its words name cars by relation; they are matched to cars here.

A car is in a relation if it is on the section of the lane that the ego steers to, its middle within BESIDE of the middle of
that lane or of the one beside, before or behind the ego's; of several the nearest counts.
"""

from __future__ import annotations

import math

from drive.checking.scene import Measured, Untestable, Untrue, judged
from drive.language.quantities import decimals_of
from drive.types import Car, Claim, Ego, Scene, Verdict

BESIDE = 2.6  # [m]
SIDES = {"": 0, " on the left": 1, " on the right": -1}
PLACES = {None: "", "LANE_LEFT": " on the left", "LANE_RIGHT": " on the right"}
WITHIN = 90.0  # [m] a car farther away counts as nobody


def check(scene: Scene, claim: Claim) -> Verdict:
    """A claim of the kind "sight"."""
    return judged(claim, lambda: _seen(scene, claim))


def car_in(scene: Scene, relation: str) -> Car | None:
    """The nearest car in a relation, one of RELATIONS; None where there is none within WITHIN."""
    near = [(gap, car.id, car) for gap, car in _cars(scene, relation) if gap <= WITHIN]
    return min(near)[2] if near else None


def _cars(scene: Scene, relation: str) -> list[tuple[float, Car]]:
    front = relation.startswith("ahead")
    side = SIDES[relation.removeprefix("ahead" if front else "behind")]
    lane = scene.road.lane(scene.ego.target_lane)
    beside = lane if not side else scene.road.side(lane.id, "left" if side > 0 else "right")
    if beside is None:
        return []
    here, _ = lane.frenet(scene.ego.x, scene.ego.y)
    near = []
    for car in scene.cars:
        along, _ = lane.frenet(car.x, car.y)
        _, aside = beside.frenet(car.x, car.y)
        if car.lane[:2] == lane.id[:2] and abs(aside) < BESIDE and (along > here) == front:
            near.append((abs(along - here) - (car.length + scene.ego.length) / 2, car))
    return near


def _seen(scene: Scene, claim: Claim) -> Measured:
    if claim.quantity not in TESTS:
        raise Untestable(f"nothing is known about a sight of {claim.quantity!r}")
    where = claim.quantity.split()[-1]
    relation = where + PLACES[claim.option and claim.option.name]
    return TESTS[claim.quantity](scene, claim, relation)


def _nobody(scene: Scene, claim: Claim, relation: str) -> Measured:
    if (car := car_in(scene, relation)) is not None:
        raise Untrue(f"car {car.id} is there")
    return WITHIN


def _gap(scene: Scene, claim: Claim, relation: str) -> Measured:
    _require(scene, relation)
    gap = max(min(gap for gap, _ in _cars(scene, relation)), 0.0)  # 0: it is beside
    return _between(claim, gap, claim.said, claim.threshold)


def _closing(scene: Scene, claim: Claim, relation: str) -> Measured:
    car = _require(scene, relation)
    faster = _along(scene, scene.ego) - _along(scene, car)
    closing = faster if relation.startswith("ahead") else -faster
    far = math.copysign(claim.threshold, claim.said)
    return _between(claim, closing, *((-far, far) if claim.said == 0 else (claim.said, far)))


def _require(scene: Scene, relation: str) -> Car:
    car = car_in(scene, relation)
    if car is None:
        raise Untrue("nobody is there")
    return car


def _between(claim: Claim, measured: float, *bounds: float) -> Measured:
    """What is said, where the measured value lies between the bounds as they are said."""
    half = 0.5 * 10.0 ** -decimals_of(claim)
    if not min(bounds) - half <= measured <= max(bounds) + half:
        raise Untrue(f"measured {measured:.2f}")
    return claim.said


def _along(scene: Scene, one: Car | Ego) -> float:
    """[m/s] along the lane that the ego steers to."""
    lane = scene.road.lane(scene.ego.target_lane)
    s, _ = lane.frenet(one.x, one.y)
    return one.speed * math.cos(one.heading - float(lane.heading(s)))


TESTS = {
    "gap ahead": _gap,
    "gap behind": _gap,
    "closing ahead": _closing,
    "closing behind": _closing,
    "nobody ahead": _nobody,
    "nobody behind": _nobody,
}
