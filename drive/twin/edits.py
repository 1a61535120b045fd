"""Edits of the twin's worlds: `edited(worlds, *edits, only=None) -> Worlds`, a copy in which they are made.

only: the worlds of the batch that are edited (indices or a mask); None: all. So one batch holds one situation
under several hypotheses: `edited(worlds, Brake(7), only=[0, 1])`. Everything is continued exactly as highway-env
continues it after the same edit of a `World`. A batch shares one road: the speed limit is lifted in all of its
worlds or in none. Task and sight are no part of the twin. ValueError, in one sentence, for what cannot be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from drive.kinematics.edits import LACKS, route_from, without_limits
from drive.kinematics.refusals import (
    Body,
    Stage,
    check,
    heading_of,
    lane_after,
    next_object,
    size_after,
)
from drive.roads import LaneId, Road, straightest
from drive.roads.geometry import GRAVITY
from drive.twin import kernel as k
from drive.twin.entry import CROSSING
from drive.twin.network import network
from drive.twin.worlds import NOMINAL, Worlds, driver_row
from drive.types import (
    DEBRIS,
    EGO,
    SIZES,
    Add,
    Brake,
    ChangeLane,
    Edit,
    Hide,
    KeepLane,
    Move,
    Obstruct,
    Remove,
    Resize,
    Send,
    SetSpeed,
    Surface,
    Without,
)

TRAFFIC = (k.IDM, k.LINEAR)  # kinds of slots that drive themselves
STANDS_F = (k.X, k.Y, k.HEADING, k.LENGTH, k.WIDTH)  # what a check reads of a world
STANDS_G = (k.KIND, k.LANE, k.TARGET_LANE, k.GHOST, k.CAR)


def edited(worlds: Worlds, *edits: Edit, only=None) -> Worlds:
    """A copy of the worlds in which these edits are made, one after the other, in all worlds or in `only` those."""
    chosen = np.arange(len(worlds))[slice(None) if only is None else only]
    for stage in _stages(worlds, chosen):
        check(edits, stage, {})
    for edit in edits:
        if isinstance(edit, Without):
            _check_condition(edit, worlds, chosen)
    worlds = worlds.copy()
    for edit in edits:
        worlds = EDITS[type(edit)](worlds, edit, chosen)
    return worlds


def _stages(worlds: Worlds, chosen: np.ndarray) -> Iterator[Stage]:
    """Of the chosen worlds, one of each in which all stand alike."""
    seen = set()
    for world in chosen:
        f, g = worlds.f[world], worlds.g[world]
        looks = f[STANDS_F, :].tobytes(), g[STANDS_G, :].tobytes(), worlds.head[world].tobytes()
        if looks not in seen:
            seen.add(looks)
            yield _stage(worlds.road, f, g, worlds.head[world], next_id(worlds))


def _stage(road: Road, f: np.ndarray, g: np.ndarray, head: np.ndarray, next_car: int) -> Stage:
    count, end = int(head[k.CARS]), int(head[k.SLOTS])
    slots = {car: slot for slot, car in enumerate(g[k.CAR, :count].tolist())}

    def at(slot: int) -> Body:
        x, y, heading, length, width = f[STANDS_F, slot].tolist()
        kind, lane, target, ghost, _ = g[STANDS_G, slot].tolist()
        return Body(
            x,
            -y,
            -heading,
            length,
            width,
            road.lanes[lane].id,
            road.lanes[target].id,
            bool(ghost),
            kind in TRAFFIC,
        )

    things = {int(g[k.CAR, slot]): at(slot) for slot in range(count, end)}
    return Stage(road, slots, lambda car: at(slots[car]), things, next_car)


def next_id(worlds: Worlds) -> int:
    """The id that a car that is added gets: one more than any car's in the batch."""
    return int(max(worlds.cars.max(initial=EGO), EGO)) + 1


