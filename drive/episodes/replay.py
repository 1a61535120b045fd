"""Drive a logged episode again, from scenario, seed, actions and edits, and compare every scene.

This is how anything that reads a log gets at the truth: the world stands at each decision again.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

from drive.types import Car, Ego, Episode, Scene, StaticObject
from drive.world import World

TOLERANCE = 1e-6  # [m, m/s, rad]; floats of a scene are written with 1e-6
SAME = 1.5 * TOLERANCE  # one step of rounding, and float dust


@dataclass(frozen=True)
class Moment:
    """A decision driven again; `world` stands there, and must not be stepped by the reader."""

    step: int
    world: World
    difference: (
        float  # largest difference [m, m/s, rad] between the scenes; inf where they differ in kind
    )

    @property
    def same(self) -> bool:
        return self.difference <= SAME


def rebuilt(episode: Episode, physics: str = "highway-env") -> World:
    """The episode's world, reset to its start. ValueError where it cannot be built here."""
    header = episode.header
    world = World(header.scenario, header.overrides, physics)
    world.reset(header.seed)
    return world


def replay(episode: Episode, physics: str = "highway-env") -> Iterator[Moment]:
    """Every decision again, the final scene included; stops after the first that differs.

    physics: "twin" drives the same many times faster. ValueError for an edit that cannot be made.
    """
    world = rebuilt(episode, physics)
    for step in episode.steps:
        if step.edits:
            world.edit(*step.edits)
        moment = Moment(step.scene.step, world, difference(world.scene, step.scene))
        yield moment
        if not moment.same or not world.scene.legal.allows(step.driven):
            return
        world.step(step.driven)
    if episode.end:
        if episode.end.edits:
            world.edit(*episode.end.edits)
        yield Moment(len(episode.steps), world, difference(world.scene, episode.end.final))


def difference(first: Scene, second: Scene) -> float:
    """Largest difference between two scenes' numbers; inf where they differ in anything else."""
    if _ids(first) != _ids(second) or (first.step, first.legal) != (second.step, second.legal):
        return math.inf
    pairs = [
        (first.ego, second.ego),
        *zip(first.cars, second.cars, strict=True),
        *zip(first.objects, second.objects, strict=True),
    ]
    return max(_apart(a, b) for a, b in pairs)


def _ids(scene: Scene) -> tuple:
    return tuple(car.id for car in scene.cars), tuple(thing.id for thing in scene.objects)


def _apart(first: Ego | Car | StaticObject, second: Ego | Car | StaticObject) -> float:
    largest = 0.0
    for field in dataclasses.fields(first):
        a, b = getattr(first, field.name), getattr(second, field.name)
        if type(a) is float and type(b) is float:
            largest = max(largest, abs(a - b))
        elif a != b:
            return math.inf
    return largest
