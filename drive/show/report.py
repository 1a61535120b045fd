"""An evaluation as one HTML file that works from disk: a table, what failed, charts, differences, how it was made.

It asks nothing of any network and holds no script. Whatever a log, a policy or a command says is escaped.
"""

from __future__ import annotations

import datetime
import math
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path

from drive import camera
from drive.episodes import lines, notes, shelf
from drive.episodes.whole import put
from drive.evaluation import folder, summary
from drive.evaluation.results import (
    COMPARED,
    MISSING,
    PUBLISHED,
    Difference,
    Record,
    Results,
    cell,
    heading,
    interval,
    shown,
)
from drive.evaluation.summary import Failed, Line
from drive.language import say_page, words_of
from drive.measures.metrics import METRICS, SHARE
from drive.measures.statistics import Estimate
from drive.show import charts

NAME = "report.html"
PAGE = "http://127.0.0.1:7860/"  # where `whydrive app` serves, if that port is free
SUCCESS = "success"
AGAINST = ("mean speed", "headway under 1 s", "TTC under 2 s")  # what success is charted against
RANGE = ' class="range"'  # an interval that a narrow screen leaves out
KINDS = {
    notes.NOTE: "note",
    notes.BOOKMARK: "moment",
    notes.UP: "good reason",
    notes.DOWN: "bad reason",
}
OPEN = 3  # groups of failed episodes that stand open
POLICY = """default-src 'none'; style-src 'unsafe-inline'"""  # of the file's content: nothing from outside
HEADINGS = {
    "success": "success (95 %)",
    "decisions answered": "decisions answered",
    "success without takeover": "without takeover",
    "takeovers per 100 km": "takeovers / 100 km",
    "collision": "collision",
    "mean speed": "speed [m/s]",
    "headway under 1 s": "headway < 1 s",
    "TTC under 2 s": "TTC < 2 s",
}


@dataclass(frozen=True)
class Sources:
    """Where the links of a report lead, and what its folder says of how it was made."""

    page: str  # address
    run: dict  # run.json
    made: datetime.date


def address(page: str | None) -> str:
    """Where the page is served: as given, or on this machine. ValueError where it is no address."""
    if page is not None and not page.startswith(("http://", "https://")):
        raise ValueError(f"the page's address begins with http:// or https://, not {page!r}")
    return f"{(page or PAGE).rstrip('/')}/"


def report(out: Path, page: str = PAGE, today: datetime.date | None = None) -> Path:
    """Write the report of an evaluation into its folder. ValueError where there is none, or no episode has an end."""
    results = folder.results_of(out)
    if not results.records:
        raise ValueError(f"no episode in {out} has an end; there is nothing to report")
    today = today or datetime.date.today()
    put(out / NAME, html(results, Sources(page, folder.read(out) or {}, today)).encode())
    return out / NAME


def html(results: Results, sources: Sources) -> str:
    """The whole file."""
    rows, wrong = summary.summary(results), summary.failures(results)
    sections = (
        _section("What came of it", "table", _table(results, rows)),
        _section("What failed", "failures", _failures(results, wrong, sources.page)),
        _section("Success against speed and closeness", "charts", _charts(results, rows)),
        _section("Differences between policies", "differences", _differences(results)),
        _section("Notes", "notes", _noted(results, sources.page)),
        _section("How this was made", "made", _made(results, sources)),
    )
    title = f"Whydrive: {results.suite}"
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{_style()}</style></head><body><main>",
            _head(results, wrong),
            _contents(sections),
            *filter(None, sections),
            "</main></body></html>\n",
        )
    )


def _style() -> str:
    """The style sheet, with the colours of the pictures."""
    light, dark = (_colours(palette) for palette in (camera.LIGHT, camera.DARK))
    sheet = (resources.files("drive.show") / "report.css").read_text("utf-8")
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{sheet}"


def _colours(palette: camera.Palette) -> str:
    named = {name: getattr(palette, name) for name in ("ground", "panel", "ink", "faint", "wreck")}
    named |= {f"k{k}": colour for k, colour in enumerate((palette.ego, *palette.cited))}
    return " ".join(f"--{name}: #{r:02x}{g:02x}{b:02x};" for name, (r, g, b) in named.items())


# ----------------------------------------------------------------------------------------- the head


