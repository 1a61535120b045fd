"""What a scene does not show of the other drivers, and what is assumed instead.

Read off what was seen (`reading`): the lane that a car is steered to, the speed that it wishes to drive, whether it gives
way, and, of whoever began to turn lately, when its driver last thought about changing lane. Drawn, one draw per car, scene
and hypothesis: IDM's exponent, and which of the ways open to it a car takes. Spread over the hypotheses: when the other
drivers last thought, each by itself, and when right of way is next enforced. Nothing else is known: parameters are nominal.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from drive.roads import Lane, LaneId, Road, turns_back
from drive.twin import Hypothesis, Worlds, from_scene, on_the_road
from drive.twin import kernel as k
from drive.types import Car, Scene
from policies.planner.reading import giving_way, since_thought, target_lanes, unhindered, wish

AHEAD, BEHIND = 200.0, 50.0  # [m] along the ego's heading, beyond which cars are left out
BEHIND_CROSSING = (
    200.0  # [m] the same at junctions, where cars that leave follow those behind the ego
)
MOST_CARS = 60  # the nearest; the rest could not be reached anyway
AHEAD_TIME = 5.0  # [s] of driving, within which the ways open to a car are told apart
MOST_WAYS = 6
FIXED = 2  # hypotheses: nobody changes lane; whoever has reason to does so now
ASIDE = 0.1  # [m] to either side, within which passing somebody counts as a collision, where ways do not cross
MANY = 2  # cars seen to pass up a lane change, from which on nobody here is expected to make one
FORK = 5.0  # [m] past a fork, within which a car may as well have taken the other way
ON_BOTH = 3.5  # [m] at most from the middle of the lane there
ENFORCED = 2.0  # [1/s], how often right of way is; nobody sees when
LAST, PERIOD = (
    1.06,
    1.0,
)  # [s] since the last thought: one that is due now, and one that just was, due at the next decision
WAYS, CLOCKS = (
    1,
    2,
)  # draws about the ways that cars take and when drivers think, apart from the one about IDM's exponents (0)
WISHES = 0, 0, 0, 1, 2, 0, 2  # by hypothesis: 0 the likely wish, 1 the least, 2 the most
EXPONENTS = 3.5, 4.5  # highway-env draws IDM's DELTA between them


def imagine(scene: Scene, count: int) -> Worlds:
    """The scene as `count` worlds, each a hypothesis of what it does not show."""
    scene = nearby(scene)
    connected = len(scene.road.sections) > 1 and not two_way(scene.road)
    nominal = from_scene(scene, Hypothesis(timer=0.5, connected_lanes=connected))
    lanes = {lane.id: number for number, lane in enumerate(scene.road.lanes)}
    aims = {
        slot: [lanes[aim] for aim in target_lanes(scene, car)]
        for slot, (car, _) in enumerate(on_the_road(scene), 1)
    }
    for slot, of in aims.items():
        nominal.g[0, k.TARGET_LANE, slot] = of[0]
    expected = unhindered(nominal)
    wishes = wish(scene, nominal, expected)
    worlds = nominal.tile(count)
    others = np.isin(worlds.g[:, k.KIND], (k.IDM, k.LINEAR))
    drawn = draws(scene, worlds.g[:, k.CAR])
    for slot, of in aims.items():
        worlds.g[:, k.TARGET_LANE, slot] = np.resize(of, count)
    worlds.f[:, k.TIMER] = np.where(others, clocks(scene, worlds), worlds.f[:, k.TIMER])
    low, high = EXPONENTS
    worlds.f[:, k.DELTA] = np.where(others, low + (high - low) * drawn, worlds.f[:, k.DELTA])
    worlds.f[:, k.TARGET_SPEED] = np.where(
        others,
        wishes[np.array(WISHES)[np.arange(count) % len(WISHES)]],
        worlds.f[:, k.TARGET_SPEED],
    )
    if nominal.net.regulated:
        giving = giving_way(scene, expected)
        worlds.g[:, k.YIELDING, giving], worlds.f[:, k.TARGET_SPEED, giving] = 1, 0.0
        worlds.head[:, k.TICKS] = np.arange(count) // 2 % max(1, int(1 / scene.sub_step / ENFORCED))
    nobody = two_way(scene.road)
    if connected:
        staying = stayed(scene, nominal)
        nobody = nobody or len(staying) >= MANY
        worlds.g[:, k.CHANGES, staying] = 0
    worlds.g[: count if nobody else 1, k.CHANGES] = 0  # in the first hypothesis nobody changes lane
    if count > 1:
        commit(worlds, nominal)
    return with_routes(scene, worlds) if connected else worlds


def clocks(scene: Scene, worlds: Worlds) -> np.ndarray:
    """Seconds since drivers last thought about changing lane, by hypothesis and slot [W, N].

    As seen; else each driver goes through all phases, evenly over the hypotheses, and begins with one that is drawn for it.
    """
    count = len(worlds)
    turns = max(count - FIXED, 1)
    first = np.floor(draws(scene, worlds.g[:, k.CAR], CLOCKS)[:1] * turns)
    phase = (np.arange(count)[:, None] - FIXED + first) % turns
    since = LAST - PERIOD * phase / max(turns - 1, 1)
    for slot, (car, _) in enumerate(on_the_road(scene), 1):
        seen = since_thought(scene, car)
        if seen is not None:
            since[:, slot] = seen
    return since


def with_ego_as_wide(worlds: Worlds, width: float) -> Worlds:
    """The same worlds, in place, with an ego of another width [m]."""
    slots = np.arange(len(worlds)), worlds.ego_slot
    worlds.f[:, k.WIDTH][slots] = width
    worlds.f[:, k.DIAGONAL][slots] = np.hypot(worlds.f[:, k.LENGTH][slots], width)
    return worlds


def commit(worlds: Worlds, nominal: Worlds) -> None:
    """In the second hypothesis, whoever has reason to change lane does so now and does not think again."""
    aims = _aims(nominal)
    changing = (aims != nominal.g[0, k.LANE]) & (worlds.g[1, k.CHANGES] != 0)
    changing &= nominal.g[0, k.TARGET_LANE] == nominal.g[0, k.LANE]
    worlds.g[1, k.TARGET_LANE] = np.where(changing, aims, worlds.g[1, k.TARGET_LANE])
    worlds.g[1, k.CHANGES] = np.where(changing, 0, worlds.g[1, k.CHANGES])


def stayed(scene: Scene, now: Worlds) -> list[int]:
    """Slots of the cars that had reason to change lane a second ago, still have, and did not: they keep theirs."""
    before = now.copy()
    for slot, (car, _) in enumerate(on_the_road(scene), 1):
        past = scene.history.imaginable(car.id)
        if past is None or past[0, 0] > -0.9:
            continue
        _, x, y, heading, speed = past[np.argmin(np.abs(past[:, 0] + PERIOD))]
        before.f[0, [k.X, k.Y, k.HEADING, k.SPEED], slot] = x, -y, -heading, speed
    ego = scene.history.ego
    if not len(ego):
        return []
    _, x, y, heading, speed = ego[np.argmin(np.abs(ego[:, 0] + PERIOD))]
    before.f[0, [k.X, k.Y, k.HEADING, k.SPEED], 0] = x, -y, -heading, speed
    return [int(slot) for slot in np.flatnonzero(_reason(before) & _reason(now)) if slot]


def _reason(worlds: Worlds) -> np.ndarray:
    """Which slots of the one world would change lane if they thought about it now: bool [N]."""
    return _aims(worlds) != worlds.g[0, k.LANE]


def _aims(worlds: Worlds) -> np.ndarray:
    """The lanes that the slots of the one world would aim for if they thought about it now: int [N]."""
    thinking, facts = worlds.copy(), worlds.net.facts
    lanes = thinking.g[0, k.LANE].copy()
    thinking.g[0, k.TARGET_LANE], thinking.f[0, k.TIMER], thinking.g[0, k.CHANGES] = lanes, LAST, 1
    thinking.step(None, 1, 1e-3)
    aims = thinking.g[0, k.TARGET_LANE]
    return np.where(facts[aims, k.SEGMENT] == facts[lanes, k.SEGMENT], aims, lanes)


def with_routes(scene: Scene, worlds: Worlds) -> Worlds:
    """The same worlds, in which each car takes each of the ways open to it in as many hypotheses.

    Which ones is drawn for each car by itself: two cars' ways meet in every combination, were there enough hypotheses.
    """
    sections = {section: number for number, section in enumerate(scene.road.sections)}
    numbers = {lane.id: number for number, lane in enumerate(scene.road.lanes)}
    rows = [tuple(row[:, 0][row[:, 0] >= 0]) for row in worlds.routes]
    taken = len(rows)
    for slot, (car, _) in enumerate(on_the_road(scene), 1):
        reach = abs(car.speed) * AHEAD_TIME + 20.0
        begun = _turn_about(
            [
                [(lane, way) for way in branches(scene.road, lane, reach)]
                for lane in forked(scene.road, car)
            ]
        )
        if (
            len(begun) < 2 and not worlds.net.regulated
        ):  # where right of way rules, drivers look along each other's ways
            continue
        shuffled = np.argsort(draws(scene, np.full((len(worlds), 1), car.id), WAYS)[:, 0])
        first, choice = len(rows), shuffled % len(begun)
        rows += [tuple(sections[section] for section in way) for _, way in begun]
        worlds.g[:, k.ROUTE, slot], worlds.g[:, k.ROUTE_AT, slot] = first + choice, 0
        elsewhere = np.array([-1 if lane == car.lane else numbers[lane] for lane, _ in begun])[
            choice
        ]
        worlds.g[:, k.TARGET_LANE, slot] = np.where(
            elsewhere >= 0, elsewhere, worlds.g[:, k.TARGET_LANE, slot]
        )
    if len(rows) == taken:
        return worlds
    steps = max(worlds.routes.shape[1], *map(len, rows))
    table = np.full((len(rows), steps, 2), -1, np.int32)
    table[:taken, : worlds.routes.shape[1]] = worlds.routes
    for number, row in enumerate(rows[taken:], taken):
        table[number, : len(row), 0] = row
    return replace(worlds, routes=table)


def _turn_about(lists: list[list]) -> list:
    """One of each list, then the next of each, at most MOST_WAYS."""
    longest = max(map(len, lists))
    return [each[n % len(each)] for n in range(longest) for each in lists][:MOST_WAYS]


def junctions(road: Road) -> bool:
    """May others take one way or another, and meet again? Where ways only part, at an exit, few take the other."""
    return _parts(road) and _joins(road)


def crossing(road: Road) -> bool:
    """Do ways join, cross, or come the other way?"""
    return len(road.sections) > 1 and (_joins(road) or not _parts(road))


def _parts(road: Road) -> bool:
    return any(len(onward) > 1 for onward in road.exits.values())


def _joins(road: Road) -> bool:
    ends = [end for _, end in road.sections]
    return len(set(ends)) < len(ends)


def forked(road: Road, car: Car) -> list[LaneId]:
    """The car's lane, and just behind a fork the lanes of the other ways that it may have taken as well."""
    here = road.lane(car.lane)
    if here.frenet(car.x, car.y)[0] > FORK:
        return [here.id]
    lanes = [
        lane
        for section, lanes in road.sections.items()
        if section[0] == here.id[0]
        for lane in lanes
    ]
    off = {
        lane.id: abs(lane.frenet(car.x, car.y)[1]) for lane in lanes if lane.id[:2] != here.id[:2]
    }
    return [here.id, *(lane for lane, d in off.items() if d < ON_BOTH)]


