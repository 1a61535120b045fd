"""How the kernel is compiled, where the compiled code is kept, and how far a compilation is.

numba keeps compiled code by the file of the function that was called, and does not notice that another file has changed.
So the code is kept in a folder that is named by a digest of every source file of this package: a changed file means another
folder, an unchanged package the same one, wherever it stands. The folder lies in the package's `__pycache__`, or, where that
cannot be written, in the user's cache folder; where neither can, every process compiles anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from numba import config, njit
from numba.core import event


def digest(package: Path) -> str:
    """Of all source files of a package; their place and time do not count."""
    sources = sorted(package.glob("*.py"))
    return hashlib.sha256(b"\0".join(p.name.encode() + p.read_bytes() for p in sources)).hexdigest()


DIGEST = digest(Path(__file__).parent)
KEPT = 4  # folders of this and of former versions that stay
TICK = 2.0  # between two lines of progress [s]
# What is compiled for `legal` and `advance` together: each function counts once in the progress, but those of HEAVY, into
# which many others are copied, as much as so many.
FUNCTIONS = 75
HEAVY = {"advance": 40}

# Nothing below `cached` touches reference counts (_nrt=False: seven times faster), and only `cached` functions can be called
# from Python (the wrappers of all others would be a fifth of the time to compile).
_OPTIONS = {
    "nogil": True,
    "error_model": "numpy",
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}

compiled = njit(**_OPTIONS)
"""A function of its own: for what is called rarely, or is long and called from several places."""

inlined = njit(**_OPTIONS, forceinline=True)
"""Copied into the caller's machine code: handing over a dozen arrays costs more than most of these functions take."""

spread = njit(**_OPTIONS, inline="always")
"""Written into the caller before that is compiled: for what is called from one place and is otherwise compiled twice."""


def cached(function):
    """A function that Python calls, the compiled code of which is kept on disk."""
    options = {"nogil": True, "error_model": "numpy", "_nrt": False}
    if FOLDER is None:
        return njit(**options)(function)
    before = config.CACHE_LOCATOR_CLASSES
    config.CACHE_LOCATOR_CLASSES = f"{__name__}.{InFolder.__name__}"
    try:
        return njit(**options, cache=True)(function)
    finally:
        config.CACHE_LOCATOR_CLASSES = before


class InFolder:
    """numba's locator of compiled code: all of it in FOLDER, fresh as long as DIGEST is the same."""

    def __init__(self, name: str):
        self.name = name

    @classmethod
    def from_function(cls, function, file) -> InFolder:
        return cls(function.__name__)

    def get_cache_path(self) -> str:
        return str(FOLDER)

    def ensure_cache_path(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)

    def get_source_stamp(self) -> str:
        return DIGEST

    def get_disambiguator(self) -> str:
        return self.name


def folder(homes: list[Path]) -> Path | None:
    """The first of these homes that can be written gets a folder for this version; old ones are cleared away."""
    name = f"compiled-{DIGEST[:16]}"
    for home in homes:
        chosen = home / name
        try:
            fresh = not chosen.exists()
            chosen.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=chosen).close()
            os.utime(chosen)
        except OSError:
            continue
        if fresh:
            for earlier in homes[: homes.index(home)]:  # compiled before it became read-only
                with contextlib.suppress(OSError):
                    shutil.copytree(earlier / name, chosen, dirs_exist_ok=True)
            prune(home)
        return chosen
    return None


def prune(home: Path) -> None:
    """Keep the folders that were used last."""
    with contextlib.suppress(OSError):
        folders = sorted(home.glob("compiled-*"), key=lambda path: path.stat().st_mtime)
        for old in folders[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def _homes() -> list[Path]:
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "whydrive"
    wished = [Path(config.CACHE_DIR) / "whydrive"] if config.CACHE_DIR else []  # NUMBA_CACHE_DIR
    return [*wished, Path(__file__).parent / "__pycache__", user]


FOLDER = folder(_homes())


@contextlib.contextmanager
def reported(say: Callable[[str], None]) -> Iterator[None]:
    """While this lasts, a compilation says every TICK seconds which part it is at, how long it took and will take.

    Nothing is said where the compiled code is read from disk. `say` is called from another thread.
    """
    watched = _Watched()
    over = threading.Event()

    def tick() -> None:
        while not over.wait(TICK):
            if watched.began is not None:
                say(watched.line())

    ticker = threading.Thread(target=tick, daemon=True)
    event.register("numba:compile", watched)
    ticker.start()
    try:
        yield
    finally:
        event.unregister("numba:compile", watched)
        over.set()
        ticker.join()
        if watched.began is not None and (took := time.perf_counter() - watched.began) > TICK:
            say(f"twin: compiled in {took:.0f} s")


class _Watched(event.Listener):
    """Counts the kernel's functions as numba compiles them."""

    def __init__(self):
        self.began: float | None = None
        self.parts: list[str] = []
        self.done = 0
        self.counted = 0.0  # when `done` was last counted [s]

    def on_start(self, event) -> None:
        if name := self._part(event):
            self.began = self.began or time.perf_counter()
            self.parts.append(name)

    def on_end(self, event) -> None:
        if self._part(event) and self.parts:
            self.parts.pop()
            self.done += HEAVY.get(event.data["dispatcher"].py_func.__name__, 1)
            self.counted = time.perf_counter()

    @staticmethod
    def _part(event) -> str | None:
        package, _, name = event.data["dispatcher"].py_func.__module__.rpartition(".")
        return name.replace("_", " ") if package == __package__ else None

    def line(self) -> str:
        now = time.perf_counter()
        share = self.done / (FUNCTIONS - len(HEAVY) + sum(HEAVY.values()))
        part = self.parts[-1] if self.parts else "the last part"
        left = ""
        if 0.1 < share < 1:
            took = self.counted - self.began
            seconds = max(1.0, took / share - (now - self.began))
            left = f", about {seconds:.0f} s to go"
        return (
            f"twin: compiling the traffic model, once: {part}, {now - self.began:.0f} s gone{left}"
        )
