"""What a visitor asks of the page, and what it is told: messages for the player, files, lists. No user interface.

A visitor is a name that the page gives; what it may see lies on the shelf, ships, or was brought by it.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from drive.episodes import by_hand, lines, log, notes, shelf
from drive.episodes.api import drivers_of
from drive.episodes.record import record
from drive.language import LANGUAGES, make_ready, say_reported
from drive.policy import WATCHED, load, offered, prepare
from drive.scenarios import SCENARIOS
from drive.show import (
    answers,
    brought,
    comparing,
    differences,
    evaluating,
    incidents,
    noting,
    offline,
    proof,
    seats,
    session,
    thoughts,
)
from drive.show.film import film
from drive.show.gallery import Gallery
from drive.show.hosting import HOST
from drive.show.precedence import QUESTIONS
from drive.show.session import text
from drive.types import Header
from drive.world import World

OPENING = {
    "scenario": "highway-fast",
    "policy": "planner",
    "seed": "0",
}  # what a link may leave out
ARRIVAL = 0.0  # [ms] on the browser's clock: what a visitor is met with comes before any wish
AT_ONCE = 4  # episodes driven at the same time; more visitors wait, and are told where they stand
FILMS_AT_ONCE = CHECKS_AT_ONCE = LOOKS_AT_ONCE = TRIALS_AT_ONCE = 1

ONE_TRIAL = "you have one evaluation that is driven; wait for it, or stop it."

DESK = brought.Desk()  # takes the logs that visitors bring
GALLERY = Gallery()  # reads the logs on the shelf

# ------------------------------------------------------------------------------------ the episodes


def driven(
    scenario: str,
    policy: str,
    seed: str,
    wanted: Callable[[], bool],
    language: str = "en",
    key: str | None = None,
) -> Iterator[dict]:
    """Drive into a new run and tell the player of every decision as it is done, while wanted.

    key: of the visitor that the run belongs to, None for nobody. ValueError in one sentence for what cannot be driven.
    Only policies that ship are loaded.
    """
    if policy not in offered():
        raise ValueError(f"no policy {policy!r}; choose from {', '.join(offered())}")
    world, driver, number = World(scenario), load(policy), session.whole(seed)
    run = HOST.new_run("page", key)
    events = record(world, driver, number, shelf.root() / run, language)
    yield from session.of_driving(events, run, wanted, language)


def opened(
    run: str, name: str | None = None, step: str | None = None, language: str = "en"
) -> dict:
    """A logged episode for the player, at the start or paused at a step; a run's first, if unnamed."""
    told = session.of_log(shelf.root(), run, name, step, language)
    HOST.show(run)
    return told


def episode(run: str, name: str, language: str = "en") -> str:
    """A whole logged episode for the player, or one sentence about why not."""
    try:
        if run == brought.RUN:
            return text(brought.message_of(DESK.find(name), name, language))
        return text(opened(run, name, language=language))
    except (ValueError, OSError) as error:
        return text({"problem": session.in_words(error, language)})


def resaid(run: str, name: str, language: str = "en") -> str:
    """As `episode`, with the verdicts that lie beside it: what is shown, said in another language."""
    try:
        path = path_of(run, name)
        told = orjson.loads(episode(run, name, language))
        if "problem" not in told and proof.path_beside(path).exists():
            *_, verdicts = proof.messages(path, run, name, language)
            told |= {"proof": verdicts["proof"]}
        return text(told)
    except (ValueError, OSError) as error:
        return text({"problem": session.in_words(error, language)})


def path_of(run: str, name: str) -> Path:
    """Where a log lies: on the shelf, or among those that visitors brought."""
    if run == brought.RUN:
        return DESK.find(name)
    path = shelf.find(shelf.root(), run, name)
    HOST.show(run)
    return path


def answer(asking: answers.Answering, asked: list, language: str = "en") -> str:
    """The answer to a question about a logged decision, or one sentence about why there is none.

    asked: run, name, step, question, decisions; the language of the answer and that of the question may follow.
    """
    try:
        run, name, step, question, decisions, *languages = asked
        language, asked_in = (*map(str, languages), language, None)[:2]
        step, decisions = session.whole(step), session.whole(decisions)
        return text(asking.ask(run, name, step, question, decisions, language, asked_in))
    except (ValueError, TypeError, OSError) as error:
        return text({"problem": session.in_words(error, language)})


