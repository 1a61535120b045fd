"""Is it true what is said of the options? Against the terms and scores that the policy gave them.

What an option would leave, bring or cost is held against its terms, and must have counted in its score. Whether a
policy would have scored so is another question, asked elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from drive.checking.facts import FACTS
from drive.checking.scene import ROUNDING, Untrue
from drive.language.quantities import decimals_of, said_action
from drive.reasoning.reasons import manoeuvre_of
from drive.types import Choice, Claim, Meta, Option, Scene, Term, Verdict

OF_SPEED = ("progress", "set speed", "speed gain", "incentive")
OF_THE_EXIT = ("lanes to goal", "distance to goal", "arriving")
# purpose -> kinds of terms that it may be for, beside any about the body that it names
PURSUED = {
    "follow": (),
    "let go first": (),
    "stop before": ("lane ends",),
    "pass": OF_SPEED,
    "find gap": OF_THE_EXIT,
    "reach exit": OF_THE_EXIT,
    "keep right": ("lanes to the right", "oncoming lane"),
    "bend": ("curve ahead",),
}
TOLD_BY = {"progress": ("progress", "set speed")}  # quantity -> kinds of terms, where not its own
HAIR = 0.02  # of the score


def is_weighed(claim: Claim) -> bool:
    """Is the claim about what was weighed?"""
    return (claim.kind, claim.quantity) in TESTS


def check(scene: Scene, choice: Choice, claim: Claim) -> Verdict:
    """A claim about the options, against their terms and scores."""
    tolerance = 0.5 * 10.0 ** -decimals_of(claim) if isinstance(claim.said, float) else None
    try:
        measured = TESTS[claim.kind, claim.quantity](scene, choice, claim)
    except Untrue as reason:
        return Verdict(claim, "false", None, tolerance, str(reason))
    if isinstance(claim.said, float) and abs(measured - claim.said) > tolerance + ROUNDING:
        return Verdict(claim, "false", measured, tolerance, f"weighed {measured:.4g}")
    return Verdict(claim, "true", measured, tolerance)


def pursued(choice: Choice, purpose: Claim) -> bool:
    """Is the choice better than an option that lost, by what it is said to be for?

    That is by terms about the body that the purpose names, or of the kinds that it may be for.
    """
    ours = _in_aid_of(choice.chosen, purpose)
    others = (o for o in choice.options if o.action != choice.action and o.sum is not None)
    return any(ours - _in_aid_of(other, purpose) > ROUNDING for other in others)


def _in_aid_of(option: Option, purpose: Claim) -> float:
    """What the terms that a purpose may be for add to an option's score."""
    kinds = PURSUED.get(purpose.quantity, ())
    return math.fsum(
        term.worth
        for term in option.terms
        if term.worth
        and (
            term.kind in kinds
            or (purpose.cars and purpose.cars[0] in term.cars)
            or (purpose.objects and purpose.objects[0] in term.objects)
        )
    )


def _option(scene: Scene, choice: Choice, claim: Claim) -> Option:
    """The option that a claim names: by its action, or by the manoeuvre that it drives."""
    for option in choice.options:
        names = option.action, said_action(option.action), Meta(manoeuvre_of(scene, option) or "")
        if claim.option in names:
            return option
    raise Untrue("no such option was weighed")


def _terms(option: Option, claim: Claim, *kinds: str) -> list[Term]:
    """The option's terms of these kinds about the claim's bodies that took part in its score."""
    bodies = claim.cars, claim.objects
    return [t for t in option.terms if t.kind in kinds and t.worth and _about(t) == bodies]


def _about(term: Term) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return (term.cars[:1], () if term.cars else term.objects[:1])


def _worth(option: Option, claim: Claim, *kinds: str) -> float:
    return math.fsum(term.worth for term in _terms(option, claim, *kinds))


def _counts_against(option: Option, choice: Choice, claim: Claim, *kinds: str) -> None:
    """Untrue where these terms cost the option no more than they cost the choice."""
    if option is choice.chosen:
        return
    if _worth(option, claim, *kinds) >= _worth(choice.chosen, claim, *kinds):
        raise Untrue("that speaks no more against it than against the choice")


def _wish(scene: Scene, choice: Choice, claim: Claim) -> float:
    option = _option(scene, choice, claim)
    _counts_against(option, choice, claim, claim.quantity)
    for term in _terms(option, claim, claim.quantity):
        if _alike(term.threshold, claim.threshold, claim) and _soon(term.after, claim.horizon):
            return term.value
    raise Untrue("no term of the option holds it against that wish")