def _check_condition(edit: Without, worlds: Worlds, chosen: np.ndarray) -> None:
    if edit.condition != "speed limit":
        raise ValueError(f"the twin moves cars, and knows no {edit.condition} to be without")
    if len(set(chosen.tolist())) < len(worlds):
        raise ValueError("worlds of one batch share their road, and so their speed limits")
    if all(lane.speed_limit is None for lane in worlds.road.lanes):
        raise ValueError(LACKS["speed limit"])


# --- each edit


def _hide(worlds: Worlds, edit: Hide, chosen: np.ndarray) -> Worlds:
    worlds.g[:, k.GHOST][worlds.slots_of(edit.car, chosen)] = 1
    return worlds


def _remove(worlds: Worlds, edit: Remove, chosen: np.ndarray) -> Worlds:
    for world in chosen:
        cars, slots = (int(n) for n in worlds.head[world, [k.CARS, k.SLOTS]])
        ids = worlds.g[world, k.CAR]
        if edit.car is None:
            gone = cars + int(np.flatnonzero(ids[cars:slots] == edit.object)[0])
        else:
            gone = int(np.flatnonzero(ids[:cars] == edit.car)[0])
        for state in (worlds.f[world], worlds.g[world]):
            state[:, gone : slots - 1] = state[:, gone + 1 : slots].copy()
            state[:, slots - 1] = 0
        worlds.head[world, k.SLOTS] -= 1
        if gone < cars:
            worlds.head[world, k.CARS] -= 1
            worlds.head[world, k.EGO] -= gone < worlds.head[world, k.EGO]
    return worlds


def _add(worlds: Worlds, edit: Add, chosen: np.ndarray) -> Worlds:
    """Behind the other cars, before the objects; a driver like the others of its world."""
    number, road = next_id(worlds), worlds.road
    heading = heading_of(edit, road)
    lane = road.closest(float(edit.x), float(edit.y), heading).id
    way = straightest(road, lane) or ((lane[:2],) if worlds.net.regulated else ())
    worlds, route = _with_route(worlds, way) if way else (worlds, -1)
    worlds = _with_room(worlds, chosen)
    length, width = SIZES[edit.kind]
    for world in chosen:
        f, g, head = worlds.f[world], worlds.g[world], worlds.head[world]
        cars, slots = int(head[k.CARS]), int(head[k.SLOTS])
        worlds, kind, row = _usual_driver(worlds, world)
        ego = max(int(head[k.EGO]), 0)
        grip = f[k.GRIP, ego] if cars else math.inf
        checks = bool(np.all(np.delete(g[k.CHECKS, :cars], ego)))
        for state in (f, g):
            state[:, cars + 1 : slots + 1] = state[:, cars:slots].copy()
            state[:, cars] = 0
        speed = float(edit.speed)
        f[k.X, cars], f[k.Y, cars], f[k.HEADING, cars] = edit.x, -edit.y, -heading
        f[k.SPEED, cars] = speed
        f[k.TARGET_SPEED, cars] = speed if edit.target_speed is None else edit.target_speed
        delay = worlds.drivers[row, k.CHANGE_DELAY]
        f[k.TIMER, cars] = (f[k.X, cars] + f[k.Y, cars]) * math.pi % delay
        f[k.DELTA, cars] = NOMINAL["IDMVehicle"]["DELTA"]
        f[k.FORCED, cars], f[k.GRIP, cars] = math.nan, grip
        _set_size(f, cars, length, width)
        g[k.KIND, cars], g[k.DRIVER, cars], g[k.ROUTE, cars] = kind, row, route
        g[k.LANE, cars] = g[k.TARGET_LANE, cars] = _number(road, lane)
        g[k.CHECKS, cars], g[k.CHANGES, cars], g[k.CAR, cars] = checks, 1, number
        head[k.CARS] += 1
        head[k.SLOTS] += 1
    return worlds


