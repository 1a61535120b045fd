"""What it saves that worlds which are mostly alike are worked out once: the planner's decisions with and without, in one run.

    python benchmarks/twin_related.py [scenario ...] [--decisions 30] [--write]

CPU time of `decide`, each scene both ways one after the other, whichever first by turns. Both have to come to the same scores.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from pages import publish

from drive.twin import Worlds, warm
from drive.world import World
from policies.planner import Planner

SHOWN = (
    "dilu-4-2.0",
    "dilu-5-3.0",
    "highway-fast",
    "exit",
    "u-turn",
    "roundabout",
    "merge",
    "two-way",
    "intersection",
)
HEAD = "| scenario | cars | decisions | each by itself, p50 [ms] | related, p50 [ms] | share of the time |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenarios", nargs="*", default=list(SHOWN))
    parser.add_argument("--decisions", type=int, default=30)
    parser.add_argument(
        "--write", action="store_true", help="store the figures and put them into docs/"
    )
    chosen = parser.parse_args()
    warm()
    lines = [HEAD, "|---" * HEAD.count(" |") + "|"]
    print("\n".join(lines), flush=True)
    for scenario in chosen.scenarios:
        lines.append(row(scenario, chosen.decisions))
        print(lines[-1], flush=True)
    if chosen.write:
        publish("twin-related", lines, "python benchmarks/twin_related.py --write")


def row(scenario: str, decisions: int) -> str:
    world, seed, times, cars = World(scenario, physics="twin"), 100, [], []
    world.reset(seed)
    for number in range(decisions + 1):
        scene, took, choices = world.scene, {}, {}
        for related in (True, False) if number % 2 else (False, True):
            took[related], choices[related] = timed(scene, related)
        if [option.score for option in choices[True].options] != [
            option.score for option in choices[False].options
        ]:
            raise AssertionError(f"{scenario}, seed {seed}: the scores differ")
        times.append((took[False], took[True]))
        cars.append(len(scene.cars))
        if world.step(choices[True].action).ended:
            seed += 1
            world.reset(seed)
    apart, related = np.median(times[1:], 0) * 1e3
    share = np.median([with_ / without for without, with_ in times[1:]])
    return f"| {scenario} | {np.median(cars):.0f} | {decisions} | {apart:.1f} | {related:.1f} | {share:.2f} |"


def timed(scene, related: bool):
    """CPU seconds of a decision, and what was chosen; where not related, every world is driven by itself."""
    step = Worlds.step
    if not related:
        Worlds.step = lambda self, *given, **named: step(self, *given, **named | {"related": False})
    try:
        planner, begin = Planner(), time.process_time()
        choice = planner.decide(scene)
        return time.process_time() - begin, choice
    finally:
        Worlds.step = step


if __name__ == "__main__":
    main()
