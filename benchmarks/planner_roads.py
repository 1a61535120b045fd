"""Every other road: the planner beside rule, idm, the oracle of the same search, and the null policies, on the same seeds.

    python benchmarks/planner_roads.py [--seeds 100] [--first 20000] [--out runs/planner-roads.jsonl] [--write]

Driven in the twin's World, exact. Interrupted, it continues where it was. Progress is arrival where the task has one,
else the distance driven; the return is highway-env's own, undiscounted. The difference in collisions is paired on seeds, with a bootstrapped 95 % interval.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from pages import publish
from planner_runs import command_line, read, run, share

from drive.measures.statistics import paired
from drive.scenarios import SCENARIOS
from drive.twin import warm

ROADS = ("highway-fast", "merge", "merge-generic", "roundabout", "roundabout-generic", "intersection", "exit", "two-way",
         "u-turn", "racetrack", "racetrack-large", "racetrack-oval")  # fmt: skip
DRIVERS = ("planner", "rule", "idm", "oracle", "idle", "slower")
ARRIVING = ("pass", "destination", "exit")


def main() -> None:
    parser = command_line(__doc__, 100, "runs/planner-roads.jsonl", DRIVERS)
    parser.add_argument("--roads", nargs="*", default=list(ROADS))
    chosen = parser.parse_args()
    if chosen.write:
        records = read(chosen.out)
    else:
        warm(lambda line: print(line, file=sys.stderr))
        seeds = range(chosen.first, chosen.first + chosen.seeds)
        jobs = [
            (road, d, seed)
            for seed in seeds
            for road in chosen.roads
            for d in chosen.drivers
            if fits(road, d)
        ]
        records = run(jobs, chosen.out)
    lines = report(records)
    print("\n".join(lines))
    if chosen.write:
        publish("planner-roads", lines, "python benchmarks/planner_roads.py")


def fits(road: str, name: str) -> bool:
    """Is there an action by that name on the road?"""
    return not (road.startswith("racetrack") and name in ("idle", "slower"))


def report(records: list[dict]) -> list[str]:
    head = "| road | driver | collisions | n | arrived | distance [m] | speed [m/s] | return | planner minus it, collisions |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    for road in ROADS:
        for name in DRIVERS:
            mine = [r for r in records if (r["scenario"], r["policy"]) == (road, name)]
            if mine:
                lines.append(row(road, name, mine, records))
    return lines


def row(road: str, name: str, mine: list[dict], records: list[dict]) -> str:
    crashed = {r["seed"]: float(r["ended"] == "collision") for r in mine}
    planner = {
        r["seed"]: float(r["ended"] == "collision")
        for r in records
        if (r["scenario"], r["policy"]) == (road, "planner")
    }
    arrived = sum(r["ended"] == "arrived" for r in mine)
    arriving = share(arrived, len(mine)) if SCENARIOS[road].task.kind in ARRIVING else "–"
    way, speed, returned = (np.mean([r[key] for r in mine]) for key in ("way", "speed", "return"))
    less = paired(crashed, planner)
    difference = (
        ""
        if name == "planner"
        else f"{100 * less.mean:+.1f} % [{100 * less.low:+.1f}, {100 * less.high:+.1f}]"
    )
    hits = int(sum(crashed.values()))
    return f"| {road} | {name} | {share(hits, len(mine))} | {len(mine)} | {arriving} | {way:.0f} | {speed:.2f} | {returned:.2f} | {difference} |"


if __name__ == "__main__":
    main()
