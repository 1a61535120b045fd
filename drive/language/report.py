"""What is shown of a step: its rationale in any language, lines for a terminal or a notebook."""

from __future__ import annotations

from dataclasses import replace

from drive.language.by_hand import hand_words
from drive.language.monitor import say_beside, say_takeover, watch_words
from drive.language.page import say_partner
from drive.language.parse import read
from drive.language.say import say_action, say_rationale, say_term
from drive.language.tables import words_of
from drive.types import End, Option, Rationale, Step

MARKS = {True: ">", False: " "}
ANSWERED = "decisions answered"  # a metric of an episode's end


def said_in(rationale: Rationale, language: str) -> Rationale:
    """The same decision and claims, said in another language.

    A policy's own words, which no table holds, stay as they are. ValueError for no such language.
    """
    words_of(language)
    if language == rationale.language:
        return rationale
    try:
        account = read(rationale.text, rationale.language)
    except ValueError:
        return rationale
    return replace(rationale, text=say_rationale(account, language), language=language)


def spoken(step: Step, language: str = "en") -> str:
    """One decision as it happens: when, what was done, and the rationale's text."""
    action, text = say_action(step.driven, language), said_in(step.rationale, language).text
    fallback = "" if step.choice.answered else f" ({words_of(language).fallback})"
    return f"{step.scene.time:6.1f} s  {action:<12}  {beside(step, language)}{text}{fallback}"


def beside(step: Step, language: str) -> str:
    """Before the policy's words where it did not drive: that they are no reason for what was driven."""
    if step.takeover is None:
        return ""
    if step.takeover.by == "monitor":
        would = step.choice.action
        return f"[{say_beside(would, language)}. {say_takeover(would, step.takeover, language)}] "
    act = say_action(step.choice.action, language)
    return f"[{hand_words(language).beside.format(act=act)}] "


def handed_back(before: Step | None, step: Step, language: str) -> str:
    """That the policy drives again, where a monitor drove the step before; else nothing."""
    taken = before.takeover if before else None
    was = taken is not None and taken.by == "monitor"
    return watch_words(language).back if was and step.takeover is None else ""


def ending(end: End, language: str = "en") -> str:
    """How the episode ended."""
    words = words_of(language)
    text = words.ending.format(reason=words.endings[end.reason])
    if end.contact is not None:
        text += words.contact.format(
            partner=say_partner(end.contact.partner, language),
            side=words.contact_sides[end.contact.side],
        )
    text += answers(end, language)
    time = f"{end.final.time:6.1f}".replace(".", words.decimal) + words.units["s"]
    return f"{time}  {text}" + (f" ({end.message})" if end.message else "")


def answers(end: End, language: str = "en") -> str:
    """How much of an episode a fallback drove in the policy's place; empty where it drove nothing."""
    words, share = words_of(language), end.metrics.get(ANSWERED, 1.0)
    if share == 1.0:
        return ""
    return (
        words.answered.format(share=f"{min(max(share, 0.01), 0.99):.0%}")
        if share
        else words.unanswered
    )


def explanation(step: Step, language: str = "en") -> str:
    """The rationale with its tie and decision, then every option with the terms for and against it."""
    words, rationale = words_of(language), step.rationale
    decision = rationale.decision
    named = (words.longitudinal.get(decision.longitudinal), words.lateral.get(decision.lateral))
    lines = [
        spoken(step, language),
        ", ".join(filter(None, (*named, words.sides.get(decision.side)))),
        f"{rationale.tie}: {words.ties[rationale.tie]}",
        *step.choice.notes,
        words.weighed,
    ]
    for option in step.choice.options:
        lines += _option(option, option.action == step.choice.action, language)
    return "\n".join(filter(None, lines))


def _option(option: Option, chosen: bool, language: str) -> list[str]:
    score = "" if option.score is None else f"  {option.score:.2f}"
    lines = [f"{MARKS[chosen]} {say_action(option.action, language)}{score}"]
    counts = words_of(language).counts
    return lines + [f"    {counts[t.counts]}: {say_term(t, language)}" for t in option.terms]
