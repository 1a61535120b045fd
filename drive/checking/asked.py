"""The cars that a decision truly depends on, by plain search: the yardstick for causes that are cited.

Shares no code with `drive.reasoning.causes` and takes no short cut: every perceived car is hidden in
turn and the policy decides in full. Slow, and only for tests and the report.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from drive.kinematics.foresight import foresee
from drive.roads import Road
from drive.types import Action, Choice, History, Policy, Scene, Task

LEAST = 0.5  # [m] that the trajectory moves, or it is no effect
TRIPLES = 24  # cars up to which sets of three are all tried


@dataclasses.dataclass(frozen=True)
class Effect:
    """What hiding something does."""

    action: Action
    metres: float  # largest distance between the trajectories; 0 where the action is the same
    shift: float = (
        0.0  # largest change of an option's lead over the choice, in the unit of the scores
    )

    @property
    def real(self) -> bool:
        return self.metres >= LEAST


@dataclasses.dataclass(frozen=True)
class Dependence:
    """The sets of cars on which an action depends: all single ones, else all smallest sets."""

    sets: tuple[tuple[int, ...], ...]
    together: bool  # does it depend on the cars only in larger numbers than were tried?

    @property
    def cars(self) -> frozenset[int]:
        return frozenset(car for ids in self.sets for car in ids)


class Reference:
    """A policy at one scene, with everything that can be hidden from it."""

    def __init__(self, policy: Policy, scene: Scene):
        self.policy, self.scene = policy, scene
        self.choice = foresee(scene, policy.decide(scene))
        self._known: dict[tuple[int, ...], Effect] = {}

    def hiding(self, *ids: int) -> Effect:
        """The effect of hiding these cars from the ego, their past included."""
        key = tuple(sorted(ids))
        if key not in self._known:
            self._known[key] = self.effect_of(hidden(self.scene, set(ids)))
        return self._known[key]

    def effect_of(self, edited: Scene) -> Effect:
        other = self.policy.decide(edited)
        if not other.answered:
            raise ValueError("it gave no answer, and a fallback chose")
        shift = shifted(self.choice, other)
        if other.action == self.choice.action:
            return Effect(other.action, 0.0, shift)
        other = foresee(edited, other)
        a, b = self.choice.chosen.trajectory, other.chosen.trajectory
        return Effect(other.action, float(np.hypot(a.x - b.x, a.y - b.y).max()), shift)

    def depends_on(self, largest: int = 3) -> Dependence:
        """Exhaustive: every car, then (only where none does it alone) every pair, every triple."""
        cars = [car.id for car in self.scene.cars]
        limit = largest if len(cars) <= TRIPLES else min(largest, 2)
        if not self.hiding(*cars).real:
            limit = 1
        for size in range(1, limit + 1):
            sets = [ids for ids in itertools.combinations(cars, size) if self.hiding(*ids).real]
            if sets:
                return Dependence(tuple(sets), False)
        return Dependence((), self.hiding(*cars).real)


def shifted(choice: Choice, other: Choice) -> float:
    """By how much the lead of an option over the choice differs at most between two weighings; 0 where nothing is scored."""
    before, after = _leads(choice, choice.action), _leads(other, choice.action)
    return max((abs(after[a] - before[a]) for a in before.keys() & after.keys()), default=0.0)


def _leads(choice: Choice, over: Action) -> dict[Action, float]:
    scores = {option.action: option.score for option in choice.options if option.score is not None}
    return {action: score - scores[over] for action, score in scores.items() if over in scores}


def hidden(scene: Scene, ids: set[int]) -> Scene:
    """The scene as the ego perceives it where these cars are ghosts to it."""
    past = scene.history
    tracks = {car: rows for car, rows in past.cars.items() if car not in ids}
    unseen = {car: rows for car, rows in past.cars.items() if car in ids}
    return dataclasses.replace(
        scene,
        cars=tuple(car for car in scene.cars if car.id not in ids),
        ghosts=(*scene.ghosts, *(car for car in scene.cars if car.id in ids)),
        history=History(past.ego, tracks, past.ghosts | unseen),
    )


def without_object(scene: Scene, ids: set[int]) -> Scene:
    return dataclasses.replace(
        scene, objects=tuple(thing for thing in scene.objects if thing.id not in ids)
    )


def without_task(scene: Scene) -> Scene:
    return dataclasses.replace(scene, task=Task("cruise", deadline=scene.task.deadline))


def without_limit(scene: Scene) -> Scene:
    free = (dataclasses.replace(lane, speed_limit=None) for lane in scene.road.lanes)
    return dataclasses.replace(scene, road=Road(tuple(free)))


def with_clear_view(scene: Scene) -> Scene:
    seen = dataclasses.replace(scene.perception, range=200.0, occlusion=False)
    return dataclasses.replace(scene, perception=seen)


WITHOUT = {"task": without_task, "speed limit": without_limit, "poor sight": with_clear_view}


def similar_car(scene: Scene, car_id: int, excluded: set[int]) -> int | None:
    """The placebo: the car most like this one by place and speed, None where none is like it.

    Unlike by 1 is 20 m along the ego's course, 4 m across it, or 5 m/s; at most 3 is alike.
    """
    axes = np.array([np.cos(scene.ego.heading), np.sin(scene.ego.heading)])
    turned = np.array([[axes[0], axes[1]], [-axes[1], axes[0]]]) / [[20.0], [4.0]]
    here = scene.car(car_id)
    best = None
    for other in scene.cars:
        if other.id != car_id and other.id not in excluded:
            place = turned @ [other.x - here.x, other.y - here.y]
            apart = float(np.hypot(np.hypot(*place), (other.speed - here.speed) / 5.0))
            if apart <= 3.0 and (best is None or apart < best[0]):
                best = apart, other.id
    return best[1] if best else None
