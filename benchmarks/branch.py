"""How long a branch takes: from a logged episode to its first new decision, at step 25 of DiLu's scenario.

    python benchmarks/branch.py [scenario] [--step 25] [--episodes 10] [--write]

Wall-clock time inside one process, after imports and with the kernel compiled: reading the log, and from there to the first new
decision with its rationale (world built, steps driven again, edit made, decision taken, explained and driven). The planner drives
the episodes; in each, the car of the smallest id that is in sight is removed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from pages import publish

from drive.episodes import log
from drive.episodes.branch import branch
from drive.episodes.rollout import run
from drive.policy import load
from drive.twin import warm
from drive.types import Remove
from drive.world import World

WAYS = (  # physics, policy, causes
    ("twin", "planner", "every"),
    ("twin", "planner", "never"),
    ("twin", "rule", "every"),
    ("highway-env", "planner", "every"),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenario", nargs="?", default="dilu-4-2.0")
    parser.add_argument("--step", type=int, default=25)
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    warm(lambda line: print(line, file=sys.stderr))
    with tempfile.TemporaryDirectory() as folder:
        paths = logs(chosen.scenario, chosen.step, chosen.episodes, Path(folder))
        lines = list(table(paths, chosen.step))
    print("\n".join(lines))
    if chosen.write:
        publish("branch", lines, "python benchmarks/branch.py --write")


def logs(scenario: str, step: int, episodes: int, folder: Path) -> list[Path]:
    """Logs of episodes that reach the step, seeds from 100 on."""
    paths, world, policy = [], World(scenario, physics="twin"), load("planner")
    for seed in count(100):
        episode = run(world, policy, seed)
        if len(episode.steps) > step:
            paths.append(folder / log.file_name(episode.header))
            log.write(paths[-1], episode)
        if len(paths) == episodes:
            return paths


def table(paths: list[Path], step: int):
    yield "| physics | policy | causes asked | branches | to the first new decision, p50 [s] | p95 | longest | read the log before, p50 |"
    yield "|---|---|---|---|---|---|---|---|"
    for physics, policy, causes in WAYS:
        spent = np.array([timed(path, step, physics, policy, causes) for path in paths])
        figures = (*np.percentile(spent[:, 1], (50, 95, 100)), np.median(spent[:, 0]))
        row = (physics, policy, causes, str(len(spent)), *(f"{value:.2f}" for value in figures))
        yield "| " + " | ".join(row) + " |"
    load_average = os.getloadavg()[0]
    yield f"\nLoad of the machine meanwhile (1 minute average, {os.cpu_count()} cores): {load_average:.1f}"


def timed(path: Path, step: int, physics: str, policy: str, causes: str) -> tuple[float, float]:
    """Seconds to read a log, and from there to the first new decision."""
    begin = time.perf_counter()
    episode = log.read(path).episode
    read = time.perf_counter()
    edit = Remove(min(car.id for car in episode.steps[step].scene.cars))
    made = branch(episode, step, [edit], policy, 1, physics, causes=causes)
    assert len(made.steps) == step + 1
    return read - begin, time.perf_counter() - read


if __name__ == "__main__":
    main()
