"""Trains the value network on highway-fast in the twin: distributional Q-learning (Bellemare 2017), every action tried.

The twin is cheap enough to drive all five actions from each state, so one gradient step learns from five outcomes and a
crash is never missed for want of exploration. What is learned is how likely each return is, because crashes are rare and
dear: a robust loss on the mean forgets them, and a squared one weighs them above all differences of speed. A round starts every world anew from its own seeds; between rounds the
whole training is a few arrays, so a stopped training continues exactly. Nothing is pickled.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from drive.twin import CODES, STAND_STILL, warm
from drive.twin.vector_env import TwinVectorEnv
from policies._training import Weights, bar, replace_whole, under
from policies.dqn import network
from policies.dqn.observation import FEATURES, KINEMATICS, ROWS, SET_POINTS, set_points_in

ENVIRONMENT = "highway-fast-v0"
STEPS = 30  # decisions of an episode, and of a round
HELD_OUT = 19000  # first of the seeds that only evaluation drives
IDLE = CODES["IDLE"]
NEVER = 1e9  # [s], an episode that does not end by time

CHECKPOINT, WEIGHTS, ABOUT = "checkpoint.safetensors", "weights.safetensors", "weights.json"
PACKAGES = ("torch", "numpy", "numba", "gymnasium", "safetensors")


@dataclass(frozen=True)
class Settings:
    """What decides the outcome of a training, besides the package versions."""

    seed: int = 0
    rounds: int = 230
    worlds: int = 256
    updates: int = 12  # gradient steps per decision of all worlds
    batch: int = 384  # states, each with all actions
    capacity: int = 300_000  # states remembered
    learning_rate: float = 1e-3  # falls linearly to a twentieth
    follow: float = 0.005  # by which the target network follows, each gradient step
    explore: float = 0.05  # share of drawn actions, after they fell from 1 over the first third
    evaluate_every: int = 10  # rounds
    episodes: int = 500  # of an evaluation

    def __post_init__(self):
        for name in (
            "rounds",
            "worlds",
            "updates",
            "batch",
            "capacity",
            "evaluate_every",
            "episodes",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 <= self.seed < HELD_OUT:
            raise ValueError(
                f"the seed is a whole number from 0 to {HELD_OUT - 1}, not {self.seed}"
            )


@dataclass(frozen=True)
class Score:
    """What the greedy policy did on the held-out seeds, after a round."""

    round: int
    episodes: int
    mean_return: float  # highway-env's own reward, summed, not discounted
    crashes: float  # share of episodes
    speed: float  # [m/s]


class Memory:
    """The latest states, each with what every action led to; a ring."""

    def __init__(self, capacity: int):
        shown, own = (ROWS, len(FEATURES)), (len(SET_POINTS),)
        shapes = {
            "shown": shown, "own": own, "legal": (network.ACTIONS,), "reward": (network.ACTIONS,),
            "crashed": (network.ACTIONS,),
            "next_shown": (network.ACTIONS, *shown), "next_own": (network.ACTIONS, *own),
        }  # fmt: skip
        self.arrays = {name: torch.zeros((capacity, *shape)) for name, shape in shapes.items()}
        self.capacity, self.written = capacity, 0

    def add(self, **rows: np.ndarray) -> None:
        count = len(rows["shown"])
        places = (self.written + torch.arange(count)) % self.capacity
        for name, values in rows.items():
            self.arrays[name][places] = torch.as_tensor(values, dtype=torch.float32)
        self.written += count

    def sample(self, count: int, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        places = torch.from_numpy(rng.integers(0, min(self.written, self.capacity), count))
        return {name: values[places] for name, values in self.arrays.items()}


class Training:
    """A training between two rounds."""

    def __init__(self, settings: Settings):
        self.settings, self.round = settings, 0
        self.online = network.initial(settings.seed)
        self.online["state.bias"][-1] = (
            5.0  # optimistic: full reward for ever is likely, until learned otherwise
        )
        for weight in self.online.values():
            weight.requires_grad_(True)
        self.target = {name: weight.detach().clone() for name, weight in self.online.items()}
        self.best = {name: weight.clone() for name, weight in self.target.items()}
        self.scores: list[Score] = []
        self.optimizer = torch.optim.Adam(
            self.online.values(), lr=settings.learning_rate, fused=True
        )
        self.memory = Memory(settings.capacity)
        self._driven = TwinVectorEnv(ENVIRONMENT, settings.worlds, {"observation": KINEMATICS})
        self._branches = TwinVectorEnv(
            ENVIRONMENT, settings.worlds * network.ACTIONS,
            {"observation": KINEMATICS, "duration": NEVER}, AutoresetMode.SAME_STEP,
        )  # fmt: skip

    @property
    def best_score(self) -> Score:
        """Of the highest return; the earliest of equals."""
        return max(self.scores, key=lambda score: score.mean_return)

    # -- on disk

    def save(self, path: Path) -> None:
        """Everything that a later `resumed` needs, in one safetensors file."""
        steps = self.optimizer.state_dict()["state"]
        filled = min(self.memory.written, self.settings.capacity)
        tensors = {
            **under("online", self.online),
            **under("target", self.target),
            **under("best", self.best),
            **under("memory", {name: a[:filled] for name, a in self.memory.arrays.items()}),
            **{
                f"optimizer/{i}/{what}": value
                for i, row in steps.items()
                for what, value in row.items()
            },
        }
        about = {
            "settings": dataclasses.asdict(self.settings),
            "round": self.round,
            "written": self.memory.written,
            "scores": [dataclasses.asdict(score) for score in self.scores],
        }
        replace_whole(path, lambda part: save_file(tensors, part, {"about": json.dumps(about)}))

    @classmethod
    def resumed(cls, path: Path, settings: Settings) -> Training:
        """The training of a checkpoint; ValueError where it is none, or one with other settings."""
        try:
            training = cls._opened(path)
        except (
            SafetensorError,
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            RuntimeError,
        ) as error:
            raise ValueError(
                f"{path} is no checkpoint of this network ({error}); remove it, or choose another folder"
            ) from error
        begun = dataclasses.asdict(training.settings)
        for name, value in dataclasses.asdict(settings).items():
            if begun[name] != value:
                raise ValueError(
                    f"{path} was begun with {name} {begun[name]}, not {value}; choose another folder"
                )
        return training

    @classmethod
    def _opened(cls, path: Path) -> Training:
        with safe_open(path, "pt") as file:
            about = json.loads(file.metadata()["about"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        training = cls(Settings(**about["settings"]))
        training._take(tensors)
        training.round, training.memory.written = about["round"], about["written"]
        training.scores = [Score(**score) for score in about["scores"]]
        return training

    @torch.no_grad()
    def _take(self, tensors: Weights) -> None:
        state: dict[int, dict] = {}
        for name, value in tensors.items():
            place, _, rest = name.partition("/")
            if place == "optimizer":
                number, _, what = rest.partition("/")
                state.setdefault(int(number), {})[what] = value
            elif place == "memory":
                self.memory.arrays[rest][: len(value)] = value
            else:
                getattr(self, place)[rest].copy_(value)
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})

    # -- learning

    def run(self) -> Iterator[Training]:
        """One round after another, until all are done."""
        while self.round < self.settings.rounds:
            self._drive_and_learn(np.random.default_rng((self.settings.seed, self.round)))
            self.round += 1
            if self.round % self.settings.evaluate_every == 0 or self.round == self.settings.rounds:
                self._evaluate()
            yield self

    def _drive_and_learn(self, rng: np.random.Generator) -> None:
        settings, envs = self.settings, self._driven
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * (1 - 0.95 * self.round / settings.rounds)
        explore = max(settings.explore, 1 - 3 * self.round / settings.rounds)
        seeds = rng.integers(0, HELD_OUT, settings.worlds)
        shown, _ = envs.reset(seed=[int(seed) for seed in seeds])
        own = set_points_in(envs.worlds)
        ended = np.zeros(settings.worlds, bool)
        for _ in range(STEPS):
            if not ended.all():
                self._branch(shown, own, ~ended)
            for _ in range(settings.updates):
                self._learn(self.memory.sample(settings.batch, rng))
            drawn = rng.integers(0, network.ACTIONS, settings.worlds)
            best = greedy(self.online, shown, own, envs.worlds.legal())
            actions = np.where(rng.random(settings.worlds) < explore, drawn, best)
            shown, _, crashed, late, _ = envs.step(actions)
            own, ended = set_points_in(envs.worlds), crashed | late

    def _branch(self, shown: np.ndarray, own: np.ndarray, alive: np.ndarray) -> None:
        """Remember the states with what each of the five actions leads to."""
        count, branches = network.ACTIONS, self._branches
        branches.worlds = self._driven.worlds.tile(count)
        legal = branches.worlds.legal()[::count]
        actions = np.where(legal, np.arange(count), STAND_STILL)
        after, reward, crashed, _, _ = branches.step(actions.ravel())
        own_after = set_points_in(branches.worlds)
        after[crashed], own_after[crashed] = 0.0, 0.0  # begun anew: not what the action led to

        def by_state(values):
            return values.reshape(len(shown), count, *values.shape[1:])[alive]

        self.memory.add(
            shown=shown[alive], own=own[alive], legal=legal[alive], reward=by_state(reward),
            crashed=by_state(crashed), next_shown=by_state(after), next_own=by_state(own_after),
        )  # fmt: skip

    def _learn(self, sample: dict[str, torch.Tensor]) -> None:
        wanted = self._wanted(sample)
        logits = network.logits(self.online, sample["shown"], sample["own"])
        loss = -(wanted * logits.log_softmax(-1)).sum(-1).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            for name, weight in self.target.items():
                weight.lerp_(self.online[name], self.settings.follow)

    @torch.no_grad()
    def _wanted(self, sample: dict[str, torch.Tensor]) -> torch.Tensor:
        """[B, ACTIONS, ATOMS]: reward, then what the target network expects of its best action (Bellemare 2017).

        After a crash nothing comes; what is not legal leads where IDLE does.
        """
        legal = sample["legal"] > 0
        onward = legal & (sample["crashed"] == 0)
        shares = network.logits(
            self.target, sample["next_shown"][onward], sample["next_own"][onward]
        ).softmax(-1)
        best = network.expected(shares).argmax(-1)
        after = torch.zeros((*legal.shape, network.ATOMS))
        after[..., 0] = 1.0
        after[onward] = shares[torch.arange(len(best)), best]
        wanted = projected(sample["reward"], after)
        return torch.where(legal[..., None], wanted, wanted[:, IDLE, None])

    def _evaluate(self) -> None:
        score = evaluated(self.target, self.settings.episodes, HELD_OUT, self.round)
        self.scores.append(score)
        if self.best_score is score:
            self.best = {name: weight.clone() for name, weight in self.target.items()}


def train(
    out: Path,
    progress: bool = False,
    command: list[str] | None = None,
    make: Callable | None = None,
    **settings: int | float,
) -> Score:
    """Train, or go on with the training that `out` holds; leaves weights.safetensors and weights.json there.

    make: what makes fleets, not needed here. settings: of Settings, by name. The best weights on the held-out seeds are kept. ValueError for impossible settings,
    or a folder with another training.
    """
    chosen = Settings(**settings)
    torch.set_num_threads(1)
    warm(_quiet)
    training = (
        Training.resumed(out / CHECKPOINT, chosen)
        if (out / CHECKPOINT).exists()
        else Training(chosen)
    )
    out.mkdir(parents=True, exist_ok=True)
    heard = said(training.scores[-1]) if training.scores else ""
    with bar(progress, chosen.rounds, training.round, heard) as shown:
        for _ in training.run():
            if training.scores and training.scores[-1].round == training.round:
                training.save(out / CHECKPOINT)
                _publish(training, out, command or [])
            shown(training.round, said(training.scores[-1]) if training.scores else "")
    return training.best_score


def _publish(training: Training, out: Path, command: list[str]) -> None:
    """Write the best weights and how they were made."""
    replace_whole(out / WEIGHTS, lambda part: save_file(training.best, part))
    about = {
        "command": command,
        "settings": dataclasses.asdict(training.settings),
        "environment": ENVIRONMENT,
        "gradient steps": training.best_score.round * STEPS * training.settings.updates,
        "held-out seeds": [HELD_OUT, HELD_OUT + training.settings.episodes - 1],
        "best": dataclasses.asdict(training.best_score),
        "scores": [dataclasses.asdict(score) for score in training.scores],
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in PACKAGES},
        "sha256": hashlib.sha256((out / WEIGHTS).read_bytes()).hexdigest(),
    }
    text = json.dumps(about, indent=1)
    replace_whole(out / ABOUT, lambda part: part.write_text(text + "\n", encoding="utf-8"))


def said(score: Score) -> str:
    """A score in words."""
    drove = f"return {score.mean_return:.2f}, {score.crashes:.1%} crashes, {score.speed:.1f} m/s"
    return f"after {score.round} rounds: {drove} (n={score.episodes}, held-out seeds)"


def _quiet(_: str) -> None:
    """The bar says enough."""


def projected(reward: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """The distribution of reward [...] + DISCOUNT x return, `after` [..., ATOMS], shared out between neighbouring atoms."""
    returns = network.returns(after)
    place = (reward[..., None] + network.DISCOUNT * returns) / returns[1]
    place = place.clamp(0, network.ATOMS - 1)
    low = place.floor().clamp(max=network.ATOMS - 2)
    upward = place - low
    shares = torch.zeros_like(after)
    shares.scatter_add_(-1, low.long(), after * (1 - upward))
    return shares.scatter_add_(-1, low.long() + 1, after * upward)


def greedy(weights: Weights, shown: np.ndarray, own: np.ndarray, legal: np.ndarray) -> np.ndarray:
    """The legal action of the highest value in each observation."""
    with torch.no_grad():
        values = network.values(
            weights, *(torch.as_tensor(a, dtype=torch.float32) for a in (shown, own))
        )
    return np.where(legal, values.numpy(), -np.inf).argmax(-1)


def evaluated(weights: Weights, episodes: int, first_seed: int, after: int = 0) -> Score:
    """Drive whole episodes greedily, from consecutive seeds."""
    envs = TwinVectorEnv(ENVIRONMENT, episodes, {"observation": KINEMATICS})
    shown, _ = envs.reset(seed=first_seed)
    running = np.ones(episodes, bool)
    total, speed, driven, crashes = 0.0, 0.0, 0, 0
    for _ in range(STEPS):
        actions = greedy(weights, shown, set_points_in(envs.worlds), envs.worlds.legal())
        shown, reward, crashed, late, infos = envs.step(actions)
        total += float(reward[running].sum())
        speed += float(infos["speed"][running].sum())
        driven += int(running.sum())
        crashes += int(crashed[running].sum())
        running &= ~(crashed | late)
    return Score(after, episodes, total / episodes, crashes / episodes, speed / driven)
