"""A monitor's takeovers in words: what drove in the policy's place, and why. One table for each language."""

from __future__ import annotations

from dataclasses import dataclass

from drive.language.by_hand import said_number
from drive.language.quantities import make_claim
from drive.language.say import say_action, say_claims, say_doing, say_sentences
from drive.language.tables import words_of
from drive.types import Action, Claim, Takeover, Term


@dataclass(frozen=True)
class Watch:
    """What one language says where a monitor watches over a policy."""

    name: str  # of what drives then
    policy: str  # of what does not
    would: str  # what the policy would have done: {act}
    beside: str  # both, before a decision's text
    back: str  # where the policy drives again
    off: str  # an {option} that may lead off the road after {said}
    feared: str  # {ends} that the policy's action may lead to, in {few} of {many} hypotheses
    left: str  # the monitor's {option} may lead to some all the same, in {few}
    none: str  # ... in none


WATCHES = {
    "en": Watch(
        "monitor",
        "the policy",
        "the policy would: {act}",
        "the monitor took over; the policy would {act}",
        "handed back to the policy",
        "{option} may lead off the road after {said}",
        "{ends}, in {few} of {many} hypotheses",
        "{option} does in {few}",
        "{option} does in none",
    ),
    "de": Watch(
        "Wächter",
        "die Strategie",
        "die Strategie würde: {act}",
        "der Wächter übernahm; die Strategie würde {act}",
        "zurück an die Strategie",
        "{option} kann nach {said} von der Straße führen",
        "{ends}, in {few} von {many} Hypothesen",
        "{option} tut es in {few}",
        "{option} tut es in keiner",
    ),
    "zh": Watch(
        "监控器",
        "策略",
        "策略会：{act}",
        "监控器接管；策略会{act}",
        "交还给策略",
        "{option}可能在 {said} 后驶出道路",
        "{ends}，{many} 个假设中有 {few} 个如此",
        "{option}则有 {few} 个如此",
        "{option}则没有一个如此",
    ),
}


def watch_words(language: str) -> Watch:
    """What a language says of a monitor. ValueError for no such language."""
    words_of(language)
    return WATCHES[language]


def say_takeover(would: Action, takeover: Takeover, language: str = "en") -> str:
    """Why a monitor took over from the policy, which would have done that: what is feared of either action."""
    words, said = words_of(language), WATCHES[language]
    contacts = tuple(_contact(would, term) for term in takeover.feared if term.kind == "contact")
    ends = [say_claims(contacts, words)] if contacts else []
    for term in takeover.feared:
        if term.kind != "contact":
            after = said_number(term.value, words.decimal) + words.units[term.unit]
            ends.append(said.off.format(option=say_doing(would, words), said=after))
    few, many = (_hypotheses(terms) for terms in (takeover.feared, takeover.left))
    of = max((term.likely[1] for term in takeover.feared if term.likely), default=0)
    sentence = said.feared.format(ends=words.clauses[1].join(ends), few=few, many=of)
    rest = said.left if many else said.none
    return say_sentences(
        [sentence, rest.format(option=say_doing(takeover.action, words), few=many)], language
    )


def _contact(option: Action, term: Term) -> Claim:
    quantity = "possible" if term.cars or term.objects else "unnamed"
    return make_claim(
        "contact",
        quantity,
        float(term.value),
        cars=term.cars[:1],
        objects=term.objects[:1],
        option=option,
    )


def _hypotheses(terms: tuple[Term, ...]) -> int:
    return sum(term.likely[0] for term in terms if term.likely)


def say_beside(would: Action, language: str = "en") -> str:
    """That a monitor took over, and what the policy would have done."""
    return WATCHES[language].beside.format(act=say_action(would, language))
