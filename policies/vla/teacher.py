"""What the network learns from: the true scene words of a fleet, and what a value network makes of each option.

The teacher is `dqn`: it is shown all cars as numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from drive.twin import Worlds
from drive.twin.vector_env import TwinVectorEnv
from drive.types import EGO
from policies.dqn import Dqn, network
from policies.dqn.observation import KINEMATICS, set_points_in
from policies.vla import grammar as g

BESIDE = 2.6  # [m] a car this near to the middle of a lane is on it, or half
CAR = 5.0  # [m] bumper to bumper is so much less than middle to middle
GONE = 1e6  # [m] where a car is put that is taken away


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is right in each of W states."""

    scene: Tensor  # [W, SCENE_WORDS]
    verdict: Tensor  # [W, VERDICT_WORDS]
    shares: Tensor  # [W, OPTIONS, ATOMS] how likely each return is
    values: Tensor  # [W, OPTIONS]
    legal: Tensor  # [W, OPTIONS]


class Teacher:
    """dqn, asked in batches."""

    def __init__(self):
        weights = Dqn()._weights
        self._weights = {name: tensor.float() for name, tensor in weights.items()}
        self._eyes = TwinVectorEnv("highway-fast-v0", 1, {"observation": KINEMATICS})

    def shown(self, worlds: Worlds) -> tuple[Tensor, Tensor]:
        """What it sees of worlds on a straight road: cars by rows, and set-points."""
        self._eyes.worlds, self._eyes.num_envs = worlds, len(worlds)
        cars = torch.as_tensor(self._eyes._observe(), dtype=torch.float32)
        return cars, torch.as_tensor(set_points_in(worlds), dtype=torch.float32)

    @torch.no_grad()
    def shares(self, cars: Tensor, own: Tensor) -> Tensor:
        return network.logits(self._weights, cars, own).softmax(-1)

    def lesson(self, worlds: Worlds, legal: np.ndarray) -> Lesson:
        shares = self.shares(*self.shown(worlds))
        values, possible = network.expected(shares), torch.from_numpy(legal)
        words, _ = scene_words(worlds)
        return Lesson(torch.from_numpy(words), graded(values, possible), shares, values, possible)


def graded(values: Tensor, legal: Tensor) -> Tensor:
    """A grade per option [., OPTIONS], by how much less it is worth than the best."""
    best = values.masked_fill(~legal, -1e9).amax(-1, keepdim=True)
    worse = torch.bucketize(best - values, torch.tensor(g.WORSE)) + g.BEST
    return torch.where(legal, worse, g.NOT_POSSIBLE)


def scene_words(worlds: Worlds) -> tuple[np.ndarray, np.ndarray]:
    """The true scene words int64 [W, SCENE_WORDS], and the slot of each relation's car [W, 6] (0: nobody).

    By the lane that is steered to, of a straight road along the x axis.
    """
    lanes, every = len(worlds.road.lanes), np.arange(len(worlds))
    lane = worlds.of_ego(worlds.target_lane)
    y = worlds.xy[..., 1] - _middles(worlds)[lane][:, None]
    ahead = worlds.xy[..., 0] - worlds.xy[:, :1, 0]
    speed = worlds.speed * np.cos(worlds.heading)
    faster = speed[:, :1] - speed
    cars = worlds.cars > EGO
    gaps, closings = np.full((len(worlds), 6), np.inf), np.zeros((len(worlds), 6))
    slots = np.zeros((len(worlds), 6), int)
    for n, (side, front) in enumerate(zip(g.SIDES, g.FRONT, strict=True)):
        exists = (lane > 0) if side > 0 else (lane < lanes - 1) if side < 0 else lane >= 0
        near = cars & (abs(y - side) < BESIDE) & ((ahead > 0) == front) & exists[:, None]
        gap = np.where(near, abs(ahead) - CAR, np.inf)
        slot = gap.argmin(1)
        gaps[:, n] = gap[every, slot]
        closings[:, n] = faster[every, slot] * (1 if front else -1)
        slots[:, n] = np.where(np.isfinite(gaps[:, n]), slot, 0)
    beside = np.stack([lane, lanes - 1 - lane], -1).clip(0, 2)
    words = [g.gap_words(gaps), g.closing_words(closings, gaps), beside]
    return np.concatenate(words, -1).astype(np.int64), slots


def _middles(worlds: Worlds) -> np.ndarray:
    return np.array([lane.point(0.0)[1] for lane in worlds.road.lanes])


def otherwise(worlds: Worlds, rng: np.random.Generator) -> Worlds:
    """Copies in which, in each, one relation is otherwise: its car is gone, or another car is there."""
    _, slots = scene_words(worlds)
    count, every = len(worlds), np.arange(len(worlds))
    which = rng.integers(0, 6, count)
    slot, front = slots[every, which], g.FRONT[which]
    takes = (slot > 0) & (rng.random(count) < 0.5)
    beside = _middles(worlds)[worlds.of_ego(worlds.target_lane)] + g.SIDES[which]
    on_road = (beside > _middles(worlds).min() - 1) & (beside < _middles(worlds).max() + 1)
    far = abs(worlds.xy[..., 0] - worlds.xy[:, :1, 0]).argmax(1)
    away = CAR + rng.uniform(0, 60, count) * rng.random(count)
    closing = rng.normal(0, 4, count)
    slower = worlds.speed[:, 0] - np.where(front, closing, -closing)
    return worlds.put(
        np.where(takes | on_road, np.where(slot > 0, slot, far), -1),
        np.where(takes, GONE, worlds.xy[:, 0, 0] + np.where(front, away, -away)),
        np.where(takes, worlds.xy[every, slot, 1], beside),
        np.where(takes, worlds.heading[every, slot], 0.0),
        np.where(takes, worlds.speed[every, slot], np.clip(slower, 0, 40)),
    )
