"""Trains the network: it drives, the teacher tells of every state what is right, and every state is learned from once.

The student drives from the first minute (DAgger, Ross et al. 2011), so it learns in the states that it gets into. Labels are
whole: how likely each return is after each option, not the best option alone. Words are learned at every stage, the later ones
on the words that were really said; and on words that were changed by hand, so that they command: a grade, or a car in the scene
that the teacher is shown and the pictures are not. A round begins its worlds anew from its own seeds; between rounds a training
is a few arrays, so a stopped training goes on exactly. Nothing is pickled.
"""

from __future__ import annotations

import copy
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
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from drive.twin import warm
from drive.twin.fleet import COLLISION, Fleet
from drive.twin.sight import pictures
from policies._training import Weights, bar, replace_whole, under
from policies.dqn import network as values
from policies.vla import grammar as g
from policies.vla import network
from policies.vla.shown import own_numbers_of
from policies.vla.teacher import Lesson, Teacher, otherwise

SCENARIO = "highway-fast"
HELD_OUT = 19000  # first of the seeds that only evaluation drives
HEADS = (
    "words",
    "values",
)  # what may drive: picture, words, decision; or values from the pictures, without words
CHECKPOINT, WEIGHTS, ABOUT = "checkpoint.safetensors", "weights.safetensors", "weights.json"
PACKAGES = ("torch", "numpy", "numba", "safetensors")
STEADY = 0.998  # by which the averaged weights stay, each step
OPTIONS = len(g.OPTIONS)


@dataclass(frozen=True)
class Settings:
    """What decides the outcome of a training, besides the package versions."""

    seed: int = 0
    rounds: int = 40
    fleets: int = 8
    worlds: int = 128  # of a fleet; one gradient step learns from all of them
    decisions: int = 24  # of a round
    warm: int = 28  # decisions that the last fleet has driven by the teacher before a round; the others fewer
    learning_rate: float = 8e-4  # falls linearly to a thirtieth
    explore: float = 0.06  # share of drawn actions
    temperature: float = 0.15  # of reward: how much worse an option may be and still be taken
    evaluate_every: int = 6  # rounds
    episodes: int = 200  # of an evaluation

    def __post_init__(self):
        for name in ("rounds", "fleets", "worlds", "decisions", "evaluate_every", "episodes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")


@dataclass(frozen=True)
class Score:
    """How the averaged network drove on held-out seeds, after a round."""

    round: int
    head: str
    episodes: int
    success: float  # share of episodes without collision
    speed: float  # [m/s]
    regret: float  # of the teacher's value, per decision


