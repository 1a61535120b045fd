"""What an episode costs in seconds of a core: driven, verified and examined; what an engine adds; what a million take.

    python benchmarks/scale.py [--episodes 3] [--jobs 300] [--write] [--engines]

CPU seconds of the process and its threads, so that other work on the machine counts little. Causes are asked at
every decision, logs and metrics are written. What an engine adds is measured on jobs that do nothing but
return a log: CPU time of the process that gives them out. Ray's line needs `pip install "whydrive[ray]"`.
--engines measures these only, and keeps the stored costs of episodes.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pages

from drive.checking.faithfulness import examine
from drive.checking.verdicts import verify_log
from drive.engine import Engine, Failure, Processes, Ray
from drive.episodes import log
from drive.episodes.record import record
from drive.evaluation import folder
from drive.policy import load
from drive.twin import warm
from drive.world import World

SCENARIOS = ("highway-fast", "dilu-4-2.0", "merge", "roundabout", "intersection")
POLICIES = ("rule", "idm", "planner")
SEED = 100  # the first one
NODES, CORES = (1, 10, 100), 32  # cores of a node
MILLION = 10**6
WORKLOADS = {  # what is done with each of a million episodes, each a job -> the columns that it costs
    "driven in highway-env": ("highway-env",),
    "driven in the twin": ("twin",),
    "driven in the twin, verified": ("twin", "verified"),
    "driven in the twin, verified, examined": ("twin", "verified", "examined"),
}
HEAD = ("scenario", "policy", "n", "decisions", "driven: twin", "driven: highway-env", "verified",
        "examined", "log [kB]")  # fmt: skip
COLUMNS = ("twin", "highway-env", "verified", "examined")


@dataclass(frozen=True)
class Cost:
    """What the episodes of one policy on one scenario cost."""

    scenario: str
    policy: str
    decisions: float  # an episode, mean
    kilobytes: float  # a log, mean
    seconds: dict[str, list[float]]  # column: of a core, each episode

    def row(self) -> str:
        cells = (f"{_short(statistics.mean(s))} {_spread(s)}" for s in self.seconds.values())
        count = len(self.seconds[COLUMNS[0]])
        about = (self.scenario, f"`{self.policy}`", count, f"{self.decisions:.0f}")
        return _row(*about, *cells, f"{self.kilobytes:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--episodes", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--engines", action="store_true")
    chosen = parser.parse_args()
    warm(lambda line: print(line, file=sys.stderr))
    command = (
        f"python benchmarks/scale.py --episodes {chosen.episodes} --jobs {chosen.jobs} --write"
    )
    with tempfile.TemporaryDirectory() as place:
        out = Path(place)
        if chosen.engines:
            rows = [_row(*cells) for cells in pages.read("scale")["blocks"][2]["rows"]]
        else:
            rows = list(unit_costs(range(SEED, SEED + chosen.episodes), out))
        shares = dict(handed_out(chosen.jobs, out))
    lines = [
        "Seconds of one core for an episode: mean, and lowest to highest of n.\n",
        _row(*HEAD), _row(*["---"] * len(HEAD)), *rows, "",
        *engines(shares, chosen.jobs), "", *million(rows, shares),
    ]  # fmt: skip
    print("\n".join(lines))
    if chosen.write:
        pages.publish("scale", lines, command)


# --------------------------------------------------------------------------------------- measuring


def unit_costs(seeds: range, out: Path) -> Iterator[str]:
    for scenario in SCENARIOS:
        for policy in POLICIES:
            row = cost(scenario, policy, seeds, out).row()
            print(row, flush=True)
            yield row


def cost(scenario: str, policy: str, seeds: range, out: Path) -> Cost:
    seconds: dict[str, list[float]] = {column: [] for column in COLUMNS}
    decisions, sizes = [], []
    driver = load(policy)
    worlds = {physics: World(scenario, {}, physics) for physics in COLUMNS[:2]}
    for world in worlds.values():
        drive(world, driver, SEED - 1, out)  # what is loaded or compiled once is not an episode's
    for seed in seeds:
        for physics, world in worlds.items():
            took, path = timed(drive, world, driver, seed, out)
            seconds[physics].append(took)
        episode = log.read(path).episode
        decisions.append(len(episode.steps))
        sizes.append(path.stat().st_size / 1000)
        seconds["verified"].append(timed(verify_log, path)[0])
        seconds["examined"].append(timed(examine, episode, driver, {})[0])
    return Cost(scenario, policy, statistics.mean(decisions), statistics.mean(sizes), seconds)


def drive(world: World, policy, seed: int, out: Path) -> Path:
    path, *_ = record(world, policy, seed, out)
    return path


def timed(function: Callable, *arguments) -> tuple[float, object]:
    """CPU seconds, and what came of it."""
    begin = time.process_time()
    result = function(*arguments)
    return time.process_time() - begin, result


def handed_out(jobs: int, out: Path) -> Iterator[tuple[str, float]]:
    """engine: CPU seconds in the process that gives a job out, takes its log and writes it."""
    world = World("dilu-4-2.0", physics="twin")
    packed = zlib.compress(drive(world, load("rule"), SEED, out).read_bytes(), level=1)
    engines: dict[str, Engine] = {"processes": Processes(2)}
    if find_spec("ray"):
        engines["ray"] = Ray(workers=2)
    for name, engine in engines.items():
        done = engine.run(range(jobs), functools.partial(given, packed, not engine.shares_disk))
        for _ in range(jobs // 10):  # the workers start
            next(done)
        begin, count = time.process_time(), 0
        for _, travelled in done:
            assert not isinstance(travelled, Failure), travelled
            if travelled:
                folder.put(out / "travelled.jsonl", zlib.decompress(travelled))
            count += 1
        yield name, (time.process_time() - begin) / count


def given(packed: bytes, travels: bool, job: int) -> bytes | None:
    return packed if travels else None


# ------------------------------------------------------------------------------------------- tables


def engines(shares: dict[str, float], jobs: int) -> Iterator[str]:
    yield f"What the process that gives jobs out spends on each (n = {jobs}).\n"
    yield _row("engine", "a job's share [ms of a core]", "jobs per second, at most")
    yield _row(*["---"] * 3)
    for name, spent in shares.items():
        yield _row(name, f"{1000 * spent:.2f}", f"{1 / spent:.0f}")


def million(rows: list[str], shares: dict[str, float]) -> Iterator[str]:
    """From the rows of unit costs, as they are shown."""
    nodes = [f"{count} node{'s' * (count > 1)}" for count in NODES]
    engine = "ray" if "ray" in shares else "processes"
    yield (
        f"Computed from the two tables: hours for {MILLION:,} episodes, the same number on each of the "
        f"{len(SCENARIOS)} scenarios, on nodes of {CORES} such cores by the engine {engine}. Where the "
        "giving out of jobs takes longer than the jobs, its time stands there with a star.\n"
    )
    yield _row("policy", "each episode is", "core hours", *nodes)
    yield _row(*["---"] * 6)
    costs = [dict(zip(HEAD, map(str.strip, row.split("|")[1:-1]), strict=True)) for row in rows]
    for policy in POLICIES:
        mine = [cost for cost in costs if cost["policy"] == f"`{policy}`"]
        for work, columns in WORKLOADS.items():
            shown = [f"driven: {name}" if name in COLUMNS[:2] else name for name in columns]
            spent = [sum(float(cost[name].split()[0]) for name in shown) for cost in mine]
            hours = statistics.mean(spent) * MILLION / 3600
            given_out = shares[engine] * len(columns) * MILLION / 3600
            cells = (_hours(hours / (count * CORES), given_out) for count in NODES)
            yield _row(f"`{policy}`", work, f"{hours:,.0f}", *cells)


def _hours(working: float, giving_out: float) -> str:
    return _short(working) if working >= giving_out else f"{_short(giving_out)} *"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _spread(values: list[float]) -> str:
    return f"({_short(min(values))} to {_short(max(values))})"


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
