"""What a policy that thinks in words was shown and thought at a decision, for the player; and a word changed by hand.

All of it is made again from the logged scene, by the policy itself: the log holds no pictures and no probabilities.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from drive.camera import pixels
from drive.camera.mounted import CAMERAS, MOMENTS
from drive.episodes import log
from drive.episodes.splicing import Splicer
from drive.language import said_number, say_action, say_page, words_of
from drive.show import answers
from drive.show.kept import Kept
from drive.types import Choice, Claim, Meta, Pictures, Thought, Word

MOST_GIVEN = 40  # words that are put in by hand at once


class Thinking:
    """Thinks again about decisions of logs in a folder."""

    def __init__(self, path_of: Callable[[str, str], Path]):
        """path_of: where the log of a run and name lies; ValueError where it may not be asked about."""
        self._path_of, self._logs = path_of, Kept(Splicer)

    def think(
        self,
        run: str,
        name: str,
        step: int,
        given: Mapping[str, str],
        decisions: int = 0,
        language: str = "en",
    ) -> dict:
        """The thoughts of a step for the player, with the words that are given (place -> word).

        decisions: so many are driven on by them, where some are given. ValueError, in one sentence, for what cannot be; OSError
        for no such log.
        """
        if not isinstance(given, dict) or len(given) > MOST_GIVEN:
            raise ValueError("words are put in place by place")
        given = {str(place): str(word) for place, word in given.items()}
        decisions = min(max(int(decisions), 0), answers.MOST)
        with self._logs.of(self._path_of(run, name)) as splicer:
            thought = splicer.thought(step, given)
            pictures = None if given else splicer.pictures(step)
            data = thought_data(thought, language) | {"cameras": cameras_data(pictures)}
            if given and decisions:
                branch = splicer.driven(step, given, decisions)
                data |= {"branch": answers.branch_data(branch, step, language)}
            taken = log.the_step(splicer.episode, step).choice.action
            return data | {"changed": thought.choice.action != taken if given else None}


def cameras_data(pictures: Pictures | None) -> list[dict]:
    """The pictures of each camera, the present one first, as addresses that hold the very pixels."""
    if pictures is None:
        return []
    return [
        {"name": camera.name, "moments": [[ago, _address(one)] for ago, one in zip(MOMENTS, seen, strict=True)]}
        for camera, seen in zip(CAMERAS, pictures.seen, strict=True)
    ]  # fmt: skip


def _address(picture: np.ndarray) -> str:
    return f"data:image/png;base64,{base64.b64encode(pixels(picture)).decode()}"


def thought_data(thought: Thought, language: str = "en") -> dict:
    """Every place with its words, and what is decided; options that cannot be taken are left out."""
    words = [_word(word, language) for word in thought.words if sum(map(bool, word.likely)) > 1]
    act = say_action(thought.choice.action, language)
    return {"words": words, "act": act, "shares": _decided(thought.choice, language)}


def _word(word: Word, language: str) -> dict:
    kind, _, of = word.place.partition(" ")
    texts = [_text(kind, name, claim, language) for name, claim in zip(word.names, word.claims, strict=True)]  # fmt: skip
    return {
        "place": word.place,
        "kind": kind,
        "at": of,
        "label": say_action(Meta(of), language) if kind == "grade" else "",
        "name": word.names[word.said],
        "by_hand": word.by_hand,
        "words": [
            {"name": name, "text": text, "likely": share}
            for name, text, share in zip(word.names, texts, word.likely, strict=True)
            if share
        ],
    }


def _text(kind: str, name: str, claim: Claim | None, language: str) -> str:
    """A word as briefly as it can be said at its place."""
    words = words_of(language)
    if claim is not None and claim.kind == "grade":
        return words.claims[claim.kind, claim.quantity].text
    if claim is not None and claim.threshold is not None:
        return _between(claim, language)
    return say_page(f"mind.{name}", language)


def _between(claim: Claim, language: str) -> str:
    """The range that a claim tells; what opens is below 0."""
    words = words_of(language)
    unit, near, far = words.units[claim.unit], float(claim.said), float(claim.threshold)
    if claim.quantity.startswith("closing") and not near:
        return f"±{said_number(far, words.decimal, 1)}{unit}"
    sign = "−" if math.copysign(1.0, near) < 0 else ""
    decimals = 1 if near % 1 or far % 1 else 0
    low, high = (said_number(abs(each), words.decimal, decimals) for each in (near, far))
    return say_page("mind.between", language, low=f"{sign}{low}", high=f"{sign}{high}{unit}")


def _decided(choice: Choice, language: str) -> list[dict]:
    """How likely each option is, by the words; the likeliest first."""
    rows = sorted(choice.options, key=lambda option: -option.score)
    return [
        {"act": say_action(each.action, language), "likely": round(math.exp(each.score), 4)}
        for each in rows
    ]
