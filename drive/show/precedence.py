"""A visitor's question goes first: what nobody waits for gives way while one is answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 3.0  # [s] that work in the background waits at one place, so that it comes to an end all the same


class Precedence:
    """Counts the questions that are being answered."""

    def __init__(self):
        self._change, self._answering = threading.Condition(), 0

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While a question is answered."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def give_way(self, longest: float = LONGEST) -> None:
        """Return when no question is being answered, or after so many seconds."""
        with self._change:
            self._change.wait_for(lambda: not self._answering, longest)

    def _count(self, more: int) -> None:
        with self._change:
            self._answering += more
            self._change.notify_all()


QUESTIONS = Precedence()  # of all visitors of this process