def _head(results: Results, wrong: Sequence[Failed]) -> str:
    many = len(results.records)
    of = f"{_counted(many, 'episode')}: {_counted(len(results.policies), 'policy', 'policies')}"
    of += f" on {_counted(len(results.scenarios), 'scenario')}, the same seeds for all."
    outcome = (
        "Every task was done." if not wrong else f"{len(wrong)} of {many} tasks were not done."
    )
    left = [
        f"{name} answered {share:.0%} of its decisions"
        for name, share in results.unanswered.items()
    ]
    note = (
        f'<p class="warn">{escape("; ".join(left))}; a fallback took the others.</p>'
        if left
        else ""
    )
    return (
        f'<header><p class="brand">Whydrive</p><h1>Evaluation: {escape(results.suite)}</h1>'
        f"<p>{escape(of)} <strong>{escape(outcome)}</strong></p>{note}</header>"
    )


def _contents(sections: Sequence[str]) -> str:
    """Links to the sections."""
    named = (re.match(r'<section id="(\w+)"><h2>(.*?)</h2>', section) for section in sections)
    links = (f'<a href="#{one[1]}">{one[2]}</a>' for one in named if one)
    return f"<nav>{' '.join(links)}</nav>"


def _counted(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _section(title: str, name: str, body: str) -> str:
    return f'<section id="{name}"><h2>{title}</h2>\n{body}\n</section>' if body else ""


# ---------------------------------------------------------------------------------------- the table


def _table(results: Results, rows: Sequence[Line]) -> str:
    any_said = any(line.said for line in rows)
    names = ["scenario", "policy", "n", *(HEADINGS[m] for m in summary.figures_of(results))]
    names += ["false claims", "words each"] if any_said else []
    body = []
    for scenario in results.scenarios:
        those = [
            [_policy(results, line.policy), str(line.n), *_cells(line)]
            + ([*map(escape, summary.words_of(line))] if any_said else [])
            for line in rows
            if line.scenario == scenario
        ]
        those += [
            [f"{escape(one.author)} <small>published</small>", MISSING]
            + [escape(shown(one.success, SUCCESS))]
            + [MISSING] * (len(names) - 4)
            for one in PUBLISHED
            if one.scenario == scenario
        ]
        body += [[escape(scenario), *one] for one in those]
    sources = dict.fromkeys(one.source for one in PUBLISHED if one.scenario in results.scenarios)
    notes = [
        "In brackets the 95 % interval. Headway and time to collision (TTC): the share of time below "
        "the limit. Read success beside them: a car that crawls, or that keeps close, is not safe for it.",
        *(f"Published: {source}." for source in sources),
        *(
            [
                "False claims: of those that can be tested, in the logs that were verified. Words: "
                "of a rationale."
            ]
            if any_said
            else ()
        ),
    ]
    return grid(names, body) + "".join(f'<p class="note">{escape(note)}</p>' for note in notes)


def _cells(line: Line) -> Iterator[str]:
    """The figures of a line; each with its interval, and its own n where fewer episodes could tell."""
    for metric, figure in line.figures.items():
        text, fewer = shown(figure.mean, metric), figure.n not in (0, line.n)
        n = f" n={figure.n}" if fewer else ""
        span = interval(figure, metric)
        bounds = f"<span{'' if metric == SUCCESS else RANGE}> ({span})</span>"
        yield escape(text) + (bounds if text != MISSING and span != MISSING else "") + n


def grid(names: Sequence[str], rows: Iterable[Sequence[str]], words: int = 2) -> str:
    """A table of escaped cells; each says its column, for narrow screens show a row as a card.

    words: how many columns, from the first, hold no numbers. The first is a heading where it changes.
    """
    head = "".join(
        f'<th scope="col"{_kind(k, words)}>{escape(name)}</th>' for k, name in enumerate(names)
    )
    lines_of, before = [], None
    for first, *others in rows:
        fresh, before = first != before, first
        cells = "".join(
            f'<td data-name="{escape(name)}"{_kind(k, words, text)}><span>{text}</span></td>'
            for k, (name, text) in enumerate(zip(names[1:], others, strict=True), 1)
        )
        kind = ' class="first"' if fresh else ""
        again = "" if fresh else ' class="again"'
        lines_of.append(f'<tr{kind}><th scope="row"{again}>{first}</th>{cells}</tr>')
    body = "\n".join(lines_of)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def _kind(column: int, words: int, text: str = "") -> str:
    kinds = ("number",) * (column >= words) + ("none",) * (text == MISSING)
    return f' class="{" ".join(kinds)}"' if kinds else ""


def _policy(results: Results, name: str) -> str:
    """A policy's name behind its mark."""
    return f'<span class="policy">{_sign(results, name)}{escape(name)}</span>'


def _sign(results: Results, name: str) -> str:
    kind = results.policies.index(name)
    mark = charts.mark(kind, 8, 8)
    return f'<svg class="sign k{kind % charts.COLOURS}" viewBox="0 0 16 16" aria-hidden="true">{mark}</svg>'


# ---------------------------------------------------------------------------------------- the notes


def _noted(results: Results, page: str) -> str:
    """What visitors of the page noted, beside links to the decisions; "" where nobody did."""
    run = shelf.place(results.out)[1]
    items = [
        f"<li>{_policy(results, record.policy)} on {escape(record.scenario)}, "
        f'<a href="{escape(page + shelf.link(run, lines.stem(Path(record.log)), note.step))}">'
        f"seed {record.seed}, {note.time:.1f} s</a>: <strong>{escape(KINDS[note.kind])}</strong>"
        f" {escape(note.text)}</li>"
        for record in results.records
        for note in notes.read(notes.path_beside(results.out / record.log)).notes
    ]
    return f'<ul class="noted">{"".join(items)}</ul>' if items else ""


# --------------------------------------------------------------------------------------- the charts


def _charts(results: Results, rows: Sequence[Line]) -> str:
    legend = "".join(f"<li>{_policy(results, name)}</li>" for name in results.policies)
    axes = {metric: axis(metric, rows) for metric in (SUCCESS, *AGAINST)}
    figures = []
    for scenario in results.scenarios:
        those = [line for line in rows if line.scenario == scenario]
        if not those:
            continue
        drawn = "".join(
            f'<div class="chart">{chart(results, those, metric, axes)}</div>' for metric in AGAINST
        )
        figures.append(
            f'<figure><figcaption>{escape(scenario)}</figcaption><div class="row">{drawn}</div></figure>'
        )
    note = (
        "A dot is a policy; its bars are the 95 % intervals. The axes are the same on every road."
    )
    return f'<ul class="legend">{legend}</ul><p class="note">{note}</p>{"".join(figures)}'


def chart(
    results: Results,
    those: Sequence[Line],
    metric: str,
    axes: dict[str, charts.Axis],
    levels: Sequence[charts.Level] = (),
    language: str = "en",
) -> str:
    """Success against a metric, a dot for each policy. levels: what others report of success alone."""
    dots = [
        charts.Dot(
            line.policy,
            results.policies.index(line.policy),
            _value(line.figures[metric], metric),
            _value(line.figures[SUCCESS], SUCCESS),
            _dot(line, metric, language),
        )
        for line in those
    ]
    against = say_page(f"chart.{metric}", language)
    title = say_page("chart.title", language, scenario=those[0].scenario, metric=against)
    return charts.scatter(dots, axes[metric], axes[SUCCESS], title, levels)


def _dot(line: Line, metric: str, language: str) -> str:
    """What is said of a dot in full."""
    success, against = (_in_full(line, name, language) for name in (SUCCESS, metric))
    told = {"policy": line.policy, "success": success, "against": against, "n": line.n}
    return say_page("chart.dot", language, **told)


def _in_full(line: Line, metric: str, language: str) -> str:
    figure, name = line.figures[metric], say_page(f"chart.{metric}", language)
    mean, low, high = (shown(each, metric) for each in (figure.mean, figure.low, figure.high))
    if METRICS[metric].range != SHARE:
        mean += words_of(language).units[METRICS[metric].unit]
    return say_page("chart.figure", language, name=name, mean=mean, low=low, high=high)


def _value(figure: Estimate, metric: str) -> charts.Value:
    per = 100.0 if METRICS[metric].range == SHARE else 1.0
    return charts.Value(figure.mean * per, figure.low * per, figure.high * per)


def axis(metric: str, rows: Sequence[Line], language: str = "en") -> charts.Axis:
    """The same for all scenarios; success from 0 to 100 %."""
    if metric == SUCCESS:
        return charts.Axis(say_page("chart.success", language), "%", 0.0, 100.0)
    unit = "%" if METRICS[metric].range == SHARE else METRICS[metric].unit
    unit = words_of(language).units.get(unit, unit).strip()
    return charts.spanned(
        say_page(f"chart.{metric}", language),
        unit,
        [_value(line.figures[metric], metric) for line in rows],
    )


# ----------------------------------------------------------------------------------- the differences


def _differences(results: Results) -> str:
    if not results.differences:
        return ""
    groups: dict[tuple[str, str], list[Difference]] = {}
    for one in results.differences:
        groups.setdefault((one.scenario, one.policy), []).append(one)
    rows = []
    for (scenario, policy), those in groups.items():
        n = max(one.n for one in those)
        cells = [_difference(one, n) for one in those]
        rows.append([escape(scenario), _policy(results, policy), str(n), *cells])
    against = (
        f"How much more than {_policy(results, results.policies[0])}, on the seeds that both drove "
        "(95 % interval). <b>Bold</b>: the interval leaves out 0."
    )
    return f'<p class="note">{against}</p>' + grid(
        ["scenario", "policy", "n", *map(heading, COMPARED)], rows
    )


def _difference(one: Difference, n: int) -> str:
    text = escape(cell(one, one.metric, n, "+").replace("\n", " "))
    clear = math.isfinite(one.low) and (one.low > 0 or one.high < 0)
    return f"<b>{text}</b>" if clear else text


# ------------------------------------------------------------------------------------- the failures


def _failures(results: Results, wrong: Sequence[Failed], page: str) -> str:
    """Group by group: what failed first, with what was said before, then links to what did not."""
    groups: dict[tuple[str, str], list[Failed]] = {}
    for one in wrong:
        groups.setdefault((one.record.scenario, one.record.policy), []).append(one)
    if not groups:
        return "<p>Nothing: every task was done.</p>"
    run = escape(summary.page_command(results.out))
    note = (
        f'<p class="note">Links lead to the page at {escape(page)}; it answers while '
        f"<code>{run}</code> runs.</p>"
    )
    return note + "\n".join(
        _group(results, those, page, is_open=k < OPEN) for k, those in enumerate(groups.values())
    )


def _group(results: Results, those: Sequence[Failed], page: str, is_open: bool) -> str:
    first = those[0].record
    every = results.of(first.scenario, first.policy)
    done = [record for record in every if not summary.is_failure(record)]
    title = (
        f"{escape(first.scenario)}, {_policy(results, first.policy)}: "
        f"{len(those)} of {len(every)} failed"
    )
    items = "".join(f"<li>{_failure(results, one, page)}</li>" for one in those)
    others = ", ".join(
        f'<a href="{escape(page + _link_to_start(results, one))}">{one.seed}</a>' for one in done
    )
    rest = f'<p class="note">not failed: seed {others}</p>' if others else ""
    return (
        f"<details{' open' if is_open else ''}><summary>{title}</summary>"
        f'<ul class="failed">{items}</ul>{rest}</details>'
    )


def _failure(results: Results, one: Failed, page: str) -> str:
    where = escape(page + summary.link(results.out, one))
    said = "".join(
        f"<tr><td>{time:.1f} s</td><td>{escape(sentence)}</td></tr>" for time, sentence in one.said
    )
    seed, why = f"seed {one.record.seed}", f"<strong>{escape(one.why)}</strong>"
    if not said:
        return f"<p>{seed} {why}</p>"
    look = f"<code>{escape(summary.command(results.out, one))}</code>"
    return (
        f'<p><a href="{where}">{seed}</a> {why}</p><table class="said">{said}</table><p>{look}</p>'
    )


def _link_to_start(results: Results, record: Record) -> str:
    return shelf.link(shelf.place(results.out)[1], lines.stem(Path(record.log)), 0)


# --------------------------------------------------------------------------------- how it was made


def _made(results: Results, sources: Sources) -> str:
    run = sources.run
    commands = [
        f"<code>{escape(shlex.join(('whydrive', *map(str, command[1:]))))}</code>"
        for command in run.get("commands", ())
    ]
    seeds = sorted({record.seed for record in results.records})
    versions = ", ".join(f"{name} {number}" for name, number in run.get("versions", {}).items())
    facts = {
        "command": "<br>".join(commands) or MISSING,
        "driven": escape(_driven(results)),
        "reported": sources.made.isoformat(),
        "n": f"{_counted(len(results.records), 'episode')}, {_counted(len(seeds), 'seed')}: "
        + (f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else str(seeds[0])),
        "physics": escape(str(run.get("physics", MISSING))),
        "causes": escape(str(run.get("causes", MISSING))),
        "language": escape(str(run.get("language", MISSING))),
        "changed settings": escape(str(run.get("overrides") or "none")),
        "policies": escape("; ".join(_source(*each) for each in run.get("policies", {}).items())),
        "versions": escape(versions or MISSING),
        "code": escape(str(run.get("code", MISSING))),
        "intervals": "95 %: Wilson's for rates, bootstrap over episodes for means, in pairs of seeds "
        "for differences",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts.items())
    return f"<dl>{rows}</dl>"


def _source(name: str, about: dict) -> str:
    source = about.get("from", name)
    weights = f", weights {about['weights']}" if about.get("weights") else ""
    return f"{name}{'' if source == name else f' from {source}'}{weights}"


def _driven(results: Results) -> str:
    """The day, or the days, on which the logs were written."""
    paths = (results.out / record.log for record in results.records)
    days = sorted(
        {datetime.date.fromtimestamp(path.stat().st_mtime) for path in paths if path.exists()}
    )
    return (
        " to ".join(day.isoformat() for day in dict.fromkeys((days[0], days[-1])))
        if days
        else MISSING
    )
