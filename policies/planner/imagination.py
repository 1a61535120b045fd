"""The hypotheses of the planner: a scene as a batch of worlds, each with other assumptions about the other drivers.

What the motion of a car tells (`reading`) is assumed in every hypothesis: the lane that it is steered to, the speed that
its driver may wish for, whether it gives way, and when a driver that began to turn lately last thought about changing
lane. Drawn for each car, scene and hypothesis: the exponent of IDM, and which of the ways open to it a car takes. Spread
over the hypotheses: when each other driver last thought about changing lane, and when right of way is next enforced.
Every other parameter is highway-env's nominal one.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from drive.roads import Lane, LaneId, Road, turns_back
from drive.twin import (
    AS_IT_IS,
    Hypothesis,
    Suppositions,
    Worlds,
    from_scene,
    on_the_road,
    supposed,
)
from drive.types import Car, Scene
from policies.planner.reading import (
    INSTANT,
    giving_way,
    since_thought,
    target_lanes,
    unhindered,
    wish,
)
from policies.planner.settings import Imagining, Settings
from policies.planner.ways import Way, steered

# The first two hypotheses are special: no car changes lane, or every car that has reason to does so now.
SPECIAL = 2
# Streams of random draws; the exponents of IDM have stream 0.
WAYS, CLOCKS = 1, 2
# highway-env: drivers think about changing lane once a second (IDMVehicle.LANE_CHANGE_DELAY).
PERIOD = 1.0  # [s]
A_SECOND_AGO = 0.9  # [s] that a past has to reach back at least, to tell of the thought before
DUE = 1.06  # [s] since the last thought, so that the next is due in the first sub-step
NOT_DUE = 0.5  # [s] since the last thought, so that no driver thinks while the scene is probed
# highway-env: right of way is enforced twice a second (RegulatedRoad.REGULATION_FREQUENCY).
ENFORCED = 2.0  # [1/s]
# highway-env: the exponent of IDM is drawn between these (IDMVehicle.randomize_behavior).
EXPONENTS = 3.5, 4.5


def imagine(scene: Scene, count: int, settings: Settings = Settings()) -> Worlds:
    """The scene as `count` worlds, each a hypothesis of what the scene does not show."""
    scene, reading, choices = nearby(scene, settings), settings.reading, settings.imagining
    road, two_ways = scene.road, two_way(scene.road)
    connected = len(road.sections) > 1 and not two_ways
    nominal = from_scene(scene, Hypothesis(timer=NOT_DUE, connected_lanes=connected))
    lanes = lanes_steered_to(scene, count, nominal, settings)
    nominal = supposed(nominal, Suppositions(target_lane=lanes[:1]))
    expected = unhindered(nominal)
    giving = giving_way(scene, expected, reading) if nominal.regulated else []
    staying = passed_up(scene, nominal) if connected else []
    none_changes = two_ways or len(staying) >= choices.keeping
    changing = lane_changes(nominal, count, staying, none_changes)
    if count > 1:
        lanes, changing = with_changes_begun(nominal, lanes, changing)
    routes, ways = None, ()
    if connected:
        lanes, routes, ways = routes_taken(scene, lanes, nominal.regulated, settings)
    others = nominal.traffic
    exponent = EXPONENTS[0] + (EXPONENTS[1] - EXPONENTS[0]) * draws(scene, nominal.ids, count)
    speeds = wishes(scene, count, nominal, expected, settings)
    speeds[:, giving] = 0.0
    gives_way = np.zeros(others.shape, bool)
    gives_way[:, giving] = True
    return supposed(
        nominal.tile(count),
        Suppositions(
            target_lane=lanes,
            target_speed=speeds,
            timer=np.where(others, clocks(scene, count, nominal, settings), np.nan),
            exponent=np.where(others, exponent, np.nan),
            changes_lanes=changing,
            gives_way=gives_way,
            route=routes,
            routes=ways,
            since_enforced=_since_enforced(scene, count) if nominal.regulated else None,
        ),
    )


def lanes_steered_to(scene: Scene, count: int, nominal: Worlds, settings: Settings) -> np.ndarray:
    """Numbers of the lanes that cars are steered to [count, N]; where the motion fits two lanes, they take turns."""
    numbers = {lane.id: number for number, lane in enumerate(scene.road.lanes)}
    lanes = np.repeat(nominal.target_lane, count, 0)
    for slot, (car, _) in enumerate(on_the_road(scene), 1):
        fitting = [numbers[lane] for lane in target_lanes(scene, car, settings.reading)]
        lanes[:, slot] = np.resize(fitting, count)
    return lanes


def wishes(
    scene: Scene, count: int, nominal: Worlds, expected: np.ndarray, settings: Settings
) -> np.ndarray:
    """Speeds that the other drivers wish for [count, N] [m/s]; NaN where a slot has no traffic driver."""
    table = settings.imagining.wishes
    likely_least_most = wish(scene, nominal, expected, settings.reading)
    rows = np.array(table)[np.arange(count) % len(table)]
    return np.where(nominal.traffic, likely_least_most[rows], np.nan)


def clocks(scene: Scene, count: int, nominal: Worlds, settings: Settings) -> np.ndarray:
    """Seconds since drivers last thought about changing lane [count, N].

    As far as the motion of a car tells; the clock of each other driver goes through all phases, evenly over the
    hypotheses, and begins with a phase that is drawn for this driver.
    """
    turns = max(count - SPECIAL, 1)
    first = np.floor(draws(scene, nominal.ids, 1, CLOCKS) * turns)
    phase = (np.arange(count)[:, None] - SPECIAL + first) % turns
    since = DUE - PERIOD * phase / max(turns - 1, 1)
    for slot, (car, _) in enumerate(on_the_road(scene), 1):
        seen = since_thought(scene, car, settings.reading)
        if seen is not None:
            since[:, slot] = seen
    return since


def _since_enforced(scene: Scene, count: int) -> np.ndarray:
    """Sub-steps since right of way was last enforced, by hypothesis [count]; two hypotheses have each in common."""
    return np.arange(count) // 2 % max(1, int(1 / scene.sub_step / ENFORCED))


def with_ego_as_wide(worlds: Worlds, width: float) -> Worlds:
    """The same worlds with an ego of another width [m]."""
    return supposed(worlds, Suppositions(ego_width=width))


# ------------------------------------------------------------------------------- lane changes


def lane_changes(nominal: Worlds, count: int, staying: list[int], none_changes: bool) -> np.ndarray:
    """May a slot decide to change lane? bool [count, N]; in the first hypothesis no car changes lane."""
    changing = np.repeat(nominal.changes_lanes, count, 0)
    changing[:, staying] = False
    changing[: count if none_changes else 1] = False
    return changing


def with_changes_begun(
    nominal: Worlds, lanes: np.ndarray, changing: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The lanes, and which slots may change: in the second hypothesis every car that has reason to change does so now.

    Such a car does not think again.
    """
    lanes, changing, aims = lanes.copy(), changing.copy(), _aims(nominal)
    now = (aims != nominal.lane[0]) & changing[1] & (nominal.target_lane[0] == nominal.lane[0])
    lanes[1, now], changing[1, now] = aims[now], False
    return lanes, changing


