"""Golden scenes: situations that tests speak of, stored with how they came about and the settings of that day.

    python tests/golden.py      # drives those that are not stored yet, by the recipes below

A test reads the scene (and, where it asks the planner, the settings) from tests/golden/NAME.json. So a
planner that drives otherwise, or other traffic, changes no situation. A recipe is kept to say where a
scene comes from; nothing is driven when tests run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from drive.episodes.codec import build, plain
from drive.episodes.rollout import versions
from drive.policy import load
from drive.roads import Road
from drive.types import History, Meta, Perception, Scene, Task
from drive.world import World
from policies.planner import Settings

FOLDER = Path(__file__).parent / "golden"
AROUND = {"road": Road, "task": Task, "perception": Perception}  # what a scene is written without
CONTEXT = ("scenario", "seed", "period", "sub_step")
PAST = 1e-6  # [m, rad, m/s], what the past is rounded to


@dataclass(frozen=True)
class Recipe:
    """How a situation was met."""

    about: str
    scenario: str
    seed: int
    actions: (
        tuple[str, ...] | int
    )  # driven before the scene; a number: so many of the planner's own


RECIPES = {
    "given-up-lane-change": Recipe(
        "car 1 drifts to the right, and turns back to the left", "highway-fast", 10063, ("FASTER",)
    ),
    "just-begun-to-turn": Recipe(
        "car 2 began to change lane 0.1 s ago, gave way to car 4 at once, and turns back",
        "dilu-5-3.0",
        11328,
        ("SLOWER",),
    ),
    "into-the-bend": Recipe(
        "car 2 has just driven into the bend, and its steering lags", "u-turn", 1000, 6
    ),
    "may-stay-or-leave": Recipe(
        "a car half a second ahead may or may not change lane", "highway-fast", 10935, 1
    ),
    "single-way-out": Recipe(
        "after speeding up a single action survives in each hypothesis", "highway-fast", 1914, 0
    ),
    "single-way-out-later": Recipe("the same, one decision later", "highway-fast", 2090, 1),
    "before-the-fork": Recipe("cars on the ring of a roundabout", "roundabout", 1036, 0),
    "where-ways-part": Recipe(
        "car 4 has just entered the junction, car 3 begins to turn into it, the others come",
        "intersection",
        11016,
        ("IDLE", "IDLE", "SLOWER", "SLOWER"),
    ),
    "at-the-junction": Recipe("the ego before the centre", "intersection", 10339, 7),
}


def scene(name: str) -> Scene:
    """The stored scene."""
    stored = read(name)
    around = {key: build(kind, stored[key]) for key, kind in AROUND.items()}
    past = {
        key: {int(car): np.array(track) for car, track in stored["history"][key].items()}
        for key in ("cars", "ghosts")
    }
    history = History(np.array(stored["history"]["ego"]).reshape(-1, 5), **past)
    context = {key: stored[key] for key in CONTEXT}
    return build(Scene, stored["scene"], context | around | {"history": history})


def settings(name: str, **changes) -> Settings:
    """The planner's settings that the situation was found with."""
    return replace(build(Settings, read(name)["settings"]), **changes)


def read(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text())


def write(name: str, recipe: Recipe) -> None:
    """Drive a recipe and store what is met."""
    world, actions = World(recipe.scenario, physics="twin"), recipe.actions
    world.reset(recipe.seed)
    driven = []
    for number in range(actions if isinstance(actions, int) else len(actions)):
        mine = isinstance(actions, int)
        action = load("planner").decide(world.scene).action if mine else Meta(actions[number])
        world.step(action)
        driven.append(str(action))
    seen = world.scene
    past = {
        kind: {str(car): _rounded(track) for car, track in getattr(seen.history, kind).items()}
        for kind in ("cars", "ghosts")
    }
    stored = {
        "about": recipe.about,
        "actions": driven,
        "versions": versions(),
        "settings": plain(Settings()),
        **{key: getattr(seen, key) for key in CONTEXT},
        **{key: plain(getattr(seen, key)) for key in AROUND},
        "history": {"ego": _rounded(seen.history.ego), **past},
        "scene": plain(seen),
    }
    FOLDER.mkdir(exist_ok=True)
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in stored.items())
    (FOLDER / f"{name}.json").write_text("{\n" + lines + "\n}\n")


def _rounded(track: np.ndarray) -> list:
    return (np.round(track / PAST) * PAST).round(6).tolist()


def main() -> None:
    for name, recipe in RECIPES.items():
        if not (FOLDER / f"{name}.json").exists():
            write(name, recipe)
            print(name)


if __name__ == "__main__":
    main()
