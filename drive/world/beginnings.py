"""How fleets begin: highway-env draws the traffic of a seed, the twin goes on from there."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from drive.roads import Road
from drive.twin import from_truth
from drive.twin.fleet import Beginning, Fleet, Setting
from drive.twin.rules import rule_of
from drive.twin.spawn import Traffic, empty_worlds, fill
from drive.twin.vector_env import ENVIRONMENTS, traffic_of
from drive.world.drivers import CrossingDriver
from drive.world.task import periods_within

KEPT = 4096  # beginnings that are kept, so that a seed that comes again is not drawn again


def fleet(world, count: int) -> Fleet:
    """So many worlds as a `World` is (its scenario, with its overrides), none of them begun.

    ValueError for a road that is not driven by meta-actions, for one that is seen by line of sight or with noise, and for
    arrivals of other drivers than IDM: a fleet does none of these.
    """
    world.reset(0)
    seen = world.perception
    if seen.occlusion or seen.position_noise or seen.speed_noise:
        raise ValueError(
            f"a fleet sees by range alone; {world.scenario.name!r} hides cars or adds noise"
        )
    kinds = world.native.action_type
    if not hasattr(kinds, "actions"):
        raise ValueError(f"a fleet is driven by meta-actions; {world.scenario.name!r} is steered")
    drivers = world.config["other_vehicles_type"]
    if rule_of(world.scenario.env).arrivals and not drivers.endswith(CrossingDriver.__name__):
        raise ValueError(f"only IDM drivers arrive in a fleet, not {drivers}")
    duration = world.overrides.get("duration", world.scenario.duration)
    setting = Setting(
        env=world.scenario.env,
        task=world.task,
        config=world.config,
        most=periods_within(world.config, duration),
        sight=seen.range,
        substeps=round(world.period / world.sub_step),
        sub_step=world.sub_step,
        axes=(bool(kinds.longitudinal), bool(kinds.lateral)),
    )
    return Fleet(setting, count, beginnings(world))


def beginnings(world) -> Callable[[int], Beginning]:
    """What begins a world of a fleet, by seed: reset in highway-env and read into the twin, or drawn by the twin itself
    where it can (`drive.twin.spawn`: straight roads)."""
    world.reset(0)
    road = world.road
    if world.scenario.env in ENVIRONMENTS and not world.overrides:
        return _drawn(road, traffic_of(world.scenario.env, world.config))

    @functools.lru_cache(maxsize=KEPT)
    def begin(seed: int) -> Beginning:
        world.reset(seed)
        if world.road != road:
            raise ValueError(f"seed {seed} builds another road; a fleet has one")
        worlds = from_truth(road, world.truth())
        return Beginning(worlds, copy.deepcopy(world.native.np_random))

    return begin


def _drawn(road: Road, traffic: Traffic) -> Callable[[int], Beginning]:
    def begin(seed: int) -> Beginning:
        generator = np.random.default_rng(seed)
        worlds = empty_worlds(traffic, 1)
        fill(worlds, 0, traffic, generator)
        return Beginning(replace(worlds, road=road), generator)

    return begin
