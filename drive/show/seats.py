"""Visitors at the wheel: each has a seat of its own, which only its player knows, and drives one decision at a time.

The browser keeps the clock: nothing is driven that it does not ask for, so a closed tab ends the work. While one decision
is played, the policy already thinks about the next.
"""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from drive.episodes.by_hand import Wheel
from drive.episodes.rollout import Intent
from drive.language import hand_words
from drive.show import viewer
from drive.types import Episode, Meta, Scene, Step, Tracks

AT_ONCE = 2  # policies that think about their next decision at the same time
MOST = 12  # seats that are taken at the same time
IDLE = 600.0  # [s] after which a seat that does nothing is given back
CROWDED = "many visitors drive by hand; please try again in a moment"
LEFT = "the wheel was given back; take it again"
INSTANT = 1e-3  # [s] that the moment before the first decision is said to last


class Seat:
    """A visitor at the wheel of one episode."""

    def __init__(self, wheel: Wheel, run: str, language: str, threads: ThreadPoolExecutor):
        self.token, self.id = secrets.token_hex(16), [run, wheel.path.stem]
        self._wheel, self._language, self._threads = wheel, language, threads
        self._lock, self._left, self._since = threading.Lock(), False, time.monotonic()
        self._next: Future[Intent | None] = threads.submit(wheel.decide)

    @property
    def over(self) -> bool:
        """Is nothing more driven from here?"""
        idle = time.monotonic() - self._since > IDLE
        return self._left or idle or self._wheel.end is not None

    def begin(self, language: str | None = None) -> dict:
        """The episode so far for the player, which stands at the first decision; the seat's token is with it.

        language: what is said from now on, where it is another than before.
        """
        self._language = language or self._language
        wheel, language = self._wheel, self._language
        number = len(wheel.steps)
        before = Episode(wheel.header, tuple(wheel.steps), None)
        told = viewer.player_data(before, *self.id, language)
        intent = self._next.result()
        if intent is None:
            return told | self.end()
        period = wheel.header.period
        legal = intent.scene.legal.meta
        seat = {"token": self.token, "step": number, "period": period, "legal": legal}
        steps = [*told["steps"], waiting(wheel, intent, language)]
        return told | {"steps": steps, "at": number, "seat": seat}

    def drive(self, number: int, action: str | None, language: str | None = None) -> dict:
        """Drive the decision of that number by an action's name, or as the policy would; what then happened.

        language: what is said from now on, where it is another than before.
        ValueError where the seat was left, for another decision than the next, and for what is no action.
        """
        with self._lock:
            if self.over:
                raise ValueError(LEFT)
            if number != len(self._wheel.steps):
                raise ValueError(f"decision {len(self._wheel.steps)} is next, not {number}")
            self._since = time.monotonic()
            self._language = language or self._language
            self._next.result()
            step = self._wheel.drive(None if action is None else Meta(str(action)))
            told = self._told(step, number)
            if self._wheel.end is None:
                self._next = self._threads.submit(self._wheel.decide)
            return told

    def end(self) -> dict:
        """How the episode ended, for the player; nothing where it has not."""
        wheel = self._wheel
        if wheel.end is None:
            return {}
        whole = Episode(wheel.header, tuple(wheel.steps), wheel.end)
        return {"id": self.id} | viewer.closing(whole, self._language)

    def leave(self) -> None:
        """Give the wheel back; what was driven stays in its log."""
        with self._lock:
            self._left = True
            self._next.cancel()
            self._wheel.close()

    def _told(self, step: Step | None, number: int) -> dict:
        if step is None:  # the policy gave no decision
            return {"from": number, "steps": []} | self.end()
        header, steps = self._wheel.header, self._wheel.steps
        before = steps[number - 1] if number else None
        data = viewer.step_data(header, step, before, self._language)
        legal = self._wheel.scene.legal.meta
        return {"id": self.id, "from": number, "steps": [data], "legal": legal} | self.end()


def waiting(wheel: Wheel, intent: Intent, language: str) -> dict:
    """The moment before the first decision for the player: what is seen, and what a visitor may do."""
    words = hand_words(language).page
    moment = Step(
        intent.scene, intent.choice, intent.rationale, still(intent.scene), 0.0, {}, None, ()
    )
    data = viewer.step_data(wheel.header, moment, None, language)
    begin = words["begin"].format(policy=wheel.header.policy)
    quiet = {"options": [], "questions": [], "decision": [], "tie": "", "fallback": "", "notes": [],
             "moments": []}  # fmt: skip
    return (
        data
        | quiet
        | {
            "done": words["turn"],
            "action": "",
            "phrases": [{"text": begin, "cars": []}],
            "headline": 1,
            "interesting": False,
        }
    )


def still(scene: Scene) -> Tracks:
    """Everyone where they are, for an instant."""

    def twice(body) -> np.ndarray:
        return np.tile([body.x, body.y, body.heading, body.speed], (2, 1))

    times = np.array([scene.time, scene.time + INSTANT])
    return Tracks(times, twice(scene.ego), {car.id: twice(car) for car in scene.cars})


class Seats:
    """All seats of a page."""

    def __init__(self):
        self._lock, self._seats = threading.Lock(), {}
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="wheel")

    def take(self, wheel: Wheel, run: str, language: str = "en") -> Seat:
        """A new seat. ValueError where all are taken."""
        with self._lock:
            for token in [token for token, seat in self._seats.items() if seat.over]:
                self._seats.pop(token)
            if len(self._seats) >= MOST:
                wheel.close()
                raise ValueError(CROWDED)
            seat = Seat(wheel, run, language, self._threads)
            self._seats[seat.token] = seat
        return seat

    def of(self, token: str) -> Seat:
        """The seat of a token. ValueError where it was given back, or never was."""
        seat = self._seats.get(token) if isinstance(token, str) else None
        if seat is None:
            raise ValueError(LEFT)
        return seat

    def give_back(self, seat: Seat) -> None:
        with self._lock:
            self._seats.pop(seat.token, None)
        seat.leave()
