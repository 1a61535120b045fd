"""From a choice to its rationale, and from several steps to one sentence.

The words are drive.language's. One narration a decision; a decision that goes on is said short.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drive.language import Account, make_claim, read, say_also, say_duration, say_rationale
from drive.reasoning.accounts import account_of
from drive.reasoning.economy import economical, goes_on, short, without_repetition
from drive.reasoning.reasons import Situation
from drive.types import Attribution, Choice, Claim, Rationale, Step, Tie

# facts of which the least change must be heard
URGENT = ("hazard ahead", "hazard on the left", "hazard on the right", "hazard behind",
          "braking needed", "no way out")  # fmt: skip


def narrate(
    situation: Situation,
    choice: Choice,
    tie: Tie,
    language: str = "en",
    attribution: Attribution | None = None,
    before: Rationale | None = None,
) -> Rationale:
    """The rationale of a choice, its causes those that were tested where there is an attribution.

    before: the last rationale that was said in full, where a decision was made just before; one that goes on is
    said short.
    """
    account, rival = account_of(situation, choice, attribution)
    if not choice.thoughts:  # from which nothing may be left out
        account = _briefly(account, before)
    return Rationale(
        account.decision,
        account.claims,
        rival.action if rival else None,
        tie,
        say_rationale(account, language),
        language,
    )


def _briefly(account: Account, before: Rationale | None) -> Account:
    """The account without what need not be said again."""
    if before is not None:
        account = without_repetition(account)
    earlier = before and _read(before)
    account = economical(account)
    return short(account, earlier) if earlier and goes_on(account, earlier) else account


def with_causes(rationale: Rationale, causes: tuple[Claim, ...]) -> Rationale:
    """A policy's own words, followed by a sentence that says what was tested."""
    text = say_also(rationale.text, causes, rationale.language)
    return replace(rationale, claims=rationale.claims + causes, text=text)


def in_full(rationales: Iterable[Rationale]) -> Rationale | None:
    """The last of these rationales that was said in full, as `narrate` takes it; None where none was."""
    for rationale in reversed(tuple(rationales)):
        account = _read(rationale)
        if account is None or not account.goes_on:
            return rationale
    return None


def told_by(steps: Iterable[Step]) -> Rationale | None:
    """The last rationale of these steps that was said in full, from which the next one may go on.

    None where something else was driven since than it says: a decision that was not driven does not go on.
    """
    steps = tuple(steps)
    parted = [k for k, step in enumerate(steps, 1) if step.driven != step.choice.action]
    return in_full(step.rationale for step in steps[max(parted, default=0) :])


def _read(rationale: Rationale) -> Account | None:
    """What a rationale's text says; None of a policy's own words."""
    try:
        return read(rationale.text, rationale.language)
    except ValueError:
        return None


# ----------------------------------------------------------------------- several steps, one sentence


def merge(steps: Iterable[Step]) -> tuple[tuple[int, int, Rationale], ...]:
    """Consecutive steps of an unchanged decision about the same cars, as (first, last, rationale).

    What a policy says beside another's driving stands alone.
    first, last: positions in `steps`. The rationale is the first one's, with how long it held where
    that is more than one step.
    """
    steps = tuple(steps)
    runs: list[list[int]] = []
    for k, step in enumerate(steps):
        taken = step.takeover or steps[k - 1].takeover
        if runs and not taken and _is_one(steps[runs[-1][0]].rationale, step.rationale):
            runs[-1].append(k)
        else:
            runs.append([k])
    return tuple((run[0], run[-1], _held(steps, run)) for run in runs)


def _is_one(first: Rationale, later: Rationale) -> bool:
    """Does a later rationale go on with the first one, or say the same?"""
    account = _read(later)
    if account is None or not account.goes_on:
        return _gist(first) == _gist(later)
    said = {(claim.quantity, claim.cars, claim.objects) for claim in first.claims}
    new = {(claim.quantity, claim.cars, claim.objects) for claim in account.facts} - said
    return first.decision == later.decision and not new


def says_no_more(first: Step, later: Step) -> bool:
    """Does a later step take the same action, and tell nothing new, but how numbers went on?

    Stricter than `merge`: the speed that is aimed at is the same, and what is urgent, to the last decimal.
    """
    if str(first.choice.action) != str(later.choice.action) or first.takeover != later.takeover:
        return False
    before, now = first.rationale, later.rationale
    if first.choice.answered != later.choice.answered or before.language != now.language:
        return False
    return _is_one(before, now) and _pressing(now) <= _pressing(before)


def _pressing(rationale: Rationale) -> set[Claim]:
    """The speed that is aimed at, facts that are urgent, and which other facts are told."""
    exact = {c for c in rationale.claims if c.quantity in (*URGENT, "target speed")}
    facts = {claim for claim in rationale.claims if claim.kind == "fact"} - exact
    return exact | {replace(claim, said=None, threshold=None) for claim in facts}


def facts_of(rationale: Rationale) -> str:
    """The sentence with the facts that a rationale tells; empty where it tells none."""
    facts = tuple(claim for claim in rationale.claims if claim.kind == "fact")
    return say_also("", facts, rationale.language)


def _gist(rationale: Rationale):
    """What must stay the same for two rationales to be one."""
    cited = (
        {claim.cars for claim in rationale.claims},
        {claim.objects for claim in rationale.claims},
    )
    intended = tuple(c.said for c in rationale.claims if c.kind == "intention")
    return rationale.decision, cited, intended, rationale.rival, rationale.language


def _held(steps: tuple[Step, ...], run: list[int]) -> Rationale:
    """The rationale of a run of steps, with the time that it held."""
    first, last = steps[run[0]], steps[run[-1]]
    if len(run) == 1:
        return first.rationale
    seconds = last.scene.time + last.scene.period - first.scene.time
    duration, said = make_claim("observation", "duration", seconds), first.rationale
    try:
        account = replace(read(said.text, said.language), duration=duration)
    except ValueError:  # a policy's own words
        text = say_duration(said.text, duration, said.language)
        return replace(said, claims=(*said.claims, duration), text=text)
    return replace(said, claims=account.claims, text=say_rationale(account, said.language))
