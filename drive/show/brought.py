"""Logs that visitors bring: read as data, kept for the visitor that brought them, cleared away when it leaves.

A file is looked at first in a process of its own, which may take only so much time and memory: what a
log asks to be computed can be made as large as one likes. Nothing that a log names is loaded from disk.
"""

from __future__ import annotations

import gzip
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

try:
    import resource
except ImportError:  # a system without it has the time limit alone
    resource = None

from drive.episodes import lines, log
from drive.show import viewer
from drive.types import Episode

RUN = "dropped"  # the run of all such logs; the shelf holds none of that name
LARGEST = 16 << 20  # bytes, unpacked
LONGEST = 20.0  # [s] that the look at a file may take
MEMORY = 4 << 30  # bytes of addresses for it
KEPT, MOST = (
    3600.0,
    100,
)  # [s] after which a log is cleared away when another comes; how many are kept
LONGEST_DRIVE = 600.0  # [s] of driving, which a film of it would play
STEPS, NAMED = 2000, 4  # what is tested: so many steps, so many cars in a claim
NAME = "dropped.jsonl"  # every such log's file, whatever its visitor called it
SHOWN = 60  # characters of the visitor's name for it
TOO_LARGE = f"the file is larger than {LARGEST >> 20} MB; whydrive html LOG makes a page of it"
TOO_MUCH = "the file asks for more than a page can show; whydrive html LOG makes a page of it"
CLEARED = "this log has been cleared away; drop it again"
UNTESTED = "of a log that was brought, claims are tested where scenario, policy and seed drive it again; whydrive verify tests all"


@dataclass(frozen=True)
class Brought:
    """A log that a visitor brought."""

    path: Path
    visitor: str
    title: str  # the visitor's own name of the file; text, never a path
    since: float  # [s]


class Desk:
    """Takes logs from visitors; hands each out by a name that cannot be guessed."""

    def __init__(self):
        self._lock = threading.Lock()
        self._logs: dict[str, Brought] = {}
        self._folder: tempfile.TemporaryDirectory | None = None

    def messages(self, file: Path, visitor: str, language: str = "en") -> Iterator[dict]:
        """The log in a file for the player. ValueError in one sentence for what is no log; the file is gone after."""
        try:
            content = unpacked(file)
        finally:
            with suppress(OSError):
                file.unlink()
        name = self._keep(content, visitor, file.name[-SHOWN:])
        try:
            yield looked_at(self.find(name), name, language)
        except ValueError:
            self._drop(name)
            raise

    def find(self, name: str) -> Path:
        """Where a log lies; ValueError where it is here no more."""
        return self._of(name).path

    def title(self, name: str) -> str:
        return self._of(name).title

    def leave(self, visitor: str) -> None:
        """Clear away what a visitor brought."""
        for name in [name for name, one in list(self._logs.items()) if one.visitor == visitor]:
            self._drop(name)

    def _of(self, name: str) -> Brought:
        if not isinstance(name, str) or name not in self._logs:
            raise ValueError(CLEARED)
        return self._logs[name]

    def _keep(self, content: bytes, visitor: str, title: str) -> str:
        """Keep a log in place of the visitor's former one."""
        self.leave(visitor)
        oldest_last = sorted(self._logs, key=lambda name: -self._logs[name].since)
        for name in oldest_last:
            if time.time() - self._logs[name].since > KEPT or name in oldest_last[MOST - 1 :]:
                self._drop(name)
        name = secrets.token_hex(16)
        with self._lock:
            self._folder = self._folder or tempfile.TemporaryDirectory(prefix="whydrive-dropped-")
            path = Path(self._folder.name) / name / NAME
            path.parent.mkdir()
            path.write_bytes(content)
            self._logs[name] = Brought(path, visitor, title, time.time())
        return name

    def _drop(self, name: str) -> None:
        with self._lock:
            brought = self._logs.pop(name, None)
        if brought is not None:
            shutil.rmtree(brought.path.parent, ignore_errors=True)


def unpacked(file: Path) -> bytes:
    """A file's content, unpacked where it is gzip. ValueError where it is too large or damaged."""
    with open(file, "rb") as plain:
        packed = plain.read(2) == lines.GZIP
    if file.read_bytes()[:4] == lines.ZSTANDARD:
        raise ValueError("the file is packed with Zstandard; unpack it first")
    with gzip.open(file) if packed else open(file, "rb") as opened:
        try:
            content = opened.read(LARGEST + 1)
        except lines.BROKEN as error:
            raise ValueError(lines.DAMAGED.format("the file")) from error
    if len(content) > LARGEST:
        raise ValueError(TOO_LARGE)
    begin = content.removeprefix(lines.MARK).lstrip(lines.BLANK)[:1]
    if begin != b"{":
        raise ValueError("the file is not a rationale log" if begin else "the file is empty")
    return content


def looked_at(path: Path, name: str, language: str = "en") -> dict:
    """What the player is told of a log, made in a process of its own. ValueError in one sentence where that fails."""
    package = str(Path(__file__).parents[2])
    paths = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "drive.show.brought", str(path), name, language]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(TOO_MUCH) from None
    if done.returncode:
        raise ValueError(TOO_MUCH)
    message = orjson.loads(done.stdout)
    if "problem" in message:
        raise ValueError(message["problem"])
    return message


def message_of(path: Path, name: str, language: str = "en") -> dict:
    """A log that lies here for the player; what is wrong with it is told of "the file", in one sentence."""
    try:
        episode = log.read(path).episode
    except lines.LogError as error:
        raise ValueError(str(error).replace(str(path), "the file")) from error
    times = [time for step in episode.steps for time in step.tracks.times]
    if times and not max(times) - min(times) <= LONGEST_DRIVE:
        raise ValueError(TOO_MUCH)
    return viewer.player_data(episode, RUN, name, language)


def testable(episode: Episode) -> None:
    """ValueError where the claims of a log are not tested because somebody brought it.

    A test drives the episode again and asks its policy: only what ships is driven or loaded, and nothing large.
    """
    claims = (claim for step in episode.steps for claim in step.rationale.claims)
    small = len(episode.steps) <= STEPS and all(len(claim.cars) <= NAMED for claim in claims)
    if not small or not viewer.is_driven_anywhere(episode.header):
        raise ValueError(UNTESTED)


def _main(path: str, name: str, language: str) -> None:
    """Print the message on a log, or on what is wrong with it; killed by the system where it takes too much."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (round(LONGEST), round(LONGEST)))
    try:
        message = message_of(Path(path), name, language)
    except ValueError as error:
        message = {"problem": str(error)}
    except Exception:  # a log that breaks its reader is none
        message = {"problem": "the file holds no episode that can be shown"}
    sys.stdout.buffer.write(orjson.dumps(message))


if __name__ == "__main__":
    _main(*sys.argv[1:])
