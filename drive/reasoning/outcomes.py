"""From what decided to what may be said of it: the margins that an option would leave, what it would bring or cost.

Every claim is about the option whose term makes the difference, and on that option's lane. What a difference is
worth is not said, but what was measured: seconds, metres, the wish that they are held against.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from drive.kinematics.surroundings import CHANGES
from drive.language import make_claim, said_action
from drive.language.quantities import OF_A_PLACE
from drive.reasoning.deciding import Contest, Difference
from drive.reasoning.evidence import claims_by_reason
from drive.reasoning.reasons import LEAST_GAIN, Reason, Situation, manoeuvre_of
from drive.types import Action, Choice, Claim, Meta, Option, Term

WISHES = (
    "headway", "gap kept ahead", "time to contact", "gap kept behind", "time to contact behind",
    "braking asked", "clearance",
)  # fmt: skip
# kinds of terms whose value is compared -> the quantity that says the difference
COMPARED = {
    "progress": "progress",
    "set speed": "progress",
    "speed gain": "speed gain",
    "incentive": "incentive",
    "lanes to goal": "lanes to goal",
    "lanes to the right": "lanes to the right",
    "oncoming lane": "oncoming lane",
}
AHEAD = ("headway", "gap kept ahead", "time to contact", "progress", "set speed")
PLAIN = ("unrest", "reliance", "information")  # said without a number
VALUES = ("value", "preference")  # what a black box makes of a whole option
HAIR = 0.02  # of the score, below which a preference is one by a hair
ARITHMETIC = ("progress", "speed gain", "incentive", "unrest")  # no reason by themselves


def claims_of_contest(
    situation: Situation, choice: Choice, contest: Contest, differences: Iterable[Difference]
) -> tuple[Claim, ...]:
    """What can be said of some differences of a contest, in their order."""
    slows = _is_slower(contest.option, choice.chosen)
    claims: list[Claim] = []
    for each in differences:
        if not (slows and each.kind in AHEAD):
            claims += _claims(situation, choice, contest, each)
    told = _one_margin_a_body(claims)
    serious = tuple(claim for claim in told if not is_arithmetic((claim,)))
    return serious or tuple(claim for claim in told if claim.quantity != "unrest") or told


def _is_slower(option: Option, chosen: Option) -> bool:
    """Is an option slower than the choice? What lies ahead is then no objection to it, whatever its plan makes of it."""
    paths = option.trajectory, chosen.trajectory
    if None in paths:
        return False
    return paths[0].speed[-1] < paths[1].speed[-1] - LEAST_GAIN


def _one_margin_a_body(claims: list[Claim]) -> tuple[Claim, ...]:
    """The claims without repetition, of the margins to one body only the weightiest."""
    first: dict = {}
    for claim in claims:
        margin = claim.kind in ("wish", "contact") and (claim.cars, claim.objects)
        first.setdefault(margin or claim, claim)
    return tuple(first.values())


def _claims(
    situation: Situation, choice: Choice, contest: Contest, each: Difference
) -> Iterator[Claim]:
    term = each.telling
    option = contest.option if term is each.theirs else choice.chosen
    name = named(situation, option)
    if each.kind in WISHES:
        yield from _wish(term, name)
    elif each.kind == "contact":
        yield _contact(term, name)
    elif each.kind in COMPARED:
        yield from _compared(each, named(situation, contest.option))
    elif each.kind in PLAIN:
        if each.worth > 0 and term is each.theirs:
            yield make_claim("worth", each.kind, option=name)
    elif each.kind in VALUES:
        yield _preference(contest, choice, named(situation, contest.option))
    else:
        yield from _seen(situation, term, option)


def named(situation: Situation, option: Option) -> Action:
    """An option as it is said: by its manoeuvre, where it has one."""
    name = manoeuvre_of(situation.scene, option)
    return Meta(name) if name else said_action(option.action)


def _wish(term: Term, name: Action) -> Iterator[Claim]:
    """The margin that an option would leave, against the one that is kept."""
    if not term.cars + term.objects or not math.isfinite(term.value):
        return
    bodies = {"cars": term.cars[:1]} if term.cars else {"objects": term.objects[:1]}
    yield make_claim(
        "wish", term.kind, term.value, option=name, threshold=term.threshold, horizon=term.after,
        **bodies,
    )  # fmt: skip


def _contact(term: Term, name: Action) -> Claim:
    """How an option may end: with which body, in how many seconds, and whether that is sure."""
    if not term.cars + term.objects:
        return make_claim("contact", "unnamed", term.value, option=name)
    bodies = {"cars": term.cars[:1]} if term.cars else {"objects": term.objects[:1]}
    certain = bool(term.likely) and term.likely[0] == term.likely[1]
    quantity = "certain" if certain else "possible"
    return make_claim("contact", quantity, term.value, option=name, **bodies)


def _compared(each: Difference, name: Action) -> Iterator[Claim]:
    """What an option would bring (> 0) or cost, in the term's own unit."""
    ours, theirs = (0.0 if term is None else term.value for term in (each.ours, each.theirs))
    claim = make_claim("worth", COMPARED[each.kind], theirs - ours, option=name)
    if claim.said:
        yield claim


def _preference(contest: Contest, choice: Choice, name: Action) -> Claim:
    """By how much a policy that only values its options prefers the choice, of all that it expects."""
    whole = abs(choice.chosen.score)
    hair = abs(contest.margin) < HAIR * whole
    quantity = "hair" if hair else "clear"
    return make_claim("preference", quantity, contest.margin, option=name, threshold=whole)


def _seen(situation: Situation, term: Term, option: Option) -> Iterator[Claim]:
    """What the scene shows of the term, where that lies on the option's own lane."""
    place = option.action if option.action in CHANGES else None
    claims = claims_by_reason(situation, Reason(term, option))
    for claim in sorted(claims, key=lambda claim: claim.kind != "rejection"):
        of_a_place = (claim.kind, claim.quantity) in OF_A_PLACE
        if not of_a_place or claim.option == place:
            yield claim


def is_arithmetic(claims: Iterable[Claim]) -> bool:
    """Do these claims only say how much faster or slower, and so no reason?"""
    return all(claim.kind == "worth" and claim.quantity in ARITHMETIC for claim in claims)
