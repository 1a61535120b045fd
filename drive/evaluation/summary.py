"""An evaluation in short: one line for each policy on each scenario, and every task that was not done, with why.

The figures come from records. Why an episode failed, and what was said before it did, is read from its log;
how many claims are false, from the verdicts that lie beside it, if any.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drive.checking.verdicts import path_beside, read_verdicts
from drive.episodes import lines, shelf
from drive.evaluation.results import (
    ANSWERED,
    BROKEN,
    MISSING,
    PUBLISHED,
    Record,
    Results,
    interval,
    shown,
)
from drive.language import page_words, said_number, say_page, say_partner
from drive.measures.statistics import Estimate

FIGURES = {  # metric -> its heading, in two parts
    "success": ("success", "(95 %)"),
    "collision": ("collision", ""),
    "mean speed": ("speed", "[m/s]"),
    "headway under 1 s": ("headway", "< 1 s"),
    "TTC under 2 s": ("TTC", "< 2 s"),
}
BESIDES = {  # headings where a fallback or a monitor took part
    ANSWERED: ("decisions", "answered"),
    "success without takeover": ("without", "takeover"),
    "takeovers per 100 km": ("takeovers", "/100 km"),
}
FIRST = (("scenario", ""), ("policy", ""), ("n", ""))  # columns
CLAIMS, WORDS = ("false", "claims"), ("words", "each")
RIGHT = 2  # the columns from here on are numbers
GAP = "  "
LISTED = 3  # failed episodes that the terminal names of one policy on one scenario
IN_ALL = 12  # ... of all together, though one of each; and those that it says how to look at
SAID = 3  # sentences before a failure
UNREAD = "{reason}; its log cannot be read"


@dataclass(frozen=True)
class Words:
    """What was said in some episodes whose verdicts lie beside their logs."""

    claims: int  # that could be tested
    false: int  # of these
    untestable: int
    decisions: int
    words: int  # in all rationales


@dataclass(frozen=True)
class Line:
    """One policy on one scenario."""

    scenario: str
    policy: str
    n: int
    figures: dict[str, Estimate]  # by metric, in the order of `figures_of`
    said: Words | None  # None where no verdicts lie beside the logs


@dataclass(frozen=True)
class Failed:
    """An episode whose task was not done, as its log tells it."""

    record: Record
    why: str
    step: int  # the last decision
    said: tuple[
        tuple[float, str], ...
    ]  # [s] and sentence of the last decisions; none where none was taken

    @property
    def name(self) -> str:
        """Of its log, without the ending."""
        return lines.stem(Path(self.record.log))


# ------------------------------------------------------------------------------------------ figures


def summary(results: Results) -> tuple[Line, ...]:
    """A line for every policy on every scenario on which it applies."""
    metrics = figures_of(results)
    return tuple(
        Line(
            scenario,
            policy,
            len(results.of(scenario, policy)),
            {metric: results.estimate(scenario, policy, metric) for metric in metrics},
            said(results.out / record.log for record in results.of(scenario, policy)),
        )
        for scenario in results.scenarios
        for policy in results.policies
        if results.of(scenario, policy)
    )


def figures_of(results: Results) -> dict[str, tuple[str, str]]:
    """What is told of every line: metric -> its heading; how much a fallback or a monitor drove, where one did."""
    [first, *others] = FIGURES.items()
    return dict([first, *((name, BESIDES[name]) for name in results.besides), *others])


def said(logs: Iterable[Path]) -> Words | None:
    """What the verdicts beside these logs come to; None where none can be read."""
    count, decisions, words, any_read = Counter(), 0, 0, False
    for path in logs:
        if not path_beside(path).exists():
            continue
        try:
            findings = read_verdicts(path_beside(path)).findings
            texts = [text for _, text in _sentences(lines.rows(path)[0])]
        except (ValueError, KeyError, TypeError):
            continue
        count.update(finding.verdict.result for finding in findings)
        any_read, decisions = True, decisions + len(texts)
        words += sum(len(text.split()) for text in texts)
    if not any_read:
        return None
    tested = count["true"] + count["false"]
    return Words(tested, count["false"], count["untestable"], decisions, words)


def cells(line: Line) -> tuple[str, ...]:
    """The figures of a line as text; success with its interval."""
    told = []
    for metric, figure in line.figures.items():
        text = shown(figure.mean, metric)
        if metric == "success" and text != MISSING:
            text += f" ({interval(figure, metric)})"
        if figure.n not in (0, line.n):
            text += f" n={figure.n}"
        told.append(text)
    return tuple(told)


def words_of(line: Line) -> tuple[str, str]:
    """How many claims are false, and how many words a rationale has."""
    if line.said is None:
        return (MISSING, MISSING)
    each = line.said.words / line.said.decisions if line.said.decisions else 0.0
    return (f"{line.said.false} of {line.said.claims}", f"{each:.0f}")


# ----------------------------------------------------------------------------------------- failures


def is_failure(record: Record) -> bool:
    """Was the task not done? An episode in which a fallback took part is neither done nor failed."""
    return record.failed or record.metrics.get("success") == 0.0


def failures(results: Results) -> tuple[Failed, ...]:
    """Every failed episode, scenario by scenario and policy by policy, the commonest reason first."""
    groups = (
        [record for record in results.of(scenario, policy) if is_failure(record)]
        for scenario in results.scenarios
        for policy in results.policies
    )
    return tuple(failed(record, results.out) for group in groups for record in _by_reason(group))


def _by_reason(records: Sequence[Record]) -> list[Record]:
    count = Counter(record.reason for record in records)
    return sorted(records, key=lambda r: (r.reason != BROKEN, -count[r.reason], r.reason, r.seed))


def failed(record: Record, folder: Path) -> Failed:
    """Why an episode failed and what was said before; as much of it as its log can tell."""
    path = folder / record.log
    try:
        rows = lines.rows(path)[0]
        sentences = _sentences(rows)
        told = why(record, rows[-1][1] if rows else {})
    except (ValueError, KeyError, TypeError, AttributeError):
        told = why(record, {})
        told = told if record.reason == BROKEN else UNREAD.format(reason=told)
        return Failed(record, told, 0, ())
    return Failed(record, told, max(len(sentences) - 1, 0), tuple(sentences[-SAID:]))


def _sentences(rows: Iterable[tuple[int, dict]]) -> list[tuple[float, str]]:
    """[s] and text of every decision among the lines of a log."""
    steps = (row for _, row in rows if row.get("line") == "step")
    return [(float(step["scene"]["time"]), str(step["rationale"]["text"])) for step in steps]


def why(record: Record, end: dict, language: str = "en") -> str:
    """Why an episode failed, in a few words. end: the last line of its log."""

    def said(key: str, **values: str) -> str:
        return say_page(f"outcome.{key}", language, **values)

    values = {"at": "", "partner": "", "fault": ""}
    values["message"] = " ".join(record.message.split()) or said("silent")
    if end.get("line") == "end":
        contact = end.get("contact") or {}
        time, partner = contact.get("time", end["final"]["time"]), contact.get("partner", "unknown")
        values["at"] = said("at", time=said_number(time, page_words(language)["decimal"]))
        if partner != "unknown":
            values["partner"] = said("with", partner=say_partner(partner, language))
        if contact.get("unavoidable"):
            values["fault"] = said("unavoidable")
        elif contact.get("side", "unknown") != "unknown" and not contact["at_fault"]:
            values["fault"] = said("no fault")
    missed = record.reason == "time is up" and record.metrics.get("goal missed") == 1.0
    reason = "missed" if missed else "broken" if record.reason == BROKEN else record.reason
    known_reason = f"outcome.{reason}" in page_words(language)
    return said(reason, **values) if known_reason else f"{record.reason}{values['at']}"


# --------------------------------------------------------------------------------- how to look at it


def link(folder: Path, one: Failed) -> str:
    """What leads the page to the moment, after its address."""
    return shelf.link(shelf.place(folder)[1], one.name, one.step)


def command(folder: Path, one: Failed) -> str:
    """What says why the last decision was taken."""
    return f"whydrive explain {shlex.quote(str(folder / one.record.log))} --step {one.step}"


def page_command(folder: Path) -> str:
    """What opens the page on the folder's logs."""
    root = shelf.place(folder)[0]
    return (
        "whydrive app" if root is None else f"WHYDRIVE_RUNS={shlex.quote(str(root))} whydrive app"
    )


