"""What is said of a choice, and the verdicts on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from drive.types.actions import Action

Tie = Literal["causes", "shares evidence", "post hoc"]
Side = Literal["left", "right"]


@dataclass(frozen=True)
class Decision:
    """The closed-set meaning of a choice; None where that axis does not change anything worth saying."""

    longitudinal: str | None  # a key of drive.language's LONGITUDINAL table
    lateral: str | None  # a key of drive.language's LATERAL table
    side: Side | None = None


@dataclass(frozen=True)
class Claim:
    """One checkable statement. Equality is on what is said, not on what was measured."""

    kind: Literal[
        "observation",
        "consequence",
        "rejection",
        "cause",
        "intention",
        "rule",
        "wish",  # a margin that an option would leave, held against the wish that was weighed
        "worth",  # what an option would bring or cost against the choice, in one kind of term
        "contact",  # how an option may end
        "preference",  # by how much a policy that only values its options prefers the choice
        "tie",  # an option that is as good by the policy's own measure
        "purpose",  # what the decision is for
        "fact",  # what must be heard whenever it is so
        "sight",  # what a policy that sees pictures made out, by relation instead of by car
        "grade",  # what a policy that thinks in words calls an option
    ]
    quantity: (
        str  # with the kind a key of drive.language's QUANTITIES, e.g. "gap ahead", "time gap"
    )
    said: float | str | None  # rounded once, at birth, by the language table's decimals
    unit: str = ""
    cars: tuple[int, ...] = ()  # ids of the cars it is about
    objects: tuple[int, ...] = ()  # ids of the static objects it is about
    measured: float | str | None = field(default=None, compare=False)  # before rounding
    threshold: float | None = None  # same unit, rounded like `said`
    horizon: float | None = None  # [s], where it foresees something
    option: Action | None = None  # the option it speaks of; None: the present scene
    continuation: Action | None = None  # what is driven after the option, where it foresees


@dataclass(frozen=True)
class Rationale:
    """Why: a decision, its claims with the proximate cause first, the strongest rival, and the text."""

    decision: Decision
    claims: tuple[Claim, ...]
    rival: Action | None  # the strongest option that was not taken
    tie: Tie
    text: str
    language: str = "en"


@dataclass(frozen=True)
class Verdict:
    """A checked claim."""

    claim: Claim
    result: Literal["true", "false", "untestable"]
    measured: float | str | None
    tolerance: float | None
    why: str = ""  # why it is false or untestable
