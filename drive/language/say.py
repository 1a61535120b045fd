"""Claims, terms and whole rationales into words. Decides nothing: it says what it is given."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from drive.language.quantities import (
    BACKWARDS,
    PLACES,
    decimals_of,
    quantity_of,
    said_action,
)
from drive.language.tables import words_of
from drive.language.words import Phrase, Words
from drive.types import Action, Claim, Decision, Follow, Meta, Term

CENTRE = 0.05  # [deg] or [m/s2]: what is rounded to nothing in a control


@dataclass(frozen=True)
class Account:
    """What a rationale's text says, whatever the language: `read(say_rationale(x)) == x`."""

    decision: Decision
    grounds: tuple[Claim, ...]  # why, the proximate cause first
    intentions: tuple[Claim, ...]  # "speed change", then "target speed" and "lane" where said
    rival: Action | None = None
    standing: str | None = None  # a key of Words.rival: why the rival lost
    rival_grounds: tuple[Claim, ...] = ()
    causes: tuple[Claim, ...] = ()  # what was tested by intervention, the proximate cause first
    duration: Claim | None = None  # where the text speaks for several steps
    purpose: Claim | None = None  # what the decision is for
    facts: tuple[Claim, ...] = ()  # what must be heard, whatever decided
    given_up: tuple[Claim, ...] = ()  # what the rival would have brought
    goes_on: bool = False  # said short, as the decision is the one before

    @property
    def claims(self) -> tuple[Claim, ...]:
        first = (self.purpose,) if self.purpose else ()
        held = (self.duration,) if self.duration else ()
        why = self.grounds + self.facts + self.rival_grounds + self.given_up
        return first + why + self.causes + self.intentions + held


def say(claim: Claim, language: str = "en") -> str:
    """One claim as a clause, without capital and full stop."""
    return say_claims((claim,), words_of(language))


def say_rationale(account: Account, language: str = "en") -> str:
    """The whole text: what is done, what for and why, what must be heard, the strongest rival and why not, what it depends on."""
    words = words_of(language)
    sentences = [_main_sentence(account, words)]
    if account.facts:
        sentences.append(say_claims(account.facts, words))
    if account.standing is not None:
        sentences.append(_rival_sentence(account, words))
    if account.causes:
        sentences.append(say_claims(account.causes, words))
    if account.duration is not None:
        sentences[0] = say_duration(sentences[0], account.duration, language)
    return words.stop.join(map(_capital, sentences)) + words.end


def _rival_sentence(account: Account, words: Words) -> str:
    lost = say_claims(account.rival_grounds, words) if account.rival_grounds else ""
    option = say_doing(account.rival, words)
    sentence = words.rival[account.standing].format(option=option, claims=lost)
    if not account.given_up:
        return sentence
    return sentence + words.though.format(claims=say_claims(account.given_up, words, it=words.that))


def say_rival(account: Account, language: str = "en") -> str:
    """Only why the rival lost, as a sentence without its end; "" where nothing is said of it."""
    return (
        "" if account.standing is None else _capital(_rival_sentence(account, words_of(language)))
    )


def say_sentences(sentences: Iterable[str], language: str = "en") -> str:
    """Sentences without their ends as one text; empty ones are left out."""
    words = words_of(language)
    said = [_capital(sentence) for sentence in sentences if sentence]
    return words.stop.join(said) + words.end if said else ""


def say_duration(text: str, duration: Claim, language: str = "en") -> str:
    """The text of an unchanged decision, with how long it held."""
    words = words_of(language)
    return _capital(words.duration.format(said=_amount(duration, duration.said, words)) + text)


def say_also(text: str, claims: tuple[Claim, ...], language: str = "en") -> str:
    """A text with one more sentence, which says these claims."""
    if not claims:
        return text
    words = words_of(language)
    more = _capital(say_claims(claims, words)) + words.end
    return words.stop.join((text.removesuffix(words.end), more)) if text else more


def say_term(term: Term, language: str = "en") -> str:
    """A term for the option table."""
    words = words_of(language)
    label = words.terms.get(term.kind, term.kind)
    about = say_body(term.cars, term.objects, words)
    unit = words.units.get(term.unit, f" {term.unit}")

    def shown(value: float) -> str:
        return _number(value, 1, words) + unit

    if term.unit == "" and term.threshold is None and term.value == 0.0:
        return label
    return words.term.format(
        label=label,
        about=words.about.format(body=about) if about else "",
        value=shown(term.value),
        limit="" if term.threshold is None else words.limit.format(threshold=shown(term.threshold)),
    )