# ------------------------------------------------------------------------------- in a terminal


def told(results: Results) -> Iterator[str]:
    """The evaluation for a terminal: the table, then what failed and how to look at it."""
    yield from table(results)
    yield ""
    yield from _failures_told(results)


def table(results: Results) -> Iterator[str]:
    """A line for each policy on each scenario, under two lines of headings. No name is cut."""
    rows = summary(results)
    any_said = any(line.said for line in rows)
    heads = (*FIRST, *figures_of(results).values(), *((CLAIMS, WORDS) if any_said else ()))
    body = [
        (line.scenario, line.policy, str(line.n), *cells(line))
        + (words_of(line) if any_said else ())
        for line in rows
    ]
    body += [
        (one.scenario, f"{one.author} (published)", MISSING, shown(one.success, "success"))
        + (MISSING,) * (len(heads) - 4)
        for one in PUBLISHED
        if one.scenario in results.scenarios
    ]
    body.sort(key=lambda row: results.scenarios.index(row[0]))
    body = [
        ("" if k and row[0] == body[k - 1][0] else row[0], *row[1:]) for k, row in enumerate(body)
    ]
    yield from aligned([*zip(*heads, strict=True)], body)


def aligned(heads: Sequence[Sequence[str]], body: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as what stands in them, with a rule under the headings."""
    widths = [max(map(len, column)) for column in zip(*heads, *body, strict=True)]
    for rows in (heads, [["─" * width for width in widths]], body):
        for row in rows:
            yield GAP.join(
                text.ljust(width) if k < RIGHT else text.rjust(width)
                for k, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()


def _failures_told(results: Results) -> Iterator[str]:
    groups: dict[tuple[str, str], list[Failed]] = {}
    for one in failures(results):
        groups.setdefault((one.record.scenario, one.record.policy), []).append(one)
    if not groups:
        yield "no episode failed"
        return
    most, looks = max(1, min(LISTED, IN_ALL // len(groups))), IN_ALL
    for (scenario, policy), those in groups.items():
        named = [f"seed {one.record.seed} {one.why}" for one in those[:most]]
        named += [f"and {len(those) - most} more"] * (len(those) > most)
        of = len(results.of(scenario, policy))
        yield f"{scenario}, {policy}: {len(those)} of {of} failed: {', '.join(named)}"
        decided = [one for one in those[:most] if one.said][:looks]
        for one in decided:
            yield f"  {command(results.out, one)}    {link(results.out, one)}"
        looks -= len(decided)
    run = page_command(results.out)
    yield f"(what begins with ? goes after the page's address, once `{run}` runs; the report has all)"
