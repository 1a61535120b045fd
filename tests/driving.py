"""Small helpers that several test modules share: worlds driven by a fixed rule of thumb."""

from __future__ import annotations

import random

from drive.types import Action, Control, Legal, Scene
from drive.types import Meta as M
from drive.world import Outcome, World


def some_action(legal: Legal, dice: random.Random) -> Action:
    """A legal action drawn by the dice; gentle where the road is steered."""
    if legal.meta:
        return M(dice.choice(legal.meta))
    return Control(0.0, dice.uniform(-0.05, 0.05))


def drive_on(world: World, seconds: float, dice_seed: int = 0) -> list[tuple[Scene, Outcome]]:
    """Drive with drawn actions until the time is over or the episode ends."""
    dice = random.Random(dice_seed)
    driven = []
    until = world.scene.time + seconds
    while world.scene.time < until - 1e-9:
        outcome = world.step(some_action(world.scene.legal, dice))
        driven.append((world.scene, outcome))
        if outcome.ended:
            break
    return driven