def _obstruct(worlds: Worlds, edit: Obstruct, chosen: np.ndarray) -> Worlds:
    """Behind all other objects, with a number that is free in each of these worlds."""
    road, heading = worlds.road, heading_of(edit, worlds.road)
    lane = _number(road, road.closest(float(edit.x), float(edit.y), heading).id)
    worlds = _with_room(worlds, chosen)
    for world in chosen:
        f, g, head = worlds.f[world], worlds.g[world], worlds.head[world]
        cars, slot = int(head[k.CARS]), int(head[k.SLOTS])
        number = next_object(g[k.CAR, cars:slot].tolist())
        f[:, slot] = g[:, slot] = 0
        f[k.X, slot], f[k.Y, slot], f[k.HEADING, slot] = edit.x, -edit.y, -heading
        f[k.FORCED, slot] = math.nan
        _set_size(f, slot, *DEBRIS)
        g[k.KIND, slot], g[k.ROUTE, slot], g[k.CHECKS, slot] = k.OBSTACLE, -1, 1
        g[k.LANE, slot] = g[k.TARGET_LANE, slot] = lane
        g[k.CAR, slot] = number
        head[k.SLOTS] += 1
    return worlds


def _with_room(worlds: Worlds, chosen: np.ndarray) -> Worlds:
    """The same worlds with a free slot in each of the chosen ones."""
    if not len(chosen) or worlds.head[chosen, k.SLOTS].max() < worlds.f.shape[2]:
        return worlds
    f, g = (np.pad(state, ((0, 0), (0, 0), (0, 1))) for state in (worlds.f, worlds.g))
    return replace(worlds, f=f, g=g)


def _usual_driver(worlds: Worlds, world: int) -> tuple[Worlds, int, int]:
    """The kind and the parameters that the first traffic driver of a world has; nominal where there is none."""
    others = np.flatnonzero(np.isin(worlds.g[world, k.KIND], TRAFFIC))
    if others.size:
        kind, row = (int(n) for n in worlds.g[world, [k.KIND, k.DRIVER], others[0]])
        return worlds, kind, row
    usual = NOMINAL["IDMVehicle"] | (CROSSING if worlds.net.regulated else {})
    drivers = np.vstack([worlds.drivers, driver_row(usual)])
    return replace(worlds, drivers=drivers), k.IDM, len(drivers) - 1


def _move(worlds: Worlds, edit: Move, chosen: np.ndarray) -> Worlds:
    for world, slot in zip(*worlds.slots_of(edit.car, chosen), strict=True):
        f, g = worlds.f[world, :, slot], worlds.g[world, :, slot]
        f[k.X], f[k.Y] = edit.x, -edit.y
        if edit.heading is not None:
            f[k.HEADING] = -edit.heading
        lane = worlds.road.closest(float(edit.x), float(edit.y), -float(f[k.HEADING])).id
        g[k.LANE] = g[k.TARGET_LANE] = _number(worlds.road, lane)
        if g[k.ROUTE] >= 0:
            left = _sections(worlds, int(g[k.ROUTE]))[g[k.ROUTE_AT] :]
            way = route_from(left, lane, worlds.road)
            if way:
                worlds, g[k.ROUTE] = _with_route(worlds, way)
                g[k.ROUTE_AT] = 0
    return worlds


def _set_speed(worlds: Worlds, edit: SetSpeed, chosen: np.ndarray) -> Worlds:
    at = worlds.slots_of(edit.car, chosen)
    worlds.f[:, k.SPEED][at] = edit.speed
    if edit.car == EGO:
        choosing = worlds.g[:, k.KIND][at] == k.META
        mine = tuple(index[choosing] for index in at)
        index = _nearest(float(edit.speed), worlds.speeds)
        worlds.g[:, k.SPEED_INDEX][mine] = index
        worlds.f[:, k.TARGET_SPEED][mine] = worlds.speeds[index]
    return worlds


def _nearest(speed: float, speeds: np.ndarray) -> int:
    """MDPVehicle.speed_to_index."""
    share = (speed - speeds[0]) / (speeds[-1] - speeds[0])
    return int(np.clip(np.round(share * (speeds.size - 1)), 0, speeds.size - 1))


