"""What programs of others may ask of a page: six functions, typed, with JSON texts as answers.

Each says what was wrong as {"problem": sentence}. Only policies that ship are driven, and logs are named by their run and
episode, never by a path.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path

from drive.checking.verdicts import Verified, Verifier, asked_again
from drive.episodes import api, log, shelf
from drive.episodes.record import record
from drive.language import ending, words_of
from drive.policy import about, load, offered, prepare
from drive.scenarios import SCENARIOS
from drive.show import proof
from drive.show.answers import Answering
from drive.show.hosting import HOST
from drive.show.session import in_words, text
from drive.types import End
from drive.world import World

MOST_FALSE = 50  # false claims that one answer lists


def scenarios() -> str:
    """List the roads that can be driven.

    Returns: JSON list of {name, about, seconds}.
    """
    rows = SCENARIOS.values()
    return text([{"name": r.name, "about": r.about, "seconds": r.duration} for r in rows])


def policies(scenario: str = "highway-fast") -> str:
    """List the shipped policies that can drive a scenario.

    Args:
        scenario: a name from `scenarios`.
    Returns: JSON list of {name, about}.
    """
    names = api.drivers_of(scenario)
    return text([{"name": each, "about": about(each.partition(":")[0])} for each in names])


def run(scenario: str, policy: str = "planner", seed: int = 0, language: str = "en") -> str:
    """Drive one episode, with a sentence for every decision.

    Args:
        scenario: a name from `scenarios`.
        policy: a name from `policies`.
        seed: the same seed, the same traffic; 0 to 999999999.
        language: en, de or zh.
    Returns: JSON {run, episode, decisions: [{step, time, action, text}], outcome, metrics}; run and episode name the log
        for the other functions.
    """
    if policy not in offered():
        raise ValueError(f"no policy {policy!r}; choose from {', '.join(offered())}")
    if not 0 <= int(seed) <= 999_999_999:
        raise ValueError(f"a seed is a whole number from 0 to 999999999, not {seed!r}")
    words_of(language)
    driver, name = load(policy), HOST.new_run("page")
    prepare(driver, lambda line: None)
    events = record(World(scenario), driver, int(seed), shelf.root() / name, language)
    path, decisions = next(events), []
    for event in events:
        if isinstance(event, End):
            told = {"outcome": ending(event, language).strip(), "metrics": dict(event.metrics)}
        else:
            decisions.append(
                {
                    "step": event.scene.step,
                    "time": event.scene.time,
                    "action": str(event.choice.action),
                    "text": event.rationale.text,
                }
            )
    return text({"run": name, "episode": path.stem, "decisions": decisions} | told)


def explain(run: str, episode: str, step: int = 0, language: str = "en") -> str:
    """Say why one decision was taken: its rationale, every option and what it was worth.

    Args:
        run: from `run`, or "shipped".
        episode: from `run`.
        step: number of the decision, from 0.
        language: en, de or zh.
    Returns: JSON {text}.
    """
    path = _path_of(run, episode)
    return text({"text": api.explain(path, int(step), language)})


def what_if(run: str, episode: str, question: str, step: int = 0, language: str = "en") -> str:
    """Ask about one decision in plain words; the policy answers, and what is supposed is driven.

    Args:
        run: from `run`, or "shipped".
        episode: from `run`.
        question: "why", "why not speed up", "what if car 4 were not there", "how near must car 4 be".
        step: number of the decision, from 0.
        language: en, de or zh.
    Returns: JSON {asked, text, changed}; changed is null where nothing was supposed.
    """
    answer = _answering().ask(run, episode, int(step), question, 1, language)
    said = "".join(phrase["text"] for phrase in answer["phrases"])
    return text({"asked": answer["asked"], "text": said, "changed": answer["changed"]})


def verify(run: str, episode: str) -> str:
    """Test every claim of a log by driving it again; nothing is written.

    Args:
        run: from `run`.
        episode: from `run`.
    Returns: JSON {true, false, untestable, false_claims: [{step, sentence, why}]}.
    """
    path = _path_of(run, episode)
    driven = log.read(path).episode
    steps = Verifier(driven, *asked_again(driven.header)).steps(claims_only=True)
    verified = Verified(tuple(finding for step in steps for finding in step.findings), ())
    counts = {
        result: sum(finding.verdict.result == result for finding in verified.findings)
        for result in ("true", "false", "untestable")
    }
    wrong = [
        {"step": step, "sentence": sentence, "why": why}
        for step, sentence, why in proof.false_claims(path, verified)
    ]
    return text(counts | {"false_claims": wrong[:MOST_FALSE]})


FUNCTIONS: tuple[Callable[..., str], ...] = (scenarios, policies, run, explain, what_if, verify)


def told(function: Callable[..., str]) -> Callable[..., str]:
    """The function, with what was wrong as a sentence in place of an error."""

    @functools.wraps(function)
    def answered(*arguments, **named):
        try:
            _check(inspect.signature(function).bind(*arguments, **named))
            return function(*arguments, **named)
        except (ValueError, TypeError, OSError) as error:
            return text({"problem": in_words(error)})

    return answered


def _check(given: inspect.BoundArguments) -> None:
    """ValueError where what is to be a text is none."""
    for name, value in given.arguments.items():
        if given.signature.parameters[name].annotation == "str" and not isinstance(value, str):
            raise ValueError(f"{name} is a text, not {value!r}")


@functools.cache
def _answering() -> Answering:
    return Answering(_path_of)


def _path_of(run: str, name: str) -> Path:
    path = shelf.find(shelf.root(), run, name)
    HOST.show(run)
    return path