def say_action(action: Action, language: str = "en") -> str:
    """An action's name, as on a button or in a list of options; a path with its last speed."""
    words, said = words_of(language), said_action(action)
    if isinstance(action, Follow):
        speed = _number(float(action.trajectory.speed[-1]), 1, words) + words.units["m/s"]
        return words.path.format(option=words.actions[said.name], said=speed)
    if isinstance(said, Meta):
        return words.actions.get(said.name, said.name)
    return say_doing(action, words)


def say_claims(claims: tuple[Claim, ...], words: Words, named=((), ()), it: str = "") -> str:
    """Clauses joined; neighbouring predicates about one body or option are fused, and neighbours that differ in what is absent alone.

    named: (cars, objects) of the body that was named just before; it is then "it". it: what stands for
    the option of all these claims, where that was named just before.
    """
    clauses = []
    for _, group in groupby(claims, lambda claim: _subject(claim, words)):
        group = tuple(group)
        if is_outcome(group[0]):
            option = it or say_doing(group[0].option, words)
            predicates = _predicates(group, words)
            clauses.append(words.subject.format(body=option, predicates=predicates))
            continue
        if not _is_predicate(group[0], words):
            clauses.append(_clause(group[0], words, alike=group[1:]))
            continue
        same = not clauses and named != ((), ()) and (group[0].cars, group[0].objects) == named
        body = words.it if same else say_body(group[0].cars, group[0].objects, words)
        clauses.append(words.subject.format(body=body, predicates=_predicates(group, words)))
    return _joined(clauses, words.clauses)


def say_body(cars: tuple[int, ...], objects: tuple[int, ...], words: Words) -> str:
    if cars:
        return words.car.format(car=cars[0])
    return words.object.format(object=objects[0]) if objects else ""


def say_bodies(cars: tuple[int, ...], objects: tuple[int, ...], words: Words) -> str:
    """All of them, which are meant together."""
    named = [words.car.format(car=car) for car in cars]
    return _joined(named + [words.object.format(object=thing) for thing in objects], words.together)


def say_either(claims: tuple[Claim, ...], words: Words) -> str:
    """What is absent in claims that are alike but for it, each meant alone."""
    absent = (
        words.absences.get(claim.quantity) or say_bodies(claim.cars, claim.objects, words)
        for claim in claims
    )
    return _joined(list(absent), words.either)


def say_acting(action: Action, words: Words) -> str:
    """An action as an infinitive: what I would do."""
    action = said_action(action)
    if isinstance(action, Meta):
        return words.actions[action.name]
    return words.acting.format(option=say_doing(action, words))


def say_doing(action: Action, words: Words) -> str:
    """An action as the subject of a sentence."""
    action = said_action(action)
    if isinstance(action, Meta):
        return words.doing[action.name]
    degrees = math.degrees(action.steering)
    turn = "straight" if abs(degrees) < CENTRE else "left" if degrees > 0 else "right"
    pedal = "hold" if abs(action.acceleration) < CENTRE else _sign(action.acceleration)
    steering = words.steering[turn].format(
        said=_number(abs(degrees), 1, words) + words.units["deg"]
    )
    speed = _number(abs(action.acceleration), 1, words) + words.units["m/s²"]
    return steering + words.pedal[pedal].format(said=speed)


def _main_sentence(account: Account, words: Words) -> str:
    purpose = account.purpose
    named = (purpose.cars, purpose.objects) if purpose else ((), ())
    headline = _headline(account, words)
    if not account.grounds:
        return headline
    return headline + words.colon + say_claims(account.grounds, words, named)


def _headline(account: Account, words: Words) -> str:
    intended = {claim.quantity: claim for claim in account.intentions}
    decision, change = account.decision, intended["speed change"].said
    speed, lane = intended.get("target speed"), intended.get("lane")
    sign = -1 if change == BACKWARDS else 1
    lane_phrase = words.lane[decision.lateral, decision.side][lane is not None]
    templates = (words.going_on[change],) if account.goes_on else words.headline[change]
    return templates[decision.lateral is not None and not account.goes_on].format(
        speed="" if speed is None else _amount(speed, speed.said * sign, words),
        lane=lane_phrase.format(lane="" if lane is None else _amount(lane, lane.said, words)),
        purpose=_purpose(account.purpose, words) if account.purpose else "",
    )


