"""What is to be said of a choice: what it is for, what decided, what must be heard, what was tested.

Where the policy says what its terms are worth, only what decided is given as a reason; else what it weighed and the
scene shows. Knows no words.
"""

from __future__ import annotations

from dataclasses import replace

from drive.kinematics.hazards import top_hazard
from drive.kinematics.surroundings import CHANGES
from drive.language import Account, make_claim
from drive.reasoning.deciding import Contest, contest, weighs
from drive.reasoning.decisions import decision_of, purpose_by_reasons, purpose_of
from drive.reasoning.evidence import (
    bend_ahead,
    cause_claims,
    claims_of,
    room_ahead,
    seen_of,
    way_out,
    whereabouts,
)
from drive.reasoning.facts import facts_of
from drive.reasoning.outcomes import claims_of_contest, is_arithmetic, named
from drive.reasoning.reasons import (
    GAINS,
    LANE_CHANGES,
    LEAST_GAIN,
    STAYING,
    WHEREABOUTS,
    Rival,
    Situation,
    Weighed,
    is_wanted_off_the_road,
    manoeuvre_of,
    nudges,
    off_centre,
    rivals_of,
    weigh,
)
from drive.types import Action, Attribution, Choice, Claim, Meta, Option

GROUNDS, RIVAL_GROUNDS = 3, 2  # at most this many claims for the choice, and against its rival
ROOM, ROOM_TO_SPEED_UP = (
    2.0,
    1.0,
)  # [s] of road ahead, from which it is worth saying that it is free
NEAR_EXIT = 500.0  # [m] to the exit, from which it is spoken of until its lane is reached
GAPS = ("time gap", "gap ahead")  # which a fact may tell already, as short of a wish
IN_THE_WAY = (
    "hazard ahead",
    "hazard on the left",
    "hazard on the right",
    "has priority",
    "touching",
)  # no free road beside these
OF_AN_OPTION = ("wish", "worth", "contact", "preference", "rejection")  # kinds of claims
BLOCKING = ("beside", "gap behind", "closing from behind", "imposed braking", "no lane", "lane ends",
            "oncoming", "time to collision", "predicted contact")  # fmt: skip


def account_of(
    situation: Situation, choice: Choice, attribution: Attribution | None
) -> tuple[Account, Option | None]:
    """Everything that is worth saying, and the rival that the choice is held against."""
    if choice.thoughts:
        return _of_thoughts(situation, choice)
    account_by = _by_weight if weighs(choice) else _by_reasons
    account, rival = account_by(situation, choice, attribution)
    facts = facts_of(situation, choice, _met_first(situation, account))
    causes = cause_claims(situation.scene, choice, attribution)
    grounds = _without_idle_room(situation, account.grounds, causes)
    near = {claim.cars for claim in facts if claim.quantity in ("too close", "too near")}
    grounds = tuple(c for c in grounds if c.cars not in near or c.quantity not in GAPS)
    if any(claim.quantity in IN_THE_WAY for claim in facts):
        grounds = tuple(claim for claim in grounds if claim.quantity != "free ahead")
    return replace(account, grounds=grounds, facts=facts, causes=causes), rival


def _of_thoughts(situation: Situation, choice: Choice) -> tuple[Account, Option | None]:
    """What a policy that thinks in words thought, and nothing else: the action was decoded from it."""

    def of(*kinds: str) -> tuple[Claim, ...]:
        return tuple(claim for claim in choice.thoughts if claim.kind in kinds)

    manoeuvre = manoeuvre_of(situation.scene, choice.chosen)
    decision = decision_of(situation, manoeuvre, None)
    account = Account(
        decision, of("sight"), _intentions(situation), facts=of("grade"), causes=of("cause")
    )
    others = [option for option in choice.options if option.action != choice.action]
    return account, max(others, key=lambda option: option.score, default=None)


def _without_idle_room(
    situation: Situation, grounds: tuple[Claim, ...], causes: tuple[Claim, ...]
) -> tuple[Claim, ...]:
    """A free road is no reason to keep a speed where a car was tested to be all that keeps the ego from going faster."""
    held_back = any(claim.cars and claim.option == Meta("FASTER") for claim in causes)
    if situation.change != "keep speed" or not held_back:
        return grounds
    return tuple(claim for claim in grounds if claim.quantity != "free ahead")


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


