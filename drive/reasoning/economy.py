"""How much is said: few cars by name, few clauses, and little where a decision only goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from drive.language import Account, make_claim, say_rationale
from drive.reasoning.evidence import NAMED
from drive.reasoning.reasons import NULL
from drive.types import Claim

WORDS = 30  # in a text, beyond which what matters least is left out; facts never are
LONG = 45  # words, beyond which a cause is left out as well, where a rival says what decided

Filter = Callable[[tuple[Claim, ...]], tuple[Claim, ...]]


def economical(account: Account) -> Account:
    """The account with at most NAMED cars beside those of facts, and with few clauses."""
    facts = _cars(account.facts)
    purpose = _cars((account.purpose,)) if account.purpose else ()
    named_cars = list(dict.fromkeys((*facts, *purpose)))

    def within(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
        kept = []
        for claim in claims:
            cars = list(dict.fromkeys((*named_cars, *claim.cars)))
            if len(cars) <= max(NAMED, len(named_cars)):
                named_cars[:] = cars
                kept.append(claim)
        return tuple(kept)

    account = replace(account, grounds=within(account.grounds))
    lost = within(account.rival_grounds)
    if lost != account.rival_grounds:
        account = _without_rival(account) if not lost else replace(account, rival_grounds=lost)
    account = replace(account, causes=_named_causes(account.causes, within))
    return _shortened(account)


def _cars(claims: Iterable[Claim]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(car for claim in claims for car in claim.cars))


def _without_rival(account: Account) -> Account:
    return replace(account, rival=None, standing=None, rival_grounds=(), given_up=())


def _named_causes(causes: tuple[Claim, ...], within: Filter) -> tuple[Claim, ...]:
    """The causes with few cars by name; how many more cars, each alone, would do as much as the last named."""
    kept = within(causes)
    left = [claim for claim in causes if claim not in kept and len(claim.cars) == 1]
    if not left:
        return kept
    alike = [claim for claim in kept if claim.cars and claim.option == left[0].option]
    if not alike or any(claim.option != left[0].option for claim in left):
        return kept
    others = [claim for claim in kept if claim not in alike]
    return (*alike, make_claim("cause", "more", len(left)), *others)


def _shortened(account: Account) -> Account:
    """Without what is said twice, then without what matters least, while the text has too many words (in English)."""
    for shorter in (
        _nothing_twice,
        _one_ground,
        _one_cause,
        _one_reason,
        _no_ground_twice,
        _nothing_given_up,
    ):
        if len(say_rationale(account).split()) > WORDS:
            account = shorter(account)
    if account.rival_grounds and len(say_rationale(account).split()) > LONG:
        account = replace(account, causes=())
    return account


def _nothing_twice(account: Account) -> Account:
    """Without the causes that say what the rival's sentence says: that this car keeps the ego from that option."""
    cars = set(_cars(account.rival_grounds))
    said = [
        claim
        for claim in account.causes
        if claim.quantity == "without" and claim.option == account.rival and claim.cars
    ]
    more = any(claim.quantity == "more" for claim in account.causes)
    left = [c for c in account.causes if c not in said or more or not set(c.cars) <= cars]
    return replace(account, causes=tuple(left))


def _one_ground(account: Account) -> Account:
    more = account.rival_grounds or account.causes or account.facts
    return replace(account, grounds=account.grounds[:1]) if more else account


def _nothing_given_up(account: Account) -> Account:
    return replace(account, given_up=())


def _one_cause(account: Account) -> Account:
    """The first cause that is about a car not named before; the proximate one where all are."""
    named_cars = set(_cars((*account.grounds, *account.rival_grounds)))
    new = (c for c in account.causes if c.cars and not set(c.cars) <= named_cars)
    kept = next(new, None)
    return replace(account, causes=(kept,) if kept else account.causes[:1])


def _one_reason(account: Account) -> Account:
    return replace(account, rival_grounds=account.rival_grounds[:1])


def _no_ground_twice(account: Account) -> Account:
    """Without what is seen of a car whose margin is told as well."""
    return replace(account, grounds=()) if _about_one_car(account) else account


def _about_one_car(account: Account) -> bool:
    return bool(_cars(account.grounds)) and set(_cars(account.grounds)) <= set(
        _cars(account.rival_grounds)
    )


# ---------------------------------------------------------------------------- a decision goes on


def goes_on(account: Account, before: Account) -> bool:
    """Is it the decision before, for the same purpose, and no other car decides? The speed may have settled.

    A change to another lane than was being changed to is a decision of its own.
    """
    same = all(getattr(account, name) == getattr(before, name) for name in ("decision", "purpose"))
    same = same and (account.decision.lateral is None or _lane(account) == _lane(before))
    change, earlier = account.intentions[0].said, before.intentions[0].said
    deciding = set(_cars(account.rival_grounds)) <= set(_cars(before.claims))
    settled = account.purpose is not None and change == "keep speed"
    return same and (change == earlier or settled) and deciding


def _lane(account: Account) -> int | None:
    """The number of the lane that is intended."""
    return next((claim.said for claim in account.intentions if claim.quantity == "lane"), None)


def short(account: Account, before: Account) -> Account:
    """The same decision in few words: how fast, what for, one thing seen, and the facts; in full which lane is changed to.

    Of what was tested to be its cause, the first that `before` did not speak of: it decides now, and did not then.
    Where nothing else is left to say, the first.
    """
    causes = [claim for claim in account.causes if claim.cars]
    new = [claim for claim in causes if not set(claim.cars) <= set(_cars(before.claims))]
    nothing_else = account.purpose is None and not account.grounds and not account.facts
    told = tuple((new or causes if nothing_else else new)[:1])
    bare = replace(account, causes=told, given_up=(), rival=None, standing=None, rival_grounds=())
    if account.decision.lateral is not None:
        always = tuple(
            claim for claim in account.grounds if claim.quantity in (*NULL, "free ahead")
        )
        return replace(bare, grounds=always)
    speed = tuple(claim for claim in account.intentions if claim.quantity != "lane")
    return replace(bare, grounds=account.grounds[:1], intentions=speed, goes_on=True)


def without_repetition(account: Account) -> Account:
    """The account of a later decision without the facts that one hears once: the limit, unless it is exceeded further."""
    if account.intentions[0].said in ("speed up", "pick up"):
        return account
    facts = tuple(claim for claim in account.facts if claim.quantity != "above the limit")
    return replace(account, facts=facts)
