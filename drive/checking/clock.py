"""Does the recorded clock fit what was driven? Distance over time against the speeds that were recorded.

Shares nothing with what records: it reads a log's tracks alone.
"""

from __future__ import annotations

import numpy as np

from drive.types import Episode, Step

EARLY = 1e-5  # [s] that two times may differ by; they are written with 1e-6
SLACK, SHARE = 0.05, 0.05  # [m] and share of a way by which it may differ from its speeds (slip)

TURNING = 0.2  # [rad] in a sub-step, beyond which a slipping car's way along its body is not told


def clock_fault(episode: Episode, number: int) -> str:
    """Why the times of a step do not fit its speeds or its neighbours; "" where they do."""
    step, sub_step = episode.steps[number], episode.header.sub_step
    times = step.tracks.times
    if abs(times[0] - step.scene.time) > EARLY:
        return f"it is recorded from {times[0]:g} s on, and was decided at {step.scene.time:g} s"
    following = _time_after(episode, number)
    if following is not None and abs(times[-1] - following) > EARLY:
        return f"it is recorded until {times[-1]:g} s, and goes on at {following:g} s"
    if np.abs(np.diff(times) - sub_step).max(initial=0.0) > 2 * EARLY:
        return f"its states do not lie {sub_step:g} s apart"
    return _way_fault(episode, step)


def _time_after(episode: Episode, number: int) -> float | None:
    if number + 1 < len(episode.steps):
        return episode.steps[number + 1].scene.time
    return episode.end.final.time if episode.end else None


def _way_fault(episode: Episode, step: Step) -> str:
    """Each sub-step's way lies between what its two speeds would make of it, until a contact.

    Of a car whose tyres slip only the way along its body counts, and only where it hardly turns.
    """
    times, ego = step.tracks.times, step.tracks.ego
    (dx, dy), turns = np.diff(ego[:, :2], axis=0).T, np.diff(ego[:, 2])
    way = np.hypot(dx, dy)
    if step.scene.ego.dynamical:
        course = ego[:-1, 2] + turns / 2
        way = np.abs(dx * np.cos(course) + dy * np.sin(course))
    spans, speeds = np.diff(times), np.abs(ego[:, 3])
    low, high = (each(speeds[:-1], speeds[1:]) * spans for each in (np.minimum, np.maximum))
    low[ego[:-1, 3] * ego[1:, 3] < 0] = 0.0  # it stood in between
    off = np.maximum(low * (1 - SHARE) - SLACK - way, way - high * (1 + SHARE) - SLACK)
    if step.scene.ego.dynamical:
        off[np.abs(turns) > TURNING] = 0.0
    contact = episode.end.contact if episode.end else None
    if contact is not None:
        off = off[times[1:] < contact.time - EARLY]
    if off.max(initial=-1.0) <= 0:
        return ""
    worst = int(off.argmax())
    return (
        f"{way[worst]:.2f} m in {spans[worst]:.3f} s are {way[worst] / spans[worst]:.1f} m/s, "
        f"and {speeds[worst]:.1f} m/s are recorded"
    )