def account_against(situation: Situation, choice: Choice, option: Option) -> Account:
    """Why one option that was weighed lost, and nothing else: `rival` with what is said of it.

    No claims where nothing was measured that speaks against it.
    """
    account = Account(decision_of(situation, None, None), (), _intentions(situation))
    if weighs(choice):
        held = contest(choice, option)
        told = _against(situation, choice, held, account, arithmetic=True)
        return told or replace(account, rival=named(situation, option))
    rivals = weigh(situation, choice).rivals
    for rival in (each for each in rivals if each.option == option):
        standing, lost = _standing(situation, rival, ())
        return replace(
            account, rival=named(situation, option), standing=standing, rival_grounds=lost
        )
    return replace(account, rival=named(situation, option))


# ------------------------------------------------------------------------------ by what decided


def _by_weight(
    situation: Situation, choice: Choice, attribution: Attribution | None
) -> tuple[Account, Option | None]:
    """What is to be said of a choice whose terms have worths, and the rival that it is held against."""
    contests = rivals_of(situation, choice)
    purpose = purpose_of(situation, choice, contests)
    manoeuvre = manoeuvre_of(situation.scene, choice.chosen)
    account = Account(
        decision_of(situation, manoeuvre, purpose),
        _grounds(situation, choice, purpose),
        _intentions(situation),
        purpose=purpose,
    )
    in_turn = _first_to_tell(situation, contests)
    tries = [(each, False) for each in in_turn]
    if not (account.grounds or purpose):  # nothing else is a reason but that an option is slower
        tries += [(each, True) for each in in_turn]
    for each, arithmetic in tries:
        told = _against(situation, choice, each, account, arithmetic)
        if told is not None:
            return told, each.option
    return account, contests[0].option if contests else None


def _first_to_tell(situation: Situation, contests: tuple[Contest, ...]) -> list[Contest]:
    """Of a change of lane, why the ego does not stay as it is; else every option, the strongest first."""
    if situation.motion.lateral != "change lane":
        return list(contests)
    stays = {Meta(name) for name in STAYING}
    return [each for each in contests if named(situation, each.option) in stays]


def _grounds(situation: Situation, choice: Choice, purpose: Claim | None) -> tuple[Claim, ...]:
    """What is seen of what the decision is for; of steering, how far off the ego is; of a free road, how far it is free."""
    if nudges(situation.scene, situation.motion):
        return claims_of(situation, off_centre(choice), GROUNDS)
    if purpose is None:
        exit_ahead = way_out(situation)
        if exit_ahead and exit_ahead[0].said < NEAR_EXIT:
            return tuple(exit_ahead)
        if situation.change in ("slow down", "stop", "wait", "coast down"):
            return ()
        room = room_ahead(situation)
        enough = ROOM_TO_SPEED_UP if situation.change == "speed up" else ROOM
        free = room is not None and room.said >= enough * max(situation.scene.ego.speed, 1.0)
        return (room,) if free and situation.motion.lateral in ("keep lane", "turn") else ()
    seen = SEEN_OF_A_PURPOSE[purpose.quantity](situation, purpose)
    return tuple(seen[:2])


def _seen(*kinds: str):
    def seen(situation: Situation, purpose: Claim) -> list[Claim]:
        return seen_of(situation, kinds, purpose.cars[0]) if purpose.cars else []

    return seen


def _followed(situation: Situation, purpose: Claim) -> list[Claim]:
    """How near the car ahead is (in seconds, or in metres where that is slow), and slower by how much."""
    near = seen_of(situation, ("time gap",), purpose.cars[0])
    near = near or seen_of(situation, ("gap ahead",), purpose.cars[0])
    slower = seen_of(situation, ("slower ahead",), purpose.cars[0])
    return near + [claim for claim in slower if claim.said > 0]


# purpose -> what is seen of it
SEEN_OF_A_PURPOSE = {
    "follow": _followed,
    "pass": _seen("slower ahead"),
    "let go first": lambda situation, purpose: whereabouts(situation, purpose.cars[0]),
    "find gap": lambda situation, purpose: way_out(situation),
    "stop before": _seen("gap ahead"),
    "bend": lambda situation, purpose: bend_ahead(situation),
    "reach exit": lambda situation, purpose: way_out(situation),
    "keep right": lambda situation, purpose: [],
}


