"""Drives every shipped policy over every scenario on the report seeds; writes docs/results.md.

    nice python benchmarks/table.py [--episodes 50] [--fewer NAME=COUNT] [--workers 1] [--out runs/table]

Goes on where it was stopped. The twin drives; the first seed of every policy on every scenario is driven
in highway-env too, and the document says whether both are the same. Every figure comes from the logs.
The estimates are stored in docs/figures/results.json.
"""

from __future__ import annotations

import argparse
import datetime
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import native_idm
import numpy as np
import pages

from drive import policy as policies
from drive.episodes import log
from drive.episodes.rollout import versions
from drive.evaluation import evaluate
from drive.evaluation.results import PUBLISHED, Results, heading, interval, shown
from drive.scenarios import SCENARIOS, SUITES
from drive.types import Episode

SUITES_DRIVEN = ("dilu", "roads", "steering", "sight")
NULL = ("idle", "slower", "faster", "random")
ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "results.md"
OUTCOME = (
    "success", "mean speed", "collision", "at-fault collision", "off-road", "minimum TTC",
    "close encounter", "scene score",
)  # fmt: skip
MANNER = (
    "return", "comfort: all six", "inside lane", "headway under 15 m", "lane changes",
    "action flapping", "self-ADE 1 decision", "self-ADE 3 s", "plan deviation",
    "decision latency p50", "decision latency p99",
)  # fmt: skip
SAME = 0.01  # [m]; standing almost still, highway-env steers by rounding errors
STEERED = ("racetrack", "racetrack-large", "racetrack-oval", "lane-keeping")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--policy", action="append", help="repeat for several; all that ship, if none"
    )
    parser.add_argument("--episodes", type=int, default=50)
    parser.add_argument(
        "--fewer",
        action="append",
        type=fewer,
        default=[],
        metavar="NAME=COUNT",
        help="episodes of one policy",
    )
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/table"))
    parser.add_argument("--write", type=Path, default=TARGET)
    given = parser.parse_args()
    chosen = given.policy or [*NULL, *sorted(set(policies.names()) - set(NULL))]
    if strangers := set(dict(given.fewer)) - set(chosen):
        parser.error(f"--fewer: {min(strangers)} is not driven; choose from {', '.join(chosen)}")
    driven, checked = (
        [
            evaluated(suite, counts, given.workers, given.out / physics, physics)
            for suite in SUITES_DRIVEN
        ]
        for physics, counts in (
            ("twin", {name: dict(given.fewer).get(name, given.episodes) for name in chosen}),
            ("highway-env", dict.fromkeys(chosen, 1)),
        )
    )
    kept = parity(driven, checked)
    driven = [with_reference(results, given.episodes) for results in driven]
    asked = "".join(f" --policy {name}" for name in given.policy or ())
    asked += "".join(f" --fewer {name}={count}" for name, count in given.fewer)
    command = f"python benchmarks/table.py --episodes {given.episodes}{asked}"
    lines = document(driven, kept, command)
    given.write.write_text("\n".join(lines) + "\n", encoding="utf-8")
    pages.fill()
    if not given.policy:
        pages.write("results", stored(driven, command))


def fewer(text: str) -> tuple[str, int]:
    """A policy and its number of episodes, as NAME=COUNT."""
    name, _, count = text.partition("=")
    return name, int(count)


def evaluated(suite: str, counts: dict[str, int], workers: int, out: Path, physics: str) -> Results:
    """One suite, each policy over its number of episodes."""
    parts = [
        evaluate(
            suite, [name for name in counts if counts[name] == count], count,
            workers=workers, out=out, physics=physics, causes="never",
        )
        for count in sorted(set(counts.values()), reverse=True)
    ]  # fmt: skip
    records = tuple(record for part in parts for record in part.records)
    absent = frozenset().union(*(part.absent for part in parts))
    return replace(parts[0], policies=tuple(counts), records=records, absent=absent)


def with_reference(results: Results, episodes: int) -> Results:
    """The same, with highway-env's own IDM driver as the last row where it has one."""
    records, absent = list(results.records), set(results.absent)
    for scenario in results.scenarios:
        if native_idm.has_one(scenario):
            records += native_idm.records(scenario, SUITES[results.suite].seeds(episodes))
        else:
            absent.add((scenario, native_idm.NAME))
    names = (*results.policies, native_idm.NAME)
    return replace(results, policies=names, records=tuple(records), absent=frozenset(absent))


def parity(driven: list[Results], checked: list[Results]) -> dict[str, bool]:
    """log -> did the twin and highway-env drive the same episode?"""
    return {
        record.log: same(*(log.read(run.out / record.log).episode for run in (twin, real)))
        for twin, real in zip(driven, checked, strict=True)
        for record in real.records
    }


