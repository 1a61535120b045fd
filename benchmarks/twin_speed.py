"""Speed of the twin beside highway-env's own physics: world sub-steps per CPU second, one core, one run.

    python benchmarks/twin_speed.py [--seeds 4] [--worlds 256] [--seconds 10] [--write] [names ...]

Both drive the same seconds from the same starts. highway-env: `Road.act` and `Road.step` only, without observation, reward
or recording (so the ratio is not flattered). Twin: a batch, W worlds in one call, one thread; "alone" is one world per call.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from pages import publish

from drive.scenarios import SCENARIOS
from drive.twin import Hypothesis, Worlds, concatenate, from_scene, from_truth, warm
from drive.world import World

SKIPPED = ("highway-fog", "highway-occluded")
TARGETS = {"highway": 1000, "highway-fast": 500}  # times; every other road: 200
HEAD = "| scenario | cars | highway-env [1/s] | twin, batch [1/s] | twin, alone [1/s] | batch / highway-env | target |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", default=[name for name in SCENARIOS if name not in SKIPPED]
    )
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--worlds", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument(
        "--write", action="store_true", help="store the figures and put them into docs/"
    )
    chosen = parser.parse_args()
    warm()
    rows = [HEAD, "|---" * HEAD.count(" |") + "|"]
    print("\n".join(rows), flush=True)
    for name in chosen.names:
        rows.append(row(name, chosen.seeds, chosen.worlds, chosen.seconds))
        print(rows[-1], flush=True)
    table = imagination()
    print("\n".join(table))
    if chosen.write:
        command = f"python benchmarks/twin_speed.py --seeds {chosen.seeds} --write"
        publish("twin-speed", rows, command)
        publish("twin-imagination", table, command)


def row(name: str, seeds: int, count: int, seconds: float) -> str:
    starts, slow, cars = [], [], []
    for seed in range(seeds):
        world = World(name)
        world.reset(seed)
        starts.append(from_truth(world.road, world.truth()))
        cars.append(len(world.truth().drivers))
        slow.append(_highway_env(world, seconds, seed))
    substeps = round(world.period / world.sub_step)
    decisions = round(seconds / world.period)
    steps = decisions * substeps
    legal = world.scene.legal
    groups = (
        [concatenate(starts)] if all(start.road == starts[0].road for start in starts) else starts
    )
    fast = alone = 0.0
    for group in groups:
        batch = group.tile(max(1, count // len(group)))
        fast += _twin(batch.copy(), legal, decisions, substeps, world.sub_step) / len(batch)
        alone += sum(
            _twin(group.select([w]), legal, decisions, substeps, world.sub_step)
            for w in range(len(group))
        ) / len(group)
    rates = [steps * seeds / sum(slow), steps * len(groups) / fast, steps * len(groups) / alone]
    ratio = rates[1] / rates[0]
    target = TARGETS.get(name, 200)
    reached = "reached" if ratio >= target else "MISSED"
    return (
        f"| {name} | {np.mean(cars):.0f} | {rates[0]:.0f} | {rates[1]:,.0f} | {rates[2]:,.0f} | {ratio:,.0f}x "
        f"| {target}x {reached} |"
    )


def imagination() -> list[str]:
    """What a planner pays: 100 roll-outs of 8 decisions from a scene, with risks and the ego's track, in milliseconds."""
    rows = ["| scene | cars | sub-steps | 100 x 8 s [ms] |", "|---|---|---|---|"]
    actions = np.random.default_rng(0).integers(0, 5, (100, 8))
    for name in ("dilu-4-2.0", "highway-fast", "intersection"):
        scene = World(name).reset(0)
        for reach in (np.inf, 120.0):
            for rate in (5, 15):
                times = []
                for _ in range(5):
                    begin = time.process_time()
                    worlds = from_scene(scene, Hypothesis(reach=reach)).tile(100)
                    worlds.step(actions, rate, 1 / rate, risks=True, ego=True)
                    times.append(time.process_time() - begin)
                seen = "all seen" if reach == np.inf else f"within {reach:.0f} m"
                rows.append(
                    f"| {name}, {seen} | {worlds.f.shape[2]} | {rate} Hz | {1000 * min(times):.1f} |"
                )
    return rows


def _highway_env(world: World, seconds: float, seed: int) -> float:
    """CPU seconds that highway-env's physics takes."""
    env, rng = world._env, np.random.default_rng(seed)
    substeps = round(world.period / world.sub_step)
    begin = time.process_time()
    for _ in range(round(seconds / world.period)):
        action = (
            rng.integers(env.action_space.n)
            if hasattr(env.action_space, "n")
            else 0.1 * env.action_space.sample()
        )
        for frame in range(substeps):
            if frame == 0:
                env.action_type.act(action)
            env.road.act()
            env.road.step(world.sub_step)
    return time.process_time() - begin


def _twin(worlds: Worlds, legal, decisions: int, substeps: int, dt: float) -> float:
    rng = np.random.default_rng(0)
    if legal.meta:
        codes = (
            list(range(5)) if "LANE_LEFT" in legal.meta or "LANE_RIGHT" in legal.meta else [1, 3, 4]
        )
        actions = rng.choice(codes, (decisions, len(worlds)))
    else:
        actions = np.stack(
            [np.zeros((decisions, len(worlds))), 0.05 * rng.normal(size=(decisions, len(worlds)))],
            -1,
        )
    begin = time.process_time()
    for action in actions:
        worlds.step(action, substeps, dt)
    return time.process_time() - begin


if __name__ == "__main__":
    main()
