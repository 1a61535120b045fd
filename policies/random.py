"""Draws an action uniformly from (seed, step) alone: a null policy."""

from __future__ import annotations

import random

from drive.types import Action, Choice, Control, Legal, Meta, Option, Scene, Term

DRAWN = Term("drawn", 0.0, "", "for")


class Random:
    """Rolls dice; what is on the road does not change them, only what is legal does."""

    name = "random"
    tie = "post hoc"

    @staticmethod
    def applies(legal: Legal) -> bool:
        return True

    def decide(self, scene: Scene) -> Choice:
        action = _draw(random.Random(f"{scene.seed} {scene.step}").random(), scene.legal)
        return Choice(action, (Option(action, (DRAWN,)),))


def _draw(share: float, legal: Legal) -> Action:
    """The action that lies at a share [0, 1) of what is legal."""
    if legal.meta:
        return Meta(legal.meta[int(share * len(legal.meta))])
    return Control(_between(legal.acceleration, share), _between(legal.steering, share))


def _between(bounds: tuple[float, float], share: float) -> float:
    return bounds[0] + share * (bounds[1] - bounds[0])