def passed_up(scene: Scene, now: Worlds) -> list[int]:
    """Slots of the cars that had reason to change lane a second ago, still have, and did not: these keep their lane."""
    if not len(scene.history.ego):
        return []
    pose = np.full((1, now.ids.shape[1], 4), np.nan)
    pose[0, 0] = _a_second_ago(scene.history.ego)
    for slot, (car, _) in enumerate(on_the_road(scene), 1):
        past = scene.history.imaginable(car.id)
        if past is not None and len(past) and past[0, 0] <= -A_SECOND_AGO:
            pose[0, slot] = _a_second_ago(past)
    before = supposed(now, Suppositions(pose=pose))
    return [int(slot) for slot in np.flatnonzero(_reason(before) & _reason(now)) if slot]


def _a_second_ago(past: np.ndarray) -> np.ndarray:
    """x, y [m], heading [rad], speed [m/s] at the state of a past [T, 5] that is closest to a second ago."""
    return past[np.argmin(np.abs(past[:, 0] + PERIOD)), 1:]


def _reason(worlds: Worlds) -> np.ndarray:
    """Which slots of the one world would change lane if they thought about it now: bool [N]."""
    return _aims(worlds) != worlds.lane[0]


def _aims(worlds: Worlds) -> np.ndarray:
    """The lanes that the slots of the one world would aim for if they thought about it now: int [N]."""
    lanes, section = worlds.lane, worlds.section
    thinking = Suppositions(
        target_lane=lanes,
        timer=np.full(lanes.shape, DUE),
        changes_lanes=np.ones(lanes.shape, bool),
    )
    worlds = supposed(worlds, thinking)
    worlds.step(None, 1, INSTANT)
    aims = worlds.target_lane
    return np.where(section[aims] == section[lanes], aims, lanes)[0]


# ---------------------------------------------------------------------------------- the ways


def routes_taken(
    scene: Scene, lanes: np.ndarray, regulated: bool, settings: Settings
) -> tuple[np.ndarray, np.ndarray | None, tuple[Way, ...]]:
    """Lanes steered to [W, N], route numbers [W, N] and the routes; each way open to a car has as many hypotheses.

    Which ones is drawn for each car: the ways of two cars meet in every combination, were there enough hypotheses.
    """
    numbers = {lane.id: number for number, lane in enumerate(scene.road.lanes)}
    lanes, routes = lanes.copy(), np.full(lanes.shape, AS_IT_IS, np.int32)
    ways: list[Way] = []
    told = _told_ways(scene, settings)
    for slot, (car, _) in enumerate(on_the_road(scene), 1):
        open_ways = told[car.id]
        # Where right of way rules, drivers look along each other's ways, so that a single way is told as well.
        if len(open_ways) < 2 and not regulated:
            continue
        drawn = draws(scene, np.array([[car.id]]), len(lanes), WAYS)[:, 0]
        choice = np.argsort(drawn) % len(open_ways)
        routes[:, slot] = len(ways) + choice
        ways += [way for _, way in open_ways]
        for number, (lane, _) in enumerate(open_ways):
            if lane != car.lane:
                lanes[choice == number, slot] = numbers[lane]
    return lanes, routes if ways else None, tuple(ways)


