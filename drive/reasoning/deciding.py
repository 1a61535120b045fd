"""What decided: the choice against each option that lost, term by term, in the unit of the score.

The worths of an option's terms sum to its score, so the difference of two scores is the sum of the differences
of their terms. The smallest set of advantages that outweighs all disadvantages together is what decided (the
minimal sufficient explanation, MSX, of Juozapaitis, Koul, Fern, Erwig and Doshi-Velez 2019, "Explainable
Reinforcement Learning via Reward Decomposition"). A term without a worth took no part, and is never among them.
Knows no words and no scene.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from drive.types import Choice, Option, Term

LEAST = 1e-9  # differences in worth below this are rounding errors

Key = tuple[str, tuple[int, ...], tuple[int, ...]]  # kind, cars, objects


@dataclass(frozen=True)
class Difference:
    """What the choice is worth more (or less) than another option by terms of one kind about the same bodies."""

    kind: str
    cars: tuple[int, ...]
    objects: tuple[int, ...]
    worth: (
        float  # of the choice less that of the option, in the unit of the score; > 0 for the choice
    )
    ours: Term | None  # the choice's term, the weightiest where it has several
    theirs: Term | None

    @property
    def telling(self) -> Term:
        """The term that makes the difference: the one further from nothing."""
        terms = [term for term in (self.theirs, self.ours) if term is not None]
        return max(terms, key=lambda term: abs(term.worth))


@dataclass(frozen=True)
class Contest:
    """The choice against one option that was not taken."""

    option: Option
    margin: float  # the choice's score less the option's
    tie: bool  # are both equally good, by the policy's own measure?
    decided: tuple[Difference, ...]  # MSX+, the weightiest first
    given_up: tuple[
        Difference, ...
    ]  # MSX-: without all that decided, these would have decided otherwise
    pros: tuple[Difference, ...]  # all that speaks for the choice, the weightiest first
    cons: tuple[Difference, ...]


def weighs(choice: Choice) -> bool:
    """Does the policy say what its terms are worth?"""
    return choice.chosen.sum is not None


def contests(choice: Choice) -> tuple[Contest, ...]:
    """The choice against every option whose score is a sum of worths, the strongest first.

    () where the chosen option's score is no such sum.
    """
    if not weighs(choice):
        return ()
    others = [o for o in choice.options if o.action != choice.action and o.sum is not None]
    others.sort(key=lambda option: option.score, reverse=True)
    return tuple(contest(choice, option) for option in others)


def contest(choice: Choice, option: Option) -> Contest:
    """The choice against one option; both have terms with a worth."""
    differences = _differences(choice.chosen, option)
    pros = _sorted(d for d in differences if d.worth > LEAST)
    cons = _sorted(d for d in differences if d.worth < -LEAST)
    decided = _outweighing(pros, _weight(cons))
    spare = _weight(decided[:-1])  # what would be left without the least of what decided
    margin = choice.chosen.score - option.score
    return Contest(
        option,
        margin,
        abs(margin) <= max(choice.even, LEAST),
        decided,
        _outweighing(cons, spare),
        pros,
        cons,
    )


def _differences(ours: Option, theirs: Option) -> list[Difference]:
    mine, other = _by_key(ours), _by_key(theirs)
    return [
        Difference(*key, _sum(mine.get(key)) - _sum(other.get(key)), *_pair(key, mine, other))
        for key in dict.fromkeys((*mine, *other))
    ]


def _by_key(option: Option) -> dict[Key, list[Term]]:
    """The terms that took part in an option's score, by what they are and which bodies they are about."""
    terms: dict[Key, list[Term]] = {}
    for term in option.terms:
        if term.worth is not None:
            terms.setdefault((term.kind, term.cars, term.objects), []).append(term)
    return terms


def _sum(terms: list[Term] | None) -> float:
    return math.fsum(term.worth for term in terms or ())


def _pair(key: Key, mine: dict, other: dict) -> tuple[Term | None, Term | None]:
    sides = (side.get(key, ()) for side in (mine, other))
    return tuple(max(terms, key=lambda term: abs(term.worth), default=None) for terms in sides)


def _sorted(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    return tuple(sorted(differences, key=lambda each: -abs(each.worth)))


def _weight(differences: tuple[Difference, ...]) -> float:
    return math.fsum(abs(each.worth) for each in differences)


def _outweighing(differences: tuple[Difference, ...], weight: float) -> tuple[Difference, ...]:
    """The fewest of these, the weightiest first, that together outweigh a weight; all where they cannot."""
    for count in range(1, len(differences)):
        if _weight(differences[:count]) > weight:
            return differences[:count]
    return differences


def feared(option: Option) -> Term | None:
    """The term that costs an option most, of those that are told of hypotheses; None where none costs anything."""
    told = [term for term in option.terms if term.likely and (term.worth or 0.0) < 0]
    return min(told, key=lambda term: term.worth, default=None)
