"""The rationale log, version 1: one episode as JSON lines. Write, read, digest.

First line the header, then a line per decision, flushed as it is decided, last line the end. What a
kill leaves behind is read up to its last whole line, and the reader says so. Text in a log may
be a language model's: it is checked for shape here, and never trusted as markup anywhere.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from drive.episodes import codec, lines
from drive.episodes.codec import build, plain
from drive.episodes.lines import LogError
from drive.episodes.whole import naming
from drive.kinematics.edits import lifted
from drive.kinematics.history import history
from drive.kinematics.past import hidden_by, with_edited_past
from drive.language import LANGUAGES
from drive.types import Edit, End, Episode, Header, Scene, Step, Tracks

SCHEMA = "whydrive.rationale"
# 1.1: edits, physics, parent, followed paths; 1.2: takeovers; 1.3: debris; 1.4: takeovers of a monitor
VERSION = (1, 4)
SHORTEST, LONGEST = 1e-4, 60.0  # [s] between states, and between decisions
PROGRAM = re.compile(r"\.(py|safetensors)$")  # what a policy's file name ends in


@dataclass(frozen=True)
class Log:
    """A log as read."""

    episode: Episode
    torn: bool  # the last line was cut and is left out


def file_name(header: Header) -> str:
    """`<scenario>-<policy>-<seed>.jsonl`, safe as a file name."""
    kind, _, source = header.policy.rpartition(":")  # sb3:FILE, llm:MODEL
    named = "_".join(filter(None, (kind, PROGRAM.sub("", Path(source).name)))) or "policy"
    policy = re.sub(r"[^A-Za-z0-9_.]+", "_", named)
    return f"{header.scenario}-{policy}-{header.seed}.jsonl"


class Writer:
    """Writes one episode; every call puts one whole line on disk. Use as a context manager.

    A log that lies there with its end stays until this one has its own: until then the lines stand
    beside it, in `NAME.jsonl.part`. OSError that names the path where a line cannot be written.
    """

    def __init__(self, path: Path, header: Header):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._at = path.with_name(f"{path.name}.part") if is_complete(path) else path
        self._file = open(self._at, "wb", buffering=0)
        major, minor = VERSION
        self._line({"schema": SCHEMA, "version": f"{major}.{minor}"} | plain(header))

    def step(self, step: Step) -> None:
        self._line({"line": "step"} | plain(step))

    def end(self, end: End) -> None:
        self._line({"line": "end"} | plain(end))
        if self._at != self.path:
            os.replace(self._at, self.path)

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def _line(self, data: dict) -> None:
        rest = memoryview(orjson.dumps(data) + b"\n")
        try:
            while rest:  # a disk that is nearly full takes a part and says nothing
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise naming(error, self._at) from error


def write(path: Path, episode: Episode) -> None:
    """Write a whole episode."""
    with Writer(path, episode.header) as writer:
        for step in episode.steps:
            writer.step(step)
        if episode.end:
            writer.end(episode.end)


def read(path: Path | str) -> Log:
    """Read an episode. LogError for what is missing, foreign, newer or damaged before its last line."""
    rows, torn = _lines(Path(path))
    header = _header(path, rows[0][1])
    steps: list[Step] = []
    so_far = _SoFar(header)
    end = None
    for number, line in rows[1:]:
        place = f"{path}, line {number}"
        if end is not None:
            raise LogError(f"{place}: something follows the end of the episode")
        if line.get("line") == "step":
            steps.append(_step(line, so_far, len(steps), place))
        elif line.get("line") == "end":
            end = _end(line, so_far, place)
        else:
            raise LogError(f"{place}: neither a step nor an end")
    return Log(Episode(header, tuple(steps), end), torn)


def read_header(path: Path | str) -> Header:
    """Only the header, for listings."""
    return _header(path, lines.first(Path(path)))


@dataclass(frozen=True)
class Last:
    """Where an episode stood at last."""

    header: Header
    scene: Scene  # without its past
    end: End | None  # None where the log was cut short


def read_last(path: Path | str) -> Last:
    """How a log ends, for pictures in listings: its first and its last line are read. LogError as from `read`."""
    path = Path(path)
    header, line = read_header(path), lines.last(path) or {}
    so_far, place = _SoFar(header), f"{path}, last line"
    if line.get("line") == "end":
        end = _end(line, so_far, place)
        return Last(header, end.final, end)
    if line.get("line") == "step":
        return Last(header, so_far.scene(line.get("scene"), line, place), None)
    raise LogError(f"{place}: neither a step nor an end")


def is_complete(path: Path) -> bool:
    """Does the log stand on disk with its end? Reads the last line only."""
    return (lines.last(path) or {}).get("line") == "end"


def the_step(episode: Episode, number: int) -> Step:
    """The step of that number; ValueError says which there are."""
    if not 0 <= number < len(episode.steps):
        count = len(episode.steps)
        numbers = f"steps 0 to {count - 1}" if count else "no steps"
        raise ValueError(f"no step {number}; this episode has {numbers}")
    return episode.steps[number]


def digest(episode: Episode) -> str:
    """SHA-256 of all that was driven and said. Timings, metrics, package versions and physics do not count.

    Rewards are rounded as scenes and tracks are, to 1e-6.
    """
    header = plain(replace(episode.header, versions={}, physics=Header.physics))
    steps = [plain(replace(s, timing={}, reward=round(s.reward, 6))) for s in episode.steps]
    end = plain(replace(episode.end, metrics={})) if episode.end else None
    body = orjson.dumps([header, steps, end], default=str, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()


def schema() -> dict:
    """JSON Schema of the three kinds of line, generated from the types."""
    return {name: codec.schema(kind) for name, kind in LINES.items()}


LINES = {"header": Header, "step": Step, "end": End}


# ----------------------------------------------------------------------------------------- reading


def _lines(path: Path) -> tuple[list[tuple[int, dict]], bool]:
    rows, torn = lines.rows(path)
    if not rows:
        what = "was cut within its first line; nothing can be read" if torn else "is empty"
        raise LogError(f"{path} {what}")
    return rows, torn


def _header(path, line: dict) -> Header:
    if line.get("schema") != SCHEMA:
        raise LogError(f"{path} is not a rationale log: its first line names no {SCHEMA!r} schema")
    version = str(line.get("version"))
    major = version.split(".")[0]
    if not major.isdigit() or int(major) > VERSION[0]:
        raise LogError(f"{path} has version {version}; this program reads up to {VERSION[0]}.x")
    header = _built(Header, line, {}, f"{path}, line 1")
    if not SHORTEST <= header.sub_step <= header.period <= LONGEST:
        raise LogError(
            f"{path}, line 1: it takes {SHORTEST} <= sub_step <= period <= {LONGEST:g} [s]"
        )
    return header


def _built(kind, data: dict, given: dict, place: str):
    try:
        return build(kind, data, given)
    except (codec.CodecError, RecursionError) as error:
        raise LogError(f"{place}: {str(error).lstrip('.')}") from error


class _SoFar:
    """What the lines read so far say about the next scene: what repeats, and the past of all cars."""

    def __init__(self, header: Header):
        repeats = ("scenario", "seed", "period", "sub_step", "task", "perception", "road")
        self.given = {name: getattr(header, name) for name in repeats}
        self.given["history"] = history((), ())
        self.takeovers = header.takeovers
        self._tracks: list[Tracks] = []
        self._seen: list[frozenset[int]] = []
        self._edits: list[tuple[Edit, ...]] = []

    def scene(self, data, line: dict, place: str) -> Scene:
        """The scene with its past, as the world gave it: rebuilt from the tracks and edits of the earlier lines."""
        edits = _built(tuple[Edit, ...], line.get("edits", []), {}, place)
        scene = lifted(_built(Scene, data, self.given, place), edits)
        self.given |= {name: getattr(scene, name) for name in ("task", "perception", "road")}
        self._seen.append(frozenset(car.id for car in (*scene.cars, *scene.ghosts)))
        self._edits.append(edits)
        ghosts = hidden_by(self._edits)
        try:
            self._tracks = with_edited_past(self._tracks, scene, edits)
            past = history(self._tracks, self._seen, scene.perception, scene.seed, ghosts)
        except (IndexError, ValueError) as error:
            raise LogError(f"{place}: its tracks do not fit together") from error
        return replace(scene, history=past)

    def add(self, step: Step) -> None:
        self._tracks.append(step.tracks)


def _step(line: dict, so_far: _SoFar, number: int, place: str) -> Step:
    scene = so_far.scene(line.get("scene"), line, place)
    step = _built(Step, line | {"scene": scene}, {}, place)
    if scene.step != number:
        raise LogError(f"{place}: step {scene.step} stands where step {number} belongs")
    if not any(option.action == step.choice.action for option in step.choice.options):
        raise LogError(f"{place}: the action taken is not among the options")
    if step.takeover and step.takeover.by not in so_far.takeovers:
        raise LogError(f"{place}: a {step.takeover.by} drove, and the header says that none did")
    if step.trajectory is None:
        raise LogError(f"{place}: the action taken leads nowhere; it has no trajectory")
    if step.rationale.language not in LANGUAGES:
        raise LogError(f"{place}: its rationale is in a language that has no words here")
    so_far.add(step)
    return step


def _end(line: dict, so_far: _SoFar, place: str) -> End:
    scene = so_far.scene(line.get("final"), line, place)
    return _built(End, line | {"final": scene}, {}, place)
