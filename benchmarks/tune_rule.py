"""Drives policies over scenarios on tuning seeds and prints collisions, success and speed of each.

    python benchmarks/tune_rule.py rule idm idle --scenario merge --episodes 50

Seeds start at 0: report seeds (20000 on) are never used here.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter

from drive import policy as policies
from drive.scenarios import SCENARIOS
from drive.types import Scene
from drive.world import World


def drive(world: World, policy, seed: int, show: bool = False) -> dict:
    """One episode: how it ended, mean speed [m/s], share of time inside a lane, seconds."""
    scene, speeds, inside, decided = world.reset(seed), [], [], 0.0
    while True:
        clock = time.perf_counter()
        choice = policies.checked(policy, scene)
        decided += time.perf_counter() - clock
        if show:
            print(
                f"  {scene.time:5.1f} s {scene.ego.lane} {scene.ego.speed:5.1f} m/s {choice.action}"
            )
            for option in choice.options:
                told = [
                    f"{t.kind} {t.value:.1f}{t.unit}{list(t.cars)} {t.counts}" for t in option.terms
                ]
                print(f"      {option.action}: {'; '.join(told)}")
        outcome = world.step(choice.action)
        speeds += list(outcome.tracks.ego[1:, 3])
        inside += [_inside(scene, *row[:3]) for row in outcome.tracks.ego[1:]]
        scene = world.scene
        if outcome.ended:
            if show:
                print(f"  {outcome.ended} {outcome.contact}")
            contact = outcome.contact
            return {
                "end": outcome.ended,
                "contact": f"{contact.partner.split()[0]} {contact.side}" if contact else "",
                "speed": statistics.fmean(speeds),
                "inside": statistics.fmean(inside),
                "decide": decided / (scene.step or 1),
                "laps": world.laps,
                "time": scene.time,
            }


def _inside(scene: Scene, x: float, y: float, heading: float) -> bool:
    lane = scene.road.closest(x, y, heading)
    return bool(lane.contains(*lane.frenet(x, y)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policies", nargs="+")
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--episodes", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="first seed, below 1000")
    parser.add_argument("--show", action="store_true", help="print every decision")
    given = parser.parse_args()
    for name in given.scenario or SCENARIOS:
        world = World(name, physics="twin")
        for each in given.policies:
            policy = policies.load(each)
            if not policies.applies(policy, world.reset(0).legal):
                print(f"{name:20} {each:8} –")
                continue
            seeds = range(given.first, given.first + given.episodes)
            rows = [drive(world, policy, seed, given.show) for seed in seeds]
            ends = Counter(row["end"] for row in rows)
            crashed = [
                seed for seed, row in zip(seeds, rows, strict=True) if row["end"] == "collision"
            ]
            mean = {
                k: statistics.fmean(r[k] for r in rows)
                for k in ("speed", "inside", "laps", "decide")
            }
            print(
                f"{name:20} {each:8} collisions {ends['collision']:3}/{len(rows)} "
                f"speed {mean['speed']:5.1f} inside {mean['inside']:.3f} laps {mean['laps']:.2f} "
                f"decide {1e3 * mean['decide']:.1f} ms {dict(ends)} "
                f"{dict(Counter(r['contact'] for r in rows if r['contact']))} {crashed[:20]}",
                flush=True,
            )


if __name__ == "__main__":
    main()
