"""What programs of others may ask of a page: six functions, typed, with JSON texts as answers.

Each says what was wrong as {"problem": sentence}. Only policies that ship are driven, and logs are named by their run and
episode, never by a path.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import orjson

from drive.checking.verdicts import Verified, Verifier, asked_again
from drive.episodes import api, log, shelf
from drive.episodes.record import record
from drive.language import ending, words_of
from drive.policy import about, load, offered, prepare
from drive.scenarios import SCENARIOS
from drive.show import proof
from drive.show.answers import Answering
from drive.show.hosting import HOST
from drive.types import End
from drive.world import World

MOST_FALSE = 50  # false claims that one answer lists


def scenarios() -> str:
    """List the roads that can be driven.

    Returns: JSON list of {name, about, seconds}.
    """
    rows = SCENARIOS.values()
    return _json([{"name": r.name, "about": r.about, "seconds": r.duration} for r in rows])


def policies(scenario: str = "highway-fast") -> str:
    """List the shipped policies that can drive a scenario.

    Args:
        scenario: a name from `scenarios`.
    Returns: JSON list of {name, about}.
    """
    names = api.drivers_of(scenario)
    return _json([{"name": each, "about": about(each.partition(":")[0])} for each in names])


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
    return _json({"run": name, "episode": path.stem, "decisions": decisions} | told)


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
    return _json({"text": api.explain(path, int(step), language)})


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
    told = _answering().ask(run, episode, int(step), question, 1, language)
    text = "".join(phrase["text"] for phrase in told["phrases"])
    return _json({"asked": told["asked"], "text": text, "changed": told["changed"]})


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
    return _json(counts | {"false_claims": wrong[:MOST_FALSE]})


FUNCTIONS: tuple[Callable[..., str], ...] = (scenarios, policies, run, explain, what_if, verify)


def in_words(function: Callable[..., str]) -> Callable[..., str]:
    """The function, with what was wrong as a sentence in place of an error."""

    @functools.wraps(function)
    def told(*arguments, **named):
        try:
            return function(*arguments, **named)
        except (ValueError, TypeError, OSError) as error:
            return _json({"problem": f"{error}."})

    return told


@functools.cache
def _answering() -> Answering:
    return Answering(_path_of)


def _path_of(run: str, name: str) -> Path:
    HOST.show(run)
    return shelf.find(shelf.root(), run, name)


def _json(answer: dict | list) -> str:
    """JSON that is no markup either, wherever it may land."""
    return orjson.dumps(answer).decode().replace("<", "\\u003c")
