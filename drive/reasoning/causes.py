"""What a decision depended on: the policy is asked again about the same scene with something gone.

What is gone is said as an edit of the scene. A car is hidden (`Hide`, the ego-ghost): it stays on the
road for all others, but the ego neither perceives, fears nor hits it. A static object is removed, and
a condition lifted (`Without`). Works for any policy, because `decide` is a pure
function of the scene. A cause is what changes the action and moves the trajectory by EFFECT or
more, further than the same intervention on a similar car does (the placebo). Knows no words and no
simulator: what others would have done without the car is not asked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator

import numpy as np

from drive import policy as policies
from drive.kinematics.edits import conditions_of, edited
from drive.kinematics.foresight import roll_out
from drive.kinematics.surroundings import View
from drive.types import (
    Attribution,
    Car,
    Cause,
    Choice,
    Edit,
    Hide,
    Option,
    Policy,
    Remove,
    Scene,
    Trajectory,
    Without,
)

EFFECT = 0.5  # [m] that a trajectory must move at least; smaller edits are no different decision
LARGEST_SET = 3  # cars that are looked for together
NEAREST = 8  # cars among which smaller sets are looked for, unless all are
# what makes two cars unlike by 1: metres along the ego's course and across it, and speed
ALONG, ACROSS, SPEED = 20.0, 4.0, 5.0  # [m] [m] [m/s]
SIMILAR = 3.0  # at most this unlike; else a car has no placebo


# -------------------------------------------------------------------------------------- inquiry


class Inquiry:
    """One decision, and what the policy says about edited copies of its scene; asks nothing twice."""

    def __init__(self, policy: Policy, scene: Scene, choice: Choice):
        self.policy, self.scene, self.choice = policy, scene, choice
        self.asked = 0
        self._answers: dict[frozenset, Choice | None] = {}
        self._paths: dict[tuple, Trajectory] = {}

    def without(self, *cars: int) -> Choice | None:
        """What is decided when these cars are ghosts; None where the policy gives no answer."""
        key = frozenset(cars)
        if key not in self._answers:
            self._answers[key] = self.ask(*map(Hide, sorted(key)))
        return self._answers[key]

    def assume(self, cars: Iterable[int]) -> None:
        """Without one of these cars the choice is known to stay as it is."""
        self._answers |= {frozenset((car,)): self.choice for car in cars}

    def ask(self, *edits: Edit) -> Choice | None:
        """What is decided once the scene is edited so; None where the policy gives no answer."""
        self.asked += 1
        try:
            choice = policies.checked(self.policy, edited(self.scene, *edits))
            return choice if choice.answered else None
        except policies.PolicyError:
            return None

    def effect(self, answer: Choice | None) -> float:
        """Largest distance [m] between the trajectories; 0 where the action is the same."""
        if answer is None or answer.action == self.choice.action:
            return 0.0
        ours, theirs = self._path(self.choice.chosen), self._path(answer.chosen)
        return round(float(np.hypot(ours.x - theirs.x, ours.y - theirs.y).max()), 3)

    def differs(self, *cars: int) -> bool:
        return self.effect(self.without(*cars)) >= EFFECT

    def _path(self, option: Option) -> Trajectory:
        if option.trajectory is not None:
            return option.trajectory
        key = option.action, option.target_lane
        if key not in self._paths:
            self._paths[key] = roll_out(self.scene, option)
        return self._paths[key]


def attribute(
    policy: Policy, scene: Scene, choice: Choice, exhaustive: bool = False
) -> Attribution:
    """The causes of a choice that the policy made of a scene.

    Every perceived car is asked for, unless `exhaustive` is False and the policy tells which ones
    it could depend on (`could_matter(scene, choice)`, an exact argument of its own). Where no single
    car makes a difference but all do, the smallest set that does is looked for among all cars.
    """
    inquiry = Inquiry(policy, scene, choice)
    everyone = [car.id for car in sorted(scene.cars, key=lambda car: _distance(scene, car))]
    cars = everyone if exhaustive else _candidates(inquiry, everyone)
    sets = [(car,) for car in cars if inquiry.differs(car)]
    free = inquiry.without(*everyone)
    if not sets and inquiry.effect(free) >= EFFECT:
        sets = _smallest_set(inquiry, everyone, exhaustive)
    tested = (_cause(inquiry, ids, sets) for ids in sets)
    causes = sorted(filter(None, tested), key=lambda cause: _proximity(scene, cause))
    return Attribution(
        (*causes, *_things(inquiry), *_conditions(inquiry)),
        free.action if inquiry.effect(free) >= EFFECT else choice.action,
        inquiry.asked,
        len(cars) == len(everyone),
    )


def _candidates(inquiry: Inquiry, cars: list[int]) -> list[int]:
    """The cars that could make a difference alone, nearest first: all, unless the policy knows better."""
    could_matter = policies.powers(inquiry.policy).could_matter
    named = set(could_matter(inquiry.scene, inquiry.choice))
    inquiry.assume(car for car in cars if car not in named)
    return [car for car in cars if car in named]


def _smallest_set(inquiry: Inquiry, cars: list[int], exhaustive: bool) -> list[tuple[int, ...]]:
    """The smallest set of cars (nearest first in `cars`) that only together make a difference.

    All cars do; one after the other, the farthest first, is put back where that changes nothing.
    What remains is minimal; smaller sets are then looked for among the nearest cars (all, if
    `exhaustive`). Empty where more than LARGEST_SET are needed.
    """
    if not inquiry.differs(*cars):
        return []
    kept = list(cars)
    for car in reversed(cars):
        fewer = [other for other in kept if other != car]
        if inquiry.differs(*fewer):
            kept = fewer
    among = cars if exhaustive else sorted({*cars[:NEAREST], *kept}, key=cars.index)
    for size in range(2, min(len(kept), LARGEST_SET + 1)):
        for ids in itertools.combinations(among, size):
            if inquiry.differs(*ids):
                return [ids]
    return [tuple(kept)] if len(kept) <= LARGEST_SET else []


def _cause(inquiry: Inquiry, ids: tuple[int, ...], sets: list[tuple[int, ...]]) -> Cause | None:
    """The cause with its placebo; None where the placebo does as much."""
    cited = {car for other in sets for car in other}
    answer = inquiry.without(*ids)
    placebo = placebo_for(inquiry.scene, ids, cited)
    effect, idle = inquiry.effect(answer), None
    if placebo:
        idle = inquiry.effect(inquiry.without(*placebo))
        if idle >= effect:
            return None
    return Cause(answer.action, effect, ids, placebo=placebo, placebo_effect=idle)


def placebo_for(scene: Scene, ids: tuple[int, ...], cited: set[int]) -> tuple[int, ...]:
    """For each car the most similar one that is not cited, each taken once; () where one has none."""
    taken: list[int] = []
    for car_id in ids:
        car = scene.car(car_id)
        others = [o for o in scene.cars if o.id not in cited and o.id not in taken]
        nearest = min(others, key=lambda other: unlikeness(scene, car, other), default=None)
        if nearest is None or unlikeness(scene, car, nearest) > SIMILAR:
            return ()
        taken.append(nearest.id)
    return tuple(taken)


def unlikeness(scene: Scene, car: Car, other: Car) -> float:
    """How unlike two cars are, by place (along and across the ego's course) and speed."""
    dx, dy = other.x - car.x, other.y - car.y
    cos, sin = math.cos(scene.ego.heading), math.sin(scene.ego.heading)
    along, across = dx * cos + dy * sin, dy * cos - dx * sin
    return math.hypot(along / ALONG, across / ACROSS, (other.speed - car.speed) / SPEED)


def _proximity(scene: Scene, cause: Cause) -> tuple[bool, float]:
    """What is ahead in the ego's own lane first, then what is nearest."""
    lead = View(scene).leader()
    first = lead is not None and lead.car in cause.cars
    return not first, min(_distance(scene, scene.car(car)) for car in cause.cars)


def _distance(scene: Scene, car: Car) -> float:
    return math.hypot(car.x - scene.ego.x, car.y - scene.ego.y)


def _things(inquiry: Inquiry) -> Iterator[Cause]:
    """Static objects without which the decision would differ."""
    for thing in inquiry.scene.objects:
        answer = inquiry.ask(Remove(object=thing.id))
        if (effect := inquiry.effect(answer)) >= EFFECT:
            yield Cause(answer.action, effect, objects=(thing.id,))


def _conditions(inquiry: Inquiry) -> Iterator[Cause]:
    """Conditions of the scenario without which the decision would differ."""
    for name in conditions_of(inquiry.scene):
        answer = inquiry.ask(Without(name))
        if (effect := inquiry.effect(answer)) >= EFFECT:
            yield Cause(answer.action, effect, condition=name)
