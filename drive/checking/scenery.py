"""One logged decision with all that can be known of it, and what a narrator says about it."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drive.checking.asked import LEAST, Dependence, Reference, hidden
from drive.checking.futures import drive_out
from drive.checking.verdicts import Finding
from drive.episodes import rollout
from drive.kinematics.foresight import foresee
from drive.language import read
from drive.reasoning.causes import attribute
from drive.reasoning.narrate import in_full
from drive.reasoning.reasons import situation_of
from drive.types import (
    Action,
    Car,
    Choice,
    Claim,
    Episode,
    Meta,
    Option,
    Policy,
    Rationale,
    Scene,
    Step,
)
from drive.world import World

LATER = 3  # decisions after this one, in which a claim that is false now may have become true
NOISE = (0.1, 0.1)  # [m] and [m/s], standard deviations
# hidden cars per decision that are narrated again: of those that matter, and of the others
EDITS = 1
SPEEDS = ("IDLE", "SLOWER", "FASTER")  # what may be done after an option


class Scenery:
    """One logged decision with all that can be known of it, before a narrator speaks about it."""

    def __init__(
        self,
        episode: Episode,
        step: Step,
        policy: Policy,
        reference: Reference,
        world: World | None = None,
    ):
        """world: the replay, as it stands at the step; of use while it stands there."""
        self.episode, self.step, self.policy, self.reference = episode, step, policy, reference
        self.world = world
        self._ends: dict[tuple[Action, float], bool] = {}

    @functools.cached_property
    def dependence(self) -> Dependence:
        """The sets of cars that the decision truly depends on."""
        return self.reference.depends_on()

    @property
    def before(self) -> Step | None:
        """The step before, if any."""
        number = self.step.scene.step
        return self.episode.steps[number - 1] if number else None

    @functools.cached_property
    def later(self) -> tuple[Scene, ...]:
        number = self.step.scene.step
        scenes = [step.scene for step in self.episode.steps[number + 1 : number + 1 + LATER]]
        final = self.episode.end.final if self.episode.end else None
        return tuple(scenes) if len(scenes) == LATER or final is None else (*scenes, final)

    @functools.cached_property
    def edits(self) -> tuple[tuple[bool, Rationale], ...]:
        """Some cars hidden one at a time: did the action change, and what is said then?"""
        scene = self.step.scene
        effects = [(self.reference.hiding(car.id), car.id) for car in nearest_first(scene)]
        chosen = [e for e in effects if e[0].real][:EDITS] + [
            e for e in effects if not e[0].metres
        ][:EDITS]
        return tuple((effect.real, self.narrated(hidden(scene, {car}))) for effect, car in chosen)

    @functools.cached_property
    def noisy(self) -> tuple[bool, Rationale]:
        """The scene seen with noise: is the same decided, and what is said?"""
        scene = blurred(self.step.scene)
        same = self.policy.decide(scene).action == self.step.choice.action
        return same, self.narrated(scene)

    def ends_in_contact(self, option: Action, within: float) -> bool:
        """Does a collision follow an option within these seconds, whether the speed is then held, lowered or raised?"""
        key = option, within
        if key not in self._ends:
            onward = (Meta(name) for name in SPEEDS if name in self.step.scene.legal.meta)
            futures = (drive_out(self.world, option, each, within) for each in onward)
            self._ends[key] = all(future.ended == "collision" for future in futures)
        return self._ends[key]

    @functools.cached_property
    def usual(self) -> str:
        """The action that the episode takes most often."""
        return Counter(str(step.choice.action) for step in self.episode.steps).most_common(1)[0][0]

    @functools.cached_property
    def acceptable(self) -> frozenset[str]:
        """The legal actions that drive as the one taken does; controls are all one."""
        chosen = self.step.choice.chosen
        return frozenset(
            str(option.action) for option in self.step.choice.options if _alike(option, chosen)
        )

    def narrated(self, scene: Scene) -> Rationale:
        """What is said where the policy decides about this scene: in its own words, if it has any."""
        choice = foresee(scene, self.policy.decide(scene))
        attribution = None if choice.rationale else attribute(self.policy, scene, choice)
        situation = situation_of(scene, choice)
        return rollout.explain(situation, choice, self.policy.tie, "en", attribution, self.told)

    @functools.cached_property
    def told(self) -> Rationale | None:
        """The last rationale before this decision that was said in full, as it was when this one was narrated."""
        return in_full(s.rationale for s in self.episode.steps[: self.step.scene.step])


def _alike(option: Option, chosen: Option) -> bool:
    a, b = option.trajectory, chosen.trajectory
    return float(np.hypot(a.x - b.x, a.y - b.y).max()) < LEAST


def nearest_first(scene: Scene) -> list[Car]:
    return sorted(scene.cars, key=lambda car: math.hypot(car.x - scene.ego.x, car.y - scene.ego.y))


def blurred(scene: Scene) -> Scene:
    """Every car displaced and its speed changed by normal noise, drawn from (seed, step, car)."""

    def moved(car: Car) -> Car:
        dx, dy, dv = np.random.default_rng([scene.seed, scene.step, car.id, 7]).normal(size=3)
        return dataclasses.replace(
            car, x=car.x + NOISE[0] * dx, y=car.y + NOISE[0] * dy, speed=car.speed + NOISE[1] * dv
        )

    return dataclasses.replace(scene, cars=tuple(map(moved, scene.cars)))


@dataclass(frozen=True)
class Case:
    """What a narrator says of a decision, and the verifier's findings on it."""

    scenery: Scenery
    shown: Step  # with the options and the rationale that the narrator shows
    findings: tuple[Finding, ...]
    honest: bool  # was it said by the narrator that also speaks of edited scenes?

    @property
    def rationale(self) -> Rationale:
        return self.shown.rationale

    @property
    def weighed(self) -> Choice:
        """What the policy weighs when it is asked again."""
        return self.scenery.reference.choice

    @property
    def cited(self) -> frozenset[int]:
        return frozenset(car for claim in self.rationale.claims for car in claim.cars)

    @property
    def in_full(self) -> bool:
        """Is the decision told in full, and not as one that goes on?"""
        try:
            return not read(self.rationale.text, self.rationale.language).goes_on
        except ValueError:
            return True

    @property
    def heard(self) -> frozenset[int]:
        """The cars that a listener has been told of: those cited, and of a decision that goes on, those cited when it was last told in full."""
        told = self.scenery.told
        if self.in_full or told is None:
            return self.cited
        return self.cited | {car for claim in told.claims for car in claim.cars}

    @property
    def tested(self) -> frozenset[int]:
        """Cars that were tested to be causes when the decision was made, cited or not."""
        attribution = self.scenery.step.attribution
        causes = attribution.causes if attribution else ()
        return frozenset(car for cause in causes for car in cause.cars)

    @property
    def blamed(self) -> frozenset[int]:
        """Cars that are said to be a cause."""
        return self._named(lambda claim: claim.kind == "cause")

    @property
    def told(self) -> frozenset[int]:
        """Cars of which anything is said but a fact that must be heard whenever it is so."""
        return self._named(lambda claim: claim.kind != "fact")

    def _named(self, fits: Callable[[Claim], bool]) -> frozenset[int]:
        return frozenset(car for c in self.rationale.claims if fits(c) for car in c.cars)

    @property
    def counting(self) -> frozenset[int]:
        """Cars that count in the score of an option."""
        options = self.scenery.step.choice.options
        return frozenset(car for o in options for t in o.terms if t.worth for car in t.cars)

    def results(self, test: str, *quantities: str) -> list[float]:
        """1 for true, 0 for false; untestable claims are left out."""
        return [
            float(finding.verdict.result == "true")
            for finding in self.findings
            if finding.test == test
            and (not quantities or finding.verdict.claim.quantity in quantities)
            and finding.verdict.result != "untestable"
        ]