def same(one: Episode, two: Episode) -> bool:
    """The same actions and end, and the ego within SAME of the same places all the way?"""
    kinds = [
        [episode.end.reason, *(s.choice.action for s in episode.steps)] for episode in (one, two)
    ]
    if kinds[0] != kinds[1]:
        return False
    places = [np.concatenate([step.tracks.ego[:, :2] for step in e.steps]) for e in (one, two)]
    return bool(abs(places[0] - places[1]).max() <= SAME)


def document(driven: list[Results], agree: dict[str, bool], command: str) -> Iterator[str]:
    """The lines of docs/results.md."""
    packages = versions()
    count = most_episodes(driven)
    yield "# Results"
    yield ""
    yield f"Written by `{command}` on {datetime.date.today().isoformat()}: {pages.machine()};"
    yield (
        ", ".join(f"{name} {version}" for name, version in packages.items() if name != "whydrive")
        + "."
    )
    yield ""
    *shipped, reference = driven[0].policies
    names = ", ".join(f"`{name}`" for name in shipped)
    yield f"{names} drove every scenario, n = {count} seeds each where no other n stands: 20000 and on, in DiLu-30 its 17"
    yield "released seeds first. Nothing was tuned on seeds from 20000 on. In parentheses:"
    yield "95 % intervals, Wilson's for shares of episodes, bootstrapped for means. A dash: not measured,"
    yield "or an action that the policy needs does not exist there. [metrics.md](metrics.md) says what each"
    yield f"figure is. {', '.join(f'`{name}`' for name in NULL)} are null policies: what they reach, anyone can."
    yield f"The row `{reference}` is no policy but a yardstick for `idm`: the traffic's own driver in the ego's place,"
    yield "with its hidden timer, free of decisions and actions, and without a rationale."
    yield ""
    yield "Between decisions the twin moved the cars ([twin.md](twin.md)). The first seed of every policy on"
    yield f"every scenario was driven in highway-env too: {sum(agree.values())} of these {len(agree)} episodes are the same,"
    yield f"action by action, with the ego within {1000 * SAME:g} mm all the way."
    others = ", ".join(f"`{name}`" for name, equal in agree.items() if not equal)
    yield f"Different: {others}." if others else ""
    yield ""
    yield from failures(driven)
    yield from overview(driven)
    yield from promises(driven)
    yield from instructor()
    seen = set()
    for results in driven:
        fresh = [scenario for scenario in results.scenarios if scenario not in seen]
        yield f"## {results.suite}: {SUITES[results.suite].about}"
        yield ""
        for scenario in fresh:
            yield from section(results, scenario)
        seen |= set(fresh)


def stored(driven: list[Results], command: str) -> dict:
    """Every figure as data: (scenario, policy) -> metric -> mean, both ends of its interval, n."""
    rows = {
        (scenario, policy): {
            "scenario": scenario,
            "policy": policy,
            "n": len(results.of(scenario, policy)),
            "figures": {
                metric: numbers(results.estimate(scenario, policy, metric))
                for metric in OUTCOME + MANNER
            },
        }
        for results in driven
        for scenario in results.scenarios
        for policy in results.policies
        if (scenario, policy) not in results.absent
    }
    return {
        "command": command,
        "date": datetime.date.today().isoformat(),
        "machine": pages.machine(),
        "commit": pages.commit(),
        "rows": list(rows.values()),
    }


def numbers(estimate) -> list[float | None]:
    """Mean, low, high and n; None where nothing could be told."""
    values = (estimate.mean, estimate.low, estimate.high)
    return [*(None if math.isnan(value) else round(value, 6) for value in values), estimate.n]


def overview(driven: list[Results]) -> Iterator[str]:
    """Success beside speed, for every policy on every scenario."""
    names = driven[0].policies
    yield "## Success, and how fast"
    yield ""
    yield "Share of episodes in which the task was done, its interval, and the mean speed [m/s]."
    yield ""
    yield f"| scenario | {' | '.join(f'`{name}`' for name in names)} |"
    yield "|---|" + "---|" * len(names)
    count = most_episodes(driven)
    rows = {
        s: f"| {s} | {' | '.join(_both(r, s, n, count) for n in names)} |"
        for r in driven
        for s in r.scenarios
    }
    yield from rows.values()
    yield ""


def most_episodes(driven: list[Results]) -> int:
    return max(len(r.of(s, p)) for r in driven for s in r.scenarios for p in r.policies)


def _both(results: Results, scenario: str, policy: str, count: int) -> str:
    if (scenario, policy) in results.absent:
        return "–"
    done, speed = (results.estimate(scenario, policy, name) for name in ("success", "mean speed"))
    return f"{figure(done, 'success', count)} at {shown(speed.mean, 'mean speed')}"


