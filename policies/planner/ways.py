"""Which way a car takes, as far as its steering in the last moments tells.

The scene is set back by a fraction of a second and driven to now, each car on each way that is open to it; the ways that
lead to another heading than the car has are dropped. Steering tells ways apart from two metres before they part. What
cars give way to is not read: docs/lab/2026-11-30-intersection.md says how little it tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from drive.roads import LaneId
from drive.roads.geometry import wrap
from drive.twin import AS_IT_IS, Hypothesis, Suppositions, Worlds, from_scene, on_the_road, supposed
from drive.types import Car, Ego, Scene
from policies.planner.settings import Ways

Way = tuple[tuple[str, str], ...]  # road sections, one after the other
Open = Sequence[tuple[LaneId, Way]]  # the ways open to a car, each with the lane that it begins on
Body = TypeVar("Body", Car, Ego)
NOT_DUE = 0.5  # [s] since the last thought about changing lane, so that no driver thinks meanwhile


def steered(
    scene: Scene, open_ways: Mapping[int, Open], settings: Ways
) -> dict[int, list[tuple[LaneId, Way]]]:
    """The ways open to each car, by id, that its steering fits; all of them where it tells nothing."""
    fitting = {car: list(ways) for car, ways in open_ways.items()}
    steps = round(settings.steering / scene.sub_step)
    past = earlier(scene, steps * scene.sub_step)
    if not steps or all(len(open_ways[car.id]) < 2 for car, _ in on_the_road(past)):
        return fitting
    worlds = each_way(past, open_ways)
    worlds.step(None, steps, scene.sub_step)
    now = {car.id: car.heading for car, _ in on_the_road(scene)}
    for slot, (car, _) in enumerate(on_the_road(past), 1):
        ways = open_ways[car.id]
        off = np.abs(wrap(worlds.heading[: len(ways), slot] - now[car.id]))
        fits = off <= off.min() + settings.heading
        fitting[car.id] = [way for way, fit in zip(ways, fits, strict=True) if fit]
    return fitting


def earlier(scene: Scene, ago: float) -> Scene:
    """The scene some time ago [s], with those cars whose past reaches back as far; none, where the ego's does not."""
    history, route = scene.history, scene.ego.route
    ego = _moved_back(scene, scene.ego, history.ego, ago)
    if ego is None:
        return replace(scene, cars=(), ghosts=())
    ego = replace(ego, target_lane=ego.lane, route=_from(ego.lane, route) or route)
    cars, ghosts = (
        tuple(
            past
            for car in of
            if (past := _moved_back(scene, car, history.imaginable(car.id), ago)) is not None
        )
        for of in (scene.cars, scene.ghosts)
    )
    return replace(scene, ego=ego, cars=cars, ghosts=ghosts)


def _moved_back(scene: Scene, body: Body, past: np.ndarray | None, ago: float) -> Body | None:
    """A car as its past [T, 5] shows it some time ago [s]; None where the past does not reach back as far."""
    if past is None or not len(past) or past[0, 0] > -ago + 1e-6:
        return None
    times, x, y, heading, speed = np.vstack(
        [past, (0.0, body.x, body.y, body.heading, body.speed)]
    ).T
    rows = x, y, np.unwrap(heading), speed
    x, y, heading, speed = (float(np.interp(-ago, times, row)) for row in rows)
    lane = scene.road.closest(x, y, heading).id
    return replace(body, x=x, y=y, heading=heading, speed=speed, lane=lane)


def each_way(past: Scene, open_ways: Mapping[int, Open]) -> Worlds:
    """A past scene as several worlds: in each, every car takes the next of the ways that are open to it now."""
    nominal, cars = from_scene(past, Hypothesis(timer=NOT_DUE)), on_the_road(past)
    numbers = {lane.id: number for number, lane in enumerate(past.road.lanes)}
    lanes = np.repeat(nominal.target_lane, max(len(open_ways[car.id]) for car, _ in cars), 0)
    routes, table = np.full(lanes.shape, AS_IT_IS, np.int32), []
    for slot, (car, _) in enumerate(cars, 1):
        for world in range(len(lanes)):
            first, way = open_ways[car.id][world % len(open_ways[car.id])]
            onward = _from(car.lane, way)
            if onward is None:
                lanes[world, slot] = numbers[first]
            routes[world, slot] = len(table)
            table.append(onward or way)
    taken = Suppositions(target_lane=lanes, route=routes, routes=tuple(table))
    return supposed(nominal.tile(len(lanes)), taken)


def _from(lane: LaneId, way: Way) -> Way | None:
    """The way as it goes on from a lane on it or just before it; None where the lane is neither."""
    if not way or lane[:2] == way[0]:
        return way
    return (lane[:2], *way) if lane[1] == way[0][0] else None