def thought(thinking: thoughts.Thinking, asked: list, language: str = "en") -> str:
    """What was thought at a logged decision, or would be with other words; or one sentence about why that is not told.

    asked: run, name, step, words that are put in by hand (place -> word), decisions; the language may follow.
    """
    try:
        run, name, step, given, decisions, *languages = asked
        language = (*map(str, languages), language)[0]
        step, decisions = session.whole(step), session.whole(decisions)
        return text(thinking.think(run, name, step, given, decisions, language))
    except (ValueError, TypeError, OSError) as error:
        return text({"problem": session.in_words(error, language)})


def able(scenario: str, policy: str) -> tuple[tuple[str, ...], str]:
    """The policies that can drive a scenario, and which is chosen: the present one if it is one of them."""
    names = drivers_of(scenario)
    return names, policy if policy in names else OPENING["policy"]


def driven_again(run: str, name: str) -> Path:
    """Where a log lies that is driven again; ValueError where that is not done, because a visitor brought it."""
    path = path_of(run, name)
    if run == brought.RUN:
        brought.testable(log.read(path).episode)
    return path


def proved(run: str, name: str, language: str = "en") -> Iterator[dict]:
    """The verdicts on a logged episode for the player; tested now where none lie beside it."""
    path = driven_again(run, name)
    yield from proof.messages(path, run, name, language, QUESTIONS.give_way)


def hindsight(looking: differences.Looking, asked: list, language: str = "en") -> str:
    """Whose action was better at a step of a log, or one sentence about why that cannot be told."""
    try:
        run, name, step, *languages = asked
        language = (*map(str, languages), language)[0]
        return text(looking.look(run, name, session.whole(step), language))
    except (ValueError, TypeError, OSError) as error:
        return text({"problem": session.in_words(error, language)})


def rivals(run: str, name: str) -> str:
    """The policies that a logged episode may be compared with."""
    try:
        header = log.read_header(driven_again(run, name))
        can_be = header.scenario in SCENARIOS and not header.by_hand
        names = drivers_of(header.scenario) if can_be else ()
    except (ValueError, OSError):
        names = ()
    return text({"rivals": [each for each in names if each != header.policy] if names else []})


def incident(made: incidents.Incidents, run: str, name: str, language: str = "en") -> str:
    """The report on how a logged episode ended, or one sentence about why there is none."""
    try:
        return text(made.report(driven_again(run, name), language))
    except (ValueError, TypeError, OSError) as error:
        return text({"problem": session.in_words(error, language)})


def noted(asked: list, key: str = "", language: str = "en") -> str:
    """The notes on a logged episode after what a visitor does with them, or one sentence about why not.

    asked: (run, name), and "add", kind, step, time, text; "remove" and a note's id; or "file" and a format. key: the visitor's.
    """
    try:
        run, name, *does = (*(asked or ()), None, None)[: max(len(asked or ()), 2)]
        path = path_of(run, name)
        files = noting.places(run, name, path, key)
        if does[:1] == ["file"]:
            written = [(name, notes.read(each).notes) for each in files]
            form = does[-1]
            return text({"file": noting.exported(written, form), "name": f"{name}-notes.{form}"})
        if does:
            noting.changed(path, noting.place(run, name, path, key), *does)
            files = noting.places(run, name, path, key)
        return text({"notes": noting.told(files, _own_notes(run, name, path, key), language)})
    except (ValueError, OSError) as error:
        return text({"problem": session.in_words(error, language)})
    except TypeError:
        return text({"problem": say_reported(f"{noting.NO_NOTE}.", language)})


def _own_notes(run: str, name: str, path: Path, key: str) -> Path | None:
    """Where the visitor's own notes on a log lie; None where it can have none."""
    with suppress(ValueError):
        return noting.place(run, name, path, key)
    return None


