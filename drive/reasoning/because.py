"""From what a decision depended on to what is said of it.

The narrator speaks again, of tested cars only: what was measured of a car that makes no difference
is left out, the rival is what would have been done without the proximate cause, and a last sentence
says what was tested. Where nothing was measured of the proximate cause, its place is told. A policy's
own words stay as they are; that sentence follows them.
"""

from __future__ import annotations

from dataclasses import replace

from drive.language import Account, make_claim, said_action, say_also, say_rationale
from drive.reasoning.decisions import NULL, QUICKER, WHEREABOUTS, manoeuvre_of
from drive.reasoning.narrate import account_of, strongest_rival
from drive.types import (
    Action,
    Attribution,
    Cause,
    Choice,
    Claim,
    Meta,
    Option,
    Rationale,
    Scene,
    Term,
)


def attributed(
    scene: Scene, choice: Choice, rationale: Rationale, attribution: Attribution
) -> Rationale:
    """The rationale of a choice, resting on what was tested by intervention."""
    claims = cause_claims(scene, choice, attribution)
    if choice.rationale is not None:
        text = say_also(rationale.text, claims, rationale.language)
        return replace(rationale, claims=rationale.claims + claims, text=text)
    tested = tested_only(choice, attribution)
    account, rival = _account(scene, tested, attribution)
    if _untold(account, attribution):
        account, rival = _account(scene, _placing(tested, attribution.causes[0]), attribution)
    account = replace(account, causes=claims)
    return replace(
        rationale,
        decision=account.decision,
        claims=account.claims,
        rival=rival.action if rival else None,
        text=say_rationale(account, rationale.language),
    )


def _account(
    scene: Scene, choice: Choice, attribution: Attribution
) -> tuple[Account, Option | None]:
    """What is to be said, and the rival against which something was measured, if any."""
    instead = {cause.instead for cause in attribution.causes}
    for rival in _rivals(scene, choice, attribution):
        account = account_of(scene, choice, choice.chosen.trajectory, rival)
        ruled_out = account.standing == "same" and rival.action not in instead
        if account.rival_grounds or ruled_out:
            return account, rival
    return replace(account, rival=None, standing=None), rival


def _untold(account: Account, attribution: Attribution) -> bool:
    """Is nothing said of the proximate cause but that it is one?"""
    told = {car for claim in account.grounds + account.rival_grounds for car in claim.cars}
    return bool(attribution.causes and attribution.causes[0].cars) and not told & set(
        attribution.causes[0].cars
    )


def _placing(choice: Choice, cause: Cause) -> Choice:
    """The choice, where the cause's cars are to be told of as what speaks against doing otherwise."""
    where = tuple(Term(WHEREABOUTS, 0.0, "m", "against", cars=(car,)) for car in cause.cars)
    options = (
        replace(option, terms=(*option.terms, *where)) if option.action == cause.instead else option
        for option in choice.options
    )
    return replace(choice, options=tuple(options))


def cause_claims(scene: Scene, choice: Choice, attribution: Attribution) -> tuple[Claim, ...]:
    """What the decision depended on, the proximate cause first; () of a policy that weighs nothing."""
    if attribution.causes:
        return _alike_together([_claim(scene, choice, cause) for cause in attribution.causes])
    if any(term.kind in NULL for term in choice.chosen.terms):
        return ()
    return (make_claim("cause", "nothing" if attribution.free == choice.action else "several"),)


def _alike_together(claims: list[Claim]) -> tuple[Claim, ...]:
    """Those without which the same would be done, next to each other; the first stays first."""
    options = [claim.option for claim in claims]
    return tuple(sorted(claims, key=lambda claim: options.index(claim.option)))


def tested_only(choice: Choice, attribution: Attribution) -> Choice:
    """The choice without the terms about cars and objects that make no difference."""
    cars = {car for cause in attribution.causes for car in cause.cars}
    objects = {thing for cause in attribution.causes for thing in cause.objects}

    def matters(term: Term) -> bool:
        return set(term.cars) <= cars and set(term.objects) <= objects

    options = (
        replace(option, terms=tuple(filter(matters, option.terms))) for option in choice.options
    )
    return replace(choice, options=tuple(options))


def _claim(scene: Scene, choice: Choice, cause: Cause) -> Claim:
    option = _said(scene, choice, cause.instead)
    if cause.condition:
        return make_claim("cause", cause.condition, option=option)
    return make_claim("cause", "without", option=option, cars=cause.cars, objects=cause.objects)


def _said(scene: Scene, choice: Choice, action: Action) -> Action:
    """The action as it is said: a control by the lane it drives to, where that is known."""
    option = _option(choice, action)
    name = manoeuvre_of(scene, option) if option else None
    return Meta(name) if name else said_action(action)


def _rivals(scene: Scene, choice: Choice, attribution: Attribution) -> tuple[Option | None, ...]:
    """What would have been done without the proximate cause, the quicker ways, the strongest rival."""
    instead = attribution.causes[0].instead if attribution.causes else None
    quicker = QUICKER.get(manoeuvre_of(scene, choice.chosen) or "", ())
    found = (
        _option(choice, instead),
        *(_option(choice, Meta(name)) for name in quicker),
        strongest_rival(scene, choice),
    )
    return tuple(option for option in found if option is not None) or (None,)


def _option(choice: Choice, action: Action | None) -> Option | None:
    return next((option for option in choice.options if option.action == action), None)
