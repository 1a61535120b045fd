"""The scene's past at 0.1 s, rebuilt from tracks: by the world while it drives, by the log when it is read.

Both ways use this one function, so that a policy asked again about a logged scene sees the same past.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drive.roads.geometry import wrap
from drive.types import GRID, History, Perception, Tracks

LENGTH = 1.6  # [s], as long as Alpamayo-R1's
NOTHING = np.empty((0, 5))


def history(
    tracks: Sequence[Tracks],
    seen: Sequence[frozenset[int]],
    perception: Perception = Perception(),
    seed: int = 0,
    ghosts: frozenset[int] = frozenset(),
) -> History:
    """The past before the decision that follows `tracks`.

    tracks: one per decision so far, oldest first; seen: ids perceived at each decision, the present
    one included (one longer than tracks), as cars or as ghosts; ghosts: those that are hidden now. A
    car's past covers only what the ego saw: the time between two decisions counts where the car was
    seen at both. Where a car was moved, its tracks are to be made to fit first (`with_edited_past`).
    """
    if not tracks:
        return History(NOTHING, {})
    now = tracks[-1].times[-1]
    recent = [k for k, track in enumerate(tracks) if track.times[-1] > now - LENGTH - GRID]
    ego = [_sample(tracks[k].times, tracks[k].ego, now) for k in recent]
    cars: dict[int, list[np.ndarray]] = {}
    for k in recent:
        for car in sorted(seen[k] & seen[k + 1] & tracks[k].cars.keys()):
            rows = _sample(tracks[k].times, tracks[k].cars[car], now)
            cars.setdefault(car, []).append(rows + noise(perception, seed, k, car))
    joined = {car: np.concatenate(rows) for car, rows in cars.items()}
    pasts = {car: _frozen(rows) for car, rows in joined.items() if len(rows)}
    return History(
        _frozen(np.concatenate(ego)),
        {car: rows for car, rows in pasts.items() if car not in ghosts},
        {car: rows for car, rows in pasts.items() if car in ghosts},
    )


def noise(perception: Perception, seed: int, step: int, car: int) -> np.ndarray:
    """What perception adds to (time, x, y, heading, speed) of a car at a decision [5].

    Drawn from (seed, step, car) alone, so that editing one car changes no other's noise.
    """
    if not (perception.position_noise or perception.speed_noise):
        return np.zeros(5)
    dx, dy, dv = np.random.default_rng([seed, step, car]).normal(size=3)
    return np.array(
        [
            0,
            dx * perception.position_noise,
            dy * perception.position_noise,
            0,
            dv * perception.speed_noise,
        ]
    )


def _sample(times: np.ndarray, states: np.ndarray, now: float) -> np.ndarray:
    """Grid rows [T, 5] that fall in [times[0], times[-1]) and within reach of now."""
    count = round(LENGTH / GRID)
    grid = now - GRID * np.arange(count, 0, -1)
    grid = grid[(grid >= times[0] - 1e-9) & (grid < times[-1] - 1e-9)]
    x, y, speed = (np.interp(grid, times, states[:, column]) for column in (0, 1, 3))
    turns = np.concatenate([[0], np.cumsum(wrap(np.diff(states[:, 2])))])
    heading = states[0, 2] + np.interp(grid, times, turns)
    rows = np.stack([grid - now, x, y, heading, speed], -1)
    return rows[~np.isnan(rows).any(1)]


def _frozen(rows: np.ndarray) -> np.ndarray:
    rows = rows.round(6) + 0.0  # no negative zeros
    rows.setflags(write=False)
    return rows
