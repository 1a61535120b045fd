"""What the planner's benchmarks share: drivers, episodes in the twin's World, hindsight, checkpoints, tables."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from drive.measures.statistics import wilson
from drive.policy import load
from drive.twin import Worlds, from_truth
from drive.twin import kernel as k
from drive.types import Choice, Scene
from drive.world import World
from policies.planner import weigh

NODES = 200  # states that the hindsight search keeps after each decision
AHEAD = 8  # decisions that it has to survive


def driver(name: str) -> Callable[[World, Scene], Choice]:
    """The function that decides: a policy by name from the scene alone, or "oracle": the planner's search from the truth."""
    policy = load("planner" if name == "oracle" else name)
    if name == "oracle":
        return lambda world, scene: weigh(
            scene, from_truth(world.road, world.truth()), policy.settings_for(scene)
        )
    return lambda world, scene: policy.decide(scene)


def episode(world: World, name: str, seed: int) -> dict:
    """One episode as a record; where it crashed, from how many decisions before it was still avoidable."""
    scene, decide, truths = world.reset(seed), driver(name), []
    speeds, took, rewards = [], [], []
    while True:
        truths.append(world.truth())
        begin = time.process_time()
        action = decide(world, scene).action
        took.append(time.process_time() - begin)
        outcome = world.step(action)
        scene = world.scene
        speeds.append(float(outcome.tracks.ego[1:, 3].mean()))
        rewards.append(outcome.reward)
        if outcome.ended:
            break
    record = {"policy": name, "seed": seed, "ended": outcome.ended, "steps": len(speeds)}
    record |= {
        "speed": round(float(np.mean(speeds)), 3),
        "way": round(sum(speeds) * world.period, 1),
    }
    record |= {"return": round(float(sum(rewards)), 3)}
    record |= {"laps": round(world.laps, 3), "took": round(float(np.mean(took)), 4)}
    if outcome.ended == "collision":
        record["partner"], record["side"] = outcome.contact.partner, outcome.contact.side
    if outcome.ended == "collision" and name == "planner" and scene.ego.target_speeds:
        record["avoidable"] = avoidable(world, truths)
    return record


def avoidable(world: World, truths: list) -> int:
    """From how many decisions before the crash some legal sequence still survived; -1: from none, not even the start."""
    for back in range(1, len(truths) + 1):
        if survives(from_truth(world.road, truths[-back]), world) == AHEAD:
            return back
    return -1


def survives(worlds: Worlds, world: World) -> int:
    """Decisions that some legal sequence survives, at most AHEAD: every action, NODES different states kept.

    What it finds is a proof; that it finds none is one only where there were never more states than NODES.
    """
    nodes, substeps = worlds.copy(), round(world.period / world.sub_step)
    ego, chance = int(nodes.ego_slot[0]), np.random.default_rng(0)
    for decision in range(AHEAD):
        parents, codes = np.nonzero(nodes.legal())
        nodes = nodes.select(parents)
        nodes.step(
            codes.astype(np.int32), substeps, world.sub_step, stop_on_crash=True, related=True
        )
        nodes = nodes.select(~nodes.ego_crashed)
        if not len(nodes):
            return decision
        state = [
            nodes.f[:, k.X, ego],
            nodes.f[:, k.Y, ego] * 2,
            nodes.f[:, k.SPEED, ego],
            nodes.g[:, k.TARGET_LANE, ego],
        ]
        _, kept = np.unique(np.stack(state, 1).round().astype(int), axis=0, return_index=True)
        nodes = nodes.select(np.sort(chance.permutation(kept)[:NODES]))
    return AHEAD


def command_line(
    about: str, seeds: int, out: str, drivers: tuple[str, ...]
) -> argparse.ArgumentParser:
    """What every table of the planner is asked for: how many seeds from which, which drivers, where the records are kept."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--first", type=int, default=20000)
    parser.add_argument("--out", type=Path, default=Path(out))
    parser.add_argument("--drivers", nargs="*", default=list(drivers))
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the figures and pages of docs/ from what there is",
    )
    return parser


def run(jobs: Iterable[tuple[str, str, int]], out: Path) -> list[dict]:
    """Drive what the checkpoint lacks, (scenario, policy, seed) by (scenario, policy, seed); all records."""
    out.parent.mkdir(parents=True, exist_ok=True)
    records = read(out)
    done = {(r["scenario"], r["policy"], r["seed"]) for r in records}
    worlds: dict[str, World] = {}
    todo = [job for job in jobs if job not in done]
    begin = time.time()
    with out.open("a") as file:
        for number, (scenario, name, seed) in enumerate(todo, 1):
            world = worlds.setdefault(scenario, World(scenario, physics="twin"))
            record = {"scenario": scenario} | one(world, name, seed)
            records.append(record)
            file.write(json.dumps(record) + "\n")
            file.flush()
            if number % 10 == 0 or number == len(todo):
                left = (time.time() - begin) / number * (len(todo) - number)
                print(
                    f"{number}/{len(todo)} episodes, {left / 60:.0f} min left",
                    file=sys.stderr,
                    flush=True,
                )
    return records


def one(world: World, name: str, seed: int) -> dict:
    if name == "ceiling":
        world.reset(seed)
        reached = survives(from_truth(world.road, world.truth()), world)
        return {
            "policy": name,
            "seed": seed,
            "ended": "time is up" if reached == AHEAD else "collision",
            "steps": reached,
        }
    return episode(world, name, seed)


def read(out: Path) -> list[dict]:
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def share(hits: int, count: int) -> str:
    """A rate in percent with its Wilson 95 % interval."""
    if not count:
        return "–"
    rate = wilson([1.0] * hits + [0.0] * (count - hits))
    return f"{100 * rate.mean:.1f} % [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"
