"""Visitors' questions about logged decisions, and the answers as the player shows them.

The answers themselves come from `drive.episodes.asking`, as on the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from drive.episodes.asking import Answer, Asker
from drive.language import parse_question, say_action, say_term
from drive.reasoning.deciding import Contest, Difference
from drive.show import viewer
from drive.show.kept import Kept
from drive.types import Episode, Imagined

MOST = 30  # decisions that are driven of one supposition


class Answering:
    """Answers questions about logs in a folder."""

    def __init__(self, path_of: Callable[[str, str], Path]):
        """path_of: where the log of a run and name lies; ValueError where it may not be asked about."""
        self._path_of, self._logs = path_of, Kept(Asker)

    def ask(
        self,
        run: str,
        name: str,
        step: int,
        text: str,
        decisions: int = 1,
        language: str = "en",
        asked_in: str | None = None,
    ) -> dict:
        """The answer for the player. ValueError, in one sentence, for what cannot be asked; OSError for no such log.

        asked_in: the question's language, where it is not the answer's.
        """
        question = parse_question(str(text), asked_in or language)
        decisions = min(max(int(decisions), 1), MOST)
        with self._logs.of(self._path_of(run, name)) as asker:
            answer = asker.ask(int(step), question, language, decisions)
            return answer_data(answer, language)


def answer_data(answer: Answer, language: str = "en") -> dict:
    """An answer for the player, JSON-ready."""
    branch, number = answer.branch, answer.step.scene.step
    return {
        "asked": answer.asked,
        "phrases": _phrases(answer.text, language),
        "changed": answer.changed,
        "against": None if answer.contest is None else _contest(answer, language),
        "branch": None if branch is None else branch_data(branch, number, language),
        "imagined": None if answer.imagined is None else imagined_data(answer.imagined, language),
    }


def imagined_data(imagined: Imagined, language: str = "en") -> dict:
    """A hypothesis as a policy imagined it: where all would be, and which bodies what is worst is about."""
    return {
        "words": say_action(imagined.action, language),
        "term": _phrases(say_term(imagined.term, language), language),
        "about": list(imagined.term.cars),
        "number": imagined.hypothesis,
        "of": imagined.term.likely[1],
        "worst": round(imagined.worst, 2),
        "times": np.round(imagined.times, 3).tolist(),
        "ego": np.round(imagined.ego, 3).tolist(),
        "cars": {str(car): np.round(rows, 3).tolist() for car, rows in imagined.cars.items()},
    }


def _phrases(text: str, language: str) -> list[dict]:
    return [{"text": words, "cars": cars} for words, cars in viewer.phrases(text, language)]


def _contest(answer: Answer, language: str) -> dict:
    """The choice against an option: what each difference is worth, and that they sum to the margin."""
    contest: Contest = answer.contest
    rows = sorted((*contest.pros, *contest.cons), key=lambda each: -abs(each.worth))
    return {
        "option": str(contest.option.action),
        "words": [
            say_action(a, language) for a in (answer.step.choice.action, contest.option.action)
        ],
        "margin": round(contest.margin, 3),
        "unit": answer.step.choice.unit,
        "rows": [_row(each, each in contest.decided, language) for each in rows],
    }


def _row(each: Difference, decided: bool, language: str) -> dict:
    """One difference: its term, whose term that is (0: the choice's), and its worth for the choice."""
    text = say_term(each.telling, language)
    pieces = [{"text": words, "cars": cars} for words, cars in viewer.mentions(text, language)]
    whose = int(each.telling is each.theirs)
    return {"phrases": pieces, "whose": whose, "worth": round(each.worth, 3), "decided": decided}


def branch_data(branch: Episode, number: int, language: str) -> dict:
    """What was driven of a branch from a step on; what was before, the player has."""
    befores = (None, *branch.steps)
    steps = [
        viewer.step_data(branch.header, step, before, language)
        for step, before in zip(branch.steps, befores, strict=False)
        if step.scene.step >= number
    ]
    end = viewer.end_data(branch.end, len(branch.steps), language)["end"] if branch.end else None
    return {"from": number, "steps": steps, "end": end}
