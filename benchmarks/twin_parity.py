"""Parity of the twin with highway-env: every scenario, random legal actions, beyond the ego's crash.

    python benchmarks/twin_parity.py [--seeds 20] [--seconds 10] [--first 0] [--write] [names ...]

Prints per scenario: episodes, car states compared (every car at every decision), the largest distance, crash flags that
differ, and episodes that part by more than 1e-6 m. Each of those is driven again in highway-env alone with every car
nudged by 1e-14 m at every decision: if highway-env then parts from itself, the episode is a tie of its own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from pages import publish
from twin_reference import SAME, compare, own_sensitivity

from drive.scenarios import SCENARIOS
from drive.twin import warm

DRIVERS = ("LinearVehicle", "AggressiveVehicle", "DefensiveVehicle")
SKIPPED = ("highway-fog", "highway-occluded")  # the physics of highway; only perception differs
CASES = {name: (name, None) for name in SCENARIOS if name not in SKIPPED} | {
    f"{name} ({kind})": (name, {"other_vehicles_type": f"highway_env.vehicle.behavior.{kind}"})
    for kind in DRIVERS
    for name in ("highway-fast", "merge", "two-way", "roundabout", "intersection")
}
HEAD = "| scenario | episodes | car states | largest error [m] | crash flags that differ | cars crashed | parted > 1e-6 m | of these, highway-env parts from itself |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(CASES))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument(
        "--write", action="store_true", help="store the figures and put them into docs/"
    )
    chosen = parser.parse_args()
    warm()
    rows = [HEAD, "|---" * HEAD.count(" |") + "|"]
    print("\n".join(rows), flush=True)
    for case in chosen.names:
        rows.append(row(case, range(chosen.first, chosen.first + chosen.seeds), chosen.seconds))
        print(rows[-1], flush=True)
    if chosen.write:
        publish(
            "twin-parity", rows, f"python benchmarks/twin_parity.py --seeds {chosen.seeds} --write"
        )


def row(case: str, seeds: range, seconds: float) -> str:
    name, overrides = CASES[case]
    results = [compare(name, seed, seconds, overrides) for seed in seeds]
    parted = [result for result in results if result.error > SAME or result.flags]
    own = [
        result for result in parted if own_sensitivity(name, result.seed, seconds, overrides) > SAME
    ]
    within = max((result.error for result in results if result not in parted), default=0.0)
    worst = f"{within:.1e}" + (
        f" ({max(r.error for r in parted):.1e} where parted)" if parted else ""
    )
    for result in parted:
        print(
            f"  {case} seed {result.seed}: {result.parted} flags {result.flags}",
            file=sys.stderr,
            flush=True,
        )
    return (
        f"| {case} | {len(results)} | {sum(r.states for r in results)} | {worst} | {sum(r.flags for r in results)} "
        f"| {sum(r.crashed for r in results)} | {len(parted)} | {len(own)} |"
    )


if __name__ == "__main__":
    main()
