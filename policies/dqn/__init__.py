"""A learned value network with attention over the cars, trained on highway-fast alone; a black box to explain.

It names a value for every legal meta-action and takes the highest; nothing watches over it. `whydrive train dqn` makes
its weights; docs/dqn.md says what they are worth.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from drive.twin import META_ACTIONS
from drive.types import Choice, Legal, Meta, Option, Scene, Term
from policies._weights import read_weights
from policies.dqn import network
from policies.dqn.observation import kinematics, set_points

WEIGHTS = Path(__file__).with_name("weights.safetensors")
AGAIN = "`whydrive train dqn` makes it"


class Dqn:
    """Takes the legal meta-action of the highest learned value: discounted reward to come, of highway-env's kind.

    ValueError where the weights are missing or are not this network's.
    """

    name = "dqn"
    tie = "post hoc"

    def __init__(self, path: Path = WEIGHTS):
        self._arrays, self.weights = _read(Path(path))

    @staticmethod
    def applies(legal: Legal) -> bool:
        return bool(legal.meta)

    def decide(self, scene: Scene) -> Choice:
        if not scene.legal.meta:
            raise ValueError(
                f"it knows meta-actions only, and {scene.scenario} is driven by steering"
            )
        values = self.values(scene)
        options = tuple(_option(name, values[name]) for name in scene.legal.meta)
        return Choice(max(options, key=lambda option: option.score).action, options)

    def values(self, scene: Scene) -> dict[str, float]:
        """The value of each of the five meta-actions, rounded to 1e-6 so that no processor's last bit shows."""
        import torch

        shown, own = (torch.from_numpy(make(scene))[None] for make in (kinematics, set_points))
        with torch.no_grad():
            values = network.values(self._weights, shown, own)[0].tolist()
        return {name: round(value, 6) for name, value in zip(META_ACTIONS, values, strict=True)}

    @functools.cached_property
    def _weights(self) -> dict:
        import torch

        return {name: torch.from_numpy(array) for name, array in self._arrays.items()}


def _option(name: str, value: float) -> Option:
    return Option(
        Meta(name),
        (Term("value", value, "", "for" if value > 0 else "against", worth=value),),
        value,
    )


def _read(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """The weights in double precision, and the digest of their file."""
    arrays, digest = read_weights(path, AGAIN)
    if {name: array.shape for name, array in arrays.items()} != network.SHAPES:
        raise ValueError(f"{path} holds another network's weights; {AGAIN}")
    return {name: array.astype(float) for name, array in arrays.items()}, digest
