"""Every log on the shelf as a row: how it ended, its figures, its verdicts, its words; with pictures and charts.

A row costs one reading of its log, and is kept until the log changes; so is a picture. Nothing is driven. Ids go to the
browser and come back, never paths; a row's text is a log's own, and the page must not take it for markup.
"""

from __future__ import annotations

import base64
import math
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from drive import camera
from drive.checking.verdicts import SCHEMA, path_beside
from drive.episodes import lines, log, notes, shelf
from drive.episodes.notes import Note
from drive.episodes.shelf import Shelved
from drive.evaluation import summary
from drive.evaluation.results import PUBLISHED, Record, Results
from drive.evaluation.summary import Line
from drive.language import LANGUAGES, hand_words, say_page, say_reported
from drive.show import charts, noting, report
from drive.show.charts import Level

MOST = 500  # logs that are listed, the newest; older ones are counted only
KEPT = 4  # times as many rows are kept: visitors' lists differ
PATIENCE = 1.0  # [s] of reading logs that are new, for one answer; then it tells what it has so far
PICTURES, AT_ONCE = 1000, 12  # thumbnails that are kept, and that one answer holds
SIZE, ACROSS = (264, 96), 80.0  # [px] of a thumbnail, and how much of the road it shows [m]
LONGEST = 100  # characters of a search
AROUND = 60  # characters beside what is searched for that are shown
TEXT = re.compile(rb'"text":\s*("(?:[^"\\]|\\.)*")')
AGAINST = ("mean speed", "TTC under 2 s")  # what success is charted against
NOTHING = "–"


def every(run: str) -> bool:
    """Lists every run."""
    return True


@dataclass(frozen=True)
class Row:
    """One log."""

    run: str
    name: str
    record: Record | None  # None where the log cannot be read
    outcome: dict[str, str]  # language -> in words
    kind: str  # "bad": the task was not done, "good": it was, "over": neither can be told
    texts: tuple[tuple[int, str], ...]  # step and rationale of every decision
    plain: bool  # does it show the scenario and policy as they are: no branch, no changed settings, nobody at the wheel
    by_hand: bool = False  # could a person drive
    problem: str = ""  # why it cannot be read, in one sentence

    @property
    def id(self) -> tuple[str, str]:
        return self.run, self.name


