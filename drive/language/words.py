"""The shape of a language table. Slots in braces are filled by `say` and found again by `parse`.

Slots: {said} {threshold} {horizon} amounts with their unit; {place} which lane; {body} a car or an
object; {option}{then}{within}{after} an action, what follows it, and how long or when it is foreseen; {act}
an action as an infinitive; {lane} a lane number.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrase:
    """How one kind of claim is said: a predicate about a body, or a whole clause."""

    text: str  # where the value is positive, or has no sign
    negative: str = ""  # where it is below 0; said without its sign
    zero: str = ""  # where it is 0
    one: str = ""  # where it is 1
    minus_one: str = ""  # where it is -1
    verb: str = ""  # before a predicate; said once where several follow each other
    limit: str = ""  # follows where there is a threshold


@dataclass(frozen=True)
class Words:
    """Everything that one language says."""

    decimal: str  # the mark between a number's digits
    stop: str  # between sentences
    end: str  # after the last
    colon: str  # between what is done and why
    clauses: tuple[str, str]  # between clauses, before the last clause
    predicates: tuple[str, str]  # between predicates about one body, before the last
    duration: str  # before a text that holds for {said}
    car: str
    object: str
    together: tuple[str, str]  # between cars that are meant together, before the last
    either: tuple[str, str]  # between what is meant each alone, before the last
    absences: dict[str, str]  # the cause -> what is absent, where that is no car or object
    seen: dict[str, str]  # a car by where it is -> as what is absent
    it: str  # the body that was just named
    subject: str  # a body and what is said of it: {body} and {predicates}
    places: tuple[str, str, str]  # in my lane, on the left, on the right
    then: str  # what follows an option, with {option}
    within: str  # how far it is foreseen, with {horizon}
    after: str  # when it will be so, with {horizon}
    that: str  # the option that was just named
    though: str  # after why a rival lost, what it would have brought: {claims}
    units: dict[str, str]  # unit -> what stands behind a number, with its space
    actions: dict[str, str]  # meta-action -> as an infinitive, and on a button
    acting: str  # a control as an infinitive, with {option}
    path: str  # a followed path where options are listed: {option} and {said}, its last speed
    doing: dict[str, str]  # meta-action -> as the subject of a sentence
    steering: dict[str, str]  # a control's steering: left, right, straight
    pedal: dict[str, str]  # a control's acceleration: up, down, hold
    longitudinal: dict[str, str]  # the closed set of decisions
    lateral: dict[str, str]
    sides: dict[str, str]
    ties: dict[str, str]
    changes: dict[str, str]  # values of the claim "speed change"
    claims: dict[tuple[str, str], Phrase]
    headline: dict[str, tuple[str, str]]  # speed change -> where the lane is kept, where it is not
    lane: dict[
        tuple[str | None, str | None], tuple[str, str]
    ]  # lateral, side -> without number, with
    going_on: dict[str, str]  # speed change -> where the decision is the one before
    purpose: dict[str, tuple[str, str]]  # the purpose -> without a body, with
    rival: dict[str, str]  # why the strongest rival lost
    term: str  # one line of the option table
    limit: str  # its threshold
    about: str  # its cars
    terms: dict[str, str]  # kind -> its short name
    endings: dict[str, str]  # how an episode ended
    fallback: str  # the policy had no answer, and something else chose
    answered: str  # with {share}
    unanswered: str
    ending: str  # with {reason}
    contact: str  # with {partner} and {side}
    contact_sides: dict[str, str]
    cards: dict[str, str]  # before and after a film
    weighed: str  # before the options
    counts: dict[str, str]  # for, against
