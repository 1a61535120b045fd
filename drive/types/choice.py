"""What was weighed and chosen, and what the choice depended on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from drive.roads import LaneId
from drive.types.actions import Action, Follow
from drive.types.said import Claim, Rationale
from drive.types.trajectory import Trajectory


@dataclass(frozen=True)
class Term:
    """One measured part of what an option is worth; its words stand in the language tables.

    Where a policy scores its options, the worths of an option's terms sum to its score. A term
    without a worth took no part in the score.
    """

    kind: str  # a key of drive.language.TERMS
    value: float
    unit: str  # "" where it has none
    counts: Literal["for", "against"]
    threshold: float | None = None  # same unit; what the value is held against
    cars: tuple[int, ...] = ()  # ids of the cars it is about, if any
    objects: tuple[int, ...] = ()  # ids of the static objects it is about, if any
    worth: float | None = None  # what it adds to the option's score, in the score's unit
    after: float | None = None  # [s] from now until the value is reached; None: it is so now
    likely: tuple[int, ...] = ()  # (in how many, of how many) hypotheses; () where none were made


@dataclass(frozen=True)
class Option:
    """An action that was weighed, with every term for and against it."""

    action: Action
    terms: tuple[Term, ...] = ()
    score: float | None = None  # the policy's own measure, higher is better; None where it has none
    target_lane: LaneId | None = None  # the lane this option drives to, where the action alone
    #                                    does not say it (continuous control)
    # where it leads; of a followed path that path, else filled by foresight where the policy did not
    trajectory: Trajectory | None = None

    @property
    def sum(self) -> float | None:
        """What the worths of its terms sum to; None where no term has a worth."""
        worths = [term.worth for term in self.terms if term.worth is not None]
        return math.fsum(worths) if worths else None

    def __post_init__(self):
        if self.trajectory is None and isinstance(self.action, Follow):
            object.__setattr__(self, "trajectory", self.action.trajectory)


@dataclass(frozen=True)
class Choice:
    """The action taken, beside all options that were weighed (the chosen one among them)."""

    action: Action
    options: tuple[Option, ...]
    rationale: Rationale | None = None  # only from a policy that speaks for itself
    answered: bool = True  # False: the policy had no answer, and a fallback chose in its place
    notes: tuple[str, ...] = ()  # how the choice came about, such as a fallback; untrusted text

    # the words that the action was decoded from, as claims; only from a policy that thinks in words
    thoughts: tuple[Claim, ...] = ()

    unit: str = ""  # of scores and worths
    even: float = 0.0  # scores that differ by no more than this count as equally good

    @property
    def chosen(self) -> Option:
        return next(option for option in self.options if option.action == self.action)

    def option(self, action: Action | None) -> Option | None:
        """The option of an action, if it was weighed."""
        return next((option for option in self.options if option.action == action), None)


@dataclass(frozen=True)
class Word:
    """A place in the thoughts of a policy: the words that may stand there, how likely each was, and which one stands there."""

    place: (
        str  # its kind, then where: "gap ahead on the left"; no two places of a thought are alike
    )
    names: tuple[str, ...]  # of the words
    likely: tuple[float, ...]  # of each, by the policy; 0: it cannot stand here
    said: int  # number of the word that stands here
    claims: tuple[Claim | None, ...]  # what each word says; None where no claim says it
    by_hand: bool = False  # was it put here by hand?


@dataclass(frozen=True)
class Thought:
    """The words of a policy that thinks in words, in the order in which it says them, and what it decides by them."""

    words: tuple[Word, ...]
    choice: Choice


@dataclass(frozen=True)
class Takeover:
    """What was driven in a decision in place of the policy's choice, which says what the policy would have done."""

    by: Literal["person", "monitor"]  # what decided
    action: Action  # what it decided; a person's may be the policy's own
    # contacts that the policy's action may lead to, as the monitor weighed it; a person gives no reason
    feared: tuple[Term, ...] = ()
    left: tuple[Term, ...] = ()  # those that the monitor's action may lead to all the same


@dataclass(frozen=True, eq=False)
class Imagined:
    """One hypothesis, driven out by a policy in thought: where all would be from the decision on."""

    action: Action  # the first of the plan that was driven
    term: Term  # what is worst in this hypothesis
    hypothesis: int  # its number, from 1
    worst: float  # [s] after the decision, at which the term's value is reached
    times: np.ndarray  # [T] [s] after the decision, the first 0
    ego: np.ndarray  # [T, 4] x, y [m], heading [rad], speed [m/s]
    cars: dict[int, np.ndarray]  # id -> [T, 4], the same columns


@dataclass(frozen=True)
class Cause:
    """Something without which the policy would have decided otherwise: it was asked again."""

    instead: Action  # what is decided without it
    effect: float  # [m] largest distance between the two trajectories, waypoint by waypoint
    cars: tuple[int, ...] = ()  # taken out of the ego's sight together
    objects: tuple[int, ...] = ()  # likewise
    condition: str = ""  # else: the condition that the scene was without (`Without`)
    placebo: tuple[
        int, ...
    ] = ()  # the most similar cars that are no cause; () where none is similar
    placebo_effect: float | None = None  # [m], of taking those out of sight instead


@dataclass(frozen=True)
class Attribution:
    """What a decision depended on, by intervention."""

    causes: tuple[Cause, ...]  # proximate first; () where an empty road would make no difference
    free: Action  # what is decided when no car is seen at all; the choice's own action if as good
    asked: int  # decisions on edited scenes
    exhaustive: bool  # was every perceived car taken out of sight once?
