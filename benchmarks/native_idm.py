"""highway-env's own IDM driver in the ego's place: a reference row of docs/results.md, without rationale.

    nice python benchmarks/native_idm.py [--episodes 50] [--out runs/native-idm]

It is what `idm` is measured against, and no policy: it knows its hidden timer and target lane, brakes and
changes lane at any moment instead of by a decision's five actions, and does not know the task. Where the road is only
steered there is none. Driven in the twin. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from highway_env.vehicle.behavior import IDMVehicle

from drive import policy as policies
from drive.episodes.rollout import run
from drive.evaluation.results import Record
from drive.measures.metrics import measure
from drive.scenarios import SCENARIOS, suite
from drive.types import Scene
from drive.world import World

NAME = "IDM of highway-env (reference)"
OUT = Path("runs/native-idm.jsonl")
MOTION = (
    "success", "mean speed", "collision", "at-fault collision", "off-road", "minimum TTC", "close encounter",
    "scene score", "return", "comfort: all six", "inside lane", "headway under 15 m",
)  # fmt: skip


class NativeIdm(World):
    """A World whose ego is an `IDMVehicle`: whatever action it is given, it drives as the traffic does."""

    def __init__(self, scenario: str, physics: str = "twin"):
        super().__init__(scenario, physics=physics)

    def reset(self, seed: int) -> Scene:
        scene = super().reset(seed)
        old = self._env.vehicle
        ego = IDMVehicle.create_from(old)
        limit = self._road.lane(scene.ego.lane).speed_limit or math.inf
        ego.target_speed = min(max(old.target_speeds), limit)
        ego.target_speeds, ego.speed_index = (
            old.target_speeds,
            old.speed_index,
        )  # what is legal is asked of them
        vehicles = self._env.road.vehicles
        vehicles[vehicles.index(old)] = self._env.controlled_vehicles[0] = ego
        self._seen = []
        self.number_cars()
        return self._look()


def has_one(scenario: str) -> bool:
    """Does the ego there follow a lane, so that an IDM driver can take its place?"""
    return bool(World(scenario).reset(0).legal.meta)


def records(scenario: str, seeds: Iterable[int], out: Path = OUT) -> Iterator[Record]:
    """What it does on these seeds; driven where the file does not hold it."""
    lines = {(line["scenario"], line["seed"]): line for line in read(out)}
    world, idle = NativeIdm(scenario), policies.load("idle")
    for seed in seeds:
        if (scenario, seed) not in lines:
            episode = run(world, idle, seed, causes="never")
            measured = measure(episode)
            kept = {name: float(measured[name]) for name in MOTION if math.isfinite(measured[name])}
            line = {
                "scenario": scenario,
                "seed": seed,
                "reason": episode.end.reason,
                "metrics": kept,
            }
            lines[scenario, seed] = line
            out.parent.mkdir(parents=True, exist_ok=True)
            with open(out, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        line = lines[scenario, seed]
        yield Record(scenario, NAME, seed, "", line["reason"], "", line["metrics"])


def read(out: Path) -> list[dict]:
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=50)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    for name in filter(has_one, SCENARIOS):
        driven = list(records(name, suite(name).seeds(given.episodes), given.out))
        done = sum(record.metrics.get("success", 0.0) for record in driven)
        print(f"{name:20} success {done:.0f}/{len(driven)}", flush=True)


if __name__ == "__main__":
    main()
