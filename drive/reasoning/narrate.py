"""From a choice to its rationale: which claims matter, in which order, against which rival.

Speaks only of what the policy weighed and the scene shows; the words are drive.language's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drive.kinematics.surroundings import View
from drive.kinematics.trajectory import MetaAction
from drive.language import Account, make_claim, read, say_duration, say_rationale
from drive.reasoning.decisions import (
    GAINS,
    SIDES,
    WHEREABOUTS,
    Reason,
    decision_of,
    manoeuvre_of,
    motion_of,
    nearer_goal,
    reasons_of,
    same_way,
    speed_change,
)
from drive.reasoning.evidence import claims_of
from drive.types import Choice, Claim, Meta, Option, Rationale, Scene, Step, Tie, Trajectory

GROUNDS, RIVAL_GROUNDS = 3, 2  # at most this many claims for the choice, and for its rival
BLOCKING = ("beside", "gap behind", "closing from behind", "imposed braking", "no lane", "lane ends",
            "oncoming", "time to collision", "predicted contact")  # fmt: skip


def narrate(
    scene: Scene, choice: Choice, trajectory: Trajectory, tie: Tie, language: str = "en"
) -> Rationale:
    """The rationale of a choice whose trajectory is known."""
    rival = strongest_rival(scene, choice)
    account = account_of(scene, choice, trajectory, rival)
    return Rationale(
        account.decision,
        account.claims,
        rival.action if rival else None,
        tie,
        say_rationale(account, language),
        language,
    )


def account_of(
    scene: Scene, choice: Choice, trajectory: Trajectory, rival: Option | None
) -> Account:
    """What is to be said, before it is put into words."""
    view, motion = View(scene), motion_of(scene, trajectory)
    change = speed_change(scene, motion)
    grounds = claims_of(view, reasons_of(scene, choice, motion), GROUNDS)
    standing, lost = _standing(view, choice, rival, grounds) if rival else (None, ())
    return Account(
        decision_of(scene, choice, trajectory),
        grounds,
        _intentions(scene, trajectory, motion, change),
        _named(scene, rival) if rival else None,
        standing,
        lost,
    )


def merge(steps: Iterable[Step]) -> tuple[tuple[int, int, Rationale], ...]:
    """Consecutive steps of an unchanged decision about the same cars, as (first, last, rationale).

    first, last: positions in `steps`. The rationale is the first one's, with how long it held where
    that is more than one step.
    """
    steps = tuple(steps)
    runs: list[list[int]] = []
    for k, step in enumerate(steps):
        if runs and _unchanged(steps[runs[-1][0]].rationale, step.rationale):
            runs[-1].append(k)
        else:
            runs.append([k])
    return tuple((run[0], run[-1], _held(steps, run)) for run in runs)


def _unchanged(first: Rationale, second: Rationale) -> bool:
    return _gist(first) == _gist(second)


def _gist(rationale: Rationale):
    """What must stay the same for two rationales to be one."""
    cited = (
        {claim.cars for claim in rationale.claims},
        {claim.objects for claim in rationale.claims},
    )
    intended = tuple(c.said for c in rationale.claims if c.kind == "intention")
    return rationale.decision, cited, intended, rationale.rival, rationale.language


def _held(steps: tuple[Step, ...], run: list[int]) -> Rationale:
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


def _intentions(
    scene: Scene, trajectory: Trajectory, motion: MetaAction, change: str
) -> tuple[Claim, ...]:
    """How fast and in which lane; no speed where it stands, no number where there is one lane."""
    claims = [make_claim("intention", "speed change", change)]
    if change not in ("stop", "wait"):
        claims.append(make_claim("intention", "target speed", float(trajectory.speed[-1])))
    lanes = scene.road.sections[scene.ego.lane[:2]]
    number = scene.ego.lane[2] + 1 - motion.lanes
    if len(lanes) > 1 and 1 <= number <= len(lanes):
        claims.append(make_claim("intention", "lane", number))
    return tuple(claims)


# ------------------------------------------------------------------------------------- the rival


def strongest_rival(scene: Scene, choice: Choice) -> Option | None:
    """The best legal option that was not taken and leads elsewhere.

    The highest score where all have one; else the one with the least against it, where slowing
    down without need counts last.
    """
    chosen = choice.chosen
    others = [
        option
        for option in choice.options
        if option.action != choice.action
        and scene.legal.allows(option.action)
        and not same_way(option, chosen)
    ]
    if all(option.score is not None for option in others):
        return max(others, key=lambda option: option.score, default=None)
    return min(others, key=lambda option: _objections(scene, option), default=None)


def _objections(scene: Scene, option: Option) -> tuple[bool, int]:
    return manoeuvre_of(scene, option) == "SLOWER", len(_against(option))


def _against(option: Option) -> tuple[Reason, ...]:
    return tuple(Reason(term, option) for term in option.terms if term.counts == "against")


def _objection(scene: Scene, choice: Choice, rival: Option) -> tuple[Reason, ...]:
    """What speaks against the rival and not as much against the choice.

    What lies ahead is no objection to slowing down, unless it was tested to be one. The way to the
    goal is told as it is from here, not from the rival's lane.
    """
    slower = manoeuvre_of(scene, rival) == "SLOWER"
    ours = choice.chosen.terms
    found = [
        reason
        for reason in (*_against(rival), *_worth(rival))
        if not (slower and (_lies_ahead(reason) or reason.term.kind == "acceleration"))
        and (reason.term not in ours or reason.term.kind == "distance to goal")
    ]
    astray = any(reason.term.kind == "lanes to goal" for reason in found)
    if nearer_goal(rival, choice.chosen):
        found, astray = [reason for reason in found if reason.subject != "goal"], False
    found = [reason for reason in found if astray or reason.term.kind != "distance to goal"]
    here = [o for o in choice.options if o.target_lane == scene.ego.target_lane]
    way = {r.term.kind: r for o in here for r in _against(o) if r.term.kind == "lanes to goal"}
    return tuple(
        way.get(reason.term.kind, reason)
        for reason in found
        if reason.term.kind != "lanes to goal" or way or rival in here
    )


def _lies_ahead(reason: Reason) -> bool:
    return reason.subject is not None and reason.term.kind != WHEREABOUTS


def _worth(rival: Option) -> tuple[Reason, ...]:
    """What a learned policy thinks it worth; it lost, so that counts against it."""
    values = (term for term in rival.terms if term.kind == "value")
    return tuple(Reason(replace(term, counts="against"), rival) for term in values)


def _standing(
    view: View, choice: Choice, rival: Option, grounds: tuple[Claim, ...]
) -> tuple[str, tuple[Claim, ...]]:
    """Why the rival lost: a key of Words.rival, and the claims that say so."""
    objections = _objection(view.scene, choice, rival)
    judged = any(reason.term.kind not in (WHEREABOUTS, *GAINS) for reason in objections)
    lost = claims_of(view, objections, RIVAL_GROUNDS)
    seen = tuple(claim for claim in lost if claim.quantity not in GAINS)
    lost = seen or lost
    blocking = tuple(claim for claim in lost if claim.quantity in BLOCKING and judged)
    blocked = blocking and _is_change(view.scene, rival)
    lost = blocking if blocked else lost
    if not lost:
        return _slower(view.scene, choice, rival)
    if set(map(_key, lost)) <= set(map(_key, grounds)):
        return "same", ()
    if all(claim.kind == "rejection" for claim in lost):
        return "alone", lost
    return ("blocked" if blocked else "worse"), lost


def _slower(scene: Scene, choice: Choice, rival: Option) -> tuple[str, tuple[Claim, ...]]:
    """A rival against which nothing was measured: slower than the choice, or simply next."""
    name = manoeuvre_of(scene, rival)
    ours, theirs = choice.chosen.trajectory, rival.trajectory
    if name and ours and theirs and theirs.speed[-1] < ours.speed[-1] - 0.5:
        speed = float(theirs.speed[-1])
        return "alone", (make_claim("rejection", "speed", speed, option=Meta(name)),)
    return "next", ()


def _key(claim: Claim):
    return claim.kind, claim.quantity, claim.cars, claim.objects


def _is_change(scene: Scene, option: Option) -> bool:
    return manoeuvre_of(scene, option) in SIDES


def _named(scene: Scene, option: Option):
    """The action by which an option is named: a control by the lane it drives to, where that is known."""
    name = manoeuvre_of(scene, option)
    return Meta(name) if name else option.action
