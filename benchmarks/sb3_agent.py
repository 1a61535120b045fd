"""Trains the Stable-Baselines3 agent that highway-env's own example trains, exports it, and examines it.

    pip install 'whydrive[sb3]'
    python benchmarks/sb3_agent.py --train            # 20,000 steps, a minute or two on one core
    python benchmarks/sb3_agent.py --moving-up 300    # what a ghost's row of zeros does, and a closed gap
    python benchmarks/faithfulness.py --policy sb3:runs/sb3/highway_dqn.safetensors --scenario highway-fast

Settings are those of scripts/sb3_highway_dqn.py in highway-env's repository; the world is the exact twin of
highway-fast-v0, which gives the same observations and rewards in a fraction of the time.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
import stable_baselines3
import torch

from drive import policy as policies
from drive.kinematics.edits import edited
from drive.measures.statistics import wilson
from drive.scenarios import REPORT_SEEDS
from drive.twin.vector_env import TwinVectorEnv
from drive.types import Hide
from drive.world import World
from policies.sb3.export import export
from policies.sb3.observation import in_rows

FOLDER = Path(__file__).parents[1] / "runs" / "sb3"
ZIP, EXPORT = FOLDER / "highway_dqn.zip", FOLDER / "highway_dqn.safetensors"
SETTINGS = {
    "policy_kwargs": {"net_arch": [256, 256]}, "learning_rate": 5e-4, "buffer_size": 15000,
    "learning_starts": 200, "batch_size": 32, "gamma": 0.8, "train_freq": 1, "gradient_steps": 1,
    "target_update_interval": 50, "exploration_fraction": 0.7,
}  # fmt: skip
STEPS, SEED = 20_000, 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--moving-up", type=int, metavar="DECISIONS", default=0)
    chosen = parser.parse_args()
    if chosen.train:
        train()
    if chosen.moving_up:
        print(moving_up(chosen.moving_up))


class Highway(gymnasium.Env):
    """One highway-fast-v0, driven by the twin."""

    def __init__(self):
        self._one = TwinVectorEnv("highway-fast-v0", 1)
        self.observation_space = self._one.single_observation_space
        self.action_space = self._one.single_action_space

    def reset(self, *, seed=None, options=None):
        shown, _ = self._one.reset(seed=None if seed is None else [seed])
        return shown[0], {}

    def step(self, action):
        shown, reward, crashed, late, _ = self._one.step(np.array([action]))
        return shown[0], float(reward[0]), bool(crashed[0]), bool(late[0]), {}


def train() -> None:
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    agent = stable_baselines3.DQN(
        "MlpPolicy", Highway(), seed=SEED, device="cpu", verbose=1, **SETTINGS
    )
    agent.learn(STEPS, log_interval=50)
    agent.save(ZIP)
    export(ZIP, EXPORT, trust_pickle=True)


def moving_up(decisions: int) -> str:
    """How often hiding a car that has a row changes the action: by zeros in its row, and by closing the gap."""
    driver, world = policies.load(f"sb3:{EXPORT}"), World("highway-fast")
    zeroed, closed, apart, seed, done = [], [], [], REPORT_SEEDS, 0
    while done < decisions:
        at, ended = world.reset(seed), None
        while not ended and done < decisions:
            action = driver.decide(at).action
            for _, car in in_rows(at, driver.shown(at)):
                hidden = edited(at, Hide(car.id))
                zeros = driver.decide(hidden).action
                moved = driver.decide(replace(hidden, ghosts=())).action
                zeroed.append(float(zeros != action))
                closed.append(float(moved != action))
                apart.append(float(zeros != moved))
            ended, done = world.step(action).ended, done + 1
            at = world.scene
        seed += 1
    said = "\n".join(
        f"| {what} | {share.mean:.3f} ({share.low:.3f}–{share.high:.3f}) | {share.n} |"
        for what, values in (
            ("its row zeroed: the action changes", zeroed),
            ("the next car moves up: the action changes", closed),
            ("the two disagree", apart),
        )
        for share in [wilson(values)]
    )
    return f"{done} decisions on highway-fast, seeds {REPORT_SEEDS} and on\n{said}"


if __name__ == "__main__":
    main()
