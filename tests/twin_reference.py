"""Holds the twin against the real highway-env: drives both with the same actions and measures how far they part."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drive.twin import CODES, Worlds, from_truth
from drive.twin import kernel as k
from drive.twin.edits import edited
from drive.types import Control, Driver, Legal, Meta, Remove, Truth
from drive.world import World

SAME = 1e-6  # [m], the largest difference that still counts as the same


@dataclass
class Parity:
    """How one episode compared, over all cars at all decisions."""

    scenario: str
    seed: int
    states: int = 0  # cars compared, one count per decision
    error: float = 0.0  # [m], largest distance between the two
    speed_error: float = 0.0  # [m/s]
    flags: int = 0  # crash flags that differ
    crashed: int = 0  # cars crashed at the end, in highway-env
    lanes: int = 0  # lane or target lane that differs
    parted: list[str] = field(default_factory=list)  # the first car to part, in words


def random_action(legal: Legal, rng: np.random.Generator):
    if legal.meta:
        return Meta(str(rng.choice(legal.meta)))
    mild = 0.15 if rng.random() < 0.8 else 1.0
    return Control(
        float(rng.uniform(*legal.acceleration)) * mild, float(rng.uniform(*legal.steering)) * mild
    )


def order(action) -> np.ndarray:
    """An action as `Worlds.step` takes it."""
    if isinstance(action, Meta):
        return np.array([CODES[action.name]])
    return np.array([[action.acceleration, action.steering]])


def compare(
    scenario: str,
    seed: int,
    seconds: float,
    overrides: dict | None = None,
    choose=random_action,
    world: World | None = None,
) -> Parity:
    """Drive both for `seconds` with random legal actions, beyond the ego's crash."""
    world = world or World(scenario, overrides)
    scene = world.reset(seed)
    rng = np.random.default_rng(seed)
    twin = from_truth(world.road, world.truth())
    result = Parity(scenario, seed)
    substeps = round(world.period / world.sub_step)
    for _ in range(round(seconds / world.period)):
        action = choose(scene.legal, rng)
        before = {driver.id for driver in world.truth().drivers}
        world.step(action)
        scene = world.scene
        twin.step(order(action), substeps, world.sub_step)
        truth = world.truth()
        _measure(result, truth, twin)
        twin = traffic_changed(twin, world, before, truth)
    result.crashed = sum(driver.crashed for driver in truth.drivers)
    return result


def traffic_changed(twin: Worlds, world: World, before: set[int], truth: Truth) -> Worlds:
    """The twin after the departures and arrivals that highway-env made beyond physics."""
    after = {driver.id for driver in truth.drivers}
    if before - after:
        twin = edited(twin, *map(Remove, sorted(before - after)))
    new = tuple(driver for driver in truth.drivers if driver.id in after - before)
    if new:
        arrivals = from_truth(
            world.road,
            Truth(truth.step, truth.time, new, (), truth.connected_lanes, truth.regulated),
        )
        twin = twin.add(arrivals)
    return twin


NUDGE = 1e-14  # [m], [rad]: the last place of a coordinate of 100 m


def own_sensitivity(
    scenario: str, seed: int, seconds: float, overrides: dict | None = None, tries: int = 4
) -> float:
    """How far highway-env parts from itself [m] when every car is nudged by 1e-14 m at every decision.

    Where this exceeds 1e-6, no copy that is not identical to the last bit can stay closer: the tie is highway-env's own.
    The largest of `tries` nudges of random sign; stops at the first that is enough.
    """
    parted = 0.0
    for attempt in range(tries):
        signs = np.random.default_rng([seed, attempt])
        parted = max(
            parted,
            _parted(World(scenario, overrides), World(scenario, overrides), seed, seconds, signs),
        )
        if parted > SAME:
            break
    return parted


def _parted(
    plain: World, pushed: World, seed: int, seconds: float, signs: np.random.Generator
) -> float:
    scene = plain.reset(seed)
    pushed.reset(seed)
    rng = np.random.default_rng(seed)
    parted = 0.0
    for _ in range(round(seconds / plain.period)):
        for vehicle in pushed._env.road.vehicles:
            nudge = NUDGE * signs.choice([-1, 1], 3)
            vehicle.position = vehicle.position + nudge[:2]
            vehicle.heading = vehicle.heading + nudge[2]
        action = random_action(scene.legal, rng)
        plain.step(action)
        pushed.step(action)
        scene = plain.scene
        others = {driver.id: driver for driver in pushed.truth().drivers}
        for driver in plain.truth().drivers:
            if driver.id in others:
                other = others[driver.id]
                parted = max(parted, float(np.hypot(driver.x - other.x, driver.y - other.y)))
    return parted


def _measure(result: Parity, truth: Truth, twin: Worlds) -> None:
    for driver in truth.drivers:
        slots = np.flatnonzero(twin.cars[0] == driver.id)
        if not slots.size:  # arrived just now
            continue
        i = int(slots[0])
        f, g = twin.f[0, :, i], twin.g[0, :, i]
        off = float(np.hypot(f[k.X] - driver.x, -f[k.Y] - driver.y))
        result.states += 1
        result.error = max(result.error, off)
        result.speed_error = max(result.speed_error, abs(f[k.SPEED] - driver.speed))
        result.flags += bool(g[k.CRASHED]) != driver.crashed
        result.lanes += _lanes_differ(twin, g, driver)
        if not off <= SAME and not result.parted:
            result.parted.append(
                f"car {driver.id} ({driver.model}) {off:.3g} m at {truth.time:.1f} s"
            )


def _lanes_differ(twin: Worlds, g: np.ndarray, driver: Driver) -> bool:
    lanes = twin.road.lanes
    same = lanes[g[k.LANE]].id == driver.lane
    if driver.target_lane is not None:
        same = same and lanes[g[k.TARGET_LANE]].id == driver.target_lane
    return not same
