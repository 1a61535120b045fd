"""A word changed by hand in the thoughts of a policy that thinks in words: what it decides then, and what comes of that."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drive import policy as policies
from drive.episodes import log
from drive.episodes.branch import Stage, branch
from drive.types import Choice, Episode, Pictures, Policy, Powers, Scene, Thought

WORDLESS = "the policy that drove here does not think in words"


class Splicer:
    """An episode whose thoughts are looked at and changed; use it from one thread at a time."""

    def __init__(self, episode: Episode):
        self.episode, self._policies = episode, {}

    def pictures(self, step: int) -> Pictures | None:
        """What the policy was shown at a step; None where it is shown no pictures. ValueError for no such step."""
        sees = self._powers(step).sees
        return None if sees is None else sees(log.the_step(self.episode, step).scene)

    def thought(self, step: int, given: Mapping[str, str]) -> Thought:
        """The words of a step, with those that are given (place -> word), and what is decided by them.

        ValueError for a step or a word that cannot be, and where the policy does not think in words.
        """
        spelled = self._powers(step).spelled
        if spelled is None:
            raise ValueError(WORDLESS)
        return spelled(log.the_step(self.episode, step).scene, given)

    def driven(self, step: int, given: Mapping[str, str], decisions: int) -> Episode:
        """The episode as it goes on from a step where these words are given there, for so many decisions.

        ValueError as for `thought` and `branch`.
        """
        spliced = Spliced(self._policy(step), step, dict(given))
        return branch(self.episode, step, (), spliced, decisions, causes="never", stage=self._stage)

    @functools.cached_property
    def _stage(self) -> Stage:
        """The episode, driven again once for all words that are changed."""
        return Stage(self.episode)

    def _powers(self, step: int) -> Powers:
        return policies.powers(self._policy(step))

    def _policy(self, step: int) -> Policy:
        name = self.episode.header.policy_at(log.the_step(self.episode, step).scene.step)
        if name not in self._policies:
            self._policies[name] = policies.again(*name)
        return self._policies[name]


@dataclass(frozen=True)
class Spliced:
    """A policy that thinks in words, some of which are given at one step."""

    policy: Policy
    step: int
    given: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.policy, name)

    def decide(self, scene: Scene) -> Choice:
        if scene.step != self.step:
            return self.policy.decide(scene)
        return policies.powers(self.policy).spelled(scene, self.given).choice
