"""The loop: perceive, decide, foresee, explain, act, record. Knows no file and no table."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from drive import policy as policies
from drive.kinematics.foresight import foresee
from drive.reasoning.causes import attribute
from drive.reasoning.decisions import decision_by_weight
from drive.reasoning.evidence import cause_claims
from drive.reasoning.narrate import in_full, narrate, told_by, with_causes
from drive.reasoning.reasons import Situation, situation_of
from drive.types import (
    Attribution,
    Choice,
    Decision,
    Edit,
    End,
    Episode,
    Header,
    Policy,
    Rationale,
    Scene,
    Step,
    Takeover,
    Tie,
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
        settings=policies.settings(policy),
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
        takeovers=takeovers(policy),
    )


def takeovers(policy: Policy, before: str = "") -> str:
    """What can take over, as a header says it: what could before, and what watches over the policy."""
    if policies.powers(policy).taken_over is None or "monitor" in before:
        return before
    return ", ".join(filter(None, (before, "monitor")))


def when_asked(causes: str | bool) -> str:
    """One of CAUSES; True is "every", False "never". ValueError for anything else."""
    causes = {True: "every", False: "never"}.get(causes, causes)
    if causes not in CAUSES:
        raise ValueError(f"causes are asked {', '.join(CAUSES)}, not {causes!r}")
    return causes


def drive(
    world: World,
    policy: Policy,
    language: str = "en",
    causes: str | bool = "every",
    earlier: Sequence[Step] = (),
) -> Iterator[Step | End]:
    """Drive on from where the world is (reset): every Step as it is done, at last the End.

    The arguments are those of `Driving`. A policy that breaks its contract ends the episode with the
    reason "policy failed".
    """
    return _driven(Driving(world, policy, language, causes, earlier))


def _driven(driving: Driving) -> Iterator[Step | End]:
    while driving.end is None:
        intent = driving.decide()
        if intent is not None:
            yield driving.act(intent)
    yield driving.end


@dataclass(frozen=True)
class Intent:
    """What a policy would do now, and why; not driven yet."""

    scene: Scene
    edits: tuple[Edit, ...]  # made before the decision
    choice: Choice
    rationale: Rationale
    attribution: Attribution | None
    takeover: Takeover | None = None  # of what watches over the policy


class Driving:
    """A world that is being driven: in turns the policy decides, and its action or another one is driven."""

    def __init__(
        self,
        world: World,
        policy: Policy,
        language: str = "en",
        causes: str | bool = "every",
        earlier: Sequence[Step] = (),
    ):
        """The world stands where the next decision is made.

        causes: at which decisions the policy is asked again what they depend on, one of CAUSES; "change"
        are those that differ from the decision before, the first and those after an edit among them. Asking costs up to as many
        decisions as there are cars in sight. ValueError for any other word. earlier: the steps before, of
        which the last is the decision before.
        """
        self.world, self.policy, self.language = world, policy, language
        self.causes, self.end = when_asked(causes), None
        before = [
            decision_by_weight(situation_of(s.scene, s.choice), s.choice) for s in earlier[-1:]
        ]
        self._before: Decision | None = before[0] if before else None
        self._told = told_by(earlier)
        self._clock = _Clock()

    def decide(self) -> Intent | None:
        """What the policy would do now; None where it broke its contract, and the episode is over."""
        scene, policy = self.world.scene, self.policy
        self._clock = clock = _Clock()
        try:
            choice = clock.time("decide", policies.checked, policy, scene)
            takeover = clock.time("watch", policies.taken_over, policy, scene, choice)
        except policies.PolicyError as error:
            edits = self.world.edits
            self.end = End("policy failed", scene, None, self.world.laps, str(error), edits=edits)
            return None
        choice = clock.time("foresee", foresee, scene, choice)
        situation = clock.time("explain", situation_of, scene, choice)
        asked = self.causes == "every"
        if self.causes == "change":
            decision = clock.time("explain", decision_by_weight, situation, choice)
            asked = bool(self.world.edits) or decision != self._before
            self._before = decision
        attribution = clock.time("attribute", attribute, policy, scene, choice) if asked else None
        rationale = clock.time(
            "explain",
            explain,
            situation,
            choice,
            policy.tie,
            self.language,
            attribution,
            self._told,
        )
        self._told = in_full(filter(None, (self._told, rationale)))
        return Intent(scene, self.world.edits, choice, rationale, attribution, takeover)

    def act(self, intent: Intent, takeover: Takeover | None = None) -> Step:
        """Drive what was decided last, or what took over, the takeover that is given first; the end, if it came, is in `end`."""
        takeover = takeover or intent.takeover
        action = takeover.action if takeover else intent.choice.action
        if action != intent.choice.action:
            self._told = None  # what is not driven does not go on
        outcome = self._clock.time("act", self.world.step, action)
        if outcome.ended:
            self.end = End(outcome.ended, self.world.scene, outcome.contact, self.world.laps)
        return Step(
            intent.scene,
            intent.choice,
            intent.rationale,
            outcome.tracks,
            outcome.reward,
            self._clock.spent,
            intent.attribution,
            intent.edits,
            takeover,
        )


def drive_unexplained(world: World, policy: Policy) -> Iterator[Outcome]:
    """Drive on from where the world is, without words and without end: what each step did."""
    while True:
        choice = policy.decide(world.scene)
        takeover = policies.taken_over(policy, world.scene, choice)
        yield world.step((takeover or choice).action)


def explain(
    situation: Situation,
    choice: Choice,
    tie: Tie,
    language: str = "en",
    attribution: Attribution | None = None,
    before: Rationale | None = None,
) -> Rationale:
    """The policy's own words where it has some, else what `narrate` can say of its choice.

    With an attribution, only what was tested is called a cause, and the words say so. before: the last
    rationale that was said in full.
    """
    if choice.rationale is None:
        return narrate(situation, choice, tie, language, attribution, before)
    causes = cause_claims(situation.scene, choice, attribution)
    return with_causes(replace(choice.rationale, tie=tie), causes)


def run(
    world: World, policy: Policy, seed: int, language: str = "en", causes: str | bool = "every"
) -> Episode:
    """A whole episode in memory."""
    world.reset(seed)
    about = header(world, policy, seed)
    *steps, end = drive(world, policy, language, causes)
    return Episode(about, tuple(steps), end)


def run_unexplained(
    world: World, policy: Policy, seed: int, clock: Callable[[], float] = time.perf_counter
) -> Episode:
    """A whole episode in memory for measuring: without rationales, trajectories and causes, so it takes less time.

    Every metric that asks for no trajectory can be measured of it: `measure(episode, names)`. It cannot be
    logged. clock: [s], of the decisions' timing. What a policy raises is not caught.
    """
    world.reset(seed)
    about, steps = header(world, policy, seed), []
    while True:
        scene, begin = world.scene, clock()
        choice = policy.decide(scene)
        spent = {"decide": clock() - begin}
        takeover = policies.taken_over(policy, scene, choice)
        outcome = world.step((takeover or choice).action)
        step = Step(scene, choice, None, outcome.tracks, outcome.reward, spent, takeover=takeover)
        steps.append(step)
        if outcome.ended:
            end = End(outcome.ended, world.scene, outcome.contact, world.laps)
            return Episode(about, tuple(steps), end)


def versions() -> dict[str, str]:
    """The packages that decide what is driven, with Python's own version."""
    packages = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return packages


class _Clock:
    """Wall-clock seconds per part of a step."""

    def __init__(self):
        self.spent: dict[str, float] = {}

    def time(self, part: str, function, *arguments):
        begin = time.perf_counter()
        result = function(*arguments)
        spent = self.spent.get(part, 0.0) + time.perf_counter() - begin
        self.spent[part] = round(spent, 6)
        return result
