"""Visitors' notes for the page, and as files to take away: where they lie, what the player is told, JSON and CSV.

A note lies beside its log where the log is the visitor's own. Else, on what ships and on what a public page shares, it lies in
the visitor's own folder, with its drives; notes that lie beside what is shared are shown to all, and nobody can take them back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from drive.episodes import lines, log, notes, shelf
from drive.episodes.notes import Note, Notes
from drive.language import say_reported
from drive.show import brought, hosting
from drive.show.hosting import HOST

NO_COOKIE = (
    "a note on what is shared lies with your own drives, and your browser keeps no cookie to tell "
    "which these are; drive it yourself, and note it there"
)
NO_NOTE = "that is no note"
COLUMNS = ("log", "step", "time", "kind", "text", "made")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute
FORMATS = ("json", "csv")


# ---------------------------------------------------------------------------------- where they lie


def place(run: str, name: str, path: Path, key: str = "") -> Path:
    """Where a visitor's notes on a log are written. ValueError in one sentence where that cannot be."""
    if run == brought.RUN or HOST.owns(run, key):
        return notes.path_beside(path)
    if hosting.settings().public and not key:
        raise ValueError(NO_COOKIE)
    folder = hosting.own(key) if hosting.settings().public else "."
    return shelf.root() / folder / hosting.NOTES / run / f"{name}{notes.ENDING}"


def places(run: str, name: str, path: Path, key: str = "") -> tuple[Path, ...]:
    """Where notes that a visitor is shown may lie: first its own, then those that are shared with the log."""
    beside = (notes.path_beside(path),) if HOST.is_shared(run) else ()
    try:
        written = place(run, name, path, key)
    except ValueError:
        return beside
    return tuple(dict.fromkeys((written, *beside)))


def written(path: Path) -> dict[Path, Notes]:
    """All files of notes of a run: one file, a log's, or those in a folder. ValueError where there is no such run."""
    if path.name.endswith(notes.ENDING) and path.is_file():
        return {path: notes.read(path)}
    if path.is_file():
        log.read_header(path)
        return {notes.path_beside(path): notes.read(notes.path_beside(path))}
    if not path.is_dir():
        raise ValueError(f"there is no log and no folder {path}")
    return {each: notes.read(each) for each in sorted(path.rglob(f"*{notes.ENDING}"))}


# ------------------------------------------------------------------------------ what the player is told


def told(files: Sequence[Path], mine: Path | None = None, language: str = "en") -> dict:
    """Notes for the player, and a sentence on what could not be read. mine: the file whose notes can be taken back."""
    rows, problems = [], []
    for path in files:
        those = notes.read(path)
        rows += [_row(note, path == mine) for note in those.notes]
        problems += filter(None, (say_reported(those.problem(path.name), language),))
    rows.sort(key=lambda row: (row["step"], row["time"]))
    return {"rows": rows, "problem": "; ".join(problems)}


def _row(note: Note, mine: bool) -> dict:
    row = {name: value for name, value in asdict(note).items() if name != "made"}
    return row | {"mine": mine}


def changed(path: Path, mine: Path, do: str, *given) -> None:
    """Add a note on a log, or take one back. ValueError in one sentence for what is none."""
    if do == "remove" and len(given) == 1:
        return notes.remove(mine, str(given[0]))
    if do != "add" or len(given) != 4:
        raise ValueError(NO_NOTE)
    kind, step, time, text = given
    steps = log.read(path).episode.steps
    if type(step) is not int or not 0 <= step < len(steps):
        raise ValueError(f"the log has decisions 0 to {len(steps) - 1}, not {step!r}")
    begin, end = steps[step].scene.time, float(steps[step].tracks.times[-1])
    if kind == notes.BOOKMARK and isinstance(time, int | float):
        begin = min(max(begin, float(time)), end)
    notes.add(mine, str(kind), step, round(begin, 3), str(text))


# -------------------------------------------------------------------------------- to be taken away


def exported(files: Iterable[tuple[str, Iterable[Note]]], form: str) -> str:
    """Notes as a text: JSON or CSV. files: (name of the log, its notes). ValueError for another form."""
    if form not in FORMATS:
        raise ValueError(f"notes are exported as {' or '.join(FORMATS)}, not {form!r}")
    rows = [
        {"log": name} | {field: getattr(note, field) for field in COLUMNS[1:]}
        for name, those in files
        for note in those
    ]
    if form == "json":
        return orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode() + "\n"
    made = io.StringIO()
    writer = csv.DictWriter(made, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({field: _cell(value) for field, value in row.items()} for row in rows)
    return made.getvalue()


def _cell(value):
    """A cell that a spreadsheet shows, and does not compute."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def log_name(path: Path) -> str:
    """The log's name by its file of notes."""
    return lines.stem(path.with_name(path.name.replace(notes.ENDING, ".jsonl")))
