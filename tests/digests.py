"""Digests of short episodes, also as a program: prints them as JSON for another process to compare."""

from __future__ import annotations

import json
import sys
from functools import cache

from drive import policy
from drive.episodes import log
from drive.episodes.rollout import run
from drive.scenarios import SCENARIOS
from drive.types import Episode
from drive.world import World

DECISIONS = 8
SEED = 11
ASKED_AGAIN = ("rule", "idm")  # policies quick enough to be asked for every cause on every road


@cache
def episode(scenario: str, name: str) -> Episode | None:
    """The first eight decisions; None where the policy has no action on that road."""
    driver = policy.load(name)
    world = World(scenario)
    world.reset(SEED)
    if not policy.applies(driver, world.scene.legal):
        return None
    short = World(scenario, {"duration": DECISIONS * world.period})
    return run(short, driver, SEED, causes="every" if name in ASKED_AGAIN else "never")


def digests(names=None) -> dict[str, str]:
    found = {}
    for scenario in SCENARIOS:
        for name in names or policy.names():
            driven = episode(scenario, name)
            if driven is not None:
                found[f"{scenario} {name}"] = log.digest(driven)
    return found


if __name__ == "__main__":
    print(json.dumps(digests(sys.argv[1:])))