def browsed(asked: list, language: str = "en", key: str = "") -> str:
    """What the gallery tells: asked for by its name, with what it takes; one sentence for anything else.

    key: the visitor's, which lists hold what is shared and what is its own.
    """
    try:
        name, *given = asked
        seen = {"lists": partial(HOST.lists, key=key)} if name in LISTS else {}
        seen |= {"places": partial(noting.places, key=key)} if name in NOTED else {}
        return text({"told": BROWSED[name](*given, **seen)})
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        in_words = isinstance(error, ValueError | OSError)
        told = f"{error}." if in_words else "that cannot be told."
        return text({"problem": say_reported(told, language)})


def broken_off() -> str:
    """What the gallery is told where an evaluation broke, and with it what told of it."""
    problem = "the evaluation broke off; the server's own messages say why."
    return text({"problem": problem, "over": True, "wish": time.monotonic()})


def on_offer(scenario: str) -> list[str]:
    """The policies that can drive a scenario."""
    return [*drivers_of(scenario)] if scenario in SCENARIOS else []


BROWSED: dict[str, Callable] = {
    "rows": GALLERY.listed,
    "pictures": GALLERY.pictures,
    "words": GALLERY.matching,
    "charts": GALLERY.charts,
    "policies": on_offer,
}
LISTS = ("rows", "words", "charts")  # that differ between visitors
NOTED = ("rows", "words")  # that tell of notes


def copied(run: str, name: str, folder: Path, key: str = "") -> Path:
    """A copy of a log in a folder, from where Gradio may serve it."""
    return Path(shutil.copy(path_of(run, name), folder))


def filmed(run: str, name: str, folder: Path, key: str = "", language: str = "en") -> Path:
    """An episode as a film in a folder."""
    path = path_of(run, name)
    made = folder / f"{lines.stem(path)}.webm"
    film(log.read(path).episode, made, language, findings=proof.beside(path))
    return made


def paged(run: str, name: str, folder: Path, key: str = "", language: str = "en") -> Path:
    """An episode, its verdicts and the notes on it as one HTML file in a folder. key: of the visitor, whose notes they are."""
    path = path_of(run, name)
    made = folder / f"{lines.stem(path)}{offline.ENDING}"
    offline.write(path, made, language, noting.places(run, name, path, key))
    return made


def wheel_of(
    chosen: tuple[str, str, str], asked: list, folder: Path, language: str = "en"
) -> by_hand.Wheel:
    """The wheel at a decision (run, name, step), or where step is None on a new road (scenario, policy, seed)."""
    run, name, step = asked
    if step is not None:
        episode = log.read(driven_again(run, name)).episode
        return by_hand.from_moment(episode, session.whole(step), folder, language)
    scenario, policy, seed = chosen
    if policy not in offered():
        raise ValueError(f"no policy {policy!r}; choose from {', '.join(offered())}")
    return by_hand.from_start(scenario, load(policy), session.whole(seed), folder, language)


def preparation() -> session.Preparation:
    """The making ready of the usual policy and of the languages, begun."""

    def ready(say: Callable[[str], None]) -> None:
        prepare(load(OPENING["policy"]), say)
        make_ready(LANGUAGES)

    return session.Preparation(ready).start()


# --------------------------------------------------------------------------------- the visitors


