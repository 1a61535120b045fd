"""What the page shows of verdicts: which words of a rationale each is about, how it was tested, what was measured."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from drive.checking.verdicts import Finding, Verified, path_beside, read_verdicts, verify_steps
from drive.episodes import log
from drive.language import QUANTITIES, said_in, say, say_in_passing, say_reported, words_of
from drive.show import viewer
from drive.types import Claim, Episode, Step

NUMBER, WORD = re.compile(r"\d+(?:[.,]\d+)?"), re.compile(r"[^\W\d]+|[\u4e00-\u9fff]")
ABOUT, VALUE = 3.0, 5.0  # weight of the same car, and of the same number, beside that of a word
LEAST = 0.5  # share of a clause's words that a phrase must hold, where it holds no number of it
SENTENCE = re.compile(r"[.!?]\s+|[。！？]")
WORST = ("false", "untestable", "true")  # the order in which verdicts are told


def messages(
    path: Path,
    run: str,
    name: str,
    language: str = "en",
    between: Callable[[], None] = lambda: None,
) -> Iterator[dict]:
    """The verdicts on a log for the player: step by step as they are made, at last all of them.

    Those that lie beside the log are not made again; what is made now is written there. between: called before
    every test, to wait there.
    """
    episode = log.read(path).episode
    here, of, told = {"id": [run, name]}, len(episode.steps), []
    written = path_beside(path).exists()
    findings = _written(path, episode) if written else _made(path, between)
    for step, those in zip(episode.steps, findings, strict=False):
        told.append([finding_data(finding, step, language) for finding in those])
        if not written:
            yield here | {"proof": {"from": len(told) - 1, "of": of, "steps": told[-1:]}}
    for _ in findings:  # to its end, where the verdicts are written
        pass
    yield here | {"proof": {"from": 0, "of": of, "steps": told}}


def beside(path: Path) -> tuple[Finding, ...] | None:
    """The verdicts that lie beside a log; None where there are none."""
    written = path_beside(path)
    return read_verdicts(written).findings if written.exists() else None


def _made(path: Path, between: Callable[[], None]) -> Iterator[tuple[Finding, ...]]:
    return (step.findings for step in verify_steps(path, claims_only=True, between=between))


def _written(path: Path, episode: Episode) -> Iterator[tuple[Finding, ...]]:
    """Of every step, as they lie beside the log."""
    written = read_verdicts(path_beside(path)).findings
    for step in episode.steps:
        yield tuple(finding for finding in written if finding.step == step.scene.step)


def false_claims(path: Path, verified: Verified) -> Iterator[tuple[int, str, str]]:
    """(step, sentence, what is false in it) of everything false in a log; no sentence where a decision differs."""
    false = [finding for finding in verified.findings if finding.verdict.result == "false"]
    told = [
        (check.step, "", f"{check.kind}: {check.why}") for check in verified.checks if check.false
    ]
    if false:
        steps = {step.scene.step: step for step in log.read(path).episode.steps}
        told += [
            (one.step, sentence_of(one, steps[one.step]), _false_in_words(one, steps[one.step]))
            for one in false
        ]
    yield from sorted(told, key=lambda each: each[0])


def sentence_of(finding: Finding, step: Step) -> str:
    """The sentence of a rationale that says a claim; the whole text where no sentence says it alone."""
    said, claim = step.rationale, finding.verdict.claim
    clause = clause_of(claim, said.language)
    pieces = viewer.phrases(said.text, said.language)
    placed = None if clause is None else place(clause, claim, pieces)
    if placed is None:
        return said.text
    begin = sum(len(text) for text, _ in pieces[:placed])
    end = begin + len(pieces[placed][0].rstrip())
    edges = [0, *(match.end() for match in SENTENCE.finditer(said.text)), len(said.text)]
    first = max(edge for edge in edges if edge <= begin)
    return said.text[first : min(edge for edge in edges if edge >= end)].strip()


def _false_in_words(finding: Finding, step: Step) -> str:
    claim, why = finding.verdict.claim, finding.verdict.why
    clause = clause_of(claim, step.rationale.language)
    about = f'"{clause}"' if clause else claim.quantity
    return f"{about} ({claim.kind}, {finding.test}): {why}"


def finding_data(finding: Finding, step: Step, language: str = "en") -> dict:
    """One verdict for the player: the phrase that it is about, or null for the text as a whole."""
    said, verdict = said_in(step.rationale, language), finding.verdict
    pieces = viewer.headed(viewer.phrases(said.text, said.language), said.language)[0]
    clause = clause_of(verdict.claim, language)
    placed = None
    if clause is not None:
        placed = place(clause, verdict.claim, pieces)
        brief = say_in_passing(verdict.claim, said.language)
        placed = placed_in_passing(brief, pieces) if placed is None else placed
    return {
        "phrase": placed,
        "claim": clause or verdict.claim.quantity,
        "cars": list(verdict.claim.cars),
        "result": verdict.result,
        "test": finding.test,
        "measured": _shown(verdict.measured, language),
        "unit": verdict.claim.unit,
        "tolerance": _shown(verdict.tolerance, language),
        "why": say_reported(verdict.why, language),
    }


def clause_of(claim: Claim, language: str = "en") -> str | None:
    """The claim in words; None for what is no claim of a rationale, such as its text as a whole."""
    if (claim.kind, claim.quantity) not in QUANTITIES:
        return None
    return say(claim, language)


def place(clause: str, claim: Claim, pieces: Iterable[tuple[str, list[int]]]) -> int | None:
    """Which of a rationale's phrases says a claim: the one that shares most with it; None: none does.

    The clause's numbers count most, then its car, then its words.
    """
    best, most = None, 0.0
    numbers, words = _bare(NUMBER, clause, claim), _bare(WORD, clause, claim)
    for k, (text, cars) in enumerate(pieces):
        share = len(words & _bare(WORD, text, claim)) / max(len(words), 1)
        values = len(numbers & set(NUMBER.findall(text)))
        about = bool(set(cars) & set(claim.cars))
        if values == 0 and share < LEAST:
            continue
        score = VALUE * values + ABOUT * about + share
        if score > most:
            best, most = k, score
    return best


def placed_in_passing(brief: str, pieces: Iterable[tuple[str, list[int]]]) -> int | None:
    """Which of a rationale's phrases ends some words; None: they are not said, or there are none."""
    begin = "".join(text for text, _ in pieces).lower().find(brief.lower())
    if not brief or begin < 0:
        return None
    ends = itertools.accumulate(len(text) for text, _ in pieces)
    return next(k for k, end in enumerate(ends) if end >= begin + len(brief))


def _bare(pattern: re.Pattern, text: str, claim: Claim) -> set[str]:
    """Numbers or words of a text, without the ids of the cars that it is about."""
    return set(pattern.findall(text.lower())) - {str(car) for car in claim.cars}


def _shown(value: float | str | None, language: str) -> float | str | None:
    """What was measured: a number, or a change of speed or an action in words."""
    if isinstance(value, int | float):
        return round(float(value), 3)
    if value is None or language == "en":
        return value
    words = words_of(language)
    return {**words.changes, **words.actions}.get(value, value)
