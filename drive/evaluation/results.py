"""What came of an evaluation: records, rows with intervals, paired differences, tables and files.

Reads no log and drives nothing. Success is never shown without speed, nor a figure without n and its
interval; what is missing is a dash.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drive.episodes.whole import put
from drive.measures.metrics import METRICS, SHARE
from drive.measures.statistics import (
    Estimate,
    bootstrap,
    paired,
    paired_ratio,
    poisson,
    ratio,
    wilson,
)

MISSING = "–"
ANSWERED = "decisions answered"
BROKEN = "broken"  # the reason of an episode that has no end
NOTHING = Estimate(math.nan, math.nan, math.nan, 0)
OUTCOME = (
    "success", "mean speed", "collision", "at-fault collision", "off-road", "minimum TTC",
    "close encounter", "scene score",
)  # fmt: skip
MANNER = (
    "comfort: all six", "inside lane", "headway under 1 s", "TTC under 2 s", "RSS violation",
    "hard braking imposed per km", "oncoming lane", "goal missed", "lane changes", "action flapping",
    "followed paths",
    "self-ADE 1 decision", "self-ADE 3 s", "plan deviation", "decision latency p50",
)  # fmt: skip
TOLD_WHERE_ANY = (  # rows that stand only where some episode has a value above 0
    "oncoming lane", "goal missed",
    "followed paths",  # says which kind of action drove, where not all took the road's own
)  # fmt: skip
WATCHED = ("success without takeover", "takeovers per 100 km")  # rows where a monitor watches
MILLISECONDS = tuple(name for name in METRICS if name.startswith("decision latency"))
COMPARED = ("success", "mean speed", "collision", "scene score")


@dataclass(frozen=True)
class Record:
    """One episode of an evaluation. Metrics that it cannot tell are absent."""

    scenario: str
    policy: str
    seed: int
    log: str  # file name within the run's folder
    reason: str  # of types.End, or BROKEN
    message: str = ""  # what went wrong, in words
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.reason in ("policy failed", BROKEN)


@dataclass(frozen=True)
class Row:
    """One figure: a metric of a policy on a scenario, over n episodes."""

    suite: str
    scenario: str
    policy: str
    metric: str
    mean: float
    low: float  # of the 95 % interval
    high: float
    n: int


@dataclass(frozen=True)
class Difference:
    """How much more of a metric a policy has than another, over n seeds that both drove."""

    suite: str
    scenario: str
    policy: str
    versus: str
    metric: str
    mean: float
    low: float  # of the 95 % interval
    high: float
    n: int


@dataclass(frozen=True, eq=False)
class Results:
    """An evaluation's episodes, and every figure that follows from them."""

    suite: str
    scenarios: tuple[str, ...]
    policies: tuple[str, ...]  # names; the first is what the others are compared with
    records: tuple[Record, ...]
    absent: frozenset[tuple[str, str]]  # (scenario, policy): no action of the policy exists there
    out: Path

    @property
    def failures(self) -> tuple[Record, ...]:
        """Episodes that broke, or whose policy failed."""
        return tuple(record for record in self.records if record.failed)

    @property
    def unanswered(self) -> dict[str, float]:
        """Policies that left decisions to a fallback: name -> the share of decisions that they answered."""
        shares: dict[str, list[float]] = {}
        for record in self.records:
            shares.setdefault(record.policy, []).append(record.metrics.get(ANSWERED, 1.0))
        means = {name: math.fsum(each) / len(each) for name, each in shares.items()}
        return {name: mean for name, mean in means.items() if mean < 1.0}

    @property
    def besides(self) -> tuple[str, ...]:
        """Metrics of what took part beside a policy, where it did: a fallback, a monitor."""
        watched = any("takeovers" in record.metrics for record in self.records)
        return (*(ANSWERED,) * bool(self.unanswered), *WATCHED * watched)

    def of(self, scenario: str, policy: str) -> tuple[Record, ...]:
        """The episodes of one policy on one scenario, in the order of the seeds' protocol."""
        return self._groups.get((scenario, policy), ())

    def values(self, scenario: str, policy: str, metric: str) -> dict[int, float]:
        """seed -> value; NaN where the episode cannot tell."""
        records = self.of(scenario, policy)
        return {record.seed: record.metrics.get(metric, math.nan) for record in records}

    def estimate(self, scenario: str, policy: str, metric: str) -> Estimate:
        """A metric over the episodes: Wilson for rates, Poisson for rare events, else bootstrap."""
        how = METRICS[metric]
        if how.pooled:
            parts = self._parts(scenario, policy, metric).values()
            return (
                (_per_event if how.rare else ratio)(*zip(*parts, strict=True)) if parts else NOTHING
            )
        values = list(self.values(scenario, policy, metric).values())
        return wilson(values) if how.rate else bootstrap(values)

    @functools.cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every metric of every policy on every scenario on which it applies."""
        return tuple(
            Row(self.suite, scenario, policy, name, **vars(self.estimate(scenario, policy, name)))
            for scenario, policy in self._pairs()
            for name in METRICS
        )

    @functools.cached_property
    def differences(self) -> tuple[Difference, ...]:
        """Every policy against the first, paired on the seeds that both drove."""
        return tuple(
            self.difference(scenario, policy, self.policies[0], name)
            for scenario, policy in self._pairs()
            if policy != self.policies[0] and (scenario, self.policies[0]) not in self.absent
            for name in COMPARED
        )

    def difference(self, scenario: str, policy: str, versus: str, metric: str) -> Difference:
        """How much more of a metric a policy has than another, paired on the seeds that both drove."""
        pooled = METRICS[metric].pooled
        read, compare = (self._parts, paired_ratio) if pooled else (self.values, paired)
        pair = (read(scenario, name, metric) for name in (versus, policy))
        return Difference(self.suite, scenario, policy, versus, metric, **vars(compare(*pair)))

    def _parts(self, scenario: str, policy: str, metric: str) -> dict[int, tuple[float, float]]:
        """seed -> the two values that a pooled metric is made of."""
        how = METRICS[metric]
        over, under = (self.values(scenario, policy, name) for name in how.pooled)
        return {seed: (over[seed], under[seed] / how.per) for seed in over}

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for scenario in self.scenarios:
            for policy in self.policies:
                if (scenario, policy) not in self.absent:
                    yield scenario, policy

    @functools.cached_property
    def _groups(self) -> dict[tuple[str, str], tuple[Record, ...]]:
        groups: dict[tuple[str, str], list[Record]] = {}
        for record in self.records:
            groups.setdefault((record.scenario, record.policy), []).append(record)
        return {key: tuple(records) for key, records in groups.items()}


def _per_event(over: Sequence[float], counts: Sequence[float]) -> Estimate:
    """All of one over a count of rare events, with Poisson's limits; none seen bounds it below only."""
    both = [(o, c) for o, c in zip(over, counts, strict=True) if not math.isnan(o + c)]
    if not both:
        return NOTHING
    total = math.fsum(o for o, _ in both)
    events = poisson(round(sum(c for _, c in both)))
    low, mean, high = (total / e if e else math.nan for e in (events.high, events.mean, events.low))
    return Estimate(mean, low, high, len(both))


