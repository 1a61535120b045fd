"""Another policy, watched: where its action may lead to a contact and another would not, the planner drives instead.

Before an action is driven, the planner weighs it in its hypotheses, from the perceived scene alone: in how many of them does
the best plan that begins with the action end in a contact, and in how many the best plan of all? Where the first are more, in
some hypothesis the action is too late to be made good again, and another one is not. The planner then drives this one
decision. The next is the policy's again, unless it is too late there as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drive.types import Choice, Legal, Option, Policy, Scene, Takeover, Term
from policies.planner import Planner


@dataclass(frozen=True)
class Settings:
    """When the planner takes over; chosen by `benchmarks/monitor.py --tune`."""

    least: int = 1  # hypotheses more that must end in a contact with the policy's action
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

    def applies(self, legal: Legal) -> bool:
        """Where actions are meta-actions, and the policy has some: what is steered is not weighed by the planner."""
        theirs = getattr(self.watched, "applies", None)
        return bool(legal.meta) and (theirs is None or theirs(legal))

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
        """What the planner drives instead, with the contacts that it fears of either action; None where the choice is driven.

        ValueError for an action that is no meta-action.
        """
        weighed = self.weighed(scene)
        option, best = weighed.option(choice.action), weighed.chosen
        if option is None:
            raise ValueError(f"the monitor weighs meta-actions, not {choice.action}")
        feared, left = contacts(option), contacts(best)
        if hypotheses(feared) - hypotheses(left) < self.settings.least:
            return None
        return Takeover("monitor", best.action, feared, left)


def contacts(option: Option) -> tuple[Term, ...]:
    """The contacts that the plans of an option end in, the soonest first."""
    terms = (term for term in option.terms if term.kind == "contact")
    return tuple(sorted(terms, key=lambda term: term.after))


def hypotheses(terms: tuple[Term, ...]) -> int:
    """In how many hypotheses a plan ends in one of these contacts: each ends in one at most."""
    return sum(term.likely[0] for term in terms)
