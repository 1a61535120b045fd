"""Driving by hand: in each decision the policy says what it would do, and a person's action is driven, or the policy's.

What the policy says is its own decision from the same scene. It is no reason of the person's: a person gives none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drive import policy as policies
from drive.episodes import branch, log, rollout
from drive.episodes.record import finished
from drive.episodes.rollout import Driving, Intent
from drive.language import KEYS
from drive.types import End, Episode, Header, Meta, Policy, Scene, Step, Takeover
from drive.world import World

STEERED = (
    "on this road a policy steers and accelerates by numbers many times a second; "
    "driving by hand is offered where lanes and speeds are chosen"
)


class Wheel:
    """An episode that is driven decision by decision, into a log; use it from one thread at a time."""

    def __init__(self, driving: Driving, header: Header, earlier: tuple[Step, ...], path: Path):
        """The world stands at the first decision. earlier: the steps before it, which the log repeats.

        ValueError where no meta-actions are driven.
        """
        if not driving.world.scene.legal.meta:
            raise ValueError(STEERED)
        self.header, self.steps, self.path = header, list(earlier), path
        self.end: End | None = None
        self._driving, self._intent = driving, None
        self._writer = log.Writer(path, header)
        for step in earlier:
            self._writer.step(step)

    @property
    def episode(self) -> Episode:
        """What was driven so far."""
        return Episode(self.header, tuple(self.steps), self.end)

    @property
    def scene(self) -> Scene:
        """What the ego perceives now."""
        return self._driving.world.scene

    def decide(self) -> Intent | None:
        """What the policy would do now; None where the episode is over. Asked once for each decision."""
        if self._intent is None and self.end is None:
            self._intent = self._driving.decide()
            self._close_at_the_end()
        return self._intent

    def drive(self, action: Meta | None) -> Step | None:
        """Drive a person's action, or the policy's where that is None; None where the policy gave no decision.

        An action that is not legal now is not driven: the car carries on, and the log says so.
        """
        intent = self.decide()
        if intent is None:
            return None
        self._intent = None
        taken = None if action is None else Takeover("person", possible(action, intent.scene))
        step = self._driving.act(intent, taken)
        self.steps.append(step)
        self._writer.step(step)
        self._close_at_the_end()
        return step

    def close(self) -> None:
        """Let the log be as it is: an episode that was left before its end has none."""
        self._writer.__exit__()

    def _close_at_the_end(self) -> None:
        if self._driving.end is not None:
            self.end = finished(replace(self.episode, end=self._driving.end)).end
            self._writer.end(self.end)
            self.close()


def possible(action: Meta, scene: Scene) -> Meta:
    """The action where it is legal in the scene; else carrying on. ValueError for what is no key's action."""
    if action.name not in KEYS:
        raise ValueError(f"no action {action.name!r}; choose from {', '.join(KEYS)}")
    return action if scene.legal.allows(action) else Meta("IDLE")


def from_moment(
    episode: Episode, step: int, folder: Path, language: str = "en", causes: str = "every"
) -> Wheel:
    """The wheel at a decision of an episode, driven again up to there; its own policy advises.

    ValueError as for `branch`.
    """
    fork = branch.forked(episode, step, (), None, branch.Stage(episode))
    header = with_a_person(fork.header)
    driving = Driving(fork.world, fork.policy, language, causes, fork.steps)
    return Wheel(driving, header, fork.steps, _path(folder, branch.file_name(header, ())))


def from_start(
    scenario: str,
    policy: Policy,
    seed: int,
    folder: Path,
    language: str = "en",
    causes: str = "every",
    physics: str = "twin",
) -> Wheel:
    """The wheel at the first decision of a new episode. ValueError as for `World`."""
    policies.prepare(policy)
    world = World(scenario, physics=physics)
    world.reset(seed)
    header = with_a_person(rollout.header(world, policy, seed))
    driving = Driving(world, policy, language, causes)
    return Wheel(driving, header, (), _path(folder, log.file_name(header)))


def with_a_person(header: Header) -> Header:
    """The header of an episode in which a person can take over as well."""
    both = "monitor" in header.takeovers
    return replace(header, takeovers="person, monitor" if both else "person")


def _path(folder: Path, name: str) -> Path:
    """Where the log of an episode that a policy would have driven lies, so that no policy's log is in its place."""
    return Path(folder) / f"{name.removesuffix('.jsonl')}-by-hand.jsonl"
