"""Evaluation through the twin beside evaluation in highway-env: same success, same metrics per seed, and the speed-up.

    python benchmarks/planner_twin_world.py [scenario ...] [--episodes 4] [--policy rule] [--write]

Both worlds are driven by the same policy on the same seeds; CPU seconds are those of `World.step` alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from pages import publish

from drive.episodes import rollout
from drive.measures import metrics
from drive.policy import load
from drive.twin import warm
from drive.world import World

SHOWN = (
    "dilu-4-2.0",
    "highway-fast",
    "merge-generic",
    "roundabout",
    "intersection",
    "exit",
    "two-way",
    "u-turn",
    "racetrack",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenarios", nargs="*", default=list(SHOWN))
    parser.add_argument("--episodes", type=int, default=4)
    parser.add_argument("--policy", default="rule")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    warm(lambda line: print(line, file=sys.stderr))
    head = "| scenario | episodes | same end | metrics compared | largest difference | highway-env [CPU s] | twin [CPU s] | times faster |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for scenario in chosen.scenarios:
        lines.append(row(scenario, range(chosen.episodes), chosen.policy))
        print(lines[-1], flush=True)
    if chosen.write:
        publish(
            "planner-twin-world",
            lines,
            f"python benchmarks/planner_twin_world.py --episodes {chosen.episodes} --policy {chosen.policy} --write",
        )


def row(scenario: str, seeds: range, name: str) -> str:
    same, compared, worst, spent = 0, 0, 0.0, np.zeros(2)
    worlds = World(scenario), World(scenario, physics="twin")
    for seed in seeds:
        episodes = []
        for number, world in enumerate(worlds):
            episode, took = driven(world, name, seed)
            spent[number] += took
            episodes.append(episode)
        ends = [(e.end.reason, e.end.contact, len(e.steps)) for e in episodes]
        same += ends[0] == ends[1]
        for metric in metrics.METRICS:
            if "latency" in metric:
                continue
            values = [metrics.METRICS[metric](each) for each in episodes]
            if np.isfinite(values).all():
                compared += 1
                worst = max(worst, abs(values[0] - values[1]))
    return (
        f"| {scenario} | {len(seeds)} | {same} | {compared} | {worst:.1e} | {spent[0]:.2f} | {spent[1]:.2f} "
        f"| {spent[0] / spent[1]:.1f} |"
    )


def driven(world: World, name: str, seed: int):
    step, took = world.step, [0.0]

    def timed(action):
        begin = time.process_time()
        outcome = step(action)
        took[0] += time.process_time() - begin
        return outcome

    world.step = timed
    try:
        return rollout.run(world, load(name), seed), took[0]
    finally:
        del world.step


if __name__ == "__main__":
    main()
