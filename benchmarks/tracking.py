"""How closely a followed path is driven: the planner's own chosen trajectories, given as `Follow`, on every road.

    python benchmarks/tracking.py [scenario ...] [--episodes 3] [--gain 2.5] [--write]

At every simulated sub-step until the next decision: the distance of the ego's centre from the path, the
speed against the path's at that time, and the distance from where the path is at that time. Driven in the
twin. Seeds from 20000 on, from 100 on where another gain is tried. What follows a contact is left out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from pages import publish

from drive import policy
from drive.kinematics import tracker
from drive.kinematics.foresight import foresee
from drive.scenarios import REPORT_SEEDS, SCENARIOS
from drive.twin import warm
from drive.types import GRID, Choice, Control, Follow, Option, Scene, Trajectory
from drive.world import World

FIGURES = ("cross-track [m]", "speed [m/s]", "along and across at its time [m]")


class Followed:
    """The planner, whose chosen trajectory is followed instead of its action."""

    name, tie = "planner, followed", "shares evidence"

    def __init__(self):
        self._planner = policy.load("planner")

    def decide(self, scene: Scene) -> Choice:
        choice = foresee(scene, self._planner.decide(scene))
        path = Follow(choice.chosen.trajectory)
        return Choice(path, (Option(path, choice.chosen.terms),))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS))
    parser.add_argument("--episodes", type=int, default=3)
    parser.add_argument("--gain", type=float)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    first = REPORT_SEEDS if chosen.gain is None else 100
    tracker.GAIN = tracker.GAIN if chosen.gain is None else chosen.gain
    warm(lambda line: print(line, file=sys.stderr))
    head = ["road", "n", "decisions", "clipped"]
    head += [f"{what}, {how}" for what in FIGURES for how in ("mean", "p95")]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for scenario in chosen.scenarios:
        lines.append(row(scenario, range(first, first + chosen.episodes)))
        print(lines[-1], flush=True)
    lines.append(
        "\nn: episodes. Clipped: the share of decisions in which the path asked for more than the limits."
    )
    if chosen.write:
        publish("tracking", lines, "python benchmarks/tracking.py --write")


def row(scenario: str, seeds: range) -> str:
    world, driver = World(scenario, physics="twin"), Followed()
    errors, clipped = [], []
    for seed in seeds:
        world.reset(seed)
        while True:
            scene, path = world.scene, driver.decide(world.scene).action
            clipped.append(is_clipped(scene, path.trajectory))
            outcome = world.step(path)
            until = outcome.contact.time if outcome.contact else np.inf
            seen = outcome.tracks.times < until - 1e-9
            errors.append(
                apart(scene, path.trajectory, outcome.tracks.times[seen], outcome.tracks.ego[seen])
            )
            if outcome.ended:
                break
    errors = np.concatenate(errors)
    figures = [f"{how:.3f}" for each in errors.T for how in (each.mean(), np.percentile(each, 95))]
    share = f"{round(100 * np.mean(clipped))} %"
    return f"| {' | '.join([scenario, str(len(seeds)), str(len(clipped)), share, *figures])} |"


def is_clipped(scene: Scene, path: Trajectory) -> bool:
    """Does the path ask, until the next decision, for an acceleration beyond the limits?"""
    asked = path.acceleration[: max(1, round(scene.period / GRID))]
    held = [scene.legal.within(Control(value, 0.0)).acceleration for value in asked]
    return bool(np.abs(asked - held).max() > 0.05)


def apart(scene: Scene, path: Trajectory, times: np.ndarray, ego: np.ndarray) -> np.ndarray:
    """The errors [S, 3] of every sub-step after the decision, without sign."""
    later = times[1:] - times[0]
    points = np.array([(scene.ego.x, scene.ego.y), *zip(path.x, path.y, strict=True)])
    speeds = np.concatenate([[scene.ego.speed], path.speed])
    then = np.stack([np.interp(later, tracker.TIMES, column) for column in (*points.T, speeds)], 1)
    across = [off_path(points, place) for place in ego[1:, :2]]
    late = np.hypot(*(ego[1:, :2] - then[:, :2]).T)
    return np.stack([across, np.abs(ego[1:, 3] - then[:, 2]), late], 1)


def off_path(points: np.ndarray, place: np.ndarray) -> float:
    """Distance [m] of a place from the line through the points."""
    begin, step = points[:-1], np.diff(points, axis=0)
    square = np.maximum((step**2).sum(1), 1e-12)
    share = np.clip(((place - begin) * step).sum(1) / square, 0.0, 1.0)
    return float(np.hypot(*(place - begin - share[:, None] * step).T).min())


if __name__ == "__main__":
    main()
