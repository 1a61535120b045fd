"""Was a collision soon after the start lost from the start? Every sequence of meta-actions is driven in the twin.

Knows an ego with meta-actions only; that bodies overlap at the start is seen on any road.
"""

from __future__ import annotations

import numpy as np

from drive.roads import Road
from drive.roads.geometry import corners, overlap
from drive.twin import from_truth
from drive.types import EGO, Truth

DECISIONS = 4  # collisions within so many decisions are looked into: at most 625 sequences


def overlaps(start: Truth) -> bool:
    """Does the ego stand inside another body?"""
    ego = next(driver for driver in start.drivers if driver.id == EGO)
    mine = corners(ego.x, ego.y, ego.heading, ego.length, ego.width)
    others = [*(driver for driver in start.drivers if driver.id != EGO), *start.objects]
    return any(
        overlap(mine, corners(each.x, each.y, each.heading, each.length, each.width))
        for each in others
    )


def unavoidable(
    road: Road,
    start: Truth,
    axes: tuple[bool, bool],
    decisions: int,
    sub_steps: int,
    sub_step: float,
) -> bool:
    """Does the ego crash within so many decisions, whatever it does from the start on?

    axes: may it change speeds, and lanes? sub_step: [s]. Cars that highway-env adds later are not in
    the twin, so it is never said of a collision that such a car alone causes.
    """
    try:
        worlds = from_truth(road, start)
    except ValueError:  # a traffic model that the twin does not know
        return False
    for _ in range(decisions):
        world, code = np.nonzero(worlds.legal(*axes))
        worlds = worlds.select(world)
        worlds.step(code, sub_steps, sub_step, stop_on_crash=True)
        worlds = worlds.select(~worlds.ego_crashed)
        if not len(worlds):
            return True
    return False
