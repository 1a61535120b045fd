"""How long one decision of the planner takes, with its rationale and trajectories, and its full attribution, on one core.

    python benchmarks/planner_latency.py [scenario ...] [--episodes 3] [--write]

Wall-clock and CPU time of decide, foresee and explain, and CPU time of asking again for all causes, with how often was
asked, over whole episodes in the twin's World. The machine's load stands beside: a busy machine makes wall-clock longer
than the work is.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from pages import publish

from drive.episodes.rollout import explain
from drive.kinematics.foresight import foresee
from drive.policy import load
from drive.reasoning.causes import attribute
from drive.reasoning.reasons import situation_of
from drive.twin import warm
from drive.world import World

SHOWN = (
    "dilu-4-2.0",
    "dilu-5-3.0",
    "highway-fast",
    "merge",
    "roundabout",
    "intersection",
    "exit",
    "two-way",
    "racetrack",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenarios", nargs="*", default=list(SHOWN))
    parser.add_argument("--episodes", type=int, default=3)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    warm(lambda line: print(line, file=sys.stderr))
    head = ("scenario", "decisions", "CPU p50 [ms]", "CPU p95", "CPU max", "wall p50", "wall p95")
    head += ("attribution, CPU p50 [ms]", "p95", "asked, p50", "cars, p50")
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for scenario in chosen.scenarios:
        lines.append(row(scenario, range(chosen.first, chosen.first + chosen.episodes)))
        print(lines[-1], flush=True)
    lines.append(
        f"\nLoad of the machine meanwhile (1 minute average, {os.cpu_count()} cores): {os.getloadavg()[0]:.1f}"
    )
    if chosen.write:
        publish("planner-latency", lines, "python benchmarks/planner_latency.py --write")


def row(scenario: str, seeds: range) -> str:
    world, policy = World(scenario, physics="twin"), load("planner")
    cpu, wall, causes, asked, cars = [], [], [], [], []
    for seed in seeds:
        world.reset(seed)
        while True:
            scene, begin = world.scene, (time.process_time(), time.perf_counter())
            choice = foresee(scene, policy.decide(scene))
            explain(situation_of(scene, choice), choice, policy.tie)
            cpu.append(time.process_time() - begin[0])
            wall.append(time.perf_counter() - begin[1])
            begin = time.process_time()
            attribution = attribute(policy, scene, choice)
            causes.append(time.process_time() - begin)
            asked.append(attribution.asked)
            cars.append(len(scene.cars))
            if world.step(choice.action).ended:
                break
    cpu, wall, causes = (1e3 * np.array(times[1:]) for times in (cpu, wall, causes))
    figures = (
        *np.percentile(cpu, (50, 95, 100)),
        *np.percentile(wall, (50, 95)),
        *np.percentile(causes, (50, 95)),
    )
    figures += (np.median(asked), np.median(cars))
    return f"| {scenario} | {len(cpu)} | " + " | ".join(f"{value:.0f}" for value in figures) + " |"


if __name__ == "__main__":
    main()
