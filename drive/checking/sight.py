"""Is it true what a policy that sees pictures made out? Its words name cars by relation; they are matched to cars here.

A car is in a relation if it is on the section of the lane that the ego steers to, its middle within BESIDE of the middle of
that lane or of the one beside, before or behind the ego's; of several the nearest counts.
"""

from __future__ import annotations

import math

from drive.checking.scene import Measured, Untrue, judged
from drive.language.quantities import RELATIONS, decimals_of
from drive.types import Car, Claim, Scene, Verdict

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


def others(scene: Scene) -> list[Car]:
    """The cars that are in no relation."""
    named = {car.id for relation in RELATIONS if (car := car_in(scene, relation))}
    return [car for car in scene.cars if car.id not in named]


def _cars(scene: Scene, relation: str) -> list[tuple[float, Car]]:
    front = relation.startswith("ahead")
    side = SIDES[relation.removeprefix("ahead" if front else "behind")]
    lane = scene.road.lane(scene.ego.target_lane)
    beside = lane if not side else scene.road.side(lane.id, "left" if side > 0 else "right")
    if beside is None:
        return []
    here, _ = lane.frenet(scene.ego.x, scene.ego.y)
    found = []
    for car in scene.cars:
        along, _ = lane.frenet(car.x, car.y)
        _, aside = beside.frenet(car.x, car.y)
        if car.lane[:2] == lane.id[:2] and abs(aside) < BESIDE and (along > here) == front:
            found.append((abs(along - here) - (car.length + scene.ego.length) / 2, car))
    return found


def _seen(scene: Scene, claim: Claim) -> Measured:
    what, _, where = claim.quantity.partition(" ")
    relation = where + PLACES[claim.option and claim.option.name]
    car = car_in(scene, relation)
    if what == "nobody":
        if car is not None:
            raise Untrue(f"car {car.id} is there")
        return claim.said
    if car is None:
        raise Untrue("nobody is there")
    measured = _gap(scene, relation) if what == "gap" else _closing(scene, car, where == "ahead")
    low, high = sorted((claim.said, math.copysign(claim.threshold, claim.said)))
    if what == "closing" and claim.said == 0:
        low = -high
    half = 0.5 * 10.0 ** -decimals_of(claim)
    if not low - half <= measured <= high + half:
        raise Untrue(f"measured {measured:.2f}")
    return claim.said


def _gap(scene: Scene, relation: str) -> float:
    return min(gap for gap, _ in _cars(scene, relation))


def _closing(scene: Scene, car: Car, front: bool) -> float:
    lane = scene.road.lane(scene.ego.target_lane)

    def along(one) -> float:
        s, _ = lane.frenet(one.x, one.y)
        return one.speed * math.cos(one.heading - float(lane.heading(s)))

    faster = along(scene.ego) - along(car)
    return faster if front else -faster
