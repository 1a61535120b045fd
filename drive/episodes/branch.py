"""What if: a replayed moment of an episode, edited, and driven on.

A branch is an ordinary episode. It begins with its parent's steps up to the moment; then come its own, the
first of which holds the edits. Its header is the parent's, with the policy that drives on and with the parent's
digest. So its log holds all that drives it again (scenario, seed, actions, edits), and replay, verification,
metrics, film and page need not know what a branch is. A header with the actions up to the moment would make
shorter logs, but then every reader of an episode had to know that its clock, its step numbers and the past of
its first scene begin before its first step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from drive import policy as policies
from drive.episodes import log, rollout
from drive.episodes.record import finished
from drive.episodes.replay import replay
from drive.types import Edit, End, Episode, Header, Parent, Policy, Step
from drive.world import World


def branch(
    episode: Episode | str | Path,
    step: int,
    edits: Sequence[Edit] = (),
    policy: Policy | str | None = None,
    decisions: int | None = None,
    physics: str = "twin",
    language: str | None = None,
    causes: str | None = None,
    stage: Stage | None = None,
) -> Episode:
    """The episode as it would have gone on from a step, had the edits been made before its decision.

    episode: an episode, or the path of a log. policy: what drives on; the one that drove there, unless
    given. decisions: at most so many of its own, and then it has no end; to the end of the episode, unless
    given. physics: "highway-env" drives the same, slower, and does so unasked where the twin cannot follow
    the log within 1e-6 (highway-env steers a car that hardly moves by rounding errors, and the twin's are
    others). language, causes: as in the episode, unless given. stage: the episode, driven again before, where many branches
    are driven of it. ValueError for a step or an edit that cannot
    be, a policy that cannot be loaded, and an episode that cannot be driven again up to the step.
    """
    if isinstance(episode, str | Path):
        episode = log.read(episode).episode
    events = branching(episode, step, edits, policy, decisions, physics, language, causes, stage)
    header = next(events)
    steps = list(events)
    end = steps.pop() if isinstance(steps[-1], End) else None
    return Episode(header, tuple(steps), end)


def branching(
    episode: Episode,
    step: int,
    edits: Sequence[Edit] = (),
    policy: Policy | str | None = None,
    decisions: int | None = None,
    physics: str = "twin",
    language: str | None = None,
    causes: str | None = None,
    stage: Stage | None = None,
) -> Iterator[Header | Step | End]:
    """A branch as it is driven: its header, the parent's steps, its own, and its end with the metrics."""
    if decisions is not None and decisions < 1:
        raise ValueError(f"a branch takes 1 decision or more, not {decisions}")
    fork = forked(episode, step, edits, policy, stage or Stage(episode, physics))
    header, steps = fork.header, list(fork.steps)
    yield header
    yield from steps
    said = language or episode.steps[step].rationale.language
    asked = causes or _causes(episode)
    for event in rollout.drive(fork.world, fork.policy, said, asked, fork.steps):
        if isinstance(event, End):
            yield finished(Episode(header, tuple(steps), event)).end
            return
        steps.append(event)
        yield event
        if decisions is not None and len(steps) == step + decisions:
            return


@dataclass(frozen=True)
class Fork:
    """Where a branch leaves its parent: all that drives on needs."""

    header: Header  # of the branch
    steps: tuple[Step, ...]  # of the parent, before the moment
    world: World  # stands at the moment, edited
    policy: Policy


def forked(
    episode: Episode, step: int, edits: Sequence[Edit], policy: Policy | str | None, stage: Stage
) -> Fork:
    """The episode driven again up to a step, and edited; the arguments are those of `branch`."""
    log.the_step(episode, step)
    driver = _driver(episode.header, step, policy)
    policies.prepare(driver)
    world = stage.at(step)
    if edits:
        world.edit(*edits)
    header = _header(stage, step, driver, world.physics)
    return Fork(header, tuple(episode.steps[:step]), world, driver)


def recorded(
    events: Iterator[Header | Step | End], folder: Path, edits: Sequence[Edit]
) -> Iterator[Path | Step | End]:
    """A branch as it is driven, written into a folder: the log's path first, then what `branching` yields."""
    header = next(events)
    path = Path(folder) / file_name(header, edits)
    with log.Writer(path, header) as writer:
        yield path
        for event in events:
            (writer.end if isinstance(event, End) else writer.step)(event)
            yield event


class Stage:
    """An episode driven again, to stand at any of its decisions: each is driven once, and gone back to."""

    def __init__(self, episode: Episode, physics: str = "twin"):
        self.episode, self._header = episode, episode.header
        self._physics = list(dict.fromkeys((physics, "highway-env")))
        self._restart()

    @cached_property
    def digest(self) -> str:
        """The episode's, as every branch of it names its parent."""
        return log.digest(self.episode)

    def at(self, step: int) -> World:
        """The world at the decision of a step, as the log has it: in highway-env where the twin differs.

        To be driven on, or edited, until the stage is asked again. ValueError where it differs there too.
        """
        while step >= len(self._stood):
            moment = next(self._moments, None)
            if moment is None or moment.step != len(self._stood) or not moment.same:
                self._other_physics(step)
                continue
            self._stood.append(moment.world.snapshot())
        self._world = self._world or World(
            self._header.scenario, self._header.overrides, self._physics[0]
        )
        self._world.restore(self._stood[step])
        return self._world

    def _other_physics(self, step: int) -> None:
        if len(self._physics) == 1:
            raise ValueError(
                f"driven again, the episode differs from its log at step {len(self._stood)}: "
                f"nothing branches off at {step}"
            )
        self._physics = self._physics[1:]
        self._restart()

    def _restart(self) -> None:
        self._moments, self._stood, self._world = replay(self.episode, self._physics[0]), [], None


@contextmanager
def branched(world: World, *edits: Edit) -> Iterator[World]:
    """The world, edited, to be driven on; afterwards it stands again where it stood."""
    before = world.snapshot()
    try:
        if edits:
            world.edit(*edits)
        yield world
    finally:
        world.restore(before)


def file_name(header: Header, edits: Sequence[Edit]) -> str:
    """The name of a branch's log: its parent's step, and letters that stand for parent and edits."""
    what = repr((header.parent, tuple(edits))).encode()
    stem = log.file_name(header).removesuffix(".jsonl")
    return f"{stem}-at{header.parent.step}-{hashlib.sha256(what).hexdigest()[:6]}.jsonl"


def _driver(header: Header, step: int, policy: Policy | str | None) -> Policy:
    if policy is None:
        return policies.again(*header.policy_at(step))
    return policies.load(policy) if isinstance(policy, str) else policy


def _causes(episode: Episode) -> str:
    """At which decisions the episode's policy was asked what they depend on."""
    asked = {step.attribution is not None for step in episode.steps}
    return "change" if len(asked) == 2 else "every" if True in asked else "never"


def _header(stage: Stage, step: int, driver: Policy, physics: str) -> Header:
    before = stage.episode.header
    inherited = before.parent
    while inherited and inherited.step >= step:  # the moment lies before that branch began
        inherited = inherited.parent
    drove, learned = before.policy_at(max(step - 1, 0))
    return replace(
        before,
        policy=driver.name,
        weights=policies.weights(driver),
        settings=policies.settings(driver),
        tie=driver.tie,
        versions=rollout.versions(),
        physics=physics,
        takeovers=rollout.takeovers(driver, before.takeovers),
        parent=Parent(stage.digest, step, drove, learned, inherited),
    )