class Page:
    """What the page's events do for its visitors; each event tells messages for the player, as texts."""

    def __init__(self, language: str = "en", preparation: session.Preparation | None = None):
        self.language, self.preparation = language, preparation
        self.visitors = session.Visitors()
        self.roads, self.films = session.Line(AT_ONCE), session.Line(FILMS_AT_ONCE)
        self.checks, self.looks = session.Line(CHECKS_AT_ONCE), session.Line(LOOKS_AT_ONCE)
        self.seats = seats.Seats()
        self.trials = session.Line(TRIALS_AT_ONCE)
        self._trying: set[str] = set()  # keys of visitors whose evaluation is driven or waits
        self._met: dict[tuple, list] = {}  # what an earlier visitor was met with, and where it lies

    def spoken(self, language: str | None) -> str:
        """The language that a visitor wants, where there is one; else the page's."""
        is_ours = isinstance(language, str) and language in LANGUAGES
        return language if is_ours else self.language

    def leave(self, visitor: str) -> None:
        """End what a visitor asked for, and clear away what it brought."""
        for wishes in (
            visitor,
            *(f"{visitor} {does}" for does in ("compares", "evaluates", "takes")),
        ):
            self.visitors.leave(wishes)
        DESK.leave(visitor)

    async def drive(
        self,
        visitor: str,
        scenario: str,
        policy: str,
        seed: str,
        wish: float,
        language: str | None = None,
    ):
        language = self.spoken(language)
        wanted = self.visitors.wish(visitor, wish)
        if not wanted():  # overtaken on its way
            return
        messages = self._noted((scenario, policy, str(seed)), wanted, language, HOST.key(visitor))
        told = self._proved(self._told(messages, policy, wanted, language), wanted, language)
        async for message in shown(told, wish, filling=False, language=language):
            yield message

    async def open_log(
        self, visitor: str, run: str, name: str | None, wish: float, language: str | None = None
    ):
        if wish < ARRIVAL:  # it is shown already
            return
        wanted, language = self.visitors.wish(visitor, wish), self.spoken(language)
        told = _once(opened, run, name, None, language)
        async for message in shown(self._proved(told, wanted, language), wish, language=language):
            yield message

    async def open_run(self, visitor: str, run: str, wish: float, language: str | None = None):
        async for message in self.open_log(visitor, run, None, wish, language):
            yield message

    async def open_row(self, visitor: str, picked: list):
        """Show the log that was picked in the gallery, at a step if one is named."""
        run, name, step, wish, language = (*(picked or (None, None, None, ARRIVAL)), None)[:5]
        wanted, language = self.visitors.wish(visitor, wish), self.spoken(language)
        told = _once(opened, run, name, step or None, language)
        async for message in shown(self._proved(told, wanted, language), wish, language=language):
            yield message

    async def evaluate(self, visitor: str, asked: list):
        """Drive a few episodes of a policy, and tell the gallery how far that is."""
        scenario, policy, episodes, language = (*(asked or ()), None, None, None, None)[:4]
        wish, language = time.monotonic(), self.spoken(language)
        key, told = HOST.key(visitor), {}
        if key in self._trying:
            problem = say_reported(ONE_TRIAL, language)
            yield text({"problem": problem, "over": True, "wish": wish})
            return
        wanted = self.visitors.wish(f"{visitor} evaluates", wish)
        try:
            self._trying |= {key} - {""}
            evaluating.checked(scenario, policy, episodes)
            run = partial(HOST.new_run, "evaluation", key)
            driven = evaluating.messages(scenario, policy, episodes, wanted, language, run)
            async for message in session.in_turn(
                self.trials, driven, wanted, lambda place: {"place": place}
            ):
                told = message
                yield text(message | {"wish": wish})
            if not wanted():
                yield text(told | {"over": True, "stopped": True, "wish": wish})
        except (ValueError, OSError) as error:
            yield text({"problem": session.in_words(error, language), "over": True, "wish": wish})
        finally:
            self._trying.discard(key)

    def stop(self, visitor: str) -> None:
        """The visitor's evaluation is not wanted any more."""
        self.visitors.leave(f"{visitor} evaluates")

    async def compare(self, visitor: str, asked: list):
        """Drive another policy on the road and seed of what is shown, for the other picture."""
        run, name, policy, language = (*(asked or ()), None, None, None, None)[:4]
        here, language = {"id": [run, name]}, self.spoken(language)
        wanted = self.visitors.wish(f"{visitor} compares", time.monotonic())

        def driven() -> Iterator[dict]:
            path, into = driven_again(run, name), partial(HOST.new_run, "page", HOST.key(visitor))
            for message in comparing.messages(path, policy, wanted, language, into):
                yield here | {"beside": message}

        try:
            place = session.in_turn(
                self.roads, driven(), wanted, lambda place: here | {"beside": {"place": place}}
            )
            async for message in place:
                yield text(message)
        except (ValueError, OSError) as error:
            yield text(here | {"beside": {"problem": session.in_words(error, language)}})

    async def take(
        self,
        visitor: str,
        scenario: str,
        policy: str,
        seed: str,
        asked: list,
        wish: float,
        language: str | None = None,
    ):
        """Give a visitor the wheel at a decision of what is shown, or on a new road, and test what was said at the end.

        asked: (run, name, step), or (run, name, None) for a new road: then scenario, policy and seed say which.
        """
        wanted, language = self.visitors.wish(visitor, wish), self.spoken(language)
        if not wanted():
            return
        try:
            policy = (
                policy if asked[2] is None else log.read_header(driven_again(*asked[:2])).policy
            )
        except (ValueError, TypeError, OSError, IndexError) as error:
            yield text({"problem": session.in_words(error, language), "wish": wish})
            return
        key = HOST.key(visitor)
        told = self._at_the_wheel((scenario, policy, seed), asked, wanted, language, key)
        async for message in shown(self._proved(told, wanted, language), wish, language=language):
            yield message

    async def _at_the_wheel(
        self, chosen: tuple, asked: list, wanted: Callable[[], bool], language: str, key: str
    ) -> AsyncIterator[dict]:
        """What a seat is told at its beginning and its end; the seat is given back when it is no longer wanted."""
        taken: list[seats.Seat] = []

        def begun() -> Iterator[dict]:
            run = HOST.new_run("page", key)
            wheel = wheel_of(chosen, asked, shelf.root() / run, language)
            taken.append(self.seats.take(wheel, run, language))
            yield taken[0].begin()

        try:
            async for message in self._told(begun(), chosen[1], wanted, language):
                yield message
            while wanted() and not taken[0].over:
                await asyncio.sleep(session.LOOK)
            if taken and wanted():
                yield taken[0].end() or {"id": taken[0].id, "left": True}
        finally:
            for seat in taken:
                self.seats.give_back(seat)

    def steered(self, asked: list) -> str:
        """What a visitor at the wheel did with a decision: (token, step, action, None for the policy's own).

        The language that is spoken by now may follow.
        """
        languages: list = []
        try:
            token, step, action, *languages = asked
            spoken = map(self.spoken, languages[:1])
            return text(self.seats.of(token).drive(session.whole(step), action, *spoken))
        except (ValueError, TypeError, OSError) as error:
            language = self.spoken(languages[0] if languages else None)
            return text({"problem": session.in_words(error, language)})

    def seated(self, asked: list) -> str:
        """What is shown to a visitor at the wheel that has driven nothing yet, said again: (token, language)."""
        try:
            token, language = asked
            return text(self.seats.of(token).begin(self.spoken(language)))
        except (ValueError, TypeError, OSError) as error:
            return text({"problem": session.in_words(error)})

    def left(self, token: str) -> str:
        """Give the wheel back that a token stands for."""
        with suppress(ValueError):
            self.seats.give_back(self.seats.of(token))
        return text({})

    async def open_brought(self, visitor: str, file: str, wish: float, language: str | None = None):
        """Show a log that the visitor brought, to this visitor."""
        wanted, language = self.visitors.wish(visitor, wish), self.spoken(language)
        messages = DESK.messages(Path(file), visitor, language)
        told = session.in_turn(self.looks, messages, wanted)
        async for message in shown(self._proved(told, wanted, language), wish, language=language):
            yield message

    async def arrive(
        self,
        visitor: str,
        asked: Mapping[str, str],
        language: str | None = None,
        key: str = "",
    ):
        """Open the log that a link names, or drive what it says; what ships where it says nothing, or nonsense.

        asked: what stands behind the question mark of the link. key: what the visitor's browser keeps.
        """
        HOST.meet(visitor, key)
        wanted, language = self.visitors.wish(visitor, ARRIVAL), self.spoken(language)
        at = asked.get("step")
        step = {} if at is None else {"step": at}
        if "run" in asked:
            told = _once(
                opened, asked["run"], asked.get("episode"), asked.get("step", "0"), language
            )
        elif asked.keys() & OPENING.keys():
            chosen = tuple(asked.get(name, usual) for name, usual in OPENING.items())
            meeting = self._meeting(chosen, wanted, language, **step)
            told = self._told(meeting, chosen[1], wanted, language)
        else:
            told = _once(opened, shelf.SHIPPED, None, at, language)
        instead, told = (
            partial(opened, shelf.SHIPPED, language=language),
            self._proved(told, wanted, language),
        )
        async for message in shown(told, ARRIVAL, instead=instead, language=language):
            yield message

    async def _told(
        self,
        messages: Iterator[dict],
        policy: str,
        wanted: Callable[[], bool],
        language: str = "en",
    ):
        """Messages of a drive, in its turn, when its policy is ready."""
        if self.preparation and policy.partition(":")[0] in (OPENING["policy"], WATCHED):
            async for message in self.preparation.told(wanted):
                yield message | {"preparing": say_reported(message["preparing"], language)}
        async for message in session.in_turn(self.roads, messages, wanted):
            yield message

    def _proved(
        self, told: AsyncIterator[dict], wanted: Callable[[], bool], language: str
    ) -> AsyncIterator[dict]:
        prove = partial(proved, language=language)
        return session.then_proved(told, prove, self.checks, wanted, language)

    def _meeting(
        self, chosen: tuple, wanted: Callable[[], bool], language: str, step: str | None = None
    ) -> Iterator[dict]:
        """What was driven for an earlier visitor, from its log; else it is driven now."""
        at = {} if step is None else {"at": session.whole(step)}
        if chosen in self._met and self._met[chosen][0] in shelf.runs(shelf.root()):
            yield opened(*self._met[chosen], language=language) | at
            return
        for message in self._noted(chosen, wanted, language):
            yield message | (at if "header" in message else {})

    def _noted(
        self, chosen: tuple, wanted: Callable[[], bool], language: str, key: str | None = None
    ) -> Iterator[dict]:
        """What is driven now; the next visitor that asks for the same gets it from its log, where that is nobody's own."""
        for message in driven(*chosen, wanted, language, key):
            yield message
            if "end" in message and HOST.is_anyones(message["id"][0]):
                self._met[chosen] = message["id"]

    async def made(
        self,
        make: Callable[..., Path],
        run: str,
        name: str,
        language: str = "en",
        visitor: str = "",
    ):
        """Make a file to download, in its turn: how many are before it, then where it lies until the next message.

        A visitor that leaves takes nothing any more. make: takes a folder and the visitor's key as well.

        Messages: {"asked": place}, {"file": path}, or {"problem": sentence}.
        """
        wanted = self.visitors.wish(f"{visitor} takes", ARRIVAL)
        try:
            key = HOST.key(visitor)
            with tempfile.TemporaryDirectory(prefix="whydrive-") as folder:
                files = ({"file": str(make(run, name, Path(folder), key))} for _ in (0,))
                async for message in session.in_turn(self.films, files, wanted):
                    yield message
        except (ValueError, OSError) as error:
            yield {"problem": session.in_words(error, language)}