def section(results: Results, scenario: str) -> Iterator[str]:
    """One scenario: what came of it, how it was driven."""
    row = SCENARIOS[scenario]
    yield f"### {scenario}"
    yield ""
    yield f"{row.about}; {row.duration:g} s, task: {row.task.kind}."
    yield ""
    for metrics in (OUTCOME, MANNER):
        yield f"| policy | n | {' | '.join(map(heading, metrics))} |"
        yield "|---|--:|" + "--:|" * len(metrics)
        for policy in results.policies:
            yield f"| `{policy}` | {' | '.join(cells(results, scenario, policy, metrics))} |"
        for other in PUBLISHED if "success" in metrics else ():
            if other.scenario == scenario:
                rest = " – |" * (len(metrics) - 1)
                yield f"| {other.author} (published) | – | {shown(other.success, 'success')} |{rest}"
        yield ""
    for source in dict.fromkeys(p.source for p in PUBLISHED if p.scenario == scenario):
        yield f"Published: {source}."
        yield ""


def cells(results: Results, scenario: str, policy: str, metrics: tuple[str, ...]) -> list[str]:
    if (scenario, policy) in results.absent:
        return ["–"] * (1 + len(metrics))
    n = len(results.of(scenario, policy))
    estimates = [results.estimate(scenario, policy, name) for name in metrics]
    return [str(n), *(figure(e, name, n) for e, name in zip(estimates, metrics, strict=True))]


def figure(estimate, metric: str, n: int, sign: str = "") -> str:
    """A value with its interval, and its n where fewer episodes could tell."""
    said = shown(estimate.mean, metric, sign)
    if said == "–":
        return said
    fewer = f", n = {estimate.n}" if estimate.n != n else ""
    return f"{said} ({interval(estimate, metric, sign)}{fewer})"


def instructor() -> Iterator[str]:
    """Where instructor_sheet.py's figures go; pages.py fills the place."""
    yield "## An instructor's sheet"
    yield ""
    yield "What a driving instructor would note: how near each came to the car ahead, and what it cost the car behind."
    yield "`reference` is the traffic's own driver in the ego's place. The last column is paired on seeds."
    yield ""
    yield "<!-- figures: instructor_sheet -->"
    yield "<!-- end of figures -->"
    yield ""


def with_instructor(page: str) -> str:
    """The page of results with the place for the instructor's sheet, before the first suite."""
    section = "\n".join(instructor())
    return re.sub(r"^(?=## \w+: )", lambda _: f"{section}\n", page, count=1, flags=re.M)


def failures(driven: list[Results]) -> Iterator[str]:
    broken = dict.fromkeys(record for results in driven for record in map(_key, results.failures))
    yield f"Episodes that broke: {len(broken)}." if broken else "No episode broke."
    yield ""
    for scenario, policy, seed, message in broken:
        yield f"- `{scenario}` `{policy}` seed {seed}: {message}"
    if broken:
        yield ""


def _key(record) -> tuple:
    return (record.scenario, record.policy, record.seed, record.message)


def promises(driven: list[Results]) -> Iterator[str]:
    """What `rule` is meant to reach on every road, held against what it did."""
    if any("rule" not in results.policies or "idle" not in results.policies for results in driven):
        return
    yield "## Does `rule` do what it should?"
    yield ""
    yield "No more collisions than `idle`, faster than `slower`, and inside its lane 95 % of the time"
    yield "where it steers."
    yield ""
    yield "| scenario | n | collisions: rule, idle | difference, paired | speed: rule, slower | inside lane | reached |"
    yield "|---|--:|--:|--:|--:|--:|---|"
    seen = set()
    for results in driven:
        for scenario in results.scenarios:
            if scenario not in seen:
                yield promise(results, scenario)
        seen |= set(results.scenarios)
    yield ""


def promise(results: Results, scenario: str) -> str:
    def mean(policy, metric):
        return results.estimate(scenario, policy, metric).mean

    rule, idle = mean("rule", "collision"), mean("idle", "collision")
    fast, slow = mean("rule", "mean speed"), mean("slower", "mean speed")
    inside = mean("rule", "inside lane")
    reached = {
        "collisions": rule <= idle,
        "speed": math.isnan(slow) or fast > slow,
        "lane": scenario not in STEERED or inside >= 0.95,
    }
    missed = ", ".join(name for name, done in reached.items() if not done)
    against = paired_collisions(results, scenario)
    return (
        f"| {scenario} | {len(results.of(scenario, 'rule'))} | {shown(rule, 'collision')}, "
        f"{shown(idle, 'collision')} | {against} | {shown(fast, 'mean speed')}, "
        f"{shown(slow, 'mean speed')} | {shown(inside, 'inside lane')} | "
        f"{'yes' if not missed else f'no: {missed}'} |"
    )


def paired_collisions(results: Results, scenario: str) -> str:
    for row in results.differences:
        if (row.scenario, row.policy, row.versus, row.metric) == (
            scenario,
            "rule",
            "idle",
            "collision",
        ):
            return figure(row, "collision", row.n, "+")
    return "–"


if __name__ == "__main__":
    main()
