"""Notes on a log's decisions, thumbs on its rationales and named moments: a file beside the log, never in it.

Each is one JSON line, added at the end; taking one back adds a line as well. The file is read as data: what is no note is
left out and counted. Nobody's name is kept. Any text is allowed, and none may be taken for markup.
"""

from __future__ import annotations

import math
import secrets
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from drive.episodes import lines

ENDING = ".notes.jsonl"
NOTE, BOOKMARK, UP, DOWN, REMOVED = "note", "bookmark", "up", "down", "removed"
THUMBS = (UP, DOWN)
LONGEST = {NOTE: 500, BOOKMARK: 80, UP: 0, DOWN: 0}  # characters of a text
LARGEST, MOST = 1 << 20, 1000  # bytes and lines of a file
LONGEST_ID = 32
FULL = "no more notes fit beside this log"
TURNED = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}  # characters that turn the text around
NAMES = {NOTE: "a note", BOOKMARK: "a bookmark's name"}
_lock = threading.Lock()


@dataclass(frozen=True)
class Note:
    """A note, a thumb or a named moment."""

    id: str
    kind: str  # NOTE, BOOKMARK, UP or DOWN
    step: int  # number of the decision, from 0
    time: float  # [s] of the episode
    text: str
    made: str  # when, in UTC


@dataclass(frozen=True)
class Notes:
    """What stands in a file, in the order of the drive; thumbs that were changed and what was taken back are left out."""

    notes: tuple[Note, ...] = ()
    skipped: int = 0  # lines that are no notes

    def problem(self, name: str) -> str:
        """What was left out, in one sentence; "" where nothing was."""
        if not self.skipped:
            return ""
        many = "1 line" if self.skipped == 1 else f"{self.skipped} lines"
        return f"{many} of {name} cannot be read as notes, and are left out"


def path_beside(path: Path) -> Path:
    """Where the notes on a log lie."""
    return path.with_name(f"{lines.stem(path)}{ENDING}")


def read(path: Path) -> Notes:
    """What stands in a file of notes; nothing where there is none."""
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return Notes()
    except OSError:  # a folder, or not ours to read
        return Notes(skipped=1)
    rows = content[:LARGEST].removeprefix(lines.MARK).split(b"\n")
    rows = [row for row in rows if row.strip(lines.BLANK)]
    standing: dict[str, Note] = {}
    skipped = (len(content) > LARGEST) + max(len(rows) - MOST, 0)
    for row in rows[:MOST]:
        try:
            _take(orjson.loads(row), standing)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            skipped += 1
    return Notes(tuple(_in_order(standing.values())), skipped)


def add(path: Path, kind: str, step: int, time: float, text: str = "") -> Note:
    """Add a line to a file of notes. ValueError in one sentence for what is no note, or where no more fit."""
    made = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    note = _checked(Note(secrets.token_hex(8), kind, step, time, cleaned(text), made))
    _append(path, asdict(note))
    return note


def remove(path: Path, note: str) -> None:
    """Take a note back by its id. ValueError where none of that id stands."""
    if all(one.id != note for one in read(path).notes):
        raise ValueError("that note is not here any more")
    _append(path, {"kind": REMOVED, "id": note})


def cleaned(text: str) -> str:
    """A text without what is no character of a text: control characters, halves of pairs, what turns lines around."""
    kept = (c for c in str(text) if c in "\n\t" or not _is_control(c))
    return "".join(kept).strip()


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or ord(character) in TURNED


# ------------------------------------------------------------------------------------- its lines


def _take(row: Mapping, standing: dict[str, Note]) -> None:
    """Add what a line says to what stands so far."""
    if row["kind"] == REMOVED:
        standing.pop(row["id"], None)
        return
    told = Note(*(row[name] for name in ("id", "kind", "step", "time", "text", "made")))
    note = _checked(told)
    if note.kind in THUMBS:  # one on each decision: the last
        for other in [one for one in standing.values() if _is_thumb_on(one, note.step)]:
            del standing[other.id]
    standing[note.id] = note


def _is_thumb_on(note: Note, step: int) -> bool:
    return note.kind in THUMBS and note.step == step


def _checked(note: Note) -> Note:
    """The note. ValueError in one sentence where it is none."""
    if note.kind not in LONGEST:
        raise ValueError(f"a note is one of {', '.join(LONGEST)}")
    texts = (note.id, note.text, note.made)
    if not all(isinstance(text, str) for text in texts) or len(note.id) > LONGEST_ID:
        raise ValueError("a note's id, text and date are texts")
    if type(note.step) is not int or not 0 <= note.step < 10**9:
        raise ValueError("a note is on a decision, by its number")
    if type(note.time) not in (int, float) or not (math.isfinite(note.time) and note.time >= 0):
        raise ValueError("a note is at a time, in seconds")
    if note.text != cleaned(note.text) or len(note.made) > LONGEST_ID:
        raise ValueError("a note's text has characters that are none")
    if len(note.text) > LONGEST[note.kind]:
        most = LONGEST[note.kind]
        raise ValueError(f"{NAMES.get(note.kind, 'a thumb')} has at most {most} characters")
    if note.kind in NAMES and not note.text:
        raise ValueError(f"{NAMES[note.kind]} is empty")
    return note


def _in_order(notes) -> Iterator[Note]:
    yield from sorted(notes, key=lambda note: (note.step, note.time))


def _append(path: Path, row: dict) -> None:
    line = orjson.dumps(row) + b"\n"
    with _lock:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a+b") as file:
            file.seek(0)
            content = file.read(LARGEST + 1)
            if len(content) + len(line) >= LARGEST or content.count(b"\n") >= MOST:
                raise ValueError(FULL)
            torn = bool(content) and not content.endswith(b"\n")
            file.write(b"\n" * torn + line)
