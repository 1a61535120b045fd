"""The network: pictures and ego motion, then scene words, then verdict words, then the decision from the words alone.

Three trunks of convolutions (front, tele, rear; the right rear picture mirrored) and the ego's own numbers make a feature.
Scene words are read off it; verdict words off the feature and the scene words as they were said; the decision off the verdict
words as they were said and the ego's set-points: no picture reaches it. A further head values the options straight from the
pictures: the same network without words.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from policies.dqn import network as values
from policies.vla import grammar as g
from policies.vla.shown import NUMBERS

ROWS, COLUMNS, MOMENTS = 32, 96, 3
CAMERA, FEATURE = 192, 512  # what a picture, and what all together, are summed up in
GREY, SPREAD = 110.0, 50.0  # of pictures
OPTIONS = len(g.OPTIONS)


class Network(nn.Module):
    """See the module."""

    def __init__(self):
        super().__init__()
        self.front, self.tele, self.rear = _trunk(), _trunk(), _trunk()
        self.own = nn.Linear(NUMBERS, 64)
        self.joined = nn.Sequential(
            nn.Linear(4 * CAMERA + 64, FEATURE), nn.ReLU(), nn.Linear(FEATURE, FEATURE), nn.ReLU()
        )
        self.perceived = nn.Linear(FEATURE, sum(g.SCENE_WORDS))
        self.scene = _Words(g.SCENE_WORDS, 24)
        self.told = _two_layers(self.scene.width + NUMBERS, 256, 256)
        self.verdict = _two_layers(FEATURE + 256, 256, sum(g.VERDICT_WORDS))
        self.judged = _Words(g.VERDICT_WORDS, 16)
        self.decided = _two_layers(self.judged.width + NUMBERS, 128, OPTIONS)
        self.valued = _two_layers(FEATURE, 256, (1 + OPTIONS) * values.ATOMS)

    def feature(self, pictures: Tensor, own: Tensor) -> Tensor:
        """[B, FEATURE] of pictures uint8 [B, 4, MOMENTS, ROWS, COLUMNS] and the ego's numbers [B, NUMBERS]."""
        grey = (pictures.to(own.dtype) - GREY) / SPREAD
        front, tele, left, right = (
            picture.contiguous(memory_format=torch.channels_last) for picture in grey.unbind(1)
        )
        rears = self.rear(torch.cat([left, right.flip(-1)]))
        parts = [self.front(front), self.tele(tele), *rears.chunk(2), self.own(own)]
        return self.joined(torch.cat(parts, 1).relu())

    def scene_logits(self, feature: Tensor) -> list[Tensor]:
        """Per scene word [B, choices]."""
        return self.perceived(feature).float().split(g.SCENE_WORDS, -1)

    def verdict_logits(self, feature: Tensor, scene: Tensor, own: Tensor) -> list[Tensor]:
        """Per verdict word [B, choices], of scene words [B, SCENE_WORDS] as they were said."""
        told = self.told(torch.cat([self.scene(scene), own], 1)).relu()
        return self.verdict(torch.cat([feature, told], 1)).float().split(g.VERDICT_WORDS, -1)

    def decision_logits(self, verdict: Tensor, own: Tensor) -> Tensor:
        """[B, OPTIONS] of verdict words as they were said; `masked` for the legal ones."""
        return self.decided(torch.cat([self.judged(verdict), own], 1)).float()

    def return_logits(self, feature: Tensor) -> Tensor:
        """[B, OPTIONS, ATOMS]: how likely each return is, from the pictures alone."""
        parts = self.valued(feature).float().view(-1, 1 + OPTIONS, values.ATOMS)
        state, gain = parts[:, :1], parts[:, 1:]
        return state + gain - gain.mean(1, keepdim=True)


class _Words(nn.Module):
    """Words as numbers: an embedding each, one after another."""

    def __init__(self, sizes: tuple[int, ...], width: int):
        super().__init__()
        self.each = nn.ModuleList(nn.Embedding(size, width) for size in sizes)
        self.width = width * len(sizes)

    def forward(self, words: Tensor) -> Tensor:
        return torch.cat([one(words[:, n]) for n, one in enumerate(self.each)], 1)


def _trunk() -> nn.Sequential:
    layers, inputs = [], MOMENTS
    for outputs, size, stride, border in (
        (48, 8, 4, 2),
        (64, 3, 1, 1),
        (64, 3, 2, 1),
        (96, 3, 2, 1),
    ):
        layers += [nn.Conv2d(inputs, outputs, size, stride, border), nn.ReLU()]
        inputs = outputs
    flat = inputs * (ROWS // 16) * (COLUMNS // 16)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, CAMERA))


def _two_layers(inputs: int, inner: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, inner), nn.ReLU(), nn.Linear(inner, outputs))


def said(logits: list[Tensor]) -> Tensor:
    """The likeliest words [B, words]."""
    return torch.stack([one.argmax(-1) for one in logits], 1)


def said_verdict(logits: list[Tensor], legal: Tensor) -> Tensor:
    """Verdict words [B, OPTIONS]: by the loss that is to be expected of each option, beside that of the best one.

    Not the likeliest grade: what is a danger in two of five such pictures is no good option. What is a danger in DANGER_FROM
    of them is called one.
    """
    likely = shares(logits, legal)
    worse = expected_loss(likely).masked_fill(~legal, torch.inf)
    limits = torch.tensor(g.WORSE, dtype=worse.dtype)
    grades = torch.bucketize(worse - worse.amin(1, keepdim=True), limits) + g.BEST
    grades = torch.where(likely[..., g.DANGER] >= g.DANGER_FROM, g.DANGER, grades)
    return torch.where(legal, grades, g.NOT_POSSIBLE)


def shares(logits: list[Tensor], legal: Tensor) -> Tensor:
    """How likely each grade is [B, OPTIONS, GRADES]; what is not legal [B, OPTIONS] is not possible, and nothing else is."""
    none = torch.arange(len(g.GRADES)) == g.NOT_POSSIBLE
    return torch.stack(logits, 1).masked_fill(legal[..., None] == none, -torch.inf).softmax(-1)


def expected_loss(likely: Tensor) -> Tensor:
    """[B, OPTIONS] of reward."""
    return likely @ torch.tensor(g.LOSS, dtype=likely.dtype)


def masked(logits: Tensor, legal: Tensor) -> Tensor:
    """Options that are not legal are never taken."""
    return logits.masked_fill(~legal, -1e9)
