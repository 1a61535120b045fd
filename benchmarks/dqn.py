"""Drives the learned policy and others through highway-fast on the report seeds and writes what came of it.

    nice python benchmarks/dqn.py [--episodes 500] [--many 5000] [--checked 20] [--write docs/dqn.md]

The twin drives, highway-env pays; the first seeds are driven in highway-env alone too, and every return must be the same.
The row of many episodes drives the weights in the twin's VectorEnv, as training does. Figures replace those between the
marks in the page.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file

from drive.policy import load
from drive.scenarios import REPORT_SEEDS
from drive.statistics import Estimate, bootstrap, paired, wilson
from drive.twin_world import twin_world
from drive.types import Policy
from drive.world import World
from policies.dqn import WEIGHTS, train

SCENARIO, LEARNED = "highway-fast", "dqn"
POLICIES = ("idle", "slower", "faster", "random", "idm", "rule", LEARNED)
PAGE = Path(__file__).parents[1] / "docs" / "dqn.md"
BEGIN, END = "<!-- measured -->", "<!-- until here -->"
HEAD = (
    "| policy | n | return | crashes | speed [m/s] | right of the left lane [lanes] | return, dqn minus this |\n"
    "|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Drive:
    """One episode, summed up."""

    reward: float  # highway-env's own, summed
    crashed: bool
    speed: float  # [m/s], mean over decisions
    lane: float  # mean number of the target lane, from the left, from 0


def drive(world: World, policy: Policy, seed: int) -> Drive:
    scene, reward, ended = world.reset(seed), 0.0, None
    speeds, lanes = [], []
    while not ended:
        outcome = world.step(policy.decide(scene).action)
        scene, ended = world.scene, outcome.ended
        reward += outcome.reward
        speeds.append(scene.ego.speed)
        lanes.append(scene.ego.target_lane[2])
    return Drive(reward, ended == "collision", sum(speeds) / len(speeds), sum(lanes) / len(lanes))


def rows(episodes: int) -> Iterable[tuple[str, dict[int, Drive]]]:
    """Each policy's drives by seed, the learned one's first."""
    world = twin_world(SCENARIO)
    for name in sorted(POLICIES, key=lambda name: name != LEARNED):
        policy = load(name)
        seeds = range(REPORT_SEEDS, REPORT_SEEDS + episodes)
        yield name, {seed: drive(world, policy, seed) for seed in seeds}


def row(name: str, drives: dict[int, Drive], learned: dict[int, Drive]) -> str:
    figures = list(drives.values())
    returns = ({seed: each.reward for seed, each in some.items()} for some in (drives, learned))
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
    return f"{estimate.mean:.{decimals}f} [{estimate.low:.{decimals}f}, {estimate.high:.{decimals}f}]"


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


def many(count: int) -> str:
    score = train.evaluated(load_file(WEIGHTS), count, REPORT_SEEDS)
    crashes = wilson([1] * round(score.crashes * count) + [0] * (count - round(score.crashes * count)))
    return (
        f"Over {count:,} episodes (seeds {REPORT_SEEDS} to {REPORT_SEEDS + count - 1}) in the twin's VectorEnv "
        f"`{LEARNED}` reaches a return of {score.mean_return:.2f} at {score.speed:.2f} m/s and crashes in "
        f"{share(crashes)}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=500)
    parser.add_argument("--many", type=int, default=5000)
    parser.add_argument("--checked", type=int, default=20)
    parser.add_argument("--write", type=Path, default=PAGE)
    given = parser.parse_args()
    lines, learned = [HEAD], {}
    for name, drives in rows(given.episodes):
        learned = learned or drives
        lines.append(row(name, drives, learned))
        print(lines[-1], flush=True)
    about = f"Seeds {REPORT_SEEDS} to {REPORT_SEEDS + given.episodes - 1}, 95 % intervals; weights {load(LEARNED).weights}."
    parts = [about, "\n".join(lines), many(given.many), checked(learned, min(given.checked, given.episodes))]
    page = given.write.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    body = "\n\n".join(parts)
    given.write.write_text(f"{before}{BEGIN}\n{body}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
