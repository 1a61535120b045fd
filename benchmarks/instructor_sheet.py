"""An instructor's sheet: what a driving instructor would note of a policy, on the same seeds for each.

    python benchmarks/instructor_sheet.py [--scenarios NAME ...] [--policies NAME ...] [--pair ONE OTHER]
        [--first 20000] [--seeds 20] [--physics twin] [--workers 2] [--out runs/instructor-sheet.jsonl] [--write]

Success and speed, how near the drive came to the car ahead, what it cost the car behind. `reference` is
highway-env's own IDM driver in the ego's place (native_idm.py). Episodes are driven in processes, without words. A line
is kept of each, and interrupted, the same command continues; a policy or simulation that was changed
since is driven anew. The last column is the difference between two policies, paired on seeds. Decisions are timed in processor
time, so that a busy machine matters little. --write stores the figures and fills docs/results.md.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import native_idm
from pages import publish
from table import TARGET, figure, with_instructor

from drive import policy as policies
from drive.engine import Failure, Processes
from drive.episodes.rollout import run_unexplained
from drive.evaluation import versions
from drive.evaluation.results import TOLD_WHERE_ANY, Record, Results, heading
from drive.measures.metrics import METRICS, measure
from drive.scenarios import SCENARIOS, scenario
from drive.twin import warm
from drive.types import Episode, Policy
from drive.world import PHYSICS, World

REFERENCE = "reference"  # highway-env's own IDM driver, which is no policy
ROADS = ("dilu-4-2.0", "highway-fast", "two-way", "exit", "roundabout", "merge")
POLICIES = ("planner", "rule", "idm", REFERENCE)
SHEET = (
    "success", "collision", "goal missed", "mean speed",
    "headway under 0.5 s", "headway under 1 s", "headway under 2 s", "TTC under 2 s", "TTC under 3 s",
    "RSS violation", "close encounter", "hard braking imposed per km", "oncoming lane", "lane changes",
    "decision latency p50",
)  # fmt: skip
PARTS = tuple(part for name in SHEET for part in METRICS[name].pooled or ())
FIGURES = "instructor_sheet"


def main() -> None:
    given = command_line()
    warm(lambda line: print(line, file=sys.stderr))
    jobs = [*todo(given.scenarios, given.policies, given.seeds, given.physics)]
    records, failures = driven(jobs, given.out, given.workers)
    results = as_results(jobs, records, given)
    lines = list(report(results, given.pair))
    print("\n".join(lines))
    for failure in failures:
        print(failure, file=sys.stderr)
    if given.write:
        page = TARGET.read_text(encoding="utf-8")
        if f"<!-- figures: {FIGURES} -->" not in page:
            TARGET.write_text(with_instructor(page), encoding="utf-8")
        publish(FIGURES, lines, given.command)
    sys.exit(bool(failures))


def command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenarios", nargs="+", default=list(ROADS))
    parser.add_argument("--policies", nargs="+", default=list(POLICIES))
    parser.add_argument("--pair", nargs=2, metavar=("ONE", "OTHER"), help="else the first two")
    parser.add_argument("--first", type=int, default=20000)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--physics", choices=PHYSICS, default="twin")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/instructor-sheet.jsonl"))
    parser.add_argument(
        "--write", action="store_true", help="store the figures and fill the page of docs/"
    )
    given = parser.parse_args()
    try:
        for name in given.scenarios:
            scenario(name)
        for name in given.policies:
            _made(name)
    except ValueError as error:
        parser.error(str(error))
    if given.seeds < 1:
        parser.error(f"--seeds: at least 1, not {given.seeds}")
    given.pair = given.pair or given.policies[:2]
    if strangers := set(given.pair) - set(given.policies):
        parser.error(f"--pair: {min(strangers)} is not among {', '.join(given.policies)}")
    given.command = f"python benchmarks/instructor_sheet.py --first {given.first} --seeds {given.seeds} --physics {given.physics}"
    for option, names, usual in (
        ("scenarios", given.scenarios, ROADS),
        ("policies", given.policies, POLICIES),
        ("pair", given.pair, given.policies[:2]),
    ):
        given.command += f" --{option} {' '.join(names)}" if list(names) != list(usual) else ""
    given.seeds = range(given.first, given.first + given.seeds)
    return given


# ----------------------------------------------------------------------------------- driving


@dataclass(frozen=True)
class Job:
    """One episode to be driven."""

    scenario: str
    policy: str
    seed: int
    physics: str
    code: str  # digests of the policy, of the simulation and of the formulas


def todo(
    scenarios: Iterable[str], names: Iterable[str], seeds: Iterable[int], physics: str
) -> Iterator[Job]:
    """Seed by seed, so that an interrupted sheet has as many of each policy; where a policy has no action, none."""
    apply = [
        (place, name, code_of(name))
        for place in scenarios
        for name in names
        if applies(place, name)
    ]
    for seed in seeds:
        for place, name, code in apply:
            yield Job(place, name, seed, physics, code)


def applies(place: str, name: str) -> bool:
    if name == REFERENCE:
        return native_idm.has_one(place)
    return policies.applies(_made(name), _world(place, name, "twin").reset(0).legal)


@functools.cache
def code_of(name: str) -> str:
    policy = _made(name)
    parts = versions.of_policy(policy), policies.weights(policy)
    return "-".join([*filter(None, parts), versions.of_drive(), versions.of_measures()])


@functools.cache
def _made(name: str) -> Policy:
    return policies.load("idle" if name == REFERENCE else name)


@functools.cache
def _world(place: str, name: str, physics: str) -> World:
    return (
        native_idm.NativeIdm(place, physics) if name == REFERENCE else World(place, None, physics)
    )


def driven(jobs: list[Job], out: Path, workers: int) -> tuple[dict[Job, Record], list[str]]:
    """Every job's record, driven where the file lacks it, and a sentence for each that failed."""
    records, failures = read(out), []
    lacking = [job for job in jobs if job not in records]
    out.parent.mkdir(parents=True, exist_ok=True)
    begin = time.time()
    with out.open("a", encoding="utf-8") as file:
        runs = Processes(workers).run(lacking, one) if lacking else ()
        for number, (job, record) in enumerate(runs, 1):
            if isinstance(record, Failure):
                failures.append(f"{job.scenario} {job.policy} seed {job.seed}: {record.why}")
                continue
            records[job] = record
            line = asdict(job) | {"reason": record.reason, "metrics": record.metrics}
            file.write(json.dumps(line) + "\n")
            file.flush()
            if number % 10 == 0 or number == len(lacking):
                left = (time.time() - begin) / number * (len(lacking) - number) / 60
                print(
                    f"{number}/{len(lacking)} episodes, {left:.0f} min left",
                    file=sys.stderr,
                    flush=True,
                )
    return {job: records[job] for job in jobs if job in records}, failures


