"""What was made of logs lately is kept, so that the next question about a log waits for its own answer only."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from drive.episodes import log
from drive.show.precedence import QUESTIONS
from drive.types import Episode

KEPT = 4  # logs that are kept, driven again
AT_ONCE, WAITING = 2, 8  # questions that are answered, and that wait, at the same time

Made = TypeVar("Made")


class Kept(Generic[Made]):
    """Makes something of a log that answers questions: few at a time, each log by one at a time, all before what can wait."""

    def __init__(self, make: Callable[[Episode], Made]):
        self._make = make
        self._lock, self._turns = threading.Lock(), threading.Semaphore(AT_ONCE)
        self._asking = 0
        self._kept: OrderedDict[tuple, tuple[Made, threading.Lock]] = OrderedDict()

    @contextmanager
    def of(self, path: Path) -> Iterator[Made]:
        """What was made of a log, for one question. ValueError where too many ask; OSError for no such log."""
        with QUESTIONS.answering(), self._turn():
            made, only_one = self._made(path)
            with only_one:
                yield made

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._lock:
            if self._asking >= AT_ONCE + WAITING:
                raise ValueError("many visitors are asking; please ask again in a moment")
            self._asking += 1
        try:
            with self._turns:
                yield
        finally:
            with self._lock:
                self._asking -= 1

    def _made(self, path: Path) -> tuple[Made, threading.Lock]:
        """Of the log as it is now; anew where it has grown since."""
        about = path.stat()
        key = (str(path), about.st_mtime_ns, about.st_size)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._make(log.read(path).episode), threading.Lock()
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]
