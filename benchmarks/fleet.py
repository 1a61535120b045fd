"""Fleets and their cameras: decisions and pictures per CPU second, beside one World after another, one core, one run.

    python benchmarks/fleet.py [--worlds 128] [--decisions 12] [--write] [--picture docs/cameras.png] [names ...]

A decision is a whole one: traffic, arrivals, rewards, endings. Both drive the same seeds with IDLE; a world that ends is begun
anew, in a fleet from a beginning that was drawn before. Pictures are 96 x 32, four cameras at three moments. --picture draws
what the cameras see on some roads instead.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from pages import publish

from drive.camera import mounted, save_picture
from drive.twin import CODES, warm
from drive.twin.sight import pictures
from drive.types import Meta
from drive.world import World
from drive.world.beginnings import fleet

ROADS = (
    "highway-fast", "highway", "dilu-4-2.0", "merge", "roundabout", "intersection", "exit", "two-way",
    "u-turn",
)  # fmt: skip
SEEDS = 16  # that are begun from
HEAD = "| scenario | pictures [1/s] | decisions, fleet [1/s] | decisions, World [1/s] | fleet / World |"
SHOWN = ("highway-fast", "merge", "roundabout", "intersection", "two-way", "u-turn")
LARGE = (288, 96)  # [px]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=ROADS)
    parser.add_argument("--worlds", type=int, default=128)
    parser.add_argument("--decisions", type=int, default=12)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/")
    parser.add_argument("--picture", type=Path)
    chosen = parser.parse_args()
    warm()
    if chosen.picture:
        save_picture(chosen.picture, np.concatenate([row(name) for name in SHOWN]))
        return
    rows = [HEAD, "|---" * HEAD.count(" |") + "|"]
    print("\n".join(rows), flush=True)
    for name in chosen.names:
        rows.append(measured(name, chosen.worlds, chosen.decisions))
        print(rows[-1], flush=True)
    if chosen.write:
        command = f"python benchmarks/fleet.py --worlds {chosen.worlds} --write"
        publish("fleet", rows, command)


def measured(name: str, count: int, decisions: int) -> str:
    batch = fleet(World(name), count)
    batch.begin([seed % SEEDS for seed in range(count)])
    pictures(batch)
    drawing, driving = 0.0, 0.0
    for _ in range(decisions):
        begun = time.process_time()
        pictures(batch)
        drawing += time.process_time() - begun
        begun = time.process_time()
        batch.step(np.full(count, CODES["IDLE"]))
        ended = np.flatnonzero(~batch.running)
        batch.begin([int(i) % SEEDS for i in ended], ended)
        driving += time.process_time() - begun
    drawn = count * decisions * len(mounted.CAMERAS) * len(mounted.MOMENTS) / drawing
    mine, one = count * decisions / driving, alone(name, decisions)
    return f"| {name} | {drawn:,.0f} | {mine:,.0f} | {one:,.1f} | {mine / one:,.0f} |"


def alone(name: str, decisions: int) -> float:
    """Decisions of one World per CPU second, its resets not counted."""
    world, seed = World(name), 0
    world.reset(seed)
    driving = 0.0
    for _ in range(decisions):
        begun = time.process_time()
        ended = world.step(Meta("IDLE")).ended
        driving += time.process_time() - begun
        if ended:
            seed += 1
            world.reset(seed)
    return decisions / driving


def row(name: str) -> np.ndarray:
    """What the four cameras see now, side by side, with a white line between."""
    world = World(name)
    world.reset(3)
    for _ in range(4):
        world.step(Meta("IDLE"))
    drawn = mounted.pictures_of(world.scene, (0.0,), LARGE)[:, 0]
    edged = [np.pad(picture, ((2, 2), (2, 2)), constant_values=255) for picture in drawn]
    return np.repeat(np.concatenate(edged, 1)[..., None], 3, -1)


if __name__ == "__main__":
    main()
