"""How long a branch takes: from a logged episode to its first new decision, at step 25 of DiLu's scenario.

    python benchmarks/branch.py [scenario] [--step 25] [--episodes 10] [--write]

Time inside one process, after imports and with the kernel loaded, from the episode to the first new decision with
its rationale: world built, steps driven again, edit made, decision taken, explained and driven. The planner drives
the episodes, in the twin; in each, the car of the smallest id that is in sight is removed. Wall-clock time is longer
than the work where the machine is busy: its load stands beside.
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
    head = ("physics", "policy", "causes asked", "branches", "CPU p50 [s]", "p95", "longest")
    head += ("wall p50", "longest", "reading the log before, CPU p50")
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for physics, policy, causes in WAYS:
        some = paths if physics == "twin" else paths[:3]
        spent = np.array([timed(path, step, physics, policy, causes) for path in some])
        read, cpu, wall = spent.T
        figures = (*np.percentile(cpu, (50, 95, 100)), *np.percentile(wall, (50, 100)))
        shown = (f"{value:.2f}" for value in (*figures, np.median(read)))
        yield f"| {' | '.join((physics, policy, causes, str(len(some)), *shown))} |"
    load = os.getloadavg()[0]
    yield f"\nLoad of the machine meanwhile (1 minute average, {os.cpu_count()} cores): {load:.1f}"


def timed(path: Path, step: int, physics: str, policy: str, causes: str) -> tuple[float, ...]:
    """CPU seconds to read a log, then CPU and wall-clock seconds to the first new decision."""
    begin = time.process_time()
    episode = log.read(path).episode
    read = time.process_time() - begin
    edit = Remove(min(car.id for car in episode.steps[step].scene.cars))
    begin = time.process_time(), time.perf_counter()
    made = branch(episode, step, [edit], policy, 1, physics, causes=causes)
    spent = time.process_time() - begin[0], time.perf_counter() - begin[1]
    assert len(made.steps) == step + 1
    return read, *spent


if __name__ == "__main__":
    main()
