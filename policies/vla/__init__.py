"""Sees four cameras, thinks in words, and decides by its words alone; trained on highway-fast.

Pictures and the ego's own motion go in; scene words, a grade for every option and the car that matters come out, and the
action is decoded from these (Alpamayo's order: reason, then act). `whydrive train vla` makes its weights; docs/vla.md says what
it is worth.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from drive.camera import mounted
from drive.types import (
    Action,
    Choice,
    Legal,
    Meta,
    Option,
    Pictures,
    Rationale,
    Scene,
    Term,
    Thought,
)
from policies._weights import read_weights
from policies.vla import grammar as g
from policies.vla import thinking
from policies.vla.shown import own_numbers, pictures_for
from policies.vla.thinking import Minded

NONE: Mapping = MappingProxyType({})
WEIGHTS = Path(__file__).with_name("weights.safetensors")
AGAIN = "`whydrive train vla` makes it"
DECIMALS = 6  # of scores, so that no processor's last bit shows


class Vla:
    """A learned policy whose words command: `act` decodes the action from any rationale's words.

    ValueError where the weights are missing, and in a decision where they are another network's.
    """

    name = "vla"
    tie = "causes"

    def __init__(self, path: Path = WEIGHTS):
        self._arrays, self.weights = read_weights(Path(path), AGAIN)

    @staticmethod
    def applies(legal: Legal) -> bool:
        return bool(legal.meta)

    @staticmethod
    def prepare(progress: Callable[[str], None]) -> None:
        """Compile the cameras, once on a machine."""
        mounted.warm()

    def decide(self, scene: Scene) -> Choice:
        if not scene.legal.meta:
            raise ValueError(
                f"it knows meta-actions only, and {scene.scenario} is driven by steering"
            )
        return self._choice(self.think(pictures_for(scene)), scene)

    @staticmethod
    def sees(scene: Scene) -> Pictures:
        """All that it is shown of a scene."""
        return pictures_for(scene)

    def spelled(self, scene: Scene, given: Mapping[str, str] = NONE) -> Thought:
        """Its words with how likely each was, and what it decides by them.

        given: place -> word, put there by hand; what is said after these is said anew. ValueError for no such place, and for
        a word that cannot stand there.
        """
        by_hand = thinking.numbers_of(given, scene.legal.meta)
        minded = self.think(pictures_for(scene), by_hand)
        words = thinking.spelled(minded, by_hand, scene.legal.meta)
        return Thought(words, self._choice(minded, scene))

    def _choice(self, minded: Minded, scene: Scene) -> Choice:
        scores = self._scores(minded.verdict, own_numbers(scene), scene.legal.meta)
        options = tuple(_option(name, score) for name, score in scores.items())
        best = max(options, key=lambda option: option.score)
        claims = thinking.claims_of(minded.scene, minded.verdict)
        return Choice(best.action, options, thoughts=claims)

    def act(self, scene: Scene, rationale: Rationale) -> Action:
        """The action that the words of a rationale command, whatever the pictures show."""
        words = thinking.words_of(rationale.claims)
        scores = self._scores(words, own_numbers(scene), scene.legal.meta)
        return Meta(max(scores, key=scores.get))

    def think(self, pictures: Pictures, by_hand: Mapping[int, int] = NONE) -> Minded:
        """Scene words, then verdict words by these. by_hand: place -> word, both as numbers, that stand as they are."""
        import torch

        from policies.vla import network

        legal = torch.tensor([[name in pictures.legal for name in g.OPTIONS]])
        own = torch.from_numpy(pictures.own.astype(float))[None]
        with torch.no_grad():
            feature = self._network.feature(torch.from_numpy(pictures.seen)[None], own)
            scene_logits = self._network.scene_logits(feature)
            seen, likely = network.said(scene_logits)[0].numpy(), _shares(scene_logits)
            scene = thinking.with_words(seen, likely, by_hand, 0)
            logits = self._network.verdict_logits(feature, torch.from_numpy(scene)[None], own)
            first, more = network.said_verdict(logits, legal)[0].numpy(), _shares(logits)
            verdict = thinking.with_words(first, more, by_hand, len(scene))
        return Minded(scene, verdict, likely + more)

    def _scores(
        self, verdict: np.ndarray, own: np.ndarray, legal: tuple[str, ...]
    ) -> dict[str, float]:
        """Log-probabilities of the legal options, by the verdict words alone."""
        import torch

        from policies.vla import network

        possible = torch.tensor([[name in legal for name in g.OPTIONS]])
        with torch.no_grad():
            logits = self._network.decision_logits(
                torch.from_numpy(verdict)[None], torch.from_numpy(own.astype(float))[None]
            )
            likely = network.masked(logits.double(), possible).log_softmax(-1)[0].tolist()
        scored = zip(g.OPTIONS, likely, strict=True)
        return {name: round(score, DECIMALS) for name, score in scored if name in legal}

    @functools.cached_property
    def _network(self):
        import torch

        from policies.vla.network import Network

        net = Network()
        try:
            net.load_state_dict({name: torch.from_numpy(a) for name, a in self._arrays.items()})
        except RuntimeError as error:
            raise ValueError(f"the weights are another network's; {AGAIN}") from error
        return net.double().eval()


def _shares(logits) -> list[list[float]]:
    """Of every place, the probability of each word."""
    return [one[0].double().softmax(-1).tolist() for one in logits]


def _option(name: str, score: float) -> Option:
    term = Term("preference", score, "", "for" if score > 0 else "against", worth=score)
    return Option(Meta(name), (term,), score)