async def shown(
    messages: AsyncIterator[dict],
    wish: float,
    filling: bool = True,
    instead: Callable[[], dict] | None = None,
    language: str = "en",
) -> AsyncIterator[str]:
    """Messages as the player gets them; with a header, whether the form is filled with what it says.

    What was wrong becomes a sentence, over the episode that is shown instead, if any.
    """
    try:
        async for message in messages:
            fill = {"fill": filling} if "header" in message else {}
            yield text(message | fill | {"wish": wish})
    except (ValueError, OSError) as error:
        problem = {"problem": session.in_words(error, language), "wish": wish}
        if instead is None:
            yield text(problem)
        else:
            async for message in shown(_once(lambda: instead() | problem), wish, language=language):
                yield message


@dataclass(frozen=True)
class Shelves:
    """The two lists of logs, with what is chosen in each."""

    runs: tuple[str, ...]
    run: str
    episodes: tuple[tuple[str, str], ...]  # (what a visitor reads, name)
    name: str
    header: Header  # of the log that is chosen


def shelves(run: str, name: str, key: str = "") -> Shelves | None:
    """The lists of logs as they are now, with this log chosen; None where it was cleared away meanwhile.

    key: of the visitor, which sees what is shared, what is its own, and what it opened by a link.
    """
    try:
        header = log.read_header(path_of(run, name))
        folder = shelf.root()
        listed = (each for each in shelf.runs(folder) if each == run or HOST.lists(each, key))
        runs = (*listed, shelf.SHIPPED)
        if run == brought.RUN:
            return Shelves((*runs, run), run, ((DESK.title(name), name),), name, header)
        episodes = tuple((each, each) for each in shelf.episodes(folder, run))
        return Shelves(runs, run, episodes, name, header)
    except (ValueError, OSError):
        return None


async def _once(make: Callable[..., dict], *arguments) -> AsyncIterator[dict]:
    yield await asyncio.to_thread(make, *arguments)