def say_in_passing(claim: Claim, language: str = "en") -> str:
    """The few words at the end of a headline that say a purpose; "" for any other claim."""
    return _purpose(claim, words_of(language)).strip() if claim.kind == "purpose" else ""


def _purpose(purpose: Claim, words: Words) -> str:
    body = say_body(purpose.cars, purpose.objects, words)
    return words.purpose[purpose.quantity][body != ""].format(body=body)


def _subject(claim: Claim, words: Words):
    """Neighbours with the same subject are fused; whole clauses only where they are alike but for one thing absent."""
    entry = quantity_of(claim.kind, claim.quantity)
    if entry.absence and len(claim.cars + claim.objects) <= 1:
        return claim.kind, claim.option
    if is_outcome(claim):
        return "outcome", claim.option
    if not _is_predicate(claim, words):
        return id(claim)
    return claim.cars, claim.objects, claim.option if entry.place else None


def is_outcome(claim: Claim) -> bool:
    """Is it said of an option that is named before it?"""
    return quantity_of(claim.kind, claim.quantity).outcome


def _is_predicate(claim: Claim, words: Words) -> bool:
    phrase = words.claims[claim.kind, claim.quantity]
    return quantity_of(claim.kind, claim.quantity).body and "{body}" not in phrase.text


def _predicates(claims: tuple[Claim, ...], words: Words) -> str:
    said, verb = [], None
    for claim in claims:
        phrase = words.claims[claim.kind, claim.quantity]
        text = _clause(claim, words, with_place=not said)
        said.append(text if phrase.verb == verb else phrase.verb + text)
        verb = phrase.verb
    return _joined(said, words.predicates)


def _clause(
    claim: Claim, words: Words, with_place: bool = True, alike: tuple[Claim, ...] = ()
) -> str:
    entry = quantity_of(claim.kind, claim.quantity)
    phrase = words.claims[claim.kind, claim.quantity]
    slots = {
        "said": _said(claim, words),
        "body": say_either((claim, *alike), words)
        if entry.absence
        else say_body(claim.cars, claim.objects, words),
        "place": words.places[PLACES.index(claim.option)] if entry.place and with_place else "",
        "option": say_doing(claim.option, words) if entry.option else "",
        "act": say_acting(claim.option, words) if entry.option else "",
        "then": "",
        "within": "",
        "after": "",
        "threshold": "" if claim.threshold is None else _amount(claim, claim.threshold, words),
    }
    if claim.continuation is not None:
        slots["then"] = words.then.format(option=say_doing(claim.continuation, words))
    if claim.horizon is not None:
        horizon = _number(claim.horizon, 1, words) + words.units["s"]
        slots["within"] = words.within.format(horizon=horizon)
        slots["after"] = words.after.format(horizon=horizon)
    text = _by_value(phrase, claim).format(**slots)
    if claim.threshold is not None and phrase.limit:
        text += phrase.limit.format(threshold=_amount(claim, claim.threshold, words))
    return text


def _by_value(phrase: Phrase, claim: Claim) -> str:
    """The words for this value: some phrases have their own for 0, 1 and what is negative."""
    if phrase.minus_one and claim.said == -1:
        return phrase.minus_one
    if phrase.negative and claim.said < 0:
        return phrase.negative
    return {0: phrase.zero, 1: phrase.one}.get(claim.said) or phrase.text


def _said(claim: Claim, words: Words) -> str:
    if claim.said is None:
        return ""
    if isinstance(claim.said, str):
        return words.changes[claim.said]
    signed = quantity_of(claim.kind, claim.quantity).signed
    return _amount(claim, abs(claim.said) if signed else claim.said, words)


def _amount(claim: Claim, value: float, words: Words) -> str:
    entry = quantity_of(claim.kind, claim.quantity)
    decimals = 0 if entry.short and value == int(value) else decimals_of(claim)
    return _number(value, decimals, words) + words.units[entry.unit]


def _number(value: float, decimals: int, words: Words) -> str:
    return f"{value:.{decimals}f}".replace(".", words.decimal)


def _sign(value: float) -> str:
    return "up" if value > 0 else "down"


def _joined(parts: list[str], separators: tuple[str, str]) -> str:
    between, last = separators
    return last.join(filter(None, (between.join(parts[:-1]), parts[-1]))) if parts else ""


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