class Gallery:
    """The rows of all logs, read once each. May be asked by several threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._rows: dict[tuple, Row] = {}  # by log and when it changed
        self._false: dict[tuple, tuple[int, int] | None] = {}  # by verdicts and when they changed
        self._pictures: OrderedDict[tuple, str] = OrderedDict()
        self._noted: dict[tuple, tuple[Note, ...]] = {}  # by file and when it changed

    def listed(
        self,
        language: str = "en",
        lists: Callable[[str], bool] = every,
        places: Callable[..., tuple] = noting.places,
    ) -> dict:
        """The rows for the browser, newest first: as many as could be read in time, and how many are still to be read.

        lists: tells of a run's id whether its logs are listed; places: where notes on a log (run, name, path) lie.
        """
        shelved = shelf.shelved(shelf.root())
        logs = [each for each in shelved if lists(each.run)]
        chosen, until = logs[:MOST], time.monotonic() + PATIENCE
        rows, unread = [], 0
        for each in chosen:
            row = self._row(each, time.monotonic() < until)
            if row is None:
                unread += 1
            else:
                those = self._notes(places(each.run, each.name, each.path))
                told = row_data(row, self._verdicts(each.path), language)
                rows.append(told | {"notes": len(those)})
        self._forget(shelved)
        return {"rows": rows, "unread": unread, "older": len(logs) - len(chosen)}

    def _row(self, each: Shelved, may_read: bool = True) -> Row | None:
        """A log's row; None where it is not read yet and may not be read now."""
        key = (each.run, each.name, each.changed, each.size)
        if key not in self._rows and may_read:
            row = row_of(each)
            with self._lock:
                self._rows[key] = row
        return self._rows.get(key)

    def _forget(self, logs: Iterable[Shelved]) -> None:
        """Keep only what is on the shelf, and of that what was read last."""
        keys = {(each.run, each.name, each.changed, each.size) for each in logs}
        with self._lock:
            for key in self._rows.keys() - keys:
                del self._rows[key]
            for key in [*self._rows][: -KEPT * MOST]:
                del self._rows[key]

    def _read(self, lists: Callable[[str], bool]) -> list[Row]:
        """The rows that have been read of what is listed."""
        rows = (self._row(each, False) for each in self._logs(lists))
        return [row for row in rows if row is not None]

    def _logs(self, lists: Callable[[str], bool]) -> list[Shelved]:
        return [each for each in shelf.shelved(shelf.root()) if lists(each.run)][:MOST]

    def _verdicts(self, path: Path) -> tuple[int, int] | None:
        """(false, tested) claims by the verdicts beside a log; None where there are none that can be read."""
        beside = path_beside(path)
        try:
            about = beside.stat()
        except OSError:
            return None
        key = (str(beside), about.st_mtime_ns, about.st_size)
        if key not in self._false:
            counted = false_of(beside)
            with self._lock:
                if len(self._false) > 2 * MOST:
                    self._false.clear()
                self._false[key] = counted
        return self._false[key]

    # -- what is searched for

    def matching(
        self,
        text: str,
        lists: Callable[[str], bool] = every,
        places: Callable[..., tuple] = noting.places,
    ) -> list[dict]:
        """The logs in whose rationales a text stands, or in the notes on them: where first, and what stands around it."""
        wanted = " ".join(str(text)[:LONGEST].split()).casefold()
        logs = self._logs(lists) if wanted else ()
        matches = (self._match(each, wanted, places) for each in logs)
        return [match for match in matches if match]

    def _match(self, each: Shelved, wanted: str, places: Callable[..., tuple]) -> dict | None:
        row = self._row(each, False)
        if row is None:
            return None
        noted = self._notes(places(each.run, each.name, each.path))
        said = ((note.step, note.text) for note in noted)
        return _match(row, row.texts, wanted) or _match(row, said, wanted)

    def _notes(self, files: Iterable[Path]) -> list[Note]:
        """The notes in some files, each read once until it changes."""
        those: list[Note] = []
        for path in files:
            try:
                about = path.stat()
                key = (str(path), about.st_mtime_ns, about.st_size)
                if key not in self._noted:
                    read = notes.read(path).notes
                    with self._lock:
                        if len(self._noted) > KEPT * MOST:
                            self._noted.clear()
                        self._noted[key] = read
                those += self._noted.get(key, ())
            except OSError:  # no notes, or none that can be read
                continue
        return those

    # -- pictures

    def pictures(self, ids: Sequence[Sequence[str]], dark: bool = False) -> list[str]:
        """How each episode ended, as a small picture that stands in an address; "" where there is none."""
        here = {(each.run, each.name): each for each in shelf.shelved(shelf.root())}
        wanted = [(str(run), str(name)) for run, name in ids[:AT_ONCE]]
        return [self._picture(here[each], bool(dark)) if each in here else "" for each in wanted]

    def _picture(self, each: Shelved, dark: bool) -> str:
        key = (each.run, each.name, each.changed, each.size, dark)
        if key not in self._pictures:
            drawn = picture_of(each.path, dark)
            with self._lock:
                self._pictures[key] = drawn
                while len(self._pictures) > PICTURES:
                    self._pictures.popitem(last=False)
        return self._pictures.get(key, "")

    # -- charts

    def charts(
        self, scenario: str = "", language: str = "en", lists: Callable[[str], bool] = every
    ) -> dict:
        """Success against speed and against closeness on a scenario; on the one with most episodes, if none is named."""
        rows = [row for row in self._read(lists) if row.record and row.plain]
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.record.scenario] = counts.get(row.record.scenario, 0) + 1
        if not counts:
            return {"scenario": "", "n": 0, "charts": []}
        scenario = scenario if scenario in counts else max(counts, key=counts.get)
        those = [row.record for row in rows if row.record.scenario == scenario]
        return charts_of(scenario, those, language)


# --------------------------------------------------------------------------------------- the rows


def row_of(each: Shelved) -> Row:
    """A log as a row; where it cannot be read, a row that says why."""
    try:
        return _read_row(each)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        why = str(error) if isinstance(error, lines.LogError) else f"{each.name} cannot be read"
        told = f"{why.replace(str(each.path), each.name)}."
        return Row(each.run, each.name, None, _said("unread"), "over", (), False, problem=told)


def _read_row(each: Shelved) -> Row:
    with lines.opened(each.path) as file:
        try:
            content = file.read()
        except lines.BROKEN as error:
            raise lines.LogError(lines.DAMAGED.format(each.name)) from error
    first, *others = content.removeprefix(lines.MARK).split(b"\n")
    if not first.strip(lines.BLANK):
        raise lines.LogError(f"{each.name} is empty")
    header = lines.parsed(first, each.name)
    if header.get("schema") != log.SCHEMA:
        raise lines.LogError(f"{each.name} is not a rationale log")
    scenario, policy, seed = str(header["scenario"]), str(header["policy"]), int(header["seed"])
    by_hand = "person" in str(
        header.get("takeovers", "")
    )  # then what came of it is not the policy's doing
    whole = [line for line in others if line.strip(lines.BLANK)]
    end = _end(whole)
    texts = tuple(_texts(whole[:-1] if end else whole))
    plain = not (by_hand or header.get("overrides") or header.get("parent"))
    reason, message = str(end.get("reason", "")), str(end.get("message", ""))
    metrics = {str(n): float(v) for n, v in end.get("metrics", {}).items()}
    record = Record(scenario, policy, seed, each.path.name, reason, message, metrics)
    row = partial(Row, each.run, each.name, record, by_hand=by_hand)
    if not end:
        return row(_said("cut"), "over", texts, False)
    if summary.is_failure(record):
        told = {language: summary.why(record, end, language) for language in LANGUAGES}
        return row(told, "bad", texts, plain)
    done = metrics.get("success") == 1.0
    return row(_said("done" if done else "fallback"), "good" if done else "over", texts, plain)