def _told_ways(scene: Scene, settings: Settings) -> dict[int, list[tuple[LaneId, Way]]]:
    """The ways open to each car, by id, each with the lane that it begins on, as far as its steering does not tell."""
    ways = {car.id: _open_ways(scene, car, settings.imagining) for car, _ in on_the_road(scene)}
    return steered(scene, ways, settings.ways) if settings.ways.steering else ways


def _open_ways(scene: Scene, car: Car, choices: Imagining) -> list[tuple[LaneId, Way]]:
    """The ways open to a car, each with the lane that it begins on; in turn from each lane that the car may be on."""
    reach = abs(car.speed) * choices.ways_time + choices.ways_least
    by_lane = [
        [(lane, way) for way in branches(scene.road, lane, reach, choices.most_ways)]
        for lane in forked(scene.road, car, choices)
    ]
    longest = max(map(len, by_lane))
    turns = [ways[n % len(ways)] for n in range(longest) for ways in by_lane]
    return turns[: choices.most_ways]


def junctions(road: Road) -> bool:
    """Do ways part and meet again on this road? Where ways only part, at an exit, few cars take the other way."""
    return _parts(road) and _joins(road)


def crossing(road: Road) -> bool:
    """Do ways join, cross, or lead against each other on this road?"""
    return len(road.sections) > 1 and (_joins(road) or not _parts(road))


def _parts(road: Road) -> bool:
    return any(len(onward) > 1 for onward in road.exits.values())


def _joins(road: Road) -> bool:
    ends = [end for _, end in road.sections]
    return len(set(ends)) < len(ends)


def forked(road: Road, car: Car, choices: Imagining = Imagining()) -> list[LaneId]:
    """The car's lane, and just behind a fork the lanes of the other ways that it may have taken as well."""
    here = road.lane(car.lane)
    if here.frenet(car.x, car.y)[0] > choices.fork:
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
    return [here.id, *(lane for lane, d in off.items() if d < choices.on_both)]


def branches(road: Road, lane: LaneId, reach: float, most: int) -> list[Way]:
    """Every way, at most so many, that leads on from a lane within `reach` [m]; turning round is left out."""
    complete, growing = [], [((lane,), -road.lane(lane).length)]
    while growing and len(complete) < most:
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
            complete.append(tuple(part[:2] for part in way))
    return list(dict.fromkeys(complete))


def two_way(road: Road) -> bool:
    """Do cars come the other way in some lane? Then no car but the ego is expected to change lane."""
    ends = {(lane.id[1], lane.id[0]) for lane in road.lanes}
    return any(_opposed(road, lane) for lane in road.lanes if lane.id[:2] in ends)


def _opposed(road: Road, lane: Lane) -> bool:
    x, y = lane.point(lane.length / 2)
    back = road.sections[lane.id[1], lane.id[0]]
    return any(abs(other.frenet(x, y)[1]) < lane.width / 2 for other in back)


def nearby(scene: Scene, settings: Settings = Settings()) -> Scene:
    """The scene without the cars that are too far away to matter within the horizon."""
    ego, choices = scene.ego, settings.imagining
    behind = choices.behind_crossing if junctions(scene.road) else choices.behind
    cos, sin = math.cos(ego.heading), math.sin(ego.heading)

    def near(car: Car) -> bool:
        along = (car.x - ego.x) * cos + (car.y - ego.y) * sin
        return -behind <= along <= choices.ahead

    def distance(car: Car) -> float:
        return math.hypot(car.x - ego.x, car.y - ego.y)

    nearest = sorted(filter(near, (*scene.cars, *scene.ghosts)), key=distance)
    kept = {car.id for car in nearest[: choices.most_cars]}
    cars, ghosts = (tuple(car for car in of if car.id in kept) for of in (scene.cars, scene.ghosts))
    return replace(scene, cars=cars, ghosts=ghosts)


def draws(scene: Scene, ids: np.ndarray, count: int, stream: int = 0) -> np.ndarray:
    """A number in [0, 1) for each world and id [count, N], from ids [1, N]: (seed, step, stream, id, world) decide it.

    splitmix64 (Steele, Lea, Flood 2014); editing one car changes no draw of another.
    """
    world = np.arange(count, dtype=np.uint64)[:, None]
    key = np.uint64(((scene.seed * 1_000_003 + scene.step) & 0xFFFFFFFF) + (stream << 32))
    with np.errstate(over="ignore"):
        mixed = key * np.uint64(0x9E3779B97F4A7C15) + ids.astype(np.uint64) * np.uint64(
            0xBF58476D1CE4E5B9
        )
        mixed = mixed + (world + np.uint64(1)) * np.uint64(0x94D049BB133111EB)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(float) / 2.0**53
