"""Drives the learned policy, the null policies and the rule through highway-fast on the report seeds.

    nice python benchmarks/dqn.py [--episodes 2000] [--scenes 300] [--checked 10]

The learned policy and those that look at nothing are driven in the twin's VectorEnv, as in training; the rule, which needs
scenes, in a World that the twin moves. The first seeds are driven by the learned policy, from scenes, in highway-env
itself, and every return must be the same. The figures go to docs/figures/dqn.json and from there to the page.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from pages import publish
from safetensors.torch import load_file

from drive.measures.statistics import Estimate, bootstrap, paired, wilson
from drive.policy import load
from drive.scenarios import REPORT_SEEDS
from drive.twin import META_ACTIONS
from drive.twin import kernel as k
from drive.twin.vector_env import TwinVectorEnv
from drive.types import Legal, Policy
from drive.world import World
from policies.dqn import WEIGHTS, train
from policies.dqn.observation import KINEMATICS, set_points_in

SCENARIO, LEARNED = "highway-fast", "dqn"
NULL = ("idle", "slower", "faster")
HEAD = (
    "| policy | n | return | crashes | speed [m/s] | lane, from the left | return, dqn minus this |\n"
    "|---|---|---|---|---|---|---|"
)
Choose = Callable[[np.ndarray, TwinVectorEnv], np.ndarray]  # observations -> action codes


@dataclass(frozen=True)
class Drive:
    """One episode, summed up."""

    reward: float  # highway-env's own, summed
    crashed: bool
    speed: float  # [m/s], mean over decisions
    lane: float  # mean number of the target lane, from 1 at the left


def drive(world: World, policy: Policy, seed: int) -> Drive:
    scene, reward, ended = world.reset(seed), 0.0, None
    speeds, lanes = [], []
    while not ended:
        outcome = world.step(policy.decide(scene).action)
        scene, ended = world.scene, outcome.ended
        reward += outcome.reward
        speeds.append(scene.ego.speed)
        lanes.append(scene.ego.target_lane[2] + 1)
    return Drive(reward, ended == "collision", sum(speeds) / len(speeds), sum(lanes) / len(lanes))


def drive_side_by_side(choose: Choose, episodes: int) -> dict[int, Drive]:
    """Whole episodes from consecutive report seeds in the twin's VectorEnv, by seed."""
    envs = TwinVectorEnv(train.ENVIRONMENT, episodes, {"observation": KINEMATICS})
    shown, _ = envs.reset(seed=REPORT_SEEDS)
    running, crashes = np.ones(episodes, bool), np.zeros(episodes, bool)
    sums = np.zeros((4, episodes))  # reward, speed, lane, decisions
    for _ in range(train.STEPS):
        shown, reward, crashed, late, infos = envs.step(choose(shown, envs))
        lane = envs.worlds.g[:, k.TARGET_LANE, 0] + 1
        sums += running * np.stack([reward, infos["speed"], lane, np.ones(episodes)])
        crashes |= running & crashed
        running &= ~(crashed | late)
    reward, speed, lane, count = sums
    each = zip(reward, crashes, speed / count, lane / count, strict=True)
    return {
        REPORT_SEEDS + i: Drive(float(r), bool(c), float(v), float(n))
        for i, (r, c, v, n) in enumerate(each)
    }


def learned() -> Choose:
    weights = load_file(WEIGHTS)
    return lambda shown, envs: train.greedy(
        weights, shown, set_points_in(envs.worlds), envs.worlds.legal()
    )


def blind(name: str) -> Choose:
    """A policy that looks at nothing but what is legal."""
    policy, scene = load(name), World(SCENARIO).reset(REPORT_SEEDS)
    chosen: dict[tuple, int] = {}

    def choice(mask: tuple) -> int:
        if mask not in chosen:
            legal = Legal(tuple(a for a, may in zip(META_ACTIONS, mask, strict=True) if may))
            chosen[mask] = META_ACTIONS.index(
                policy.decide(replace(scene, legal=legal)).action.name
            )
        return chosen[mask]

    return lambda _, envs: np.array([choice(tuple(mask)) for mask in envs.worlds.legal().tolist()])


def seen(name: str, episodes: int) -> dict[int, Drive]:
    """A policy that needs scenes, one episode after another."""
    world, policy = World(SCENARIO, physics="twin"), load(name)
    return {
        seed: drive(world, policy, seed) for seed in range(REPORT_SEEDS, REPORT_SEEDS + episodes)
    }


def row(name: str, drives: dict[int, Drive], reference: dict[int, Drive]) -> str:
    figures = list(drives.values())
    returns = ({seed: each.reward for seed, each in some.items()} for some in (drives, reference))
    cells = [
        name,
        str(len(figures)),
        shown(bootstrap([each.reward for each in figures]), 2),
        share(wilson([each.crashed for each in figures])),
        shown(bootstrap([each.speed for each in figures]), 2),
        shown(bootstrap([each.lane for each in figures]), 2),
        "" if name == LEARNED else shown(paired(*returns), 2),
    ]
    return f"| {' | '.join(cells)} |"


def shown(estimate: Estimate, decimals: int) -> str:
    return (
        f"{estimate.mean:.{decimals}f} [{estimate.low:.{decimals}f}, {estimate.high:.{decimals}f}]"
    )


def share(estimate: Estimate) -> str:
    return f"{estimate.mean:.1%} [{estimate.low:.1%}, {estimate.high:.1%}]"


def checked(drives: dict[int, Drive], count: int) -> str:
    """Drive the first seeds in highway-env itself and say how far the returns differ."""
    world, policy = World(SCENARIO), load(LEARNED)
    seeds = list(drives)[:count]
    off = max(abs(drive(world, policy, seed).reward - drives[seed].reward) for seed in seeds)
    if off > 1e-6:
        raise SystemExit(f"twin and highway-env differ by {off:g} in return")
    return (
        f"The first {count} of these episodes were driven by `{LEARNED}` in highway-env itself too: "
        f"the largest difference in return is {off:.0e}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=2000)
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--checked", type=int, default=10)
    given = parser.parse_args()
    torch.set_num_threads(1)
    reference = drive_side_by_side(learned(), given.episodes)
    lines = [HEAD, row(LEARNED, reference, reference)]
    print(lines[-1], flush=True)
    for name in (*NULL, "rule"):
        drives = (
            drive_side_by_side(blind(name), given.episodes)
            if name in NULL
            else seen(name, given.scenes)
        )
        lines.append(row(name, drives, reference))
        print(lines[-1], flush=True)
    about = (
        f"Seeds from {REPORT_SEEDS} on, n of them, 95 % intervals; weights {load(LEARNED).weights}."
    )
    parts = [about, "\n".join(lines), checked(reference, given.checked)]
    publish("dqn", "\n\n".join(parts).splitlines(), "python benchmarks/dqn.py")


if __name__ == "__main__":
    main()
