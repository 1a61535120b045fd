"""Sees four cameras, thinks in words, and decides by its words alone; trained on highway-fast.

Pictures and the ego's own motion go in; scene words and a grade for every option come out, and the action is decoded from these
(Alpamayo's order: reason, then act). Without which car it would do otherwise, it finds by its own words: nobody is said to be
there, and the rest is said anew. `whydrive train vla` makes its weights; docs/vla.md says what
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
        scores = self._scores(minded.verdict[None], own_numbers(scene), scene.legal.meta)[0]
        scored = zip(g.OPTIONS, scores.tolist(), strict=True)
        options = tuple(_option(name, score) for name, score in scored if name in scene.legal.meta)
        best = g.OPTIONS[scores.argmax()]
        return Choice(Meta(best), options, thoughts=thinking.claims_of(minded))

    def act(self, scene: Scene, rationale: Rationale) -> Action:
        """The action that the words of a rationale command, whatever the pictures show."""
        words = thinking.words_of(rationale.claims)[None]
        return Meta(g.OPTIONS[self._scores(words, own_numbers(scene), scene.legal.meta).argmax()])

    def think(self, pictures: Pictures, by_hand: Mapping[int, int] = NONE) -> Minded:
        """Scene words, then verdict words by these. by_hand: place -> word, both as numbers, that stand as they are."""
        import torch

        from policies.vla import network

        with torch.no_grad():
            feature = self._network.feature(
                torch.from_numpy(pictures.seen)[None], _numbers(pictures.own)
            )
            logits = self._network.scene_logits(feature)
            seen, likely = network.said(logits)[0].numpy(), _shares(logits)
            scene = thinking.with_words(seen, likely, by_hand)
            cars, others = thinking.without_each(scene)
            verdicts, more = self._graded(feature, np.stack([scene, *others]), pictures, by_hand)
        first, *others = self._scores(verdicts, pictures.own, pictures.legal).argmax(1).tolist()
        causes = {car: option for car, option in zip(cars, others, strict=True) if option != first}
        return Minded(scene, verdicts[0], likely + more, causes)

    def _graded(self, feature, scenes: np.ndarray, pictures: Pictures, by_hand: Mapping[int, int]):
        """Verdict words [S, OPTIONS] by each of S scenes' words, and of the first the probability of each word."""
        import torch

        from policies.vla import network

        count = len(scenes)
        own, legal = _numbers(pictures.own), _possible(pictures.legal).expand(count, -1)
        logits = self._network.verdict_logits(
            feature.expand(count, -1), torch.from_numpy(scenes), own.expand(count, -1)
        )
        said = network.said_verdict(logits, legal).numpy()
        for place, word in by_hand.items():
            if place >= thinking.FIRST_GRADE:
                said[:, place - thinking.FIRST_GRADE] = word
        return said, network.shares(logits, legal)[0].tolist()

    def _scores(self, verdicts: np.ndarray, own: np.ndarray, legal: tuple[str, ...]) -> np.ndarray:
        """Log-probabilities [V, OPTIONS] of the options, by each of V rows of verdict words alone; -inf: not legal."""
        import torch

        from policies.vla import network

        with torch.no_grad():
            logits = self._network.decision_logits(
                torch.from_numpy(verdicts), _numbers(own).expand(len(verdicts), -1)
            )
            scores = network.masked(logits.double(), _possible(legal)).log_softmax(-1).numpy()
        possible = np.array([name in legal for name in g.OPTIONS])
        return np.where(possible, scores.round(DECIMALS), -np.inf)

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


def _numbers(own: np.ndarray):
    """The ego's numbers as a batch of one."""
    import torch

    return torch.from_numpy(own.astype(float))[None]


def _possible(legal: tuple[str, ...]):
    """Which options are legal, as a batch of one."""
    import torch

    return torch.tensor([[name in legal for name in g.OPTIONS]])


def _shares(logits) -> list[list[float]]:
    """Of every place, the probability of each word."""
    return [one[0].double().softmax(-1).tolist() for one in logits]


def _option(name: str, score: float) -> Option:
    term = Term("preference", score, "", "for" if score > 0 else "against", worth=score)
    return Option(Meta(name), (term,), score)