class Training:
    """A training between two rounds. make: makes so many worlds of a scenario, none begun."""

    def __init__(self, settings: Settings, make: Callable[[str, int], Fleet]):
        torch.manual_seed(settings.seed)
        self.settings, self.round, self.steps = settings, 0, 0
        self.online = network.Network().to(memory_format=torch.channels_last)
        self.steady = copy.deepcopy(self.online)
        self.scores: list[Score] = []
        self.told: dict[str, float] = {}  # the last round's losses and shares of right words
        self.optimizer = torch.optim.AdamW(
            self.online.parameters(), settings.learning_rate, (0.9, 0.98), weight_decay=0.01
        )
        self.teacher = Teacher()
        self._fleets = [make(SCENARIO, settings.worlds) for _ in range(settings.fleets)]
        self._make = make

    def last(self, head: str) -> Score | None:
        """How a head drove when it was evaluated last."""
        return next((score for score in reversed(self.scores) if score.head == head), None)

    @property
    def said(self) -> str:
        """How far it is, in words."""
        score = self.last("words")
        loss = f"loss {self.told['loss']:.2f}" if self.told else ""
        return "; ".join(filter(None, (loss, score and said(score))))

    # -- learning

    def run(self) -> Iterator[Training]:
        """One round after another, until all are done."""
        while self.round < self.settings.rounds:
            self._drive_and_learn()
            self.round += 1
            last = self.round == self.settings.rounds
            if last or self.round % self.settings.evaluate_every == 0:
                for head in HEADS:
                    self.scores.append(self.evaluated(head))
            yield self

    def _drive_and_learn(self) -> None:
        settings = self.settings
        rng = np.random.default_rng((settings.seed, self.round))
        torch.manual_seed(int(rng.integers(2**31)))
        for number, fleet in enumerate(self._fleets):
            self._warm_up(fleet, rng, settings.warm * number // max(settings.fleets - 1, 1))
        total: dict[str, list[float]] = {}
        for _ in range(settings.decisions):
            for fleet in self._fleets:
                for name, value in self._decide_and_learn(fleet, rng).items():
                    total.setdefault(name, []).append(value)
        self.told = {name: float(np.mean(each)) for name, each in total.items()}

    def _warm_up(self, fleet: Fleet, rng: np.random.Generator, decisions: int) -> None:
        """Begin all worlds anew, and let the teacher drive so many decisions."""
        fleet.begin(rng.integers(0, HELD_OUT, len(fleet)))
        for _ in range(decisions):
            legal = fleet.legal()
            lesson = self.teacher.lesson(fleet.worlds, legal)
            best = network.masked(lesson.values, lesson.legal).argmax(-1).numpy()
            self._drive(fleet, self._drawn(best, legal, rng), rng)

    def _drawn(self, best: np.ndarray, legal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The actions, some of them drawn."""
        drawn = np.where(legal, rng.random(legal.shape), -1).argmax(1)
        return np.where(rng.random(len(best)) < self.settings.explore, drawn, best)

    def _drive(self, fleet: Fleet, actions: np.ndarray, rng: np.random.Generator) -> float:
        """One decision; worlds that ended are begun anew. Returns the share that collided."""
        fleet.step(actions)
        ended = np.flatnonzero(~fleet.running)
        crashed = float((fleet.ended == COLLISION).mean())
        if len(ended):
            fleet.begin(rng.integers(0, HELD_OUT, len(ended)), ended)
        return crashed

    def _decide_and_learn(self, fleet: Fleet, rng: np.random.Generator) -> dict[str, float]:
        settings, legal = self.settings, fleet.legal()
        lesson = self.teacher.lesson(fleet.worlds, legal)
        changed = otherwise(fleet.worlds, rng)
        other = self.teacher.lesson(changed, legal)
        seen = torch.from_numpy(pictures(fleet))
        own = torch.from_numpy(own_numbers_of(fleet))
        with torch.autocast("cpu", torch.bfloat16):
            losses, decided = self._losses(seen, own, lesson, other)
        loss = sum(losses.values())
        progress = (self.round + 0.5) / settings.rounds
        rate = settings.learning_rate * min(1.0, (self.steps + 1) / 100) * max(1 / 30, 1 - progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.online.parameters(), 3.0)
        self.optimizer.step()
        self._follow()
        head = HEADS[self.steps % 4 == 3]
        self.steps += 1
        actions = {
            name: network.masked(each, lesson.legal).argmax(-1) for name, each in decided.items()
        }
        crashed = self._drive(fleet, self._drawn(actions[head].numpy(), legal, rng), rng)
        told = {name: value.item() for name, value in losses.items()}
        regrets = {f"regret of {name}": _regret(lesson, each) for name, each in actions.items()}
        return told | regrets | {"loss": loss.item(), "collided": crashed}

    def _losses(self, seen, own, lesson: Lesson, other: Lesson) -> tuple[dict, dict]:
        """What is to be made small, by name; and what each head makes of the options [B, OPTIONS]."""
        net = self.online
        feature = net.feature(seen, own)
        shares = net.return_logits(feature)
        worth = values.expected(shares.softmax(-1))
        scene = net.scene_logits(feature)
        said_scene = network.said(scene)
        half = torch.rand(len(own), 1) < 0.5
        verdict = net.verdict_logits(feature, torch.where(half, said_scene, lesson.scene), own)
        command = net.verdict_logits(feature, other.scene, own)
        said = network.said_verdict(verdict, lesson.legal)
        fifth = torch.rand(len(own), 1) < 0.2
        words = torch.where(fifth, lesson.verdict, said)
        decision = net.decision_logits(words, own)
        edited, wanted, free = _edited(words, lesson, self.settings.temperature)
        obeyed = net.decision_logits(edited, own)
        losses = {
            "returns": _returns(shares, worth, lesson),
            "scene": _words_loss(scene, lesson.scene) * 0.3,
            "verdict": _verdict_loss(verdict, lesson),
            "verdict of changed scenes": _verdict_loss(command, other),
            "decision": _policy_loss(decision, lesson, self.settings.temperature),
            "decision on changed words": _soft(obeyed, wanted, free),
        }
        return losses, {"words": decision.detach(), "values": worth.detach()}

    @torch.no_grad()
    def _follow(self) -> None:
        share = min(STEADY, (self.steps + 1) / (self.steps + 10))
        for mean, now in zip(self.steady.parameters(), self.online.parameters(), strict=True):
            mean.lerp_(now, 1 - share)

    # -- driving

    @torch.no_grad()
    def evaluated(self, head: str, first: int = HELD_OUT, episodes: int | None = None) -> Score:
        """Drive whole episodes from consecutive seeds with the averaged weights."""
        count = episodes or self.settings.episodes
        fleet = self._make(SCENARIO, count)
        fleet.begin(range(first, first + count))
        driven = speed = regret = 0.0
        while fleet.running.any():
            on, legal = fleet.running, torch.from_numpy(fleet.legal())
            lesson = self.teacher.lesson(fleet.worlds, legal.numpy())
            actions = decided(
                self.steady, torch.from_numpy(pictures(fleet)[on]),
                torch.from_numpy(own_numbers_of(fleet)[on]), legal[on], head,
            )  # fmt: skip
            every = torch.ones(count, dtype=torch.long)
            every[torch.from_numpy(on)] = actions
            best = network.masked(lesson.values, legal).amax(-1)
            lost = best - lesson.values[torch.arange(count), every]
            regret += float(lost[torch.from_numpy(on)].sum())
            fleet.step(every.numpy())
            speed += float(fleet.worlds.of_ego(fleet.worlds.speed)[on].sum())
            driven += int(on.sum())
        crashed = float((fleet.ended == COLLISION).mean())
        return Score(self.round, head, count, 1 - crashed, speed / driven, regret / driven)

    # -- on disk

    def save(self, path: Path) -> None:
        """Everything that a later `resumed` needs, in one safetensors file."""
        steps = self.optimizer.state_dict()["state"]
        tensors = {
            **under("online", self.online.state_dict()),
            **under("steady", self.steady.state_dict()),
            **{
                f"optimizer/{i}/{what}": value
                for i, row in steps.items()
                for what, value in row.items()
            },
        }
        about = {
            "settings": dataclasses.asdict(self.settings),
            "round": self.round,
            "steps": self.steps,
            "scores": [dataclasses.asdict(score) for score in self.scores],
        }
        tensors = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
        replace_whole(path, lambda part: save_file(tensors, part, {"about": json.dumps(about)}))

    @classmethod
    def resumed(cls, path: Path, settings: Settings, make: Callable[[str, int], Fleet]) -> Training:
        """The training of a checkpoint; ValueError where it is none, or one with other settings."""
        try:
            with safe_open(path, "pt") as file:
                about = json.loads(file.metadata()["about"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}
            begun = Settings(**about["settings"])
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path} is no checkpoint of this network ({error}); remove it, or choose another folder"
            ) from error
        for name, value in dataclasses.asdict(settings).items():
            if getattr(begun, name) != value:
                raise ValueError(
                    f"{path} was begun with {name} {getattr(begun, name)}, not {value}; choose another folder"
                )
        training = cls(begun, make)
        training._take(tensors)
        training.round, training.steps = about["round"], about["steps"]
        training.scores = [Score(**score) for score in about["scores"]]
        return training

    def _take(self, tensors: Weights) -> None:
        parts: dict[str, dict] = {"online": {}, "steady": {}, "optimizer": {}}
        for name, value in tensors.items():
            place, _, rest = name.partition("/")
            parts[place][rest] = value
        self.online.load_state_dict(parts["online"])
        self.steady.load_state_dict(parts["steady"])
        state: dict[int, dict] = {}
        for name, value in parts["optimizer"].items():
            number, _, what = name.partition("/")
            state.setdefault(int(number), {})[what] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})


def decided(net: network.Network, seen, own, legal, head: str, batch: int = 256) -> Tensor:
    """The options taken [B], by one of HEADS."""
    taken = []
    for begin in range(0, len(own), batch):
        part = slice(begin, begin + batch)
        with torch.autocast("cpu", torch.bfloat16):
            feature = net.feature(seen[part], own[part])
            if head == "values":
                worth = values.expected(net.return_logits(feature).softmax(-1))
            else:
                scene = network.said(net.scene_logits(feature))
                verdict = net.verdict_logits(feature, scene, own[part])
                worth = net.decision_logits(network.said_verdict(verdict, legal[part]), own[part])
        taken.append(network.masked(worth, legal[part]).argmax(-1))
    return torch.cat(taken)


# ----------------------------------------------------------------------------------------- losses


def _regret(lesson: Lesson, actions: Tensor) -> float:
    best = network.masked(lesson.values, lesson.legal).amax(-1)
    return float((best - lesson.values[torch.arange(len(actions)), actions]).mean())


def _words_loss(logits: list[Tensor], words: Tensor) -> Tensor:
    return sum(functional.cross_entropy(one, words[:, n]) for n, one in enumerate(logits))


def _verdict_loss(logits: list[Tensor], lesson: Lesson) -> Tensor:
    """Of legal options the grade, and the loss that is to be expected beside the best one."""
    grades, legal = torch.stack(logits, 1), lesson.legal
    each = functional.cross_entropy(
        grades.flatten(0, 1), lesson.verdict.flatten(), reduction="none"
    ).view(-1, OPTIONS)
    best = network.masked(lesson.values, legal).amax(-1, keepdim=True)
    worse = (best - lesson.values).clamp(0, g.LOSS[g.DANGER])
    off = functional.smooth_l1_loss(
        network.expected_loss(network.shares(logits, legal)), worse, reduction="none"
    )
    return ((each + 0.5 * off) * legal).sum() / legal.sum()


def _returns(shares: Tensor, worth: Tensor, lesson: Lesson) -> Tensor:
    legal = lesson.legal
    likely = (-(lesson.shares * shares.log_softmax(-1)).sum(-1) * legal).sum() / legal.sum()
    gains = (each - each.mean(1, keepdim=True) for each in (worth, lesson.values))
    return likely + functional.smooth_l1_loss(*(each * legal for each in gains))


def _soft(logits: Tensor, wanted: Tensor, legal: Tensor) -> Tensor:
    likely = network.masked(logits, legal).log_softmax(-1).clamp(min=-50)
    return -(wanted * likely).sum(-1).mean()


def _policy_loss(logits: Tensor, lesson: Lesson, temperature: float) -> Tensor:
    """Toward the teacher's options, the better the likelier, and away from what is lost by the others."""
    valued = network.masked(lesson.values, lesson.legal)
    lost = (valued.amax(-1, keepdim=True) - lesson.values).clamp(0, 15) * lesson.legal
    likely = network.masked(logits, lesson.legal).softmax(-1)
    wanted = (valued / temperature).softmax(-1)
    return _soft(logits, wanted, lesson.legal) + 0.5 * (likely * lost).sum(-1).mean()


def _edited(words: Tensor, lesson: Lesson, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    """Verdict words changed by hand, what then is to be taken [B, OPTIONS], and what may be.

    In a third some options are called a danger: the best of the rest is to be taken. In a sixth one drawn option is called
    the best and all others poor or a danger: that one is. Else nothing is changed.
    """
    count, legal = len(words), lesson.legal
    dice = torch.rand(count)
    called = (torch.rand(count, OPTIONS) < 0.4) & legal
    called &= (legal.sum(1) > called.sum(1))[:, None] & (dice < 0.35)[:, None]
    edited = torch.where(called, g.DANGER, words)
    rest = (network.masked(lesson.values, legal & ~called) / temperature).softmax(-1)
    pick = (torch.rand(count, OPTIONS) * legal).argmax(1)
    poor = torch.where(torch.rand(count, OPTIONS) < 0.5, g.GRADES.index("poor"), g.DANGER)
    forced = torch.where(legal, poor, g.NOT_POSSIBLE).scatter(1, pick[:, None], g.BEST)
    alone = (dice > 0.85)[:, None]
    edited = torch.where(alone, forced, edited)
    only = functional.one_hot(pick, OPTIONS).float()
    return edited, torch.where(alone, only, rest), legal


# --------------------------------------------------------------------------------------- the command


def train(
    out: Path,
    progress: bool = False,
    command: list[str] | None = None,
    make: Callable[[str, int], Fleet] | None = None,
    **settings: int | float,
) -> Score:
    """Train, or go on with the training that `out` holds; leaves weights.safetensors and weights.json there.

    make: makes so many worlds of a scenario, none begun (`drive.world.beginnings.fleet`). settings: of Settings, by name.
    Returns how the words drove last. ValueError for impossible settings, or a folder with another training.
    """
    chosen, path = Settings(**settings), out / CHECKPOINT
    torch.set_num_threads(1)
    warm(lambda _: None)
    training = Training.resumed(path, chosen, make) if path.exists() else Training(chosen, make)
    out.mkdir(parents=True, exist_ok=True)
    with bar(progress, chosen.rounds, training.round, training.said) as shown:
        for _ in training.run():
            training.save(path)
            publish(training, out, command or [])
            shown(training.round, training.said)
    return training.last("words")


def publish(training: Training, out: Path, command: list[str]) -> None:
    """Write the averaged weights, half as wide, and how they were made."""
    half = {
        name: tensor.to(torch.float16).contiguous().clone()
        for name, tensor in training.steady.state_dict().items()
    }
    replace_whole(out / WEIGHTS, lambda part: save_file(half, part))
    about = {
        "command": command,
        "settings": dataclasses.asdict(training.settings),
        "scenario": SCENARIO,
        "states": training.steps * training.settings.worlds,
        "held-out seeds": [HELD_OUT, HELD_OUT + training.settings.episodes - 1],
        "scores": [dataclasses.asdict(score) for score in training.scores],
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in PACKAGES},
        "sha256": hashlib.sha256((out / WEIGHTS).read_bytes()).hexdigest(),
    }
    text = json.dumps(about, indent=1)
    replace_whole(out / ABOUT, lambda part: part.write_text(text + "\n", encoding="utf-8"))


def said(score: Score) -> str:
    """A score in words."""
    drove = f"{score.success:.1%} without collision at {score.speed:.1f} m/s"
    return f"after {score.round} rounds: {drove} (n={score.episodes}, held-out seeds)"
