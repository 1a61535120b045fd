"""Do the words and the options that are shown fit what was weighed? Values for the figures of `faithfulness`.

Looks at what a narrator shows (options with terms, claims) and at what the policy weighed when it was asked again. Works the
differences of worth out by itself: the narrator's own code for what decided is not used.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from drive.checking.decisions import differences_of
from drive.checking.weighed import pursued
from drive.language import QUANTITIES
from drive.types import Choice, Claim, Meta, Option, Rationale, Scene, Term

CLOSE = 1e-6  # in the unit of scores
SOON = 2.0  # [s] apart, up to which two decisions are held against each other
FASTEST = 80.0  # [m/s] that a gap can change by, at the most
OF_A_WISH = {"too close": ("headway", "time gap"), "too near": ("gap ahead", "gap kept ahead")}
SIDES = {"to the left": "to the right", "to the right": "to the left"}


def sums(shown: Choice) -> Iterator[float]:
    """Of every option with a score: do the worths that are shown sum to it?"""
    for option in shown.options:
        if option.score is not None:
            yield float(option.sum is not None and abs(option.sum - option.score) <= CLOSE)


def as_weighed(shown: Choice, weighed: Choice) -> Iterator[float]:
    """Of every option that is shown: is each of its numbers what the policy weighed, asked again?"""
    for option in shown.options:
        other = weighed.option(option.action)
        yield float(other is not None and not any(differences_of(option, other)))


def wishes(said: Rationale, weighed: Choice) -> Iterator[float]:
    """Of every claim that names a wish: was a term about these bodies held against that?"""
    for claim in said.claims:
        if claim.threshold is not None and (claim.cars or claim.objects):
            yield float(any(_same_wish(claim, term) for term in _terms(weighed)))


def _terms(choice: Choice) -> Iterator[Term]:
    return itertools.chain.from_iterable(option.terms for option in choice.options)


def _same_wish(claim: Claim, term: Term) -> bool:
    """To the decimals that are said, or one more where value and wish would look alike."""
    if term.threshold is None or (term.cars[:1], term.objects[:1]) != (
        claim.cars[:1],
        claim.objects[:1],
    ):
        return False
    half = 0.5 * 10.0 ** -QUANTITIES[claim.kind, claim.quantity].decimals
    kinds = OF_A_WISH.get(claim.quantity, (claim.quantity,))
    return term.kind in kinds and abs(term.threshold - claim.threshold) <= half + CLOSE


def purposes(said: Rationale, weighed: Choice) -> Iterator[float]:
    """Of every purpose that is said: is the choice better by it than an option that lost?"""
    if weighed.chosen.sum is not None:
        yield from (float(pursued(weighed, c)) for c in said.claims if c.kind == "purpose")


def contact_chance(shown: Choice) -> float | None:
    """In which share of its hypotheses the option taken ends in a contact; None where none are made.

    Each hypothesis ends in at most one contact, so the shares of the bodies add up.
    """
    if not any(term.likely for term in _terms(shown)):
        return None
    contacts = (t for t in shown.chosen.terms if t.kind == "contact" and t.likely)
    return min(1.0, sum(term.likely[0] / term.likely[1] for term in contacts))


# ------------------------------------------------------------------------------- what mattered most


def decisive(heard: frozenset[int], weighed: Choice) -> Iterator[float]:
    """Where the choice would have lost without what one car adds to its lead: has a listener heard of that car?"""
    difference = by_car(weighed)
    scores = [
        o.score for o in weighed.options if o.action != weighed.action and o.score is not None
    ]
    if difference and scores:
        top = max(difference, key=difference.get)
        if difference[top] > weighed.chosen.score - max(scores):
            yield float(top in heard)


def by_car(choice: Choice) -> dict[int, float]:
    """Car -> by how much its terms make the choice better (> 0) or worse than its best rival."""
    rivals = [o for o in choice.options if o.action != choice.action and o.score is not None]
    if choice.chosen.score is None or not rivals:
        return {}
    rival = max(rivals, key=lambda option: option.score)
    ours, theirs = _costs(choice.chosen), _costs(rival)
    apart = {car: ours.get(car, 0.0) - theirs.get(car, 0.0) for car in {*ours, *theirs}}
    return {car: value for car, value in apart.items() if abs(value) > CLOSE}


def _costs(option: Option) -> dict[int, float]:
    costs: dict[int, float] = {}
    for term in option.terms:
        for car in term.cars:
            costs[car] = costs.get(car, 0.0) + (term.worth or 0.0)
    return costs


def distractor(
    scene: Scene, said: Rationale, weighed: Choice, causes: frozenset[int]
) -> Iterator[float]:
    """Is the nearest car left out that cost no option anything, and without which the same is done?"""
    weighs = {car for option in weighed.options for car in _costs(option) if _costs(option)[car]}
    idle = [car for car in scene.cars if car.id not in weighs | causes]
    if idle:
        nearest = min(idle, key=lambda car: math.hypot(car.x - scene.ego.x, car.y - scene.ego.y))
        cited = {car for c in said.claims if c.kind != "fact" for car in c.cars}
        yield float(nearest.id not in cited)


# ------------------------------------------------------------------------------------- contradiction


def contradicts(taken: Choice, said: Rationale) -> float:
    """1 where two things that are said of one decision cannot both be so."""
    claims = said.claims
    twice = any(_clash(a, b, 0.0) for a, b in itertools.combinations(claims, 2))
    action = taken.action
    against = isinstance(action, Meta) and any(
        c.kind == "rejection" and c.option == action for c in claims
    )
    instead = isinstance(action, Meta) and any(
        c.kind == "cause" and c.option == action for c in claims
    )
    return float(twice or against or instead or said.rival == action)


def contradicts_before(said: Rationale, before: Rationale, seconds: float) -> float:
    """1 where something cannot have become so since a decision so many seconds before."""
    pairs = itertools.product(before.claims, said.claims)
    return float(any(_clash(a, b, seconds) for a, b in pairs))


def _clash(one: Claim, other: Claim, seconds: float) -> bool:
    """Do two observations of one body differ by more than it can have moved in between?"""
    if {one.kind, other.kind} != {"observation"} or not one.cars or one.cars != other.cars:
        return False
    if seconds == 0 and other.quantity == SIDES.get(one.quantity):
        return True
    if (one.quantity, one.option, one.unit) != (other.quantity, other.option, "m"):
        return seconds == 0 and _like(one, other) and one.said != other.said
    return abs(one.said - other.said) > FASTEST * seconds + CLOSE


def _like(one: Claim, other: Claim) -> bool:
    return (one.quantity, one.option) == (other.quantity, other.option)