# ------------------------------------------------------------------------------ what others report


@dataclass(frozen=True)
class Published:
    """A figure that others report on the same road and task."""

    scenario: str
    author: str
    success: float
    source: str


_WEN = (
    "Wen et al., DiLu, ICLR 2024, arXiv 2309.16292; speed and number of episodes not stated there"
)

PUBLISHED = tuple(
    Published(scenario, author, success, _WEN)
    for author, rates in (
        ("DiLu, 40 memories", (0.70, 0.65, 0.35)),
        ("GRAD, graph RL", (0.69, 0.47, 0.10)),
    )
    for scenario, success in zip(("dilu-4-2.0", "dilu-5-2.5", "dilu-5-3.0"), rates, strict=True)
)


# ------------------------------------------------------------------------------------------ tables


def shown(value: float, metric: str, sign: str = "") -> str:
    """A value as tables say it: shares in percent, times to decide in ms; a dash where missing.

    Three digits, at most two of them decimals. sign: "+" for differences.
    """
    if not math.isfinite(value):
        return MISSING
    if METRICS[metric].range == SHARE:
        return f"{round(100 * value) + 0:{sign}d} %"
    value = float(f"{value * (1000 if metric in MILLISECONDS else 1):.3g}")
    digits = min(2, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{round(value, digits) + 0.0:{sign}.{max(0, digits)}f}"


def interval(estimate: Estimate | Row | Difference, metric: str, sign: str = "") -> str:
    """The 95 % interval of an estimate as tables say it."""
    bounds = (shown(bound, metric, sign) for bound in (estimate.low, estimate.high))
    low, high = (bound.removesuffix(" %") for bound in bounds)
    return f"{low} to {high}" if (low, high) != (MISSING, MISSING) else MISSING


def cell(estimate: Estimate | Row | Difference, metric: str, n: int, sign: str = "") -> str:
    """A figure over its interval, with its own n where fewer than n episodes could tell."""
    fewer = f" (n={estimate.n})" if estimate.n != n else ""
    return f"{shown(estimate.mean, metric, sign)}{fewer}\n({interval(estimate, metric, sign)})"


def heading(metric: str) -> str:
    """A metric's name with the unit it is shown in."""
    unit = "ms" if metric in MILLISECONDS else METRICS[metric].unit
    return f"{metric} [{unit}]" if unit else metric


def tables(results: Results) -> Iterator[Table]:
    """Per scenario what came of it and how it was driven, then what differs between policies."""
    for scenario in results.scenarios:
        yield _table(results, scenario)
    if results.differences:
        yield _differences(results)


def print_tables(results: Results, console: Console | None = None) -> None:
    """Print all tables, the sources of published figures, and the episodes that failed."""
    console = console or Console()
    for table in tables(results):
        console.print(table)
    sources = dict.fromkeys(row.source for row in PUBLISHED if row.scenario in results.scenarios)
    for source in sources:
        console.print(f"published: {source}", style="dim", highlight=False)
    for record in results.failures:
        line = f"failed: {record.scenario} {record.policy} seed {record.seed}: {record.message}"
        console.print(line, style="red", markup=False, highlight=False)


def _table(results: Results, scenario: str) -> Table:
    """A row per metric, a column per policy; published figures stand beside ours."""
    others = [row for row in PUBLISHED if row.scenario == scenario]
    table = _grid(
        scenario, "", [*results.policies, *(f"{row.author} (published)" for row in others)]
    )
    counts = {policy: len(results.of(scenario, policy)) for policy in results.policies}
    table.add_row("n", *(str(n or MISSING) for n in counts.values()), *[MISSING] * len(others))
    told = (OUTCOME[0], *results.besides, *OUTCOME[1:])
    for part in (told, MANNER):
        table.add_section()
        for name in part:
            if name in TOLD_WHERE_ANY and not _any(results, scenario, name):
                continue
            ours = (
                MISSING if (scenario, policy) in results.absent
                else cell(results.estimate(scenario, policy, name), name, n)
                for policy, n in counts.items()
            )  # fmt: skip
            theirs = (shown(row.success, name) if name == "success" else MISSING for row in others)
            table.add_row(Text(heading(name)), *ours, *theirs)
    return table


def _any(results: Results, scenario: str, metric: str) -> bool:
    """Is a metric above 0 in any episode of a scenario?"""
    each = (results.values(scenario, policy, metric) for policy in results.policies)
    return any(value > 0 for values in each for value in values.values())


def _differences(results: Results) -> Table:
    title = f"difference to {results.policies[0]}, paired on seeds"
    table = _grid(title, "scenario", ["policy", "n", *map(heading, COMPARED)])
    groups: dict[tuple[str, str], list[Difference]] = {}
    for row in results.differences:
        groups.setdefault((row.scenario, row.policy), []).append(row)
    for (scenario, policy), rows in groups.items():
        n = max(row.n for row in rows)
        cells = (cell(row, row.metric, n, "+") for row in rows)
        table.add_row(scenario, Text(policy), str(n), *cells)
    return table


def _grid(title: str, first: str, columns: Sequence[str]) -> Table:
    """An empty table; what is in brackets is a unit, not markup."""
    table = Table(title=Text(title, "bold"), title_justify="left", box=SIMPLE_HEAD)
    table.add_column(Text(first))
    for column in columns:
        table.add_column(Text(column), justify="right")
    return table


# ------------------------------------------------------------------------------------------- files


def as_json(results: Results) -> str:
    """Rows, differences and failures; what is missing is null."""
    rows = [_plain(row) for row in results.rows]
    differences = [_plain(row) for row in results.differences]
    failures = [
        {name: getattr(record, name) for name in ("scenario", "policy", "seed", "log", "message")}
        for record in results.failures
    ]
    body = {"rows": rows, "differences": differences, "failures": failures}
    return json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False)


def as_csv(results: Results) -> str:
    """The rows; what is missing is an empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Row.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_plain, results.rows))
    return text.getvalue()


def write(results: Results, json_file: Path | None = None, csv_file: Path | None = None) -> None:
    """Write the rows where asked, making folders as needed."""
    for path, make in ((json_file, as_json), (csv_file, as_csv)):
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            put(Path(path), make(results).encode())


def _plain(row: Row | Difference) -> dict:
    data = asdict(row)
    missing = (name for name in ("mean", "low", "high") if not math.isfinite(data[name]))
    return data | dict.fromkeys(missing)
