"""Break a rationale and the check must notice: each kind of lie, on hand-made and driven steps.

A lie is told either in the words alone (the claims stay true, the text betrays it) or in words and
claims alike (only the scene betrays it).
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import replace

import pytest
from digests import episode
from hand_made import LEFT, RIGHT, behind_a_slower_car, car, narrated, step_of

from drive.checking import weighed
from drive.checking.text import check_rationale
from drive.kinematics.foresight import foresee
from drive.language import QUANTITIES, read, say_rationale
from drive.types import Claim, Meta, Step

DRIVEN = [
    (scenario, name)
    for scenario in (
        "highway-fast",
        "merge-generic",
        "exit",
        "roundabout",
        "intersection",
        "racetrack",
    )
    for name in ("rule", "idm")
]
OTHER_SIDE = {LEFT: RIGHT, RIGHT: LEFT}
CHANGES = {"slow down": "speed up", "speed up": "slow down", "keep speed": "speed up", "stop": "speed up",
           "wait": "speed up", "coast down": "pick up", "pick up": "coast down"}  # fmt: skip
TESTED = (
    "observation", "rule", "intention", "fact", "purpose", "wish", "worth", "contact", "preference",
)  # fmt: skip
UNTOLD = ("always", "drawn", "acceleration asked")  # what no scene can contradict


def faults(step: Step) -> list:
    """What the check notices: what is false, and words that are not ours."""
    verdicts = check_rationale(step.scene, step.rationale, step.trajectory)
    told = [v for v in verdicts if not weighed.is_weighed(v.claim)]
    options = (c for c in step.rationale.claims if weighed.is_weighed(c))
    told += [weighed.check(step.scene, step.choice, claim) for claim in options]
    return [v for v in told if v.result == "false" or v.claim.quantity == "text: words"]


def hand_made_step() -> Step:
    """Two cars to cite, a third that is not cited, and a rival on the left."""
    at, choice = behind_a_slower_car()
    at = replace(at, cars=(*at.cars, car(9, 180.0, lane=2, speed=22.0)))
    choice = foresee(at, choice)
    return step_of(at, choice, narrated(at, choice, "post hoc"))


def steps_of(case) -> list[Step]:
    """Steps that are true as they are."""
    if case == "hand-made":
        return [hand_made_step()]
    return [step for step in episode(*case).steps if step.rationale.claims]


CASES = ["hand-made", *DRIVEN]


@pytest.fixture(params=CASES, ids=lambda p: p if isinstance(p, str) else "-".join(p))
def steps(request):
    return steps_of(request.param)


# --------------------------------------------------------------------- lies in words and claims


def retold(step: Step, old: Claim, new: Claim) -> Step:
    """The step with one claim exchanged, in the claims and in the text."""
    account = read(step.rationale.text)

    def changed(claims):
        return tuple(new if claim == old else claim for claim in claims)

    account = replace(
        account,
        grounds=changed(account.grounds),
        facts=changed(account.facts),
        purpose=account.purpose and changed((account.purpose,))[0],
        given_up=changed(account.given_up),
        rival_grounds=changed(account.rival_grounds),
        intentions=changed(account.intentions),
    )
    text = say_rationale(account)
    account = read(text)
    told = replace(step.rationale, decision=account.decision, claims=account.claims, text=text)
    return replace(step, rationale=told)


def tellable(step: Step):
    return [c for c in step.rationale.claims if c.kind in TESTED and c.quantity not in UNTOLD]


def wrong_numbers(step: Step):
    for claim in tellable(step):
        quantity = QUANTITIES[claim.kind, claim.quantity]
        if isinstance(claim.said, float) and quantity.number:
            unit = 10.0**-quantity.decimals
            yield claim, replace(claim, said=round(claim.said + 3 * unit, quantity.decimals))
            yield claim, replace(claim, said=round(2 * claim.said + unit, quantity.decimals))


def wrong_cars(step: Step):
    for claim in tellable(step):
        for other in (*(c.id for c in step.scene.cars), 999):
            if (
                claim.cars
                and other not in claim.cars
                and not same_but_for_the_car(step, claim, other)
            ):
                yield claim, replace(claim, cars=(other,))


def same_but_for_the_car(step: Step, claim: Claim, other: int) -> bool:
    """Would the claim be as true of the other car? Two cars may be equally fast or far."""
    if other == 999:
        return False
    lie = replace(step.rationale, claims=(replace(claim, cars=(other,)),), text="None.")
    verdicts = check_rationale(step.scene, lie, step.trajectory)
    alike = (
        "its speed", "slower ahead", "to the left", "to the right", "let go first", "has priority",
        "I have priority",
    )  # fmt: skip
    return claim.quantity in alike and verdicts[0].result == "true"


def wrong_sides(step: Step):
    for claim in tellable(step):
        form = QUANTITIES[claim.kind, claim.quantity]
        if form.place and claim.option in OTHER_SIDE and claim.quantity != "free ahead":
            yield claim, replace(claim, option=OTHER_SIDE[claim.option])
            yield claim, replace(claim, option=None)
        if claim.quantity in ("to the left", "to the right"):
            quantity = "to the right" if claim.quantity == "to the left" else "to the left"
            yield claim, replace(claim, quantity=quantity)


def wrong_changes(step: Step):
    for claim in step.rationale.claims:
        if claim.quantity == "speed change" and claim.said not in ("stop", "wait"):
            yield claim, replace(claim, said=CHANGES[claim.said])


@pytest.mark.parametrize("lies", [wrong_numbers, wrong_cars, wrong_sides, wrong_changes])
def test_a_lie_told_in_words_and_claims_is_noticed(steps, lies):
    told = 0
    for step in steps:
        assert faults(step) == []
        for old, new in lies(step):
            assert faults(retold(step, old, new)), (old, new, step.rationale.text)
            told += 1
    if len(steps) == 1:
        assert told, "the hand-made step is there to be lied about in every way"


def test_the_claim_of_another_step_is_noticed():
    """Wherever two decisions of an episode say something of one car, and not the same."""
    told = Counter()
    episodes = {case: episode(*case) for case in (*DRIVEN, ("dilu-4-2.0", "rule"))}
    episodes |= {
        ("two-way", name): episode("two-way", name, decisions=16) for name in ("rule", "idm")
    }
    for case, driven in episodes.items():
        for step, other in itertools.permutations(driven.steps, 2):
            theirs = {(c.kind, c.quantity, c.cars): c for c in tellable(other)}
            for claim in tellable(step):
                swapped = theirs.get((claim.kind, claim.quantity, claim.cars))
                if claim.cars and swapped and swapped.said != claim.said:
                    assert faults(retold(step, claim, swapped)), (claim, swapped)
                    told[case] += 1
    assert len(told) >= 6 and told.total() >= 30, told


# --------------------------------------------------------------------------- lies in words alone


def with_text(step: Step, text: str) -> Step:
    return replace(step, rationale=replace(step.rationale, text=text))


def test_a_number_that_no_claim_says_is_noticed(steps):
    for step in steps:
        text = step.rationale.text
        for place in re.finditer(r"\d+\.\d+", text):
            number = f"{float(place.group()) + 0.7:.{len(place.group().split('.')[1])}f}"
            lie = text[: place.start()] + number + text[place.end() :]
            assert faults(with_text(step, lie)), lie
        assert faults(with_text(step, text + " I counted 731.5 m of it."))


def test_a_car_that_is_not_there_is_noticed(steps):
    for step in steps:
        text = step.rationale.text
        assert faults(
            with_text(step, text.replace("car ", "car 9") if "car " in text else "For car 91.")
        )


def test_another_side_or_action_in_the_words_is_noticed(steps):
    told = 0
    swaps = [("left", "right"), ("Slow down", "Speed up"), ("Speed up", "Slow down"), ("Keep", "Leave"),
             ("slower", "faster"), ("ahead", "behind"), ("Changing", "Not changing"), ("Still", "No longer"), ("Stop", "Go on"), ("Coast", "Roll"), ("Pick up", "Roll"),
             ("still", "no longer"), ("at", "about")]  # fmt: skip
    for step in steps:
        for old, new in swaps:
            if old not in step.rationale.text:
                continue
            lie = with_text(step, step.rationale.text.replace(old, new, 1))
            assert faults(lie), lie.rationale.text
            told += 1
    assert told >= len(steps), "every text names a side or an action"


def test_a_decision_against_the_trajectory_is_noticed():
    """Wherever a decision has a side: changes of lane, turns, and steering within the lane."""
    told = Counter()
    for step in itertools.chain.from_iterable(map(steps_of, DRIVEN)):
        decision = step.rationale.decision
        if decision.side:
            other = {"left": "right", "right": "left"}[decision.side]
            lie = replace(step.rationale, decision=replace(decision, side=other))
            assert faults(replace(step, rationale=lie))
            told[decision.lateral, decision.side] += 1
    assert {side for _, side in told} == {"left", "right"}
    assert len({lateral for lateral, _ in told}) >= 3 and told.total() >= 10, told


def test_a_claim_that_is_not_said_is_noticed(steps):
    for step in steps:
        for claim in step.rationale.claims:
            rest = tuple(c for c in step.rationale.claims if c != claim)
            assert faults(replace(step, rationale=replace(step.rationale, claims=rest)))
        more = Claim("rejection", "speed", 731.0, "m/s", option=Meta("IDLE"))
        lie = replace(step.rationale, claims=(*step.rationale.claims, more))
        assert faults(replace(step, rationale=lie))
