"""How long a what-if question takes: from a logged episode to the new decision, its sentence and its placebo.

    python benchmarks/asking.py [scenario ...] [--episodes 10] [--questions 4] [--write]

Of the planner's episodes, driven in the twin, every third decision is asked about: the nearest cars in turn are taken
away, brake, cut in, stand nearer. "first" is the first question about a log, which is driven again for it; "next" is every
other. Processor time of one process, and wall-clock time, which is longer where the machine is busy: its load stands beside.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from pages import publish

from drive.episodes.asking import Asker
from drive.episodes.rollout import run
from drive.policy import load
from drive.twin import warm
from drive.types import Brake, CutIn, Episode, Nearer, Question, Remove, Step, WhatIf
from drive.world import World

ROADS = ("dilu-4-2.0", "highway-fast", "intersection")
FIRST_SEED, EVERY = 100, 3
KINDS = (
    lambda car: WhatIf((Remove(car),)),
    lambda car: WhatIf((Brake(car),)),
    CutIn,
    lambda car: Nearer(car, 3.0),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenarios", nargs="*", default=list(ROADS))
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--questions", type=int, default=4, help="about each decision")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    warm(lambda line: print(line, file=sys.stderr))
    lines = list(table(given.scenarios, given.episodes, given.questions))
    print("\n".join(lines))
    if given.write:
        publish("asking", lines, "python benchmarks/asking.py --write")


def table(scenarios: list[str], episodes: int, questions: int):
    head = (
        "scenario",
        "questions",
        "changed",
        "first, CPU p50 [s]",
        "p95",
        "next, CPU p50",
        "p95",
        "wall p50",
        "p95",
    )
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for scenario in scenarios:
        first, later, changed = [], [], 0
        for seed in range(FIRST_SEED, FIRST_SEED + episodes):
            world = World(scenario, physics="twin")
            spent, other = timed(run(world, load("planner"), seed), questions)
            first, later, changed = first + spent[:1], later + spent[1:], changed + other
        cells = [
            scenario,
            str(len(first) + len(later)),
            f"{changed / max(len(first + later), 1):.0%}",
        ]
        cells += [
            f"{value:.2f}"
            for value in (*quantiles(first, 0), *quantiles(later, 0), *quantiles(later, 1))
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield f"Load of the machine meanwhile (1 minute average, {os.cpu_count()} cores): {os.getloadavg()[0]:.1f}"


def timed(episode: Episode, questions: int) -> tuple[list[tuple[float, float]], int]:
    """(processor, wall) seconds of every question about an episode, in order; and how many decisions changed."""
    asker, spent, changed = Asker(episode), [], 0
    for step in episode.steps[1::EVERY]:
        for question in about(step)[:questions]:
            begin = time.process_time(), time.perf_counter()
            try:
                answer = asker.ask(step.scene.step, question, "en")
            except ValueError:  # that cannot be, here: no lane to cut in to, no room
                continue
            spent.append((time.process_time() - begin[0], time.perf_counter() - begin[1]))
            changed += bool(answer.changed)
    return spent, changed


def about(step: Step) -> list[Question]:
    """Questions about the nearest cars, another kind about each."""
    ego = step.scene.ego
    near = sorted(step.scene.cars, key=lambda car: math.hypot(car.x - ego.x, car.y - ego.y))
    return [KINDS[k % len(KINDS)](car.id) for k, car in enumerate(near[: len(KINDS)])]


def quantiles(spent: list[tuple[float, float]], clock: int) -> tuple[float, float]:
    times = [each[clock] for each in spent]
    return tuple(np.quantile(times, (0.5, 0.95))) if times else (math.nan, math.nan)


if __name__ == "__main__":
    main()
