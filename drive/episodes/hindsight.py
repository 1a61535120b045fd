"""Where a person and the policy differed, and whose action was better by hindsight, as far as a few measures tell.

Both actions are driven from the same logged moment; the policy drives on in both, for the same seconds, and the traffic
reacts. What the person did next takes no part. Nothing is weighed against anything: an action is called better where it is
better in one measure and worse in none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from drive import policy as policies
from drive.episodes import log
from drive.episodes.branch import Stage
from drive.measures.metrics import measure
from drive.measures.motion import Motion
from drive.types import Action, Contact, End, Episode, Policy, Step

SECONDS = 6.0  # [s] that both are driven
BROKEN = ("collision", "off road", "policy failed")  # ends that outweigh all other measures
Better = Literal["person", "policy", "tie", "neither"]  # neither: each is better in something


@dataclass(frozen=True)
class Measure:
    """One thing that is compared."""

    unit: str
    more: bool  # is more of it better?
    least: float  # a smaller difference is none
    beyond: float = math.inf  # a larger value counts as this one, and so does none: nothing is near

    def counted(self, value: float | None) -> float | None:
        """The value as it is compared; None where it cannot be."""
        if value is None:
            return self.beyond if math.isfinite(self.beyond) else None
        return min(value, self.beyond)


MEASURES = {
    "arrived": Measure("", more=True, least=0.5),
    "goal missed": Measure("", more=False, least=0.5),
    "distance": Measure("m", more=True, least=1.0),
    "headway": Measure("s", more=True, least=0.1, beyond=2.0),
    "time to collision": Measure("s", more=True, least=0.2, beyond=5.0),
}  # of the least headway and time to collision of any sub-step


@dataclass(frozen=True)
class Course:
    """What came of one action, the policy driving on after it."""

    action: Action
    seconds: float  # [s] that it was driven
    ended: str | None  # how the episode ended within them; None where it went on
    contact: Contact | None
    measured: dict[str, float | None]  # by MEASURES; None where there was nothing to measure

    @property
    def broken(self) -> bool:
        return self.ended in BROKEN


@dataclass(frozen=True)
class Hindsight:
    """A decision in which a person drove something else than the policy would have."""

    step: Step
    person: Course
    policy: Course
    better: Better
    by: dict[str, Better]  # each measure in which one was better

    @property
    def seconds(self) -> float:
        """[s] over which both are compared."""
        return min(self.person.seconds, self.policy.seconds)


def differences(episode: Episode) -> Iterator[Step]:
    """The steps in which a person drove something else than the policy would have."""
    return (
        step
        for step in episode.steps
        if step.driven != step.choice.action and step.takeover.by == "person"
    )


class Looker:
    """Looks back at the decisions of one episode, driven again once for all; use it from one thread at a time."""

    def __init__(self, episode: Episode, seconds: float = SECONDS):
        self.episode, self.stage = episode, Stage(episode)
        self.decisions = max(round(seconds / episode.header.period), 1)
        self.seconds = self.decisions * episode.header.period

    def look(self, number: int) -> Hindsight:
        """Both actions of a step, driven and compared.

        ValueError for no such step, one in which they did not differ, and an episode that cannot be driven again.
        """
        step = log.the_step(self.episode, number)
        if step.driven == step.choice.action:
            raise ValueError(f"at step {number} nothing else was driven than the policy would have")
        policy = policies.again(*self.episode.header.policy_at(number))
        driven = {
            action: self._driven(step, action, policy)
            for action in (step.driven, step.choice.action)
        }
        common = min(len(episode.steps) for episode in driven.values())
        courses = [course(action, episode, common) for action, episode in driven.items()]
        return Hindsight(step, *courses, *compared(*courses))

    def _driven(self, step: Step, action: Action, policy: Policy) -> Episode:
        """The action, then what the policy does, as an episode that says nothing."""
        world, steps, end = self.stage.at(step.scene.step), [], None
        for _ in range(self.decisions):
            scene, choice = world.scene, step.choice
            if steps:
                try:
                    choice = policies.checked(policy, scene)
                    takeover = policies.taken_over(policy, scene, choice)
                except policies.PolicyError as error:
                    end = End("policy failed", scene, None, world.laps, str(error))
                    break
                action = (takeover or choice).action
            outcome = world.step(action)
            steps.append(Step(scene, choice, None, outcome.tracks, outcome.reward, {}))
            if outcome.ended:
                end = End(outcome.ended, world.scene, outcome.contact, world.laps)
                break
        return Episode(self.episode.header, tuple(steps), end)


def course(action: Action, driven: Episode, common: int) -> Course:
    """What came of an action, as it is compared: of the first `common` decisions, which both were driven."""
    shared = Episode(driven.header, driven.steps[:common], driven.end)
    motion, ended = Motion(shared), driven.end.reason if driven.end else None
    figures = measure(shared, ("distance", "goal missed"))
    return Course(
        action,
        len(driven.steps) * driven.header.period,
        ended,
        driven.end.contact if driven.end else None,
        {
            "arrived": float(ended == "arrived" and len(driven.steps) <= common),
            "goal missed": _measured(np.array([figures["goal missed"]])),
            "distance": _measured(np.array([figures["distance"]])),
            "headway": _measured(motion.headway),
            "time to collision": _measured(motion.time_to_collision),
        },
    )


def _measured(values: np.ndarray) -> float | None:
    """The least of the values; None where there is none."""
    present = values[np.isfinite(values)]
    return float(present.min()) if len(present) else None


def compared(person: Course, policy: Course) -> tuple[Better, dict[str, Better]]:
    """Which was better, and each measure in which one was; an end that breaks the drive outweighs all measures."""
    if person.broken or policy.broken:
        if person.broken and policy.broken:
            return "tie", {}
        better: Better = "policy" if person.broken else "person"
        return better, {"unbroken": better}
    by = {}
    for name, about in MEASURES.items():
        ours, theirs = (about.counted(each.measured[name]) for each in (person, policy))
        if ours is not None and abs(ours - theirs) >= about.least:
            by[name] = "person" if (ours > theirs) == about.more else "policy"
    sides = set(by.values())
    return ("neither" if len(sides) == 2 else next(iter(sides), "tie")), by
