"""Short episodes that many tests look at, driven once for all of them; as a program: their digests, for another process.

An episode is driven where its log does not lie in the cache yet, and read from there. The cache is a
folder of the system's temporary files, named after a digest of the code, the weights and the
versions that decide what is driven, so a log of other code is never read. Test processes that run
side by side share it: a lock for each log lets one drive while the other waits or takes the next.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from filelock import FileLock

from drive import policy
from drive.episodes import log, rollout
from drive.episodes.rollout import run, versions
from drive.scenarios import SCENARIOS
from drive.types import Episode, Legal, Step
from drive.world import World

DECISIONS = 8
FIRST = 4  # of these, driven anew in another process
CROWDED = ("highway", "highway-fog", "highway-occluded", "dilu-4-2.0", "dilu-5-2.5")  # slow traffic
PART = 4  # every day one pair in so many is driven anew in another process
SEED = 11
ASKED_AGAIN = ("rule", "idm")  # policies quick enough to be asked for every cause on every road
ROOT = Path(__file__).parents[1]
CODE = ("drive", "policies")
KEPT = 24 * 3600  # [s] that logs of other code stay in the cache


@functools.cache
def episode(
    scenario: str,
    name: str,
    decisions: int | None = None,
    seed: int = SEED,
    causes: str | None = None,
) -> Episode | None:
    """The first decisions of a policy, from the cache; None where it has no action on that road.

    decisions: how many; None drives what an everyday test drives there.
    causes: as for `run`; None asks for them where the policy is quick.
    """
    causes, decisions = causes or usual_causes(name), decisions or everyday(scenario)
    path = cache() / f"{scenario}-{name}-{seed}-{decisions}-{causes}.jsonl"
    with FileLock(f"{path}.lock"):
        if not path.exists():
            driven = drive(scenario, name, decisions, seed, causes)
            part = path.with_suffix(".part")
            part.touch()
            if driven:
                log.write(part, driven)
            part.rename(path)
    return log.read(path).episode if path.stat().st_size else None


def everyday(scenario: str) -> int:
    """How many decisions an everyday test drives there: half as many where highway-env is slow."""
    return FIRST if scenario in CROWDED else DECISIONS


def usual_causes(name: str) -> str:
    """When a policy is asked what its decisions depend on, as `run` takes it."""
    return "every" if name in ASKED_AGAIN else "never"


def drive(scenario: str, name: str, decisions: int, seed: int, causes: str) -> Episode | None:
    """The same, driven here and now."""
    driver = policy.load(name)
    if not policy.applies(driver, legal(scenario)):
        return None
    short = World(scenario, {"duration": (decisions - 0.5) * World(scenario).period})
    return run(short, driver, seed, causes=causes)


@functools.cache
def legal(scenario: str) -> Legal:
    world = World(scenario)
    world.reset(SEED)
    return world.scene.legal


@functools.cache
def cache() -> Path:
    """The folder of this code's logs; folders of code that was tested before yesterday are removed."""
    root = Path(tempfile.gettempdir()) / f"whydrive-tests-{os.getuid()}"
    folder = root / code_digest()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.touch()
    for path in root.iterdir():
        if path.stat().st_mtime < time.time() - KEPT:
            shutil.rmtree(path, ignore_errors=True)
    return folder


def code_digest() -> str:
    """A digest of everything that decides what is driven and said."""
    whole = hashlib.sha256(json.dumps(versions(), sort_keys=True).encode())
    whole.update(Path(__file__).read_bytes())
    for path in sorted(path for part in CODE for path in (ROOT / part).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            whole.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return whole.hexdigest()[:16]


def pairs(part: int | None = None) -> list[tuple[str, str]]:
    """Every scenario with every policy; part: one in PART of them, in which each scenario and each policy occurs."""
    return [
        (scenario, name)
        for row, scenario in enumerate(SCENARIOS)
        for column, name in enumerate(policy.names())
        if part is None or (row + column) % PART == part
    ]


def digests(part: int | None = None, fresh: bool = False) -> dict[str, str]:
    """The digest of how the episodes of these pairs begin; fresh: driven now, nothing read."""
    whole = {}
    for scenario, name in pairs(part):
        begun = driven_now(scenario, name) if fresh else episode(scenario, name)
        if begun is not None:
            first = Episode(begun.header, begun.steps[:FIRST], None)
            whole[f"{scenario} {name}"] = log.digest(first)
    return whole


def driven_now(scenario: str, name: str) -> Episode | None:
    """The first decisions of the same episode, driven here and now."""
    driver = policy.load(name)
    if not policy.applies(driver, legal(scenario)):
        return None
    world = World(scenario, {"duration": (everyday(scenario) - 0.5) * World(scenario).period})
    world.reset(SEED)
    events = rollout.drive(world, driver, causes=usual_causes(name))
    steps = tuple(each for each in islice(events, FIRST) if isinstance(each, Step))
    return Episode(rollout.header(world, driver, SEED), steps, None)


if __name__ == "__main__":
    print(json.dumps(digests(int(sys.argv[1]) if sys.argv[1:] else None, fresh=True)))
