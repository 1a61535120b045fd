"""Logs on disk by the id of their run and their name: lists them, finds them, and nothing else.

A run is a folder below `runs/` (or the folder that WHYDRIVE_RUNS names) with logs in it; its id is
its path from there, "." for logs that lie in that folder itself. An id is only ever looked up in
the list, so that it cannot lead out of the folder. One more run comes with the package: SHIPPED.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

DEPTH = 3  # folders below the root that are looked into
ASIDE = (".verdicts.jsonl", ".notes.jsonl")  # lie beside a log and are none
NOTEBOOK = "episodes.jsonl"  # of an evaluation: what came of each of its episodes
SHIPPED = "shipped"  # the run that comes with the package; its logs are compressed
SHIPPED_IN, PACKED = Path(__file__).parent / "shipped", ".jsonl.gz"


@dataclass(frozen=True)
class Shelved:
    """A log with what tells whether it has changed."""

    run: str
    name: str
    path: Path
    changed: int  # [ns] when it was last written
    size: int  # bytes


def root() -> Path:
    """The folder that holds all runs."""
    return Path(os.environ.get("WHYDRIVE_RUNS") or "runs")


def runs(folder: Path) -> tuple[str, ...]:
    """Ids of the runs in a folder, newest first."""
    newest: dict[str, float] = {}
    for path in _logs(folder):
        run = path.parent.relative_to(folder).as_posix()
        newest[run] = max(newest.get(run, 0.0), path.stat().st_mtime)
    return tuple(sorted(newest, key=newest.get, reverse=True))


def episodes(folder: Path, run: str) -> tuple[str, ...]:
    """Names of a run's logs, without their ending; ValueError for a run that is not there."""
    if run == SHIPPED:
        return tuple(sorted(p.name.removesuffix(PACKED) for p in SHIPPED_IN.glob(f"*{PACKED}")))
    if run not in runs(folder):
        raise ValueError(f"no run {run!r}")
    return tuple(sorted(path.stem for path in (folder / run).glob("*.jsonl") if _is_log(path)))


def find(folder: Path, run: str, name: str) -> Path:
    """The log of that name in that run; ValueError where there is none."""
    if name not in episodes(folder, run):
        raise ValueError(f"no episode {name!r} in run {run!r}")
    if run == SHIPPED:
        return SHIPPED_IN / f"{name}{PACKED}"
    return folder / run / f"{name}.jsonl"


def shelved(folder: Path) -> tuple[Shelved, ...]:
    """Every log of every run in a folder, newest first, and then those that ship."""
    ours = [(path.parent.relative_to(folder).as_posix(), path.stem, path) for path in _logs(folder)]
    shipped = [
        (SHIPPED, name, SHIPPED_IN / f"{name}{PACKED}") for name in episodes(folder, SHIPPED)
    ]
    logs, packed = (sorted(_stated(each), key=lambda log: -log.changed) for each in (ours, shipped))
    return (*logs, *packed)


def _stated(logs: list[tuple[str, str, Path]]) -> list[Shelved]:
    """Those of the logs that are still there."""
    stated = []
    for run, name, path in logs:
        with suppress(OSError):
            about = path.stat()
            stated.append(Shelved(run, name, path, about.st_mtime_ns, about.st_size))
    return stated


def place(folder: Path) -> tuple[Path | None, str]:
    """The root that WHYDRIVE_RUNS must name for a page to find a folder's logs, None where it does; and the run's id."""
    here, usual = folder.resolve(), root().resolve()
    inside = here == usual or usual in here.parents
    if inside and len(here.relative_to(usual).parts) <= DEPTH:
        return None, here.relative_to(usual).as_posix()
    return folder, "."


def link(run: str, name: str, step: int) -> str:
    """What leads the page to a step of an episode, after its address."""
    return "?" + urlencode({"run": run, "episode": name, "step": step}, quote_via=quote)


def new_run(kind: str) -> str:
    """An id for a new run, such as `page-20261122-051210-3f9c`."""
    return f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def _logs(folder: Path) -> list[Path]:
    patterns = ("/".join(["*"] * depth + ["*.jsonl"]) for depth in range(DEPTH + 1))
    return [path for pattern in patterns for path in folder.glob(pattern) if _is_log(path)]


def _is_log(path: Path) -> bool:
    return path.is_file() and not path.name.endswith(ASIDE) and path.name != NOTEBOOK
