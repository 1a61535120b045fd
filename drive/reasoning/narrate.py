"""From a choice to its rationale: which claims matter, in which order, against which rival.

Speaks only of what the policy weighed, the scene shows and (where causes were asked for) the test
confirmed; the words are drive.language's. One narration a decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drive.language import Account, make_claim, read, say_also, say_duration, say_rationale
from drive.reasoning.decisions import decision_of
from drive.reasoning.evidence import cause_claims, claims_of
from drive.reasoning.reasons import (
    GAINS,
    LANE_CHANGES,
    WHEREABOUTS,
    Rival,
    Situation,
    Weighed,
    weigh,
)
from drive.types import (
    Attribution,
    Choice,
    Claim,
    Meta,
    Option,
    Rationale,
    Step,
    Tie,
    Trajectory,
)

GROUNDS, RIVAL_GROUNDS = 3, 2  # at most this many claims for the choice, and against its rival
BLOCKING = ("beside", "gap behind", "closing from behind", "imposed braking", "no lane", "lane ends",
            "oncoming", "time to collision", "predicted contact")  # fmt: skip


def narrate(
    situation: Situation,
    choice: Choice,
    tie: Tie,
    language: str = "en",
    attribution: Attribution | None = None,
) -> Rationale:
    """The rationale of a choice, its cars those that were tested where there is an attribution."""
    causes = cause_claims(situation.scene, choice, attribution)
    account, rival = _account(situation, weigh(situation, choice, attribution), attribution)
    if _untold(account, attribution):
        weighed = weigh(situation, choice, attribution, placing=True)
        account, rival = _account(situation, weighed, attribution)
    account = replace(account, causes=causes)
    return Rationale(
        account.decision,
        account.claims,
        rival.action if rival else None,
        tie,
        say_rationale(account, language),
        language,
    )


def with_causes(rationale: Rationale, causes: tuple[Claim, ...]) -> Rationale:
    """A policy's own words, followed by a sentence that says what was tested."""
    text = say_also(rationale.text, causes, rationale.language)
    return replace(rationale, claims=rationale.claims + causes, text=text)


def _account(
    situation: Situation, weighed: Weighed, attribution: Attribution | None
) -> tuple[Account, Option | None]:
    """What is to be said, and the rival that the choice is held against.

    Where causes were tested, the rival is named only if something was measured against it, or if
    the same speaks against it and it is not what would be done without a cause.
    """
    grounds = claims_of(situation, weighed.reasons, GROUNDS)
    account = Account(decision_of(situation, weighed), grounds, _intentions(situation))
    instead = {cause.instead for cause in attribution.causes} if attribution else set()
    for rival in weighed.rivals:
        standing, lost = _standing(situation, rival, grounds)
        ruled_out = standing == "same" and rival.option.action not in instead
        if attribution is None or lost or ruled_out:
            named = Meta(rival.manoeuvre) if rival.manoeuvre else rival.option.action
            account = replace(account, rival=named, standing=standing, rival_grounds=lost)
            return account, rival.option
    return account, weighed.rivals[-1].option if weighed.rivals else None


def _untold(account: Account, attribution: Attribution | None) -> bool:
    """Is nothing said of the proximate cause's cars but that they are the cause?"""
    causes = attribution.causes if attribution else ()
    told = {car for claim in account.grounds + account.rival_grounds for car in claim.cars}
    return bool(causes and causes[0].cars) and told.isdisjoint(causes[0].cars)


def _intentions(situation: Situation) -> tuple[Claim, ...]:
    """How fast and in which lane; no speed where it stands, no number where there is one lane."""
    scene, change = situation.scene, situation.change
    claims = [make_claim("intention", "speed change", change)]
    if change not in ("stop", "wait"):
        speed = float(situation.trajectory.speed[-1])
        claims.append(make_claim("intention", "target speed", speed))
    lanes = scene.road.sections[scene.ego.lane[:2]]
    number = scene.ego.lane[2] + 1 - situation.motion.lanes
    if len(lanes) > 1 and 1 <= number <= len(lanes):
        claims.append(make_claim("intention", "lane", number))
    return tuple(claims)


def _standing(
    situation: Situation, rival: Rival, grounds: tuple[Claim, ...]
) -> tuple[str, tuple[Claim, ...]]:
    """Why the rival lost: a key of Words.rival, and the claims that say so.

    grounds: what is said for the choice, and not said again of the rival.
    """
    judged = any(reason.term.kind not in (WHEREABOUTS, *GAINS) for reason in rival.objections)
    lost = claims_of(situation, rival.objections, RIVAL_GROUNDS)
    lost = tuple(claim for claim in lost if claim.quantity not in GAINS) or lost
    blocking = tuple(claim for claim in lost if claim.quantity in BLOCKING and judged)
    blocked = blocking and rival.manoeuvre in LANE_CHANGES.values()
    lost = blocking if blocked else lost
    if not lost:
        return _slower(situation.trajectory, rival)
    if set(map(_key, lost)) <= set(map(_key, grounds)):
        return "same", ()
    if all(claim.kind == "rejection" for claim in lost):
        return "alone", lost
    return ("blocked" if blocked else "worse"), lost


def _slower(ours: Trajectory, rival: Rival) -> tuple[str, tuple[Claim, ...]]:
    """A rival against which nothing was measured: slower than the choice, or simply next."""
    theirs = rival.option.trajectory
    if rival.manoeuvre and theirs and theirs.speed[-1] < ours.speed[-1] - 0.5:
        option, speed = Meta(rival.manoeuvre), float(theirs.speed[-1])
        return "alone", (make_claim("rejection", "speed", speed, option=option),)
    return "next", ()


def _key(claim: Claim):
    return claim.kind, claim.quantity, claim.cars, claim.objects


# ----------------------------------------------------------------------- several steps, one sentence


def merge(steps: Iterable[Step]) -> tuple[tuple[int, int, Rationale], ...]:
    """Consecutive steps of an unchanged decision about the same cars, as (first, last, rationale).

    first, last: positions in `steps`. The rationale is the first one's, with how long it held where
    that is more than one step.
    """
    steps = tuple(steps)
    runs: list[list[int]] = []
    for k, step in enumerate(steps):
        if runs and _gist(steps[runs[-1][0]].rationale) == _gist(step.rationale):
            runs[-1].append(k)
        else:
            runs.append([k])
    return tuple((run[0], run[-1], _held(steps, run)) for run in runs)


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
