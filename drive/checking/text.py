"""Do the words say what the claims say? Text against claims, and claims against the scene.

Every number of a text belongs to a claim; sides and cars of the text are those of the decision.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from drive.checking.facts import check
from drive.checking.scene import LANE_CHANGES, ROUNDING, TURNS, motion_of
from drive.language import LANGUAGES, QUANTITIES, parse, read, said_action, words_of
from drive.language.free import OPPOSITE, motions_said
from drive.types import Claim, Control, Meta, Rationale, Scene, Trajectory, Verdict

PACES = {"speed up": "faster", "slow down": "slower", "stop": "slower"}  # of a trajectory


def check_rationale(
    scene: Scene, rationale: Rationale, trajectory: Trajectory
) -> tuple[Verdict, ...]:
    """A verdict for every claim, then one for every way in which text and claims disagree."""
    verdicts = tuple(check(scene, claim, trajectory) for claim in rationale.claims)
    return verdicts + tuple(_disagreements(scene, rationale, trajectory))


def check_text(
    scene: Scene, text: str, trajectory: Trajectory, language: str = "en"
) -> tuple[Verdict, ...]:
    """The same from nothing but the words. ValueError where they are not understood."""
    return tuple(check(scene, claim, trajectory) for claim in parse(text, language))


@dataclass(frozen=True)
class Number:
    """A number as it stands in a text."""

    text: str  # with its unit, or with "car" or "object" before it
    value: float
    decimals: int  # that are written
    unit: str | None  # None: no sign of ours follows it
    body: bool = False  # is it the number of a car or an object?


def unfounded_numbers(text: str, rationale: Rationale) -> tuple[str, ...]:
    """Numbers of a text that no claim of the rationale says.

    Compared as values, within half of the last decimal that is written, whatever the spacing and the
    sign of the unit.
    """
    bodies, amounts = _founded(rationale)
    return tuple(
        number.text
        for number in _numbers(text, rationale.language)
        if not (int(number.value) in bodies if number.body else _is_said(number, amounts))
    )


def _is_said(number: Number, amounts: set[tuple[float, str]]) -> bool:
    within = 0.5 * 10.0**-number.decimals + ROUNDING
    return any(
        number.unit in (None, unit) and abs(number.value - value) <= within
        for value, unit in amounts
    )


def numbers_in(text: str, language: str = "en") -> tuple[str, ...]:
    """Every number of a text as it stands there, with its unit or with "car" or "object" before it."""
    return tuple(number.text for number in _numbers(text, language))


def _numbers(text: str, language: str) -> Iterator[Number]:
    words = words_of(language)
    signs = _signs()
    units = "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True))
    bodies = "|".join((_around(words.car, "car"), _around(words.object, "object")))
    number = rf"(?P<number>\d+(?:{re.escape(words.decimal)}\d+)?)"
    pattern = rf"(?P<body>{bodies})|{number}(?:\s*(?P<unit>{units})(?![A-Za-z]))?"
    for match in re.finditer(pattern, text, re.IGNORECASE):
        shown = match.group(0).lower()
        if match["body"]:
            yield Number(shown, float(re.search(r"\d+", shown).group(0)), 0, None, body=True)
            continue
        whole, _, fraction = match["number"].partition(words.decimal)
        unit = signs.get((match["unit"] or "").lower())
        yield Number(shown, float(f"{whole}.{fraction or 0}"), len(fraction), unit)


@functools.cache
def _signs() -> dict[str, str]:
    """What stands for a unit behind a number in any of our languages -> the unit."""
    tables = (words_of(language).units for language in LANGUAGES)
    return {sign.strip().lower(): unit for table in tables for unit, sign in table.items() if unit}


def _disagreements(scene: Scene, rationale: Rationale, trajectory: Trajectory) -> Iterator[Verdict]:
    """What the text says beyond or against its own claims, and the decision against the trajectory."""
    for number in unfounded_numbers(rationale.text, rationale):
        yield _text_fault("number", number, "no claim says it")
    for car in _strangers(scene, rationale):
        yield _text_fault("car", f"{car}", "not in the scene")
    fault = _side_fault(scene, rationale, trajectory)
    if fault:
        yield _text_fault("side", str(rationale.decision.side), fault)
    try:
        account = read(rationale.text, rationale.language)
    except ValueError:
        yield from _own_words(scene, rationale, trajectory)
        return
    if account.decision != rationale.decision:
        yield _text_fault("decision", str(account.decision), "not the rationale's decision")
    rival = rationale.rival and said_action(rationale.rival)
    named = isinstance(account.rival, Meta) and not isinstance(rationale.rival, Meta)
    if account.rival is not None and account.rival != rival and not named:  # by where it leads
        yield _text_fault("rival", str(account.rival), "not the rationale's rival")
    for claim in account.claims:
        if claim not in rationale.claims:
            yield _text_fault(
                claim.quantity, str(claim.said), "said, but no claim of the rationale"
            )
    for claim in rationale.claims:
        if claim not in account.claims:
            yield _text_fault(claim.quantity, str(claim.said), "claimed, but not said")


def _own_words(scene: Scene, rationale: Rationale, trajectory: Trajectory) -> Iterator[Verdict]:
    """A policy's own words, sentence by sentence: what can be parsed must be claimed, the rest is counted."""
    words = words_of(rationale.language)
    for sentence in rationale.text.removesuffix(words.end).split(words.stop):
        try:
            said = parse(sentence, rationale.language)
        except ValueError as reason:
            yield from _free_words(scene, sentence, trajectory, str(reason))
            continue
        for claim in said:
            if claim not in rationale.claims:
                yield _text_fault(
                    claim.quantity, str(claim.said), "said, but no claim of the rationale"
                )


