"""What passes between the page and its visitors: what each wants, where it stands in line, and messages.

No simulator and no user interface: the page gives what drives, and shows what is told here.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson

from drive.episodes import log, shelf
from drive.language import say_reported
from drive.show import viewer
from drive.types import End, Episode, Step

LOOK = 0.1  # [s] between two looks at the line
ALIVE = 5.0  # [s] after which a visitor that waits is told its place again
MOST_TOLD = 400  # characters of a sentence about what was wrong
NO_MORE = object()


class Visitors:
    """What each visitor asked for: a new wish ends the one before.

    A wish is a time of the browser's clock [ms], for of two requests the later may be met first. The
    player shows the latest wish that it was told of, in whatever order messages arrive.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}

    def wish(self, visitor: str, wish: float) -> Callable[[], bool]:
        """Note a wish; tells whether it is still the visitor's latest."""
        with self._lock:
            self._last[visitor] = max(wish, self._last.get(visitor, wish))
        return lambda: self._last.get(visitor) == wish

    def leave(self, visitor: str) -> None:
        """Nothing that the visitor asked for is wanted any more."""
        with self._lock:
            self._last.pop(visitor, None)


class Line:
    """First come, first served; so many at once, each in one of as many threads.

    Threads of its own, for what each holds on to stays with it: new ones would hold more.
    """

    def __init__(self, at_once: int):
        self.at_once = at_once
        self.threads = ThreadPoolExecutor(at_once, thread_name_prefix="line")
        self._lock = threading.Lock()
        self._waiting: list[object] = []
        self._served: list[object] = []

    def join(self) -> object:
        """A ticket, at the end of the line."""
        ticket = object()
        with self._lock:
            self._waiting.append(ticket)
        return ticket

    def place(self, ticket: object) -> int:
        """How many tickets from the front, from 1; 0: it is served from now on."""
        with self._lock:
            if ticket in self._served:
                return 0
            place = self._waiting.index(ticket) + 1
            if place > self.at_once - len(self._served):
                return place
            self._waiting.remove(ticket)
            self._served.append(ticket)
            return 0

    def leave(self, ticket: object) -> None:
        """Give the place to the next."""
        with self._lock:
            for tickets in (self._waiting, self._served):
                if ticket in tickets:
                    tickets.remove(ticket)


async def in_turn(
    line: Line,
    messages: Iterator[dict],
    wanted: Callable[[], bool],
    say: Callable[[int], dict] = lambda place: {"asked": place},
) -> AsyncIterator[dict]:
    """Say where one stands in line, at once and as it changes, then the messages, made in a thread.

    Ends without a word where it is no longer wanted before its turn.
    """
    ticket, at_work = line.join(), asyncio.get_running_loop()
    try:
        async for place in _places(line, ticket, wanted):
            yield say(place)
        while wanted():
            message = await at_work.run_in_executor(line.threads, next, messages, NO_MORE)
            if message is NO_MORE:
                return
            yield message
    finally:
        line.leave(ticket)


async def _places(line: Line, ticket: object, wanted: Callable[[], bool]) -> AsyncIterator[int]:
    """The place in line whenever it changes, and now and then as a sign of life; at last 0, its turn."""
    told, looks = None, 0
    while wanted():
        place = line.place(ticket)
        if place != told or looks * LOOK >= ALIVE:
            told, looks = place, 0
            yield place
        if not place:
            return
        looks += 1
        await asyncio.sleep(LOOK)


class Preparation:
    """A making ready that takes long, once, in a thread of its own, with the last line that it said of itself."""

    def __init__(self, prepare: Callable[[Callable[[str], None]], None]):
        self._prepare, self.line = prepare, ""
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> Preparation:
        self._thread.start()
        return self

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._prepare(self._say)

    def _say(self, line: str) -> None:
        self.line = line

    async def told(self, wanted: Callable[[], bool]) -> AsyncIterator[dict]:
        """What it says while it lasts, as messages; over at once where it is done."""
        before = None
        while wanted() and not self.done:
            if self.line != before:
                before = self.line
                yield {"asked": 0, "preparing": before}
            await asyncio.sleep(LOOK)


async def then_proved(
    told: AsyncIterator[dict],
    prove: Callable[[str, str], Iterator[dict]],
    line: Line,
    wanted: Callable[[], bool],
    language: str = "en",
) -> AsyncIterator[dict]:
    """Messages of an episode, and after its end, or where it was left, those on its claims, while they are wanted."""
    whole = None
    async for message in told:
        yield message
        whole = message["id"] if message.keys() & {"end", "left"} else None
    if whole is None:
        return
    here = {"id": whole}

    def place(number: int) -> dict:
        return here | {"proof": {"place": number}}

    try:
        async for message in in_turn(line, prove(*whole), wanted, place):
            yield message
    except (ValueError, OSError) as error:
        yield here | {"proof": {"problem": in_words(error, language)}}


def in_words(error: Exception, language: str = "en") -> str:
    """What was wrong, as a sentence; of a long text in it, the beginning."""
    return say_reported(f"{brief(str(error))}.", language)


def text(message: dict | list) -> str:
    """JSON that is no markup either, wherever it may land; halves of characters, which a browser may send, as well."""
    try:
        told = orjson.dumps(message).decode()
    except TypeError:
        told = json.dumps(message)
    return told.replace("<", "\\u003c")


def brief(text: str) -> str:
    """A text, cut where it is too long to be told."""
    return text if len(text) <= MOST_TOLD else f"{text[:MOST_TOLD]}…"


# -------------------------------------------------------------------------------------- messages


def of_driving(
    events: Iterator[Path | Step | End], run: str, wanted: Callable[[], bool], language: str = "en"
) -> Iterator[dict]:
    """What `record` does, for the player, as it is done; it ends at the next decision that is not wanted."""
    path, steps = next(events), []
    header = log.read_header(path)
    yield viewer.header_data(header, run, path.stem, language)
    for event in events:
        if not wanted():
            return events.close()
        if isinstance(event, End):
            whole = Episode(header, tuple(steps), event)
            yield {"id": [run, path.stem], **viewer.closing(whole, language)}
        else:
            step = viewer.step_data(header, event, steps[-1] if steps else None, language)
            yield {"id": [run, path.stem], "from": len(steps), "steps": [step]}
            steps.append(event)


def of_log(
    folder: Path, run: str, name: str | None = None, step: str | None = None, language: str = "en"
) -> dict:
    """A logged episode for the player, at the start or paused at a step; a run's first, if unnamed."""
    name = name or shelf.episodes(folder, run)[0]
    episode = log.read(shelf.find(folder, run, name)).episode
    at = {} if step is None else {"at": whole(step)}
    return viewer.player_data(episode, run, name, language) | at


def whole(number: str) -> int:
    """A whole number from 0 on; ValueError for anything else."""
    if not str(number).strip().isdecimal() or len(str(number)) > 9:
        raise ValueError(f"a seed or step is a whole number from 0 to 999999999, not {number!r}")
    return int(number)
