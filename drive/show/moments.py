"""What makes a decision worth a look, by kind, with its rank among those of its episode, for the player.

Verdicts come later, and the player puts them beside these. Knows no words: the player has them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drive.language import say_action
from drive.measures.motion import Motion
from drive.types import GRID, Choice, Episode, Header, Option, Step

# what is ranked first whatever it measures; "failed" is the player's, of the verdicts. Below 1: by how much
RANKS = {"contact": 5.0, "failed": 4.0, "fallback": 3.0, "takeover": 2.0}
NEAR_CONTACT = 0.6  # risk from which a moment is told
LATER = 3.0  # [s] after a decision, at which it is looked where the ego is
ASTRAY = 3.0  # [m] from where it was foretold: less is no surprise
FAR_ASTRAY = 30.0  # [m] at which a surprise ranks as high as a contact that is certain
CLOSE = 0.02  # of all that speaks for the choice: a smaller margin is a close call


def of_step(step: Step, risk: float, closest: float | None, language: str = "en") -> list[dict]:
    """What is told of one decision by itself; risk and time to contact [s] as the player has them."""
    told = []
    if not step.choice.answered:
        told.append(_moment("fallback"))
    if step.driven != step.choice.action:
        told.append(_moment("takeover"))
    if risk >= NEAR_CONTACT:
        told.append(_moment("risk", closest, "s", risk))
    return told + _close_call(step.choice, language)


def margin(choice: Choice) -> float | None:
    """What the choice is worth more than the best other option; None where not every option has a score."""
    chosen = choice.option(choice.action)
    others = [option.score for option in choice.options if option.action != choice.action]
    if not others or None in others or chosen is None or chosen.score is None:
        return None
    return chosen.score - max(others)


def of_whole(header: Header, steps: Sequence[Step], contact: bool) -> dict:
    """The message on what only a whole drive tells: its contact, and where it went otherwise than foretold."""
    surprises = [
        _moment("surprise", away, "m", min(away / FAR_ASTRAY, 1.0), step=number, after=LATER)
        for number, away in enumerate(astray(header, steps))
        if away >= ASTRAY
    ]
    last = [_moment("contact", step=len(steps) - 1)] if contact and steps else []
    return {"moments": [*last, *surprises]}


def astray(header: Header, steps: Sequence[Step]) -> list[float]:
    """[m] between where the ego was foretold to be LATER and where it then was; NaN where the drive was over."""
    planned = [step for step in steps if step.choice.chosen.trajectory is not None]
    if len(planned) < len(steps) or not steps:
        return []
    motion = Motion(Episode(header, tuple(steps), None))
    return np.round(motion.strayed[:, round(LATER / GRID) - 1], 1).tolist()


def _close_call(choice: Choice, language: str) -> list[dict]:
    more = margin(choice)
    limit = 0.0 if more is None else max(CLOSE * _speaks_for(choice.chosen), choice.even)
    if more is None or not 0.0 <= more < limit:
        return []
    others = [option for option in choice.options if option.action != choice.action]
    second = max(others, key=lambda option: option.score)
    about = say_action(second.action, language)
    return [_moment("margin", more, choice.unit, 1.0 - more / limit, about=about)]


def _speaks_for(option: Option) -> float:
    """What the terms of an option add to its score; the score itself where no term tells."""
    worths = [term.worth for term in option.terms if term.worth is not None]
    return sum(worth for worth in worths if worth > 0) if worths else abs(option.score)


def _moment(
    kind: str, value: float | None = None, unit: str = "", rank: float = 0.0, **more
) -> dict:
    rank = RANKS.get(kind, rank)
    value = None if value is None else round(value, 2)
    return {"kind": kind, "value": value, "unit": unit, "rank": round(rank, 3), **more}