def branches(road: Road, lane: LaneId, reach: float) -> list[tuple[tuple[str, str], ...]]:
    """Every way, as sections, that leads on from a lane within so many metres; turning round left out."""
    found, growing = [], [((lane,), -road.lane(lane).length)]
    while growing and len(found) < MOST_WAYS:
        way, driven = growing.pop(0)
        driven += road.lane(way[-1]).length
        here = road.lane(way[-1])
        onward = [
            other.id
            for other in (road.continuations(here.id) if driven < reach else ())
            if not turns_back(here, other) and other.id not in way
        ]
        growing += [((*way, other), driven) for other in onward]
        if not onward:
            found.append(tuple(part[:2] for part in way))
    return list(dict.fromkeys(found))


def two_way(road: Road) -> bool:
    """Do cars come the other way in some lane? Then nobody is expected to change lane, the ego excepted."""
    ends = {(lane.id[1], lane.id[0]) for lane in road.lanes}
    return any(_opposed(road, lane) for lane in road.lanes if lane.id[:2] in ends)


def _opposed(road: Road, lane: Lane) -> bool:
    x, y = lane.point(lane.length / 2)
    back = road.sections[lane.id[1], lane.id[0]]
    return any(abs(other.frenet(x, y)[1]) < lane.width / 2 for other in back)


