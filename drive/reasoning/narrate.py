"""From a choice to its rationale: which claims matter, in which order, against which rival.

Speaks only of what the policy weighed and the scene shows; the words are drive.language's.
"""

from __future__ import annotations

import math

from drive.language import Account, make_claim, say_rationale
from drive.reasoning.decisions import SIDES, Reason, decision_of, motion_of, reasons_of, speed_change
from drive.trajectory import MetaAction
from drive.types import Choice, Claim, Meta, Option, Rationale, Scene, Tie, Trajectory

GROUNDS, RIVAL_GROUNDS = 3, 2  # at most this many claims for the choice, and for its rival
BLOCKING = ("beside", "predicted contact", "imposed braking", "gap behind", "lane ends", "unavailable")

# term -> (kind, quantity) of the claim it becomes
OBSERVED = {
    "gap ahead": ("observation", "gap ahead"),
    "time gap": ("observation", "time gap"),
    "slower ahead": ("observation", "slower ahead"),
    "time to collision": ("observation", "time to collision"),
    "gap behind": ("observation", "gap behind"),
    "closing from behind": ("observation", "closing from behind"),
    "imposed braking": ("observation", "imposed braking"),
    "beside": ("observation", "beside"),
    "lane ends": ("observation", "lane ends"),
    "free ahead": ("observation", "free ahead"),
    "unavailable": ("observation", "no lane"),
    "speed": ("observation", "speed"),
    "lateral offset": ("observation", "lateral offset"),
    "heading error": ("observation", "heading error"),
    "right of way": ("rule", "right of way"),
    "speed limit": ("rule", "speed limit"),
    "lanes to goal": ("rule", "lanes to goal"),
    "always": ("rule", "always"),
    "drawn": ("rule", "drawn"),
}
THRESHOLDS = ("gap ahead", "time gap", "time to collision", "gap behind", "imposed braking", "speed")


def narrate(
    scene: Scene, choice: Choice, trajectory: Trajectory, tie: Tie, language: str = "en"
) -> Rationale:
    """The rationale of a choice whose trajectory is known."""
    motion = motion_of(scene, trajectory)
    change = speed_change(scene, motion)
    decision = decision_of(scene, choice, trajectory)
    grounds = _claims(scene, reasons_of(choice, change), GROUNDS)
    rival = _strongest_rival(scene, choice)
    lost = _claims(scene, _against(rival), RIVAL_GROUNDS) if rival else ()
    standing = _standing(rival, lost, grounds) if rival else None
    account = Account(
        decision,
        grounds,
        _intentions(scene, trajectory, motion, change),
        rival.action if rival else None,
        standing,
        lost if standing in ("blocked", "worse") else (),
    )
    text = say_rationale(account, language)
    return Rationale(decision, account.claims, account.rival, tie, text, language)


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


def _claims(scene: Scene, reasons: tuple[Reason, ...], most: int) -> tuple[Claim, ...]:
    claims = []
    for reason in reasons:
        claim = _claim(scene, reason)
        if claim is not None and claim not in claims:
            claims.append(claim)
    return tuple(claims[:most])


def _claim(scene: Scene, reason: Reason) -> Claim | None:
    term = reason.term
    kind, quantity = OBSERVED.get(term.kind, (None, None))
    if term.kind == "distance to goal":
        kind, quantity = "rule", f"distance to {'exit' if scene.task.kind == 'exit' else 'goal'}"
    if kind is None or not math.isfinite(term.value):
        return None
    about = {"cars": term.cars[:1], "objects": term.objects[:1] if not term.cars else ()}
    place = reason.option.action if _is_change(reason.option) else None
    if quantity in ("free ahead", "lane ends", "no lane", "speed") or kind == "rule":
        about = {} if quantity != "right of way" else about
    if kind == "rule" or quantity in ("speed", "lateral offset", "heading error"):
        place = None
    threshold = term.threshold if quantity in THRESHOLDS else None
    value = None if quantity in ("no lane", "always", "drawn") else term.value
    return make_claim(kind, quantity, value, option=place, threshold=threshold, **about)


def _strongest_rival(scene: Scene, choice: Choice) -> Option | None:
    """The best legal option that was not taken: by score, else with the least against it."""
    others = [
        option
        for option in choice.options
        if option.action != choice.action and scene.legal.allows(option.action)
    ]
    if not others:
        return None
    if all(option.score is not None for option in others):
        return max(others, key=lambda option: option.score)
    return min(others, key=lambda option: len(_against(option)))


def _against(option: Option) -> tuple[Reason, ...]:
    return tuple(Reason(term, option) for term in option.terms if term.counts == "against")


def _standing(rival: Option, lost: tuple[Claim, ...], grounds: tuple[Claim, ...]) -> str:
    if not lost:
        return "next"
    if set(map(_key, lost)) <= set(map(_key, grounds)):
        return "same"
    kinds = {reason.term.kind for reason in _against(rival)}
    return "blocked" if kinds & set(BLOCKING) else "worse"


def _key(claim: Claim):
    return claim.kind, claim.quantity, claim.cars, claim.objects, claim.option


def _is_change(option: Option) -> bool:
    return isinstance(option.action, Meta) and option.action.name in SIDES