def _alike(value: float | None, said: float | None, claim: Claim) -> bool:
    if None in (value, said):
        return value is said
    return abs(value - said) <= 0.5 * 10.0 ** -decimals_of(claim) + ROUNDING


def _soon(after: float | None, said: float | None) -> bool:
    return after is said if None in (after, said) else abs(after - said) <= 0.05 + ROUNDING


def _contact(certain: bool | None) -> Callable[[Scene, Choice, Claim], float]:
    def contact(scene: Scene, choice: Choice, claim: Claim) -> float:
        option = _option(scene, choice, claim)
        _counts_against(option, choice, claim, "contact")
        for term in _terms(option, claim, "contact"):
            sure = bool(term.likely) and term.likely[0] == term.likely[1]
            if certain is None or sure == certain:
                return term.value
        raise Untrue("the option's plans hold no such contact")

    return contact


def _compared(scene: Scene, choice: Choice, claim: Claim) -> float:
    """How much more the option has of a term's value than the choice."""
    kinds = TOLD_BY.get(claim.quantity, (claim.quantity,))
    options = _option(scene, choice, claim), choice.chosen
    if not any(_terms(option, claim, *kinds) for option in options):
        raise Untrue("it took no part in the scores")
    theirs, ours = (math.fsum(t.value for t in _terms(o, claim, *kinds)) for o in options)
    return theirs - ours


def _plain(scene: Scene, choice: Choice, claim: Claim) -> None:
    option = _option(scene, choice, claim)
    if not _terms(option, claim, claim.quantity):
        raise Untrue("it took no part in the option's score")
    _counts_against(option, choice, claim, claim.quantity)


def _preference(hair: bool) -> Callable[[Scene, Choice, Claim], float]:
    def preference(scene: Scene, choice: Choice, claim: Claim) -> float:
        ours, theirs = choice.chosen.score, _option(scene, choice, claim).score
        whole = abs(ours)
        if not _alike(whole, claim.threshold, claim):
            raise Untrue(f"the choice scores {ours:.4g}")
        if (abs(ours - theirs) < HAIR * whole) != hair:
            raise Untrue("the difference is of the other kind")
        return ours - theirs

    return preference


def _tie(scene: Scene, choice: Choice, claim: Claim) -> None:
    apart = abs(choice.chosen.score - _option(scene, choice, claim).score)
    if apart > max(choice.even, ROUNDING):
        raise Untrue(f"the scores differ by {apart:.4g}")


def _short_now(*kinds: str) -> Callable[[Scene, Choice, Claim], float]:
    """A gap now, which must be short of a wish that the choice itself was held against."""

    def short_now(scene: Scene, choice: Choice, claim: Claim) -> float:
        wishes = [term.threshold for term in _terms(choice.chosen, claim, *kinds) if term.worth < 0]
        if not any(_alike(wish, claim.threshold, claim) for wish in wishes):
            raise Untrue("the choice was not held against that wish")
        return FACTS[claim.quantity](scene, claim, choice.chosen.trajectory)

    return short_now


def _no_way_out(scene: Scene, choice: Choice, claim: Claim) -> float:
    soonest = {option.action: min(_contacts(option), default=None) for option in choice.options}
    if None in soonest.values():
        raise Untrue("an option ends in no contact")
    ours = soonest.pop(choice.action)
    if not _alike(max(soonest.values()), claim.threshold, claim) or ours < max(soonest.values()):
        raise Untrue("another option puts it off longer, or not so long")
    return ours


def _contacts(option: Option) -> Iterator[float]:
    yield from (term.value for term in option.terms if term.kind == "contact" and term.worth)


TESTS: dict[tuple[str, str], Callable[[Scene, Choice, Claim], float | None]] = {
    **{("wish", kind): _wish for kind in (
        "headway", "gap kept ahead", "time to contact", "gap kept behind",
        "time to contact behind", "braking asked", "clearance",
    )},
    **{("worth", kind): _compared for kind in (
        "progress", "speed gain", "incentive", "lanes to goal", "lanes to the right", "oncoming lane",
    )},
    **{("worth", kind): _plain for kind in ("unrest", "reliance", "information")},
    ("contact", "certain"): _contact(certain=True),
    ("contact", "possible"): _contact(certain=False),
    ("contact", "unnamed"): _contact(certain=None),
    ("preference", "hair"): _preference(hair=True),
    ("preference", "clear"): _preference(hair=False),
    ("tie", "as good"): _tie,
    ("fact", "no way out"): _no_way_out,
    ("fact", "too close"): _short_now("headway", "time gap"),
    ("fact", "too near"): _short_now("gap ahead", "gap kept ahead"),
}  # fmt: skip