def _resize(worlds: Worlds, edit: Resize, chosen: np.ndarray) -> Worlds:
    for world, slot in zip(*worlds.slots_of(edit.car, chosen), strict=True):
        f = worlds.f[world]
        _set_size(f, slot, *size_after(edit, *f[[k.LENGTH, k.WIDTH], slot].tolist()))
    return worlds


def _set_size(f: np.ndarray, slot: int, length: float, width: float) -> None:
    f[[k.LENGTH, k.WIDTH, k.DIAGONAL], slot] = length, width, math.sqrt(length**2 + width**2)


def _brake(worlds: Worlds, edit: Brake, chosen: np.ndarray) -> Worlds:
    at = worlds.slots_of(edit.car, chosen)
    worlds.f[:, k.FORCED][at] = -edit.deceleration
    worlds.g[:, k.CHANGES][at] = 0
    return worlds


def _keep_lane(worlds: Worlds, edit: KeepLane, chosen: np.ndarray) -> Worlds:
    worlds.g[:, k.CHANGES][worlds.slots_of(edit.car, chosen)] = 0
    return worlds


def _change_lane(worlds: Worlds, edit: ChangeLane, chosen: np.ndarray) -> Worlds:
    lanes = worlds.road.lanes
    at = worlds.slots_of(edit.car, chosen)
    targets = [lane_after(edit, worlds.road, lanes[n].id) for n in worlds.g[:, k.LANE][at]]
    worlds.g[:, k.TARGET_LANE][at] = [_number(worlds.road, lane) for lane in targets]
    worlds.g[:, k.CHANGES][at] = 0
    return worlds


def _send(worlds: Worlds, edit: Send, chosen: np.ndarray) -> Worlds:
    worlds, route = _with_route(worlds, edit.route)
    at = worlds.slots_of(edit.car, chosen)
    worlds.g[:, k.ROUTE][at] = route
    worlds.g[:, k.ROUTE_AT][at] = 0
    return worlds


def _with_route(worlds: Worlds, way: Sequence[tuple[str, str]]) -> tuple[Worlds, int]:
    """The same worlds, and the row of their routes table that holds this way."""
    sections = list(worlds.road.sections)
    numbers = [sections.index(tuple(section)) for section in way]
    rows, steps = len(worlds.routes), max(len(numbers), worlds.routes.shape[1])
    table = np.full((rows + 1, steps, 2), -1, np.int32)
    table[:-1, : worlds.routes.shape[1]] = worlds.routes
    table[-1, : len(numbers), 0] = numbers
    return replace(worlds, routes=table), rows


def _sections(worlds: Worlds, route: int) -> list[tuple[str, str]]:
    sections = list(worlds.road.sections)
    return [sections[number] for number in worlds.routes[route, :, 0] if number >= 0]


def _surface(worlds: Worlds, edit: Surface, chosen: np.ndarray) -> Worlds:
    for world in chosen:
        worlds.f[world, k.GRIP, : worlds.head[world, k.CARS]] = edit.grip * GRAVITY
    return worlds


def _without(worlds: Worlds, edit: Without, chosen: np.ndarray) -> Worlds:
    road = without_limits(worlds.road)
    net = network(road, bool(worlds.net.connected), bool(worlds.net.regulated))
    return replace(worlds, road=road, net=net)


EDITS: dict[type, Callable[[Worlds, Edit, np.ndarray], Worlds]] = {
    Hide: _hide,
    Remove: _remove,
    Add: _add,
    Obstruct: _obstruct,
    Move: _move,
    SetSpeed: _set_speed,
    Resize: _resize,
    Brake: _brake,
    KeepLane: _keep_lane,
    ChangeLane: _change_lane,
    Send: _send,
    Surface: _surface,
    Without: _without,
}


def _number(road: Road, lane: LaneId) -> int:
    return next(number for number, each in enumerate(road.lanes) if each.id == lane)