def _against(
    situation: Situation,
    choice: Choice,
    contest: Contest,
    account: Account,
    arithmetic: bool = False,
) -> Account | None:
    """The account with what decided against one option; None where that is no reason to a listener.

    arithmetic: is it a reason that the option is merely slower?
    """
    name = named(situation, contest.option)
    if is_wanted_off_the_road(situation, contest.option, choice.chosen):
        none = make_claim("observation", "no lane", option=name)
        return replace(account, rival=name, standing="blocked", rival_grounds=(none,))
    if contest.tie:
        tie = make_claim("tie", "as good", option=name)
        return replace(account, rival=name, standing="alone", rival_grounds=(tie,))
    lost = claims_of_contest(situation, choice, contest, contest.decided)
    lost = tuple(claim for claim in lost if claim not in account.grounds)[:RIVAL_GROUNDS]
    changes = situation.motion.lateral == "change lane"
    if not lost or (is_arithmetic(lost) and not (changes or arithmetic)):
        return None
    given_up = claims_of_contest(situation, choice, contest, contest.given_up)
    given_up = tuple(
        claim
        for claim in given_up
        if claim.kind == "worth"
        and claim.option == name
        and not (claim.quantity == "progress" and abs(claim.said) < LEAST_GAIN)
    )
    standing = _how_it_lost(contest, lost, name)
    return replace(
        account, rival=name, standing=standing, rival_grounds=lost, given_up=given_up[:1]
    )


def _how_it_lost(contest: Contest, lost: tuple[Claim, ...], name: Action) -> str:
    """A key of Words.rival."""
    if all(claim.kind in OF_AN_OPTION and claim.option == name for claim in lost):
        return "alone"
    blocked = name in CHANGES and all(claim.quantity in BLOCKING for claim in lost)
    return "blocked" if blocked else "worse"


def _met_first(situation: Situation, account: Account) -> tuple[int, ...]:
    """The car whose right of way matters, or that is a wreck: the one let go first or stopped for, else the nearest danger."""
    if account.purpose is not None and account.purpose.quantity in ("let go first", "stop before"):
        return account.purpose.cars
    hazard = top_hazard(situation.scene)
    return (hazard.body.id,) if hazard is not None and hazard.body in situation.scene.cars else ()


# ---------------------------------------------------------------------------------- by reasons


def _by_reasons(
    situation: Situation, choice: Choice, attribution: Attribution | None
) -> tuple[Account, Option | None]:
    """What is to be said of a choice whose terms have no worth, and the rival that it is held against."""
    account, rival = _account(situation, weigh(situation, choice, attribution))
    if _untold(account, attribution):
        weighed = weigh(situation, choice, attribution, placing=True)
        account, rival = _account(situation, weighed)
    return account, rival


def _account(situation: Situation, weighed: Weighed) -> tuple[Account, Option | None]:
    """What is to be said, and the rival that the choice is held against: the first against which something was measured."""
    grounds = claims_of(situation, weighed.reasons, GROUNDS)
    purpose = purpose_by_reasons(situation, weighed)
    decision = decision_of(situation, weighed.manoeuvre, purpose)
    account = Account(decision, grounds, _intentions(situation), purpose=purpose)
    for rival in weighed.rivals:
        standing, lost = _standing(situation, rival, grounds)
        if lost:
            name = Meta(rival.manoeuvre) if rival.manoeuvre else rival.option.action
            account = replace(account, rival=name, standing=standing, rival_grounds=lost)
            return account, rival.option
    return account, weighed.rivals[-1].option if weighed.rivals else None


def _untold(account: Account, attribution: Attribution | None) -> bool:
    """Is nothing said of the proximate cause's cars but that they are the cause?"""
    causes = attribution.causes if attribution else ()
    told = {car for claim in account.grounds + account.rival_grounds for car in claim.cars}
    return bool(causes and causes[0].cars) and told.isdisjoint(causes[0].cars)


def _standing(
    situation: Situation, rival: Rival, grounds: tuple[Claim, ...]
) -> tuple[str | None, tuple[Claim, ...]]:
    """Why the rival lost: a key of Words.rival, and the claims that say so; None where nothing does.

    grounds: what is said for the choice, and not said again of the rival.
    """
    judged = any(reason.term.kind not in (WHEREABOUTS, *GAINS) for reason in rival.objections)
    lost = claims_of(situation, rival.objections, RIVAL_GROUNDS)
    lost = tuple(claim for claim in lost if claim.quantity not in GAINS) or lost
    blocking = tuple(claim for claim in lost if claim.quantity in BLOCKING and judged)
    blocked = blocking and rival.manoeuvre in LANE_CHANGES.values()
    lost = blocking if blocked else lost
    if set(map(_key, lost)) <= set(map(_key, grounds)):
        return None, ()
    if all(claim.kind == "rejection" for claim in lost):
        return "alone", lost
    return ("blocked" if blocked else "worse"), lost


def _key(claim: Claim):
    return claim.kind, claim.quantity, claim.cars, claim.objects
