"""Do the words say what the claims say? Text against claims, and claims against the scene.

Every number of a text belongs to a claim; sides and cars of the text are those of the decision.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from drive.checking.scene import LANE_CHANGES, check, motion_of
from drive.language import QUANTITIES, parse, read, said_action, words_of
from drive.types import Claim, Control, Meta, Rationale, Scene, Trajectory, Verdict


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


def unfounded_numbers(text: str, rationale: Rationale) -> tuple[str, ...]:
    """Numbers of a text that no claim of the rationale says."""
    return tuple(n for n in numbers_in(text, rationale.language) if n not in _founded(rationale))


def numbers_in(text: str, language: str = "en") -> tuple[str, ...]:
    """Every number of a text as it stands there, with its unit or with "car" or "object" before it."""
    words = words_of(language)
    units = sorted((re.escape(u) for u in words.units.values() if u), key=len, reverse=True)
    number = rf"\d+(?:{re.escape(words.decimal)}\d+)?"
    bodies = [_around(words.car, "car"), _around(words.object, "object")]
    pattern = "|".join([*bodies, rf"{number}(?:(?:{'|'.join(units)})(?!\w))?"])
    return tuple(match.group(0).lower() for match in re.finditer(pattern, text, re.IGNORECASE))


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
        yield from _own_words(rationale)
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


def _own_words(rationale: Rationale) -> Iterator[Verdict]:
    """A policy's own words, sentence by sentence: what can be parsed must be claimed, the rest is counted."""
    words = words_of(rationale.language)
    for sentence in rationale.text.removesuffix(words.end).split(words.stop):
        try:
            said = parse(sentence, rationale.language)
        except ValueError as reason:
            claim = Claim("observation", "text: words", None)
            yield Verdict(claim, "untestable", None, None, f"not in our words: {reason}")
            continue
        for claim in said:
            if claim not in rationale.claims:
                yield _text_fault(
                    claim.quantity, str(claim.said), "said, but no claim of the rationale"
                )


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


def _founded(rationale: Rationale) -> set[str]:
    """Every number that the claims (and the name of the rival) allow to be said."""
    words, allowed = words_of(rationale.language), set()
    for claim in rationale.claims:
        entry = QUANTITIES.get((claim.kind, claim.quantity))
        if entry is None:
            continue
        for value in (claim.said, claim.threshold):
            if isinstance(value, float):
                allowed |= set(_shown(abs(value), entry.decimals, entry.unit, words))
        if claim.horizon is not None:
            allowed |= set(_shown(claim.horizon, 1, "s", words))
        allowed |= {words.car.format(car=car) for car in claim.cars}
        allowed |= {words.object.format(object=thing) for thing in claim.objects}
        for action in (claim.option, claim.continuation):
            allowed |= _of_control(action, words)
    return {number.lower() for number in allowed | _of_control(rationale.rival, words)}


def _shown(value: float, decimals: int, unit: str, words) -> Iterator[str]:
    for digits in {decimals, 0} if value == int(value) else {decimals}:
        number = f"{value:.{digits}f}".replace(".", words.decimal)
        yield number + words.units[unit]
        if unit == "":
            yield number


def _of_control(action, words) -> set[str]:
    if not isinstance(action, Control):
        return set()
    action = said_action(action)
    return {
        *_shown(abs(action.acceleration), 1, "m/s²", words),
        *_shown(abs(math.degrees(action.steering)), 1, "deg", words),
    }


def _around(template: str, slot: str, number: str = r"\d+") -> str:
    before, after = template.split("{" + slot + "}")
    return re.escape(before) + number + re.escape(after)
