"""The loop: perceive, decide, foresee, explain, act, record. Knows no file and no table."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from drive import policy as policies
from drive.kinematics.foresight import foresee
from drive.reasoning.because import attributed
from drive.reasoning.causes import attribute
from drive.reasoning.decisions import decision_of
from drive.reasoning.narrate import narrate
from drive.types import (
    Attribution,
    Choice,
    Decision,
    End,
    Episode,
    Header,
    Policy,
    Rationale,
    Scene,
    Step,
)
from drive.world import Outcome, World

CAUSES = ("every", "change", "never")  # at which decisions the policy is asked what they depend on
PACKAGES = ("whydrive", "highway-env", "gymnasium", "numpy", "torch")


def header(world: World, policy: Policy, seed: int) -> Header:
    """What an episode is, enough to drive it again; the world has been reset with the seed."""
    return Header(
        scenario=world.scenario.name,
        seed=seed,
        policy=policy.name,
        weights=policies.weights(policy),
        tie=policy.tie,
        config=world.config,
        overrides=world.overrides,
        road=world.road,
        task=world.task,
        perception=world.perception,
        period=world.period,
        sub_step=world.sub_step,
        drivers=world.driver_parameters(),
        versions=versions(),
        physics=world.physics,
    )


def drive(
    world: World,
    policy: Policy,
    language: str = "en",
    causes: str = "every",
    earlier: Sequence[Step] = (),
) -> Iterator[Step | End]:
    """Drive on from where the world is (reset): every Step as it is done, at last the End.

    causes: at which decisions the policy is asked again what they depend on, one of CAUSES; "change"
    are those that differ from the decision before, the first among them. Asking costs up to as many
    decisions as there are cars in sight. ValueError for any other word. earlier: the steps before, of
    which the last is the decision before. A policy that breaks its
    contract ends the episode with the reason "policy failed".
    """
    if causes not in CAUSES:
        raise ValueError(f"causes are asked {', '.join(CAUSES)}, not {causes!r}")
    before = [decision_of(s.scene, s.choice, s.trajectory) for s in earlier[-1:]]
    return _driven(world, policy, language, causes, *before)


def _driven(
    world: World, policy: Policy, language: str, causes: str, before: Decision | None = None
) -> Iterator[Step | End]:
    while True:
        scene, edits, clock = world.scene, world.edits, _Clock()
        try:
            choice = clock.time("decide", policies.checked, policy, scene)
        except policies.PolicyError as error:
            yield End("policy failed", scene, None, world.laps, str(error), edits=edits)
            return
        choice = clock.time("foresee", foresee, scene, choice)
        decision, attribution = decision_of(scene, choice, choice.chosen.trajectory), None
        if causes == "every" or (causes == "change" and decision != before):
            attribution = clock.time("attribute", attribute, policy, scene, choice)
        rationale = clock.time("explain", explain, scene, choice, policy, language, attribution)
        outcome = clock.time("act", world.step, choice.action)
        yield Step(
            scene,
            choice,
            rationale,
            outcome.tracks,
            outcome.reward,
            clock.spent,
            attribution,
            edits,
        )
        before = decision
        if outcome.ended:
            yield End(outcome.ended, world.scene, outcome.contact, world.laps)
            return


def drive_unexplained(world: World, policy: Policy) -> Iterator[Outcome]:
    """Drive on from where the world is, without words and without end: what each step did."""
    while True:
        yield world.step(policy.decide(world.scene).action)


def explain(
    scene: Scene,
    choice: Choice,
    policy: Policy,
    language: str = "en",
    attribution: Attribution | None = None,
) -> Rationale:
    """The policy's own words where it has some, else what `narrate` can say of its choice.

    With an attribution, only what was tested is called a cause, and the words say so.
    """
    own = choice.rationale
    if own is None:
        said = narrate(scene, choice, choice.chosen.trajectory, policy.tie, language)
    else:
        said = replace(own, tie=policy.tie)
    return attributed(scene, choice, said, attribution) if attribution else said


def run(
    world: World, policy: Policy, seed: int, language: str = "en", causes: str = "every"
) -> Episode:
    """A whole episode in memory."""
    world.reset(seed)
    about = header(world, policy, seed)
    *steps, end = drive(world, policy, language, causes)
    return Episode(about, tuple(steps), end)


def versions() -> dict[str, str]:
    """The packages that decide what is driven, with Python's own version."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


class _Clock:
    """Wall-clock seconds per part of a step."""

    def __init__(self):
        self.spent: dict[str, float] = {}

    def time(self, part: str, function, *arguments):
        begin = time.perf_counter()
        result = function(*arguments)
        self.spent[part] = round(time.perf_counter() - begin, 6)
        return result
