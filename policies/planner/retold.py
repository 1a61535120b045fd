"""A plan driven once more in its hypothesis, as the search drove it, for where everyone was on the way."""

from __future__ import annotations

import numpy as np

from drive.twin import Worlds
from policies.planner.search import Budget, Plans


def retold(
    roots: Worlds, plans: Plans, row: int, budget: Budget
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The plan of that number: times [T] [s], states [T, N, 4] by slot, and the ids of the cars that the ego sees [N], -1: none.

    roots: what was searched. States are x, y [m], heading [rad], speed [m/s]; the first is the present, the last the
    horizon's or the ego's crash's.
    """
    worlds = roots.select(plans.world[[row]])
    shown = np.where(worlds.ghosts[0], -1, worlds.cars[0])
    times, states = [np.zeros(1)], [_states(worlds)]
    for level in range(budget.depth + budget.tail):
        worlds.reset_clock()
        substeps = budget.substeps(level)
        dt = budget.period / substeps
        code = plans.codes[[row], level]
        drive = worlds.step(code, substeps, dt, stop_on_crash=True, tracks=True)
        crashed = int(worlds.ego_crash_step[0])
        driven = substeps if crashed < 0 else crashed
        times.append(level * budget.period + dt * np.arange(1, driven + 1))
        states.append(drive.tracks[0, :driven])
        if crashed >= 0:
            break
    return np.concatenate(times), np.concatenate(states), shown


def _states(worlds: Worlds) -> np.ndarray:
    """[1, N, 4] of the one world."""
    return np.concatenate([worlds.xy, worlds.heading[..., None], worlds.speed[..., None]], -1)
