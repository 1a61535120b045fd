"""Times what should feel immediate, each beside what was aimed at; exit code 1 where one takes longer.

    python benchmarks/immediate.py

The best of several runs on hand-made scenes. What the planner and the twin take: planner_latency.py, twin_speed.py.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hand_made import METAS, behind_a_slower_car, car, scene

from drive.episodes import log
from drive.episodes.rollout import run
from drive.kinematics.foresight import foresee
from drive.kinematics.surroundings import View
from drive.measures.metrics import measure
from drive.policy import load
from drive.types import Meta, Option, Scene
from drive.world import World


def main() -> None:
    print("| what | best [ms] | aimed at [ms] |\n|---|---|---|")
    late = 0
    for what, (prepared, limit, times) in CASES.items():
        took = 1e3 * best(prepared(), times)
        late += took > limit
        print(f"| {what} | {took:.1f} | {limit} |", flush=True)
    sys.exit(late > 0)


def best(act: Callable[[], object], times: int) -> float:
    """Seconds of the quickest of several calls; the first, which may compile, does not count."""
    act()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def foreseeing():
    at, choice = scene(), behind_a_slower_car()[1]
    choice = replace(choice, options=tuple(Option(Meta(name)) for name in METAS))
    return lambda: foresee(at, choice)


def crowd(count: int, lanes: tuple = (0, 1, 2)) -> Scene:
    cars = [
        car(k, 20.0 + 9.0 * k, lane=lanes[k % len(lanes)], speed=20.0 + k % 5)
        for k in range(1, count + 1)
    ]
    return scene(*cars)


def looking():
    full = crowd(50)

    def look():
        view = View(full)
        for lane in ((*full.ego.lane[:2], number) for number in range(3)):
            view.leader(lane), view.follower(lane), view.beside(lane)
            view.contacts(lane, ((0.0, 25.0),))

    return look


def measuring():
    episode = run(World("highway", physics="twin"), load("rule"), 0, causes="never")
    return lambda: measure(episode)


def reading():
    path = Path(tempfile.mkdtemp()) / "long.jsonl"
    world = World("racetrack", {"duration": 60}, physics="twin")
    log.write(path, run(world, load("rule"), 0, causes="never"))
    return lambda: log.read(path)


def deciding():
    full, planner = crowd(300), load("planner")
    ages = iter(np.linspace(0.0, 1.0, 100))  # another scene each time: nothing may be remembered
    return lambda: planner.decide(replace(full, time=float(next(ages))))


def helping():
    command = [sys.executable, "-c", "from drive.cli import main; main()", "--help"]
    return lambda: subprocess.run(command, capture_output=True, check=True)


CASES = {  # what -> (what prepares it, aimed at [ms], number of runs)
    "five options foreseen": (foreseeing, 5, 7),
    "a scene with 50 cars, its neighbours and contacts": (looking, 10, 5),
    "all metrics of a long, crowded episode": (measuring, 100, 5),
    "reading a log of 60 s on the racetrack": (reading, 20_000, 2),
    "the planner's decision among 300 cars": (deciding, 5_000, 2),
    "whydrive --help": (helping, 500, 3),
}


if __name__ == "__main__":
    main()
