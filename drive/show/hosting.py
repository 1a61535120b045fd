"""A page that strangers visit: whose a run is, what each visitor's lists hold, and what is cleared away, and when.

Off unless WHYDRIVE_PUBLIC is set: then a page lists every run and clears nothing away. On a public page a visitor has a key
in a cookie, and its runs lie in a folder that is named by the key's digest, below `visitors/`. A run's name ends with 128
random bits, so that it can be opened by its link and by nothing else. What lies outside of `visitors/` is shared.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from drive.episodes import shelf

VISITORS, ANYONE = "visitors", "anyone"  # where their runs lie; and those that are of no visitor
COOKIE, KEY = "whydrive", re.compile(r"[0-9a-f]{32}")
IN_USE = 600.0  # [s] for which a run is kept after it was written or shown
WRITTEN = 60.0  # [s] for which a visitor's own newer drives do not displace one that was written
BETWEEN = 60.0  # [s] between two looks at what is to be cleared away
DAY, MEGABYTE = 86400.0, 1 << 20
SWITCH = "WHYDRIVE_PUBLIC"
OFF = ("", "0", "no", "false")
TAB_LIMIT = 10_000  # tabs whose visitors are remembered


@dataclass(frozen=True)
class Settings:
    """What a public page keeps of its visitors' drives."""

    public: bool = False
    days: float = 7.0  # after which a run is cleared away
    megabytes: float = 500.0  # that all visitors' runs may take; the oldest go first
    drives: float = 30.0  # runs that are kept for one visitor


NUMBERS = {
    "days": "WHYDRIVE_KEEP_DAYS",
    "megabytes": "WHYDRIVE_KEEP_MB",
    "drives": "WHYDRIVE_KEEP_DRIVES",
}


def settings(environment: Mapping[str, str] | None = None) -> Settings:
    """As the environment says. ValueError in one sentence for a number that is none."""
    given = os.environ if environment is None else environment
    numbers = {
        field: _number(variable, given[variable])
        for field, variable in NUMBERS.items()
        if given.get(variable)
    }
    return Settings(given.get(SWITCH, "").lower() not in OFF, **numbers)


def _number(variable: str, text: str) -> float:
    with suppress(ValueError):
        if 0 < float(text) < 1e9:
            return float(text)
    raise ValueError(f"{variable} is a number above 0, not {text!r}")


class Host:
    """Whose a run is, and which are kept."""

    def __init__(self):
        self._lock, self._shown, self._looked = threading.Lock(), {}, -BETWEEN
        self._keys: OrderedDict[str, str] = OrderedDict()

    # -- visitors

    def meet(self, tab: str, key: str) -> None:
        """Remember the visitor of a tab."""
        with self._lock:
            self._keys[tab] = key
            while len(self._keys) > TAB_LIMIT:
                self._keys.popitem(last=False)

    def key(self, tab: str) -> str:
        """The key of a tab's visitor; "" where its browser keeps no cookies."""
        return self._keys.get(tab, "")

    # -- runs

    def new_run(self, kind: str, key: str | None = None) -> str:
        """An id for a new run of a visitor, for which older ones make room. key: None for a run of no visitor."""
        if not settings().public:
            return shelf.new_run(kind)
        self.prune()
        if key:
            self._make_room(own(key))
        return f"{own(key)}/{shelf.new_run(kind)}{secrets.token_hex(14)}"

    def lists(self, run: str, key: str = "") -> bool:
        """Does a run stand in a visitor's lists: is it shared, or its own?"""
        return self.is_shared(run) or self.owns(run, key)

    def owns(self, run: str, key: str = "") -> bool:
        """May a visitor write beside the logs of a run?"""
        if not settings().public:
            return run != shelf.SHIPPED
        return bool(key) and run.startswith(f"{own(key)}/")

    def is_shared(self, run: str) -> bool:
        return not settings().public or run.split("/")[0] != VISITORS

    def is_anyones(self, run: str) -> bool:
        """May every visitor be shown the run unasked?"""
        return not settings().public or run.startswith(f"{own(None)}/")

    def show(self, run: str) -> None:
        """Note that a run is shown now."""
        with self._lock:
            self._shown[run] = time.time()
            for old in [r for r, since in self._shown.items() if time.time() - since > IN_USE]:
                del self._shown[old]

    # -- what is cleared away

    def prune(self, now: bool = False) -> None:
        """Clear away visitors' runs that are too old, and the oldest where they take too much; never one in use.

        now: even if that was done a moment ago.
        """
        if not settings().public or (time.monotonic() - self._looked < BETWEEN and not now):
            return
        self._looked, limits = time.monotonic(), settings()
        kept = sorted(self._kept(), key=lambda one: one.written)
        total = sum(one.size for one in kept)
        for one in kept:
            aged = time.time() - one.written > limits.days * DAY
            if (aged or total > limits.megabytes * MEGABYTE) and not self._is_in_use(one):
                total -= one.size
                _remove(one.path)

    def _make_room(self, folder: str) -> None:
        """For one more run of a visitor."""
        runs = sorted(
            (kept for kept in _in(shelf.root() / folder) if kept.path.name != NOTES),
            key=lambda one: -one.written,
        )
        for one in runs[max(int(settings().drives) - 1, 0) :]:
            if time.time() - one.written > WRITTEN:
                _remove(one.path)

    def _kept(self) -> Iterator[Kept]:
        for folder in _folders(shelf.root() / VISITORS):
            yield from _in(folder)

    def _is_in_use(self, one: Kept) -> bool:
        run = one.path.relative_to(shelf.root()).as_posix()
        return time.time() - max(one.written, self._shown.get(run, 0.0)) < IN_USE


