"""An incident report: what happened, whose fault it is by the metric, and until when it could have been avoided.

Reads a log and the verdicts beside it, and drives what `avoidable` searches. Decides nothing about fault: that is the
metric's. Knows of a policy's fears only what its logged options tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from drive.checking.avoidable import Saving, Search, Settings, look_back, saved
from drive.checking.verdicts import Finding
from drive.language import said_in, say_action, say_sentences, words_of
from drive.language.incident import of_incidents, say_sequence, say_time
from drive.types import Action, End, Episode, Option, Step

Fault = Literal["own", "other", "unavoidable", "unknown"]
RESULTS = ("true", "false", "untestable")


@dataclass(frozen=True)
class Fear:
    """In how many of the futures that a policy imagined of an option it had a contact."""

    action: Action
    hits: int
    of: int


@dataclass(frozen=True)
class Incident:
    """A collision, a road that was left or a task that was not done, with what is known by hindsight."""

    kind: Literal["collision", "off road", "goal"]
    time: float  # [s] since the start
    end: End
    fault: Fault | None  # None where there was no contact
    search: Search
    step: (
        Step  # the last decision at which it could be avoided; where there is none, the last of all
    )
    fears: tuple[
        Fear, ...
    ]  # of what was done there, and of what avoids it; () where the policy tells none
    verdicts: (
        dict[str, int] | None
    )  # result -> how many claims of that step; None where none lie beside the log
    last: float  # [s] the time of the earliest decision that was searched from

    @property
    def saving(self) -> Saving | None:
        return self.search.saving


def kind_of(episode: Episode) -> str | None:
    """What kind of incident ended an episode; None where it has no end, its policy failed, or its task was done."""
    end = episode.end
    if end is None or end.reason == "policy failed":
        return None
    if end.reason in ("collision", "off road"):
        return end.reason
    return "goal" if end.metrics.get("success") == 0.0 else None


def incident_of(
    episode: Episode, findings: Sequence[Finding] | None = None, settings: Settings = Settings()
) -> Incident | None:
    """The report of an episode; None where there was no incident.

    findings: the verdicts on its log.
    """
    kind = kind_of(episode)
    if kind is None or not episode.steps:
        return None
    search, end = look_back(episode, kind == "goal", settings), episode.end
    saving = search.saving
    step = episode.steps[saving.step if saving else -1]
    time = end.contact.time if end.contact else end.final.time
    return Incident(
        kind,
        time,
        end,
        _fault(end) if kind == "collision" else None,
        search,
        step,
        fears_of(step, saving.actions[0] if saving else None),
        _counted(findings, step),
        episode.steps[search.first].scene.time,
    )


def _fault(end: End) -> Fault:
    """As the metric "at-fault collision" has it."""
    contact = end.contact
    if contact is None or (contact.side == "unknown" and not contact.unavoidable):
        return "unknown"
    if contact.unavoidable:
        return "unavoidable"
    return "own" if contact.at_fault else "other"


def fears_of(step: Step, other: Action | None = None) -> tuple[Fear, ...]:
    """What the policy gave its choice, and another action, of a contact; () where no option of it tells a chance."""
    chances = [t.likely for o in step.choice.options for t in o.terms if t.likely]
    if not chances:
        return ()
    of = max(count for _, count in chances)
    wanted = dict.fromkeys(filter(None, (step.choice.action, other)))
    options = filter(None, map(step.choice.option, wanted))
    return tuple(Fear(option.action, _hits(option), of) for option in options)


def _hits(option: Option) -> int:
    """Futures with a contact: at least as many as with the one body that is hit in most of them."""
    hits = (term.likely[0] for term in option.terms if term.kind == "contact" and term.likely)
    return max(hits, default=0)


def _counted(findings: Sequence[Finding] | None, step: Step) -> dict[str, int] | None:
    if findings is None:
        return None
    count = Counter(f.verdict.result for f in findings if f.step == step.scene.step)
    return {result: count[result] for result in RESULTS}


# --------------------------------------------------------------------------------------- in words


def told(incident: Incident, language: str = "en") -> Iterator[str]:
    """The report, a sentence each."""
    sentences = of_incidents(language)

    def say(sentence: str, **values) -> str:
        values = {
            n: say_time(v, language) if isinstance(v, float) else v for n, v in values.items()
        }
        return say_sentences([sentences[sentence].format(**values)], language)

    yield _happened(incident, say, language)
    if incident.fault:
        yield say(incident.fault)
    yield from _avoidable(incident, say, language)
    yield from _said(incident, say, language)


def _happened(incident: Incident, say: Callable[..., str], language: str) -> str:
    words, contact, time = words_of(language), incident.end.contact, incident.time
    if incident.kind == "goal":
        return say("goal", ending=words.endings[incident.end.reason], time=time)
    if incident.kind == "off road" or contact is None:
        return say(incident.kind if contact or incident.kind == "off road" else "unseen", time=time)
    if contact.partner == "unknown":
        return say("unseen", time=time)
    kind, _, number = contact.partner.partition(" ")
    partner = {"car": words.car.format(car=number), "object": words.object.format(object=number)}
    return say(
        "collision", partner=partner[kind], time=time, side=words.contact_sides[contact.side]
    )


def _avoidable(incident: Incident, say: Callable[..., str], language: str) -> Iterator[str]:
    search, goal = incident.search, " goal" if incident.kind == "goal" else ""
    if search.refused:
        yield say("refused", why=search.refused)
        return
    share = of_incidents(language)["all" if search.complete else "some"]
    saving, at = search.saving, incident.step.scene
    if saving is None:
        span = incident.end.final.time - incident.last
        yield say(f"never{goal}", time=span, count=search.count, share=share)
        return
    yield say(f"last{goal}", time=at.time, before=incident.time - at.time)
    taken = say_action(incident.step.driven, language)
    yield say(f"instead{goal}", taken=taken, saving=say_sequence(saving.actions, language))
    yield say(f"driven{goal}", time=len(saving.actions) * at.period)
    if saving.step < search.last:
        yield say(f"later{goal}", count=search.count, share=share)


def _said(incident: Incident, say: Callable[..., str], language: str) -> Iterator[str]:
    said = said_in(incident.step.rationale, language)
    end = words_of(language).end
    yield say("said" if incident.saving else "said last", text=said.text.removesuffix(end))
    if incident.fears:
        fear = of_incidents(language)["fear"]
        each = (
            fear.format(act=say_action(f.action, language), hits=f.hits, of=f.of)
            for f in incident.fears
        )
        yield say("feared", each=words_of(language).clauses[0].join(each))
    else:
        yield say("blind")
    yield say("untested") if incident.verdicts is None else say("verdicts", **incident.verdicts)


def no_incident(episode: Episode, language: str = "en") -> str:
    """One sentence about why there is no report of an episode."""
    sentences, end = of_incidents(language), episode.end
    if end is None:
        return say_sentences([sentences["torn"]], language)
    if end.reason == "policy failed" or not episode.steps:
        return say_sentences([sentences["failed"]], language)
    ending = words_of(language).endings[end.reason]
    return say_sentences([sentences["none"].format(ending=ending)], language)


# ------------------------------------------------------------------------------------- its branch


def saving_branch(episode: Episode, saving: Saving, physics: str = "highway-env") -> Episode:
    """What avoids the incident, as an episode that can be logged, played and driven again."""
    header, *steps = saved(episode, saving, physics)
    end = steps.pop() if isinstance(steps[-1], End) else None
    return Episode(header, tuple(steps), end)
