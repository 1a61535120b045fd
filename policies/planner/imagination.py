"""What a scene does not show of the other drivers, and what is assumed instead.

Inferred from what was seen: the lane that a car is steered to (highway-env's steering law, solved for the heading
that it asks for), and the speed a car wishes to drive (IDM inverted for the acceleration
it had over the last 0.1 s). Drawn, one draw per car, scene and hypothesis: when it last thought about a lane
change, and IDM's exponent. Nothing else is known: parameters are nominal, routes the straightest.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from drive.geometry import wrap
from drive.roads import Lane, LaneId, Road, turns_back
from drive.twin import Hypothesis, Worlds, from_scene, on_the_road
from drive.twin import kernel as k
from drive.types import Car, Scene

AHEAD, BEHIND = 200.0, 50.0  # [m] along the ego's heading, beyond which cars are left out
MOST_CARS = 60  # the nearest; the rest could not be reached anyway
AHEAD_TIME = 5.0  # [s] of driving, within which the ways open to a car are told apart
MOST_WAYS = 6
FIXED = 2  # hypotheses: nobody changes lane; whoever has reason to does so now
MANY = 2  # cars seen to pass up a lane change, from which on nobody here is expected to make one
INTERVAL = 0.1  # [s] between two states of the history
TAU_LATERAL = 0.6  # [s], the law by which drivers return to a lane's centre
TURNED = 0.15  # of the way from the heading that keeps the lane to the one that changes it; seen late, it is less
HEADING_GAIN = 5.0  # [1/s], the law by which drivers turn to the heading that this asks for
BEND_DRIFT = 1.0  # [m/s] across the lane, in bends and where lanes join, from which a car may be changing it
NEAR_JOINT = 10.0  # [m]
FORK = 5.0  # [m] past a fork, within which a car may as well have taken the other way
ON_BOTH = 3.5  # [m] at most from the middle of the lane there
DRIFT = 0.15  # [m/s] the same elsewhere
WISH = 0.8  # of the speed limit, the most that traffic is expected to wish for unless seen faster
NO_LIMIT = 30.0  # [m/s] taken for the limit where none stands
LAST, PERIOD = 1.06, 1.07  # [s] since the last thought
FASTER_THAN_SEEN = 1.1
WAYS = 1  # a draw about the ways that cars take, apart from the one about IDM's exponents (0)
WISHES = 0, 0, 0, 1, 2, 0, 2  # by hypothesis: 0 the likely wish, 1 the least, 2 the most
EXPONENTS = 3.5, 4.5  # highway-env draws IDM's DELTA between them


def imagine(scene: Scene, count: int) -> Worlds:
    """The scene as `count` worlds: the first nominal, the others with timers and exponents drawn."""
    scene = nearby(scene)
    connected = len(scene.road.sections) > 1 and not two_way(scene.road)
    nominal = from_scene(scene, Hypothesis(timer=0.5, connected_lanes=connected))
    lanes = {lane.id: number for number, lane in enumerate(scene.road.lanes)}
    for slot, (car, _) in enumerate(on_the_road(scene), 1):
        nominal.g[0, k.TARGET_LANE, slot] = lanes[target_lane(scene, car)]
    wishes = wish(scene, nominal)
    worlds = nominal.tile(count)
    others = np.isin(worlds.g[:, k.KIND], (k.IDM, k.LINEAR))
    drawn = draws(scene, worlds.g[:, k.CAR])
    turns = max(count - FIXED, 1)
    phase = LAST - PERIOD * ((np.arange(count)[:, None] - FIXED) % turns) / turns  # everybody, one phase after another
    worlds.f[:, k.TIMER] = np.where(others, phase, worlds.f[:, k.TIMER])
    low, high = EXPONENTS
    worlds.f[:, k.DELTA] = np.where(others, low + (high - low) * drawn, worlds.f[:, k.DELTA])
    worlds.f[:, k.TARGET_SPEED] = np.where(others, wishes[np.array(WISHES)[np.arange(count) % len(WISHES)]], worlds.f[:, k.TARGET_SPEED])
    nobody = two_way(scene.road)
    if connected:
        staying = stayed(scene, nominal)
        nobody = nobody or len(staying) >= MANY
        worlds.g[:, k.CHANGES, staying] = 0
    worlds.g[: count if nobody else 1, k.CHANGES] = 0  # in the first hypothesis nobody changes lane
    if count > 1:
        commit(worlds, nominal)
    return with_routes(scene, worlds) if connected else worlds


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
        begun = _turn_about([[(lane, way) for way in branches(scene.road, lane, reach)] for lane in forked(scene.road, car)])
        if len(begun) < 2:
            continue
        shuffled = np.argsort(draws(scene, np.full((len(worlds), 1), car.id), WAYS)[:, 0])
        first, choice = len(rows), shuffled % len(begun)
        rows += [tuple(sections[section] for section in way) for _, way in begun]
        worlds.g[:, k.ROUTE, slot], worlds.g[:, k.ROUTE_AT, slot] = first + choice, 0
        elsewhere = np.array([-1 if lane == car.lane else numbers[lane] for lane, _ in begun])[choice]
        worlds.g[:, k.TARGET_LANE, slot] = np.where(elsewhere >= 0, elsewhere, worlds.g[:, k.TARGET_LANE, slot])
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


def ways_open(road: Road) -> bool:
    """Are there places at which others may take one way or another?"""
    return any(len(onward) > 1 for onward in road.exits.values())


def forked(road: Road, car: Car) -> list[LaneId]:
    """The car's lane, and just behind a fork the lanes of the other ways that it may have taken as well."""
    here = road.lane(car.lane)
    if here.frenet(car.x, car.y)[0] > FORK:
        return [here.id]
    lanes = [lane for section, lanes in road.sections.items() if section[0] == here.id[0] for lane in lanes]
    off = {lane.id: abs(lane.frenet(car.x, car.y)[1]) for lane in lanes if lane.id[:2] != here.id[:2]}
    return [here.id, *(lane for lane, d in off.items() if d < ON_BOTH)]