HOST = Host()
NOTES = "notes"  # a visitor's folder of notes on what is not its own


@dataclass(frozen=True)
class Kept:
    """A folder of a visitor's: a run, or its notes."""

    path: Path
    written: float  # [s] when anything in it last was
    size: int  # bytes


def own(key: str | None) -> str:
    """The folder of a visitor below the root of all runs, by a name from which the key cannot be told."""
    name = hashlib.sha256(key.encode()).hexdigest()[:32] if key else ANYONE
    return f"{VISITORS}/{name}"


def title(run: str) -> str:
    """What a list calls a run: a visitor's without what nobody can read."""
    visitors = run.split("/")[0] == VISITORS
    return "-".join(run.rpartition("/")[2].split("-")[:3]) if visitors else run


def _folders(folder: Path) -> list[Path]:
    with suppress(OSError):
        return [one for one in folder.iterdir() if one.is_dir() and not one.is_symlink()]
    return []


def _in(folder: Path) -> Iterator[Kept]:
    for path in _folders(folder):
        with suppress(OSError):
            about = [one.lstat() for one in (path, *path.rglob("*"))]
            yield Kept(path, max(one.st_mtime for one in about), sum(one.st_size for one in about))


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):  # the visitor's folder, where nothing else lies in it
        path.parent.rmdir()


# ------------------------------------------------------------------------------------ the cookie


def key_in(cookies: Mapping[str, str]) -> str:
    """The visitor's key among a request's cookies; "" where there is none."""
    key = cookies.get(COOKIE, "")
    return key if KEY.fullmatch(key) else ""


class Named:
    """Gives a visitor of a public page its key with the page itself (an ASGI middleware).

    Scripts cannot read it. Over https it also holds where the page stands in a frame of another site, for that site alone.
    """

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if not _is_a_page(scope) or key_in(_cookies(scope)):
            return await self.app(scope, receive, send)

        async def named(message):
            if message["type"] == "http.response.start":
                cookie = (b"set-cookie", _cookie(_is_secure(scope)).encode())
                message = {**message, "headers": [*message.get("headers", ()), cookie]}
            await send(message)

        return await self.app(scope, receive, named)


def _cookie(secure: bool) -> str:
    where = "SameSite=None; Secure; Partitioned" if secure else "SameSite=Lax"
    age = round(settings().days * DAY)
    return f"{COOKIE}={secrets.token_hex(16)}; Path=/; Max-Age={age}; HttpOnly; {where}"


def _is_a_page(scope) -> bool:
    asked = scope["type"] == "http" and scope["method"] == "GET" and settings().public
    return asked and "text/html" in _header(scope, b"accept")


def _is_secure(scope) -> bool:
    return "https" in (scope.get("scheme"), _header(scope, b"x-forwarded-proto"))


def _cookies(scope) -> dict[str, str]:
    try:
        read = SimpleCookie(_header(scope, b"cookie"))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in read.items()}


def _header(scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