def _said(outcome: str) -> dict[str, str]:
    """An outcome in every language."""
    return {language: say_page(f"outcome.{outcome}", language) for language in LANGUAGES}


def _end(whole: Sequence[bytes]) -> dict:
    """The end among the lines of a log; {} where it was cut short."""
    try:
        last = lines.parsed(whole[-1], "") if whole else {}
    except lines.LogError:
        return {}
    return last if last.get("line") == "end" else {}


def _texts(steps: Sequence[bytes]) -> Iterator[tuple[int, str]]:
    """Step and rationale's text of every line; the last text of a line, for a policy's own stands before it."""
    for number, line in enumerate(steps):
        said = TEXT.findall(line)
        if said:
            yield number, str(orjson.loads(said[-1]))


def false_of(verdicts: Path) -> tuple[int, int] | None:
    """(false, tested) claims of a file of verdicts; None where it cannot be read."""
    try:
        (_, first), *others = lines.rows(verdicts)[0]
        if first.get("schema") != SCHEMA:
            return None
        rows = [row["verdict"]["result"] for _, row in others if "verdict" in row]
    except (ValueError, KeyError, TypeError):
        return None
    return rows.count("false"), rows.count("false") + rows.count("true")


def row_data(row: Row, false: tuple[int, int] | None, language: str = "en") -> dict:
    """A row for the browser, JSON-ready."""
    here = {"id": [*row.id], "outcome": row.outcome[language], "kind": row.kind}
    if row.record is None:
        return here | {"problem": say_reported(row.problem, language)}
    metrics, policy = row.record.metrics, row.record.policy
    if row.by_hand:
        policy = hand_words(language).page["name"].format(policy=policy)
    words = [len(text.split()) for _, text in row.texts]
    return here | {
        "scenario": row.record.scenario,
        "policy": policy,
        "hand": row.by_hand,
        "seed": row.record.seed,
        "plain": row.plain,
        "success": metrics.get("success"),
        "speed": _rounded(metrics.get("mean speed"), 1),
        "headway": _rounded(metrics.get("minimum headway"), 2),
        "ttc": _rounded(metrics.get("minimum TTC"), 1),
        "false": false and false[0],
        "claims": false and false[1],
        "words": round(sum(words) / len(words)) if words else None,
        "decisions": len(words),
    }


def _rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, decimals)


def _match(row: Row, texts: Iterable[tuple[int, str]], wanted: str) -> dict | None:
    for step, text in texts:
        at = text.casefold().find(wanted)
        if at >= 0:
            begin, end = max(at - AROUND, 0), at + len(wanted) + AROUND
            around = "…" * (begin > 0) + text[begin:end] + "…" * (end < len(text))
            return {"id": [*row.id], "step": step, "around": around}
    return None


# ------------------------------------------------------------------------------------- its pictures


def picture_of(path: Path, dark: bool = False) -> str:
    """How an episode ended, from above, as a picture in an address; "" where the log does not tell."""
    palette = camera.DARK if dark else camera.LIGHT
    try:
        last = log.read_last(path)
        moment = camera.moment_of(last.scene)
        view = camera.View((moment.ego.x, moment.ego.y), 0.0, SIZE[0] / ACROSS, SIZE)
        marks = camera.Marks(numbered=False)
        picture = camera.bird_eye(last.header.road, moment, view, marks, palette, SIZE)
    except (ValueError, OSError):
        return ""
    return "data:image/webp;base64," + base64.b64encode(camera.packed(picture)).decode()


# --------------------------------------------------------------------------------------- its charts


def charts_of(scenario: str, records: Sequence[Record], language: str = "en") -> dict:
    """Charts of episodes on one scenario, one for each policy and seed, the newest first among several."""
    single = {(one.policy, one.seed): one for one in reversed(records)}
    policies = tuple(sorted({one.policy for one in single.values()}))
    results = Results("", (scenario,), policies, tuple(single.values()), frozenset(), Path())
    figures = {
        policy: {m: results.estimate(scenario, policy, m) for m in (report.SUCCESS, *AGAINST)}
        for policy in policies
    }
    rows = [
        Line(scenario, policy, len(results.of(scenario, policy)), figures[policy], None)
        for policy in policies
    ]
    axes = {metric: report.axis(metric, rows, language) for metric in (report.SUCCESS, *AGAINST)}
    levels = [
        Level(one.author, 100 * one.success, f"{one.author}: {one.source}")
        for one in PUBLISHED
        if one.scenario == scenario
    ]
    return {
        "scenario": scenario,
        "n": len(single),
        "charts": [
            report.chart(results, rows, metric, axes, levels, language) for metric in AGAINST
        ],
        "policies": [
            {"name": line.policy, "n": line.n, "kind": kind, "mark": charts.mark(kind, 8, 8)}
            for kind, line in enumerate(rows)
        ],
    }