def branches(road: Road, lane: LaneId, reach: float) -> list[tuple[tuple[str, str], ...]]:
    """Every way, as sections, that leads on from a lane within so many metres; turning round left out."""
    found, growing = [], [((lane,), -road.lane(lane).length)]
    while growing and len(found) < MOST_WAYS:
        way, driven = growing.pop(0)
        driven += road.lane(way[-1]).length
        here = road.lane(way[-1])
        onward = [
            other.id for other in (road.continuations(here.id) if driven < reach else ())
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
    ego = scene.ego
    cos, sin = math.cos(ego.heading), math.sin(ego.heading)

    def near(car: Car) -> bool:
        along = (car.x - ego.x) * cos + (car.y - ego.y) * sin
        return -BEHIND <= along <= AHEAD

    def distance(car: Car) -> float:
        return math.hypot(car.x - ego.x, car.y - ego.y)

    kept = {car.id for car in sorted(filter(near, (*scene.cars, *scene.ghosts)), key=distance)[:MOST_CARS]}
    cars, ghosts = (tuple(car for car in of if car.id in kept) for of in (scene.cars, scene.ghosts))
    return replace(scene, cars=cars, ghosts=ghosts)


def target_lane(scene: Scene, car: Car) -> LaneId:
    """The lane a car drives to: where it is steered to, or as its drift tells; its own where neither tells."""
    lane = scene.road.lane(car.lane)
    s, d = lane.frenet(car.x, car.y)
    if not _bends(scene.road, lane, s):
        return _steered_to(scene, car, lane)
    drift = _drift(scene, car, s, d)
    left = drift > 0
    to_centre = max(-d if left else d, 0.0)
    if abs(drift) < max(BEND_DRIFT, 2.0 * to_centre / TAU_LATERAL + DRIFT):
        return car.lane
    return _beside(scene, car, left) or car.lane


def _steered_to(scene: Scene, car: Car, lane: Lane) -> LaneId:
    """The lane whose centre explains the heading that the car turns to: its own, or the one beside.

    A car that gave up a change of lane still drifts the old way, but turns to the new one already.
    """
    x, y, asked, speed = _asked_heading(scene, car)
    asked = wrap(asked - float(lane.heading(lane.frenet(x, y)[0])))
    aim = _beside(scene, car, asked > 0)
    if abs(asked * car.speed) < DRIFT or aim is None:
        return car.lane
    own, other = (_heading_to(scene.road.lane(each).frenet(x, y)[1], speed) for each in (car.lane, aim))
    changing = (asked - own) * (other - own) > TURNED * (other - own) ** 2
    return aim if changing else car.lane


def _asked_heading(scene: Scene, car: Car) -> tuple[float, float, float, float]:
    """Where the car just was, x, y [m], the heading [rad] that was asked of it there, and its speed [m/s].

    ControlledVehicle.steering_control: each sub-step makes up the same share of what is missing to the asked heading.
    """
    past = scene.history.imaginable(car.id)
    if past is None or not len(past):
        return car.x, car.y, car.heading, car.speed
    since, x, y, heading, speed = past[np.argmin(np.abs(past[:, 0] + max(scene.sub_step, INTERVAL)))]
    missing = max(0.0, 1.0 - HEADING_GAIN * scene.sub_step) ** (-since / scene.sub_step)
    return x, y, heading + wrap(car.heading - heading) / (1.0 - missing), speed


def _heading_to(offset: float, speed: float) -> float:
    """The heading [rad] that ControlledVehicle asks for at an offset [m] left of a lane's centre."""
    across = min(max(-offset / TAU_LATERAL / max(abs(speed), 0.1), -1.0), 1.0)
    return min(max(math.asin(across), -math.pi / 4), math.pi / 4)


def _beside(scene: Scene, car: Car, left: bool) -> LaneId | None:
    aim = scene.road.side(car.lane, "left" if left else "right")
    return aim.id if aim is not None and aim.reachable_from(car.x, car.y) else None


def _bends(road: Road, lane: Lane, s: float) -> bool:
    """Is the lane bent here, or may a bend begin or end within a few metres? Steering then lags, which is no intent."""
    joined = s < NEAR_JOINT or (s > lane.length - NEAR_JOINT and bool(road.continuations(lane.id)))
    return (joined and len(road.sections) > 1) or abs(float(lane.curvature(s))) > 1e-3


def _drift(scene: Scene, car: Car, s: float, d: float) -> float:
    """Speed across its lane [m/s], to the left: from where it just was, else from its heading and slip."""
    lane = scene.road.lane(car.lane)
    past = scene.history.imaginable(car.id)
    if past is not None and len(past):
        before = lane.frenet(float(past[-1, 1]), float(past[-1, 2]))[1]
        return (d - before) / -float(past[-1, 0])
    slip = math.asin(min(max(car.length / 2 * float(lane.curvature(s)), -0.6), 0.6))
    off = wrap(car.heading - float(lane.heading(s)))  # in a bend, a body that follows it points out by its slip
    return car.speed * math.sin(min(off, off + slip, key=abs))


def wish(scene: Scene, worlds: Worlds) -> np.ndarray:
    """What each car may wish to drive [3, N] [m/s]: the most likely (IDM solved for it), the least, the most."""
    wishes = np.tile(worlds.f[0, k.TARGET_SPEED], (3, 1))
    probe = worlds.copy()
    probe.step(None, 1, 1e-3)
    for slot, (car, _) in enumerate(on_the_road(scene), 1):
        past = scene.history.imaginable(car.id)
        lane = scene.road.lane(car.lane)
        seen = max(car.speed, float(past[:, 4].max()) if past is not None and len(past) else 0.0)
        most = max(seen * FASTER_THAN_SEEN, WISH * (lane.speed_limit or NO_LIMIT))
        wanted = seen
        if past is not None and len(past) and not car.crashed:
            gained = (car.speed - float(past[-1, 4])) / -float(past[-1, 0])
            reference = worlds.f[0, k.TARGET_SPEED, slot]
            wanted = _solved(car.speed, gained, reference, float(probe.f[0, k.ACCELERATION, slot]))
        wishes[:, slot] = min(max(wanted, seen), most), seen, most
    return wishes


def _solved(speed: float, gained: float, reference: float, expected: float) -> float:
    """The wish [m/s] with which IDM gives `gained` [m/s2], where `reference` gives `expected`; inf: any."""
    comfort, delta = 3.0, 4.0
    if speed < 1.0 or abs(expected) > 5.9 or gained < -5.9:
        return 0.0
    share = (speed / reference) ** delta - (gained - expected) / comfort
    return speed / share ** (1 / delta) if share > 1e-3 else math.inf


def draws(scene: Scene, ids: np.ndarray, about: int = 0) -> np.ndarray:
    """A number in [0, 1) for each world and car [W, N], from (seed, step, about, car, world) alone; splitmix64."""
    world = np.arange(ids.shape[0], dtype=np.uint64)[:, None]
    key = np.uint64(((scene.seed * 1_000_003 + scene.step) & 0xFFFFFFFF) + (about << 32))
    with np.errstate(over="ignore"):
        mixed = key * np.uint64(0x9E3779B97F4A7C15) + ids.astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = mixed + (world + np.uint64(1)) * np.uint64(0x94D049BB133111EB)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(float) / 2.0**53