def _free_words(
    scene: Scene, sentence: str, trajectory: Trajectory, reason: str
) -> Iterator[Verdict]:
    """A sentence that the grammar does not know: counted, and what it plainly says of side and pace is tested."""
    words = Claim("observation", "text: words", None)
    yield Verdict(words, "untestable", None, None, f"not in our words: {reason}")
    motion = motion_of(scene, trajectory)
    done = {motion.side, PACES.get(motion.longitudinal)}
    for said in sorted(motions_said(sentence)):
        claim = Claim("observation", "text: side" if said in TURNS else "text: pace", said)
        if said in done:
            yield Verdict(claim, "true", said, None)
        elif OPPOSITE[said] in done:
            why = f"it says {said}, and the car goes {OPPOSITE[said]}"
            yield Verdict(claim, "false", OPPOSITE[said], None, why)


def _text_fault(quantity: str, said: str, why: str) -> Verdict:
    return Verdict(Claim("observation", f"text: {quantity}", said), "false", None, None, why)


def _side_fault(scene: Scene, rationale: Rationale, trajectory: Trajectory) -> str:
    """Why the decision's side is not where the trajectory goes; empty if it is."""
    decision = rationale.decision
    if decision.lateral not in (*LANE_CHANGES, "turn", "nudge in lane", "nudge out of lane"):
        return ""
    motion = motion_of(scene, trajectory)
    side = motion.side
    if decision.lateral == "nudge in lane":
        side = "left" if motion.offset > 0 else "right"
    return "" if side == decision.side else f"the trajectory goes {side or 'straight on'}"


def _strangers(scene: Scene, rationale: Rationale) -> Iterator[int]:
    """Cars that the text or the claims name, but the scene does not show."""
    perceived = {car.id for car in scene.cars}
    pattern = _around(words_of(rationale.language).car, "car", r"(\d+)")
    named = {int(n) for n in re.findall(pattern, rationale.text, re.IGNORECASE)}
    cited = {car for claim in rationale.claims for car in claim.cars}
    yield from sorted((named | cited) - perceived)


def _founded(rationale: Rationale) -> tuple[set[int], set[tuple[float, str]]]:
    """The bodies and the (value, unit) that the claims and the name of the rival allow to be said."""
    bodies: set[int] = set()
    amounts = _of_control(rationale.rival)
    for claim in rationale.claims:
        quantity = QUANTITIES.get((claim.kind, claim.quantity))
        if quantity is None:
            continue
        bodies |= {*claim.cars, *claim.objects}
        values = (value for value in (claim.said, claim.threshold) if isinstance(value, float))
        amounts |= {(abs(value), quantity.unit) for value in values}
        if claim.horizon is not None:
            amounts.add((claim.horizon, "s"))
        for action in (claim.option, claim.continuation):
            amounts |= _of_control(action)
    return bodies, amounts


def _of_control(action) -> set[tuple[float, str]]:
    if not isinstance(action, Control):
        return set()
    action = said_action(action)
    return {(abs(action.acceleration), "m/s²"), (abs(math.degrees(action.steering)), "deg")}


def _around(template: str, slot: str, number: str = r"\d+") -> str:
    before, after = template.split("{" + slot + "}")
    return re.escape(before) + number + re.escape(after)