def nearby(scene: Scene) -> Scene:
    """The scene without the cars that are too far away to matter within the horizon."""
    ego, behind = scene.ego, BEHIND_CROSSING if junctions(scene.road) else BEHIND
    cos, sin = math.cos(ego.heading), math.sin(ego.heading)

    def near(car: Car) -> bool:
        along = (car.x - ego.x) * cos + (car.y - ego.y) * sin
        return -behind <= along <= AHEAD

    def distance(car: Car) -> float:
        return math.hypot(car.x - ego.x, car.y - ego.y)

    kept = {
        car.id
        for car in sorted(filter(near, (*scene.cars, *scene.ghosts)), key=distance)[:MOST_CARS]
    }
    cars, ghosts = (tuple(car for car in of if car.id in kept) for of in (scene.cars, scene.ghosts))
    return replace(scene, cars=cars, ghosts=ghosts)


def draws(scene: Scene, ids: np.ndarray, about: int = 0) -> np.ndarray:
    """A number in [0, 1) for each world and car [W, N], from (seed, step, about, car, world) alone; splitmix64."""
    world = np.arange(ids.shape[0], dtype=np.uint64)[:, None]
    key = np.uint64(((scene.seed * 1_000_003 + scene.step) & 0xFFFFFFFF) + (about << 32))
    with np.errstate(over="ignore"):
        mixed = key * np.uint64(0x9E3779B97F4A7C15) + ids.astype(np.uint64) * np.uint64(
            0xBF58476D1CE4E5B9
        )
        mixed = mixed + (world + np.uint64(1)) * np.uint64(0x94D049BB133111EB)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(float) / 2.0**53
