"""Drives the intersection in the protocol of the only table that has been published for intersection-v2.

    python benchmarks/intersection_published.py [--policy planner] [--seeds 500] [--first 40042] [--each] [--write]

SafeIntent-RL (github.com/kingofrichnight/RL--Autonomus-car): 30 s, five decisions a second, spawn probability 0.6, ten cars at
the start, target speeds 0, 4.5 and 9 m/s, seeds 40042 to 40541, cars of highway-env's IDMVehicle, AggressiveVehicle and
DefensiveVehicle. The seeds take turns with the three (with --each, every seed is driven with all), in the twin's World,
without words. Resumable: a line of runs/intersection-published.jsonl per episode. --write fills the lab page.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

from pages import publish

from drive import policy as policies
from drive.episodes.rollout import run_unexplained
from drive.measures.metrics import measure
from drive.measures.statistics import wilson
from drive.twin import warm
from drive.world import World

PROTOCOL = {
    "duration": 30,
    "policy_frequency": 5,
    "spawn_probability": 0.6,
    "initial_vehicle_count": 10,
    "action.target_speeds": [0, 4.5, 9],
}
DRIVERS = ("IDMVehicle", "AggressiveVehicle", "DefensiveVehicle")
METRICS = ("success", "collision", "mean speed", "headway under 1 s", "TTC under 2 s")
OUT = Path("runs/intersection-published.jsonl")
FIGURES = "intersection-published"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--policy", default="planner")
    parser.add_argument("--first", type=int, default=40042)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--each", action="store_true", help="every seed with all three drivers")
    parser.add_argument("--write", action="store_true", help="fill the lab page")
    given = parser.parse_args()
    warm(print)
    rows = collected(given)
    lines = [*table(given.policy, rows)]
    print("\n".join(lines))
    if given.write:
        publish(
            FIGURES, lines, f"python benchmarks/intersection_published.py --seeds {given.seeds}"
        )


def collected(given: argparse.Namespace) -> list[dict]:
    """A row per seed and driver; what the file has already is not driven again."""
    lines = given.out.read_text(encoding="utf-8").splitlines() if given.out.exists() else []
    done = {(r["policy"], r["driver"], r["seed"]): r for r in map(json.loads, lines)}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    worlds = {
        driver: World(
            "intersection",
            {**PROTOCOL, "other_vehicles_type": f"highway_env.vehicle.behavior.{driver}"},
            physics="twin",
        )
        for driver in DRIVERS
    }
    policy, rows = policies.load(given.policy), []
    for seed in range(given.first, given.first + given.seeds):
        for driver in DRIVERS if given.each else (DRIVERS[seed % len(DRIVERS)],):
            key = (given.policy, driver, seed)
            if key not in done:
                done[key] = one(policy, given.policy, worlds[driver], driver, seed)
                with given.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(done[key]) + "\n")
            rows.append(done[key])
        shown = sum(r["success"] for r in rows)
        print(f"seed {seed}: {shown:g} of {len(rows)} arrived", flush=True)
    return rows


def one(policy, name: str, world: World, driver: str, seed: int) -> dict:
    episode = run_unexplained(world, policy, seed)
    told = measure(episode, METRICS)
    kept = {metric: round(v, 6) for metric, v in told.items() if math.isfinite(v)}
    return {"policy": name, "driver": driver, "seed": seed, "reason": episode.end.reason, **kept}


def table(policy: str, rows: list[dict]) -> Iterator[str]:
    yield f"| drivers | n | `{policy}` arrived | collisions | out of time | mean speed [m/s] |"
    yield "|---|--:|---|---|--:|--:|"
    for label, names in (*((d, (d,)) for d in DRIVERS), ("together", DRIVERS)):
        told = [row for row in rows if row["driver"] in names]
        if not told:
            continue
        arrived, hit = ([row[m] for row in told] for m in ("success", "collision"))
        late = sum(not s and not c for s, c in zip(arrived, hit, strict=True))
        speed = sum(row["mean speed"] for row in told) / len(told)
        yield f"| {label} | {len(told)} | {share(arrived)} | {share(hit)} | {late} | {speed:.2f} |"


def share(values: list[float]) -> str:
    got = wilson(values)
    return f"{got.mean:.1%} ({got.low:.1%} to {got.high:.1%})".replace("%", " %")


if __name__ == "__main__":
    main()