def one(job: Job) -> Record:
    world, policy = _world(job.scenario, job.policy, job.physics), _made(job.policy)
    return noted(job, run_unexplained(world, policy, job.seed, time.process_time))


def noted(job: Job, episode: Episode) -> Record:
    measured = measure(episode, (*SHEET, *PARTS))
    told = {name: round(value, 6) for name, value in measured.items() if math.isfinite(value)}
    if job.policy == REFERENCE:  # it does not decide: its driver runs inside the simulation
        told.pop("decision latency p50", None)
    return Record(job.scenario, job.policy, job.seed, "", episode.end.reason, "", told)


def read(out: Path) -> dict[Job, Record]:
    """What a file holds; a line that was torn when the writing was stopped is left out."""
    records = {}
    for text in out.read_text(encoding="utf-8").splitlines() if out.exists() else ():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        reason, told = line.pop("reason"), line.pop("metrics")
        job = Job(**line)
        records[job] = Record(job.scenario, job.policy, job.seed, "", reason, "", told)
    return records


# ------------------------------------------------------------------------------------ report


def as_results(jobs: list[Job], records: dict[Job, Record], given: argparse.Namespace) -> Results:
    driven_pairs = {(job.scenario, job.policy) for job in jobs}
    asked = {(place, name) for place in given.scenarios for name in given.policies}
    return Results(
        "sheet", tuple(given.scenarios), tuple(given.policies), tuple(records.values()),
        frozenset(asked - driven_pairs), given.out,
    )  # fmt: skip


def report(results: Results, pair: tuple[str, str]) -> Iterator[str]:
    """A table for each scenario: a row per figure, a column per policy, and the paired difference."""
    for place in results.scenarios:
        counts = {name: len(results.of(place, name)) for name in results.policies}
        n = max(counts.values())
        yield f"**{place}**: {SCENARIOS[place].about}; {SCENARIOS[place].duration:g} s, n = {n}."
        yield ""
        yield f"| | {' | '.join(f'`{name}`' for name in counts)} | `{pair[0]}` minus `{pair[1]}` |"
        yield "|---|" + "--:|" * (len(counts) + 1)
        for metric in SHEET:
            estimates = [results.estimate(place, name, metric) for name in counts]
            means = [e.mean for e in estimates if not math.isnan(e.mean)]
            if not means or metric in TOLD_WHERE_ANY and not any(means):
                continue
            more = results.difference(place, *pair, metric)
            cells = [figure(estimate, metric, n) for estimate in estimates]
            yield f"| {heading(metric)} | {' | '.join(cells)} | {figure(more, metric, n, '+')} |"
        yield ""


if __name__ == "__main__":
    main()
