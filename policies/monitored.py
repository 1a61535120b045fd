"""Another policy, watched: where its action may lead to a contact or off the road and another would not, the planner drives.

Before an action is driven, the planner weighs it in its hypotheses, from the perceived scene alone: in how many of them does
the best plan that begins with the action end so, and in how many the best plan of all? Where the first are more, in
some hypothesis the action is too late to be made good again, and another one is not. The planner then drives this one
decision. The next is the policy's again, unless it is too late there as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drive.types import Action, Choice, Policy, Scene, Takeover, Term
from policies.planner import Planner


@dataclass(frozen=True)
class Settings:
    """When the planner takes over; chosen by `benchmarks/monitor.py --tune`."""

    least: int = 1  # hypotheses more that must end so with the policy's action
    planner: Any = None  # the planner's settings
    policy: Any = None  # those of the policy that is watched


class Monitored:
    """Decides as the policy that it watches; `taken_over` says where the planner drives instead, and why."""

    def __init__(self, policy: Policy, least: int = Settings.least):
        self.watched, self._planner = policy, Planner()
        self.name, self.tie = f"monitored:{policy.name}", policy.tie
        own = getattr(policy, "settings", None)
        self.settings = Settings(least, self._planner.settings, own)

    def __getattr__(self, name: str) -> Any:
        """Its powers are those of the policy that it watches."""
        if name.startswith("_") or name == "watched":
            raise AttributeError(name)
        return getattr(self.watched, name)

    def prepare(self, progress: Callable[[str], None]) -> None:
        """Let the planner and the policy make ready what takes long."""
        for policy in (self._planner, self.watched):
            if hasattr(policy, "prepare"):
                policy.prepare(progress)

    def decide(self, scene: Scene) -> Choice:
        return self.watched.decide(scene)

    def weighed(self, scene: Scene) -> Choice:
        """What the planner would do, with every option as it weighs it."""
        return self._planner.decide(scene)

    def taken_over(self, scene: Scene, choice: Choice) -> Takeover | None:
        """What the planner drives instead, with what it fears of either action; None where the choice is driven.

        ValueError for an action that the planner does not weigh, as a path is.
        """
        weighed = self.weighed(scene)
        feared, left = (
            self.dangers(scene, weighed, action) for action in (choice.action, weighed.action)
        )
        if hypotheses(feared) - hypotheses(left) < self.settings.least:
            return None
        return Takeover("monitor", weighed.action, feared, left)

    def dangers(self, scene: Scene, weighed: Choice, action: Action) -> tuple[Term, ...]:
        """How the best plans of the planner end that begin with an action; weighed: what the planner would do."""
        return self._planner.dangers(scene, weighed, action)


def hypotheses(terms: tuple[Term, ...]) -> int:
    """In how many hypotheses a plan ends so: each ends in one way at most."""
    return sum(term.likely[0] for term in terms)
