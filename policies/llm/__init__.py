"""A language model behind an OpenAI-compatible endpoint (OPENAI_BASE_URL): told the scene in words, it decides and says why.

It brings its own rationale: its sentence and the cars that it cites are logged as they came, and tested like any other policy's. Where it
gives no valid answer, the car carries on and the log says so. docs/bring_your_own.md tells how to serve one.
"""

from __future__ import annotations

import hashlib
import json
import time

from drive.types import Choice, Decision, Legal, Meta, Option, Rationale, Scene, Term
from policies.llm import scene as words
from policies.llm.answer import DECISIONS, Answer, rationale, read, schema
from policies.llm.endpoint import Endpoint, NoReply, from_environment

ATTEMPTS = 3
PAUSE = 0.25  # [s] after a failed request, doubled each time
TIMEOUT = 60.0  # [s] of one request
ANSWER = Term("answer", 0.0, "", "for")
FAILED = "The language model gave no valid answer ({why}), so the car carries on."
AGAIN = "That was not valid: {why}. Answer again with one JSON object."


class LanguageModel:
    """The driver of `llm:MODEL`, asked afresh at every scene.

    ValueError where no endpoint is set, and while driving where it refuses to be asked.
    """

    tie = "shares evidence"
    repeats = False

    def __init__(self, model: str, endpoint: Endpoint | None = None):
        self.name = f"llm:{model}"
        self._endpoint = endpoint or from_environment(model, TIMEOUT)
        asked = json.dumps([model, words.SYSTEM, words.NEAREST, schema(tuple(DECISIONS))])
        self.weights = hashlib.sha256(asked.encode()).hexdigest()[
            :16
        ]  # what it is asked, as far as is known here

    @staticmethod
    def applies(legal: Legal) -> bool:
        return bool(legal.meta)

    def decide(self, scene: Scene) -> Choice:
        legal = scene.legal.meta
        if not legal:
            raise ValueError(
                f"it knows meta-actions only, and {scene.scenario} is driven by steering"
            )
        answer, notes = self._answer(scene)
        if isinstance(answer, str):
            return _carried_on(legal, answer, self.tie, notes)
        options = (
            Option(Meta(name), (ANSWER,) if name == answer.decision else ()) for name in legal
        )
        said = rationale(scene, answer, self.tie)
        return Choice(Meta(answer.decision), tuple(options), said, notes=notes)

    def could_matter(self, scene: Scene, choice: Choice) -> tuple[int, ...]:
        """The cars that it is told of: hiding any other changes no word of what it is asked."""
        return tuple(car.id for car in words.told_of(scene))

    def _answer(self, scene: Scene) -> tuple[Answer | str, tuple[str, ...]]:
        """A valid answer, or why there is none; and how the endpoint had to be asked."""
        messages = [
            {"role": "system", "content": words.system(scene)},
            {"role": "user", "content": words.told(scene)},
        ]
        why, notes = "", ()
        for attempt in range(ATTEMPTS):
            try:
                reply = self._endpoint.ask(messages, schema(scene.legal.meta), attempt)
                content, notes = reply.text, reply.adapted
            except NoReply as failure:
                why = str(failure)
                if attempt + 1 < ATTEMPTS:
                    time.sleep(PAUSE * 2**attempt)
                continue
            try:
                return read(content, scene.legal.meta), notes
            except ValueError as failure:
                why = str(failure)
                messages = messages[:2] + [
                    {"role": "assistant", "content": content[:2000]},
                    {"role": "user", "content": AGAIN.format(why=why)},
                ]
        return why, notes


def _carried_on(legal: tuple[str, ...], why: str, tie: str, notes: tuple[str, ...]) -> Choice:
    """What is done without an answer, in the open: a term and the text say so."""
    action = Meta("IDLE" if "IDLE" in legal else legal[0])
    failed = Term("no answer", float(ATTEMPTS), "", "for")
    options = tuple(Option(Meta(name), (failed,) if name == action.name else ()) for name in legal)
    said = Rationale(Decision(None, None), (), None, tie, FAILED.format(why=why))
    return Choice(action, options, said, answered=False, notes=notes)
