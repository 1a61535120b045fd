"""The two ways into the twin: from the truth (everything known) and from a scene (what a policy may imagine).

Knows nothing of where either came from.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drive.roads import Lane, LaneId, Road, Straight, straightest
from drive.roads.geometry import GRAVITY
from drive.twin import kernel as k
from drive.twin.network import network
from drive.twin.suppositions import Suppositions, supposed
from drive.twin.worlds import KINDS, NOMINAL, Worlds, driver_row
from drive.types import EGO, Car, Driver, Ego, Scene, StaticObject, Truth

CROSSING = {
    "DISTANCE_WANTED": 7.0,
    "COMFORT_ACC_MAX": 6.0,
    "COMFORT_ACC_MIN": -3.0,
}  # IntersectionEnv's traffic


@dataclass(frozen=True)
class Hypothesis:
    """What imagination assumes of the drivers that a scene does not show. The default is nominal IDM."""

    parameters: Mapping[str, float] | None = (
        None  # over NOMINAL["IDMVehicle"]; None: CROSSING where right of way rules
    )
    target_speed: float | None = (
        None  # [m/s]; None: the fastest that the scene or its history showed of the car
    )
    timer: float = 0.0  # [s] since the last lane-change decision of each
    lane_changes: bool = True  # does MOBIL decide for them?
    connected_lanes: bool = True  # do they see cars on the next segment?
    reach: float = math.inf  # [m] cars further from the ego than this are left out


def from_truth(road: Road, truth: Truth) -> Worlds:
    """One world that continues exactly as highway-env would from this truth; the ego is the driver with id 0."""
    return _world(
        road,
        truth.drivers,
        truth.objects,
        truth.connected_lanes,
        truth.regulated,
        truth.regulation_steps,
    )


def from_scene(scene: Scene, hypothesis: Hypothesis = Hypothesis()) -> Worlds:
    """One world as a policy may imagine it: every other driver nominal, on its way along its lane.

    It assumes: parameters, target speed and timer as the hypothesis says; the lane a car is on is the lane it wants; at
    junctions it goes straightest on (`drive.roads.ways` lists the others, the edit `Send` takes one); right of way is next enforced
    half a second from now. Ghosts stay in the world for all others and do not exist for the ego. ValueError where the
    scene holds a number that is not finite.
    """
    regulated = any_priority(scene.road)
    parameters = hypothesis.parameters
    if parameters is None:
        parameters = CROSSING if regulated else {}
    own = _ego_driver(scene.ego, scene.grip)
    near = [
        (car, ghost)
        for car, ghost in on_the_road(scene)
        if math.hypot(car.x - scene.ego.x, car.y - scene.ego.y) <= hypothesis.reach
    ]
    onward = {lane: straightest(scene.road, lane) for lane in {car.lane for car, _ in near}}
    drivers = [own] + [
        _nominal(car, scene, hypothesis, parameters, onward[car.lane]) for car, _ in near
    ]
    worlds = _world(scene.road, drivers, scene.objects, hypothesis.connected_lanes, regulated, 0)
    for slot, (_, ghost) in enumerate(near, 1):
        worlds.g[0, k.GHOST, slot] = ghost
    return worlds


def on_the_road(scene: Scene) -> list[tuple[Car, bool]]:
    """Every car with whether it is a ghost, in the order of their slots: by id, so that ghosting a car moves no other."""
    cars = [*((car, False) for car in scene.cars), *((car, True) for car in scene.ghosts)]
    return sorted(cars, key=lambda each: each[0].id)


def any_priority(road: Road) -> bool:
    """Is there right of way on this road?"""
    return any(lane.priority for lane in road.lanes)


def sampled(worlds: Worlds, times: int, rng: np.random.Generator) -> Worlds:
    """Each world `times` times, with the other drivers' lane-change timers [0, 1) s and DELTA [3.5, 4.5) drawn anew."""
    tiled = worlds.tile(times)
    others = tiled.traffic
    timer = np.where(others, rng.random(others.shape), np.nan)
    exponent = np.where(others, 3.5 + rng.random(others.shape), np.nan)
    return supposed(tiled, Suppositions(timer=timer, exponent=exponent))


def _nominal(
    car: Car,
    scene: Scene,
    hypothesis: Hypothesis,
    parameters: Mapping[str, float],
    way: tuple[tuple[str, str], ...],
) -> Driver:
    target_speed = hypothesis.target_speed
    if target_speed is None:
        past = scene.history.imaginable(car.id)
        seen = float(past[:, 4].max()) if past is not None and len(past) else car.speed
        released = scene.road.lane(car.lane).speed_limit if any_priority(scene.road) else None
        target_speed = max(car.speed, seen) if released is None else released
    return Driver(
        id=car.id,
        model="IDMVehicle",
        x=car.x,
        y=car.y,
        heading=car.heading,
        speed=car.speed,
        length=car.length,
        width=car.width,
        lane=car.lane,
        crashed=car.crashed,
        steering=0.0,
        acceleration=0.0,
        target_lane=car.lane,
        target_speed=target_speed,
        route=tuple((start, end, None) for start, end in way),
        timer=hypothesis.timer,
        lane_changes=hypothesis.lane_changes,
        parameters=tuple(parameters.items()),
        kind=car.kind,
        grip=scene.grip,
    )


def _ego_driver(ego: Ego, grip: float | None) -> Driver:
    meta = bool(ego.target_speeds)
    slips = ego.dynamical or bool(ego.lateral_speed or ego.yaw_rate)
    return Driver(
        id=EGO,
        model="MDPVehicle" if meta else "BicycleVehicle" if slips else "Vehicle",
        x=ego.x,
        y=ego.y,
        heading=ego.heading,
        speed=ego.speed,
        length=ego.length,
        width=ego.width,
        lane=ego.lane,
        crashed=ego.crashed,
        steering=0.0,
        acceleration=0.0,
        target_lane=ego.target_lane if meta else None,
        target_speed=ego.target_speed if meta else None,
        target_speeds=ego.target_speeds,
        route=tuple((start, end, None) for start, end in ego.route),
        lateral_speed=ego.lateral_speed,
        yaw_rate=ego.yaw_rate,
        kind=ego.kind,
        grip=grip,
    )


def _world(
    road: Road,
    drivers: Sequence[Driver],
    objects: Sequence[StaticObject],
    connected: bool,
    regulated: bool,
    regulation_steps: int,
) -> Worlds:
    net = network(road, connected, regulated)
    numbers = {lane.id: number for number, lane in enumerate(road.lanes)}
    sections = {section: number for number, section in enumerate(road.sections)}
    slots = len(drivers) + len(objects)
    f = np.zeros((1, k.FLOAT_ROWS, slots))
    g = np.zeros((1, k.INT_ROWS, slots), np.int32)
    rows: dict[tuple, int] = {}
    routes: dict[tuple, int] = {}
    speeds = np.zeros(0)
    ego = -1
    for slot, driver in enumerate(drivers):
        if driver.model not in KINDS:
            raise ValueError(f"the twin knows no {driver.model!r}; it knows {', '.join(KINDS)}")
        if driver.id == EGO:
            ego = slot
        kind = KINDS[driver.model]
        parameters = NOMINAL[driver.model] | dict(driver.parameters)
        row = rows.setdefault(driver_row(parameters), len(rows))
        route = -1
        if driver.route:
            steps = tuple(
                (sections[(a, b)], -1 if rank is None else rank) for a, b, rank in driver.route
            )
            route = routes.setdefault(steps, len(routes))
        index = 0
        if kind == k.META and driver.target_speeds:
            speeds = np.array(driver.target_speeds, float)
            index = int(np.argmin(np.abs(speeds - driver.target_speed)))
        v, w = f[0, :, slot], g[0, :, slot]
        _pose(v, driver, driver.speed)
        v[k.STEERING] = -driver.steering
        v[k.SLIP] = math.sin(math.atan(0.5 * math.tan(-driver.steering)))
        v[k.ACCELERATION] = driver.acceleration
        v[k.TARGET_SPEED] = driver.speed if driver.target_speed is None else driver.target_speed
        v[k.TIMER] = driver.timer or 0.0
        v[k.DELTA] = parameters["DELTA"]
        v[k.GRIP] = math.inf if driver.grip is None else driver.grip * GRAVITY
        v[k.FORCED] = math.nan if driver.forced is None else driver.forced
        v[k.LATERAL_SPEED], v[k.YAW_RATE] = -driver.lateral_speed, -driver.yaw_rate
        if driver.impact is not None:
            v[k.IMPACT_X], v[k.IMPACT_Y] = driver.impact[0], -driver.impact[1]
        w[k.KIND] = kind
        w[k.LANE] = _number(numbers, driver.lane)
        w[k.TARGET_LANE] = _number(numbers, driver.target_lane or driver.lane)
        w[k.SPEED_INDEX] = index
        w[k.ROUTE] = route
        w[k.DRIVER] = row
        w[k.CRASHED] = driver.crashed
        w[k.STRUCK] = driver.impact is not None
        w[k.CHECKS] = driver.checks_collisions
        w[k.CHANGES] = driver.lane_changes
        w[k.YIELDING], w[k.YIELD_TIMER] = driver.yielding, driver.yield_timer
        w[k.GHOST] = driver.ghost
        w[k.CAR] = driver.id
    for slot, thing in enumerate(objects, len(drivers)):
        v, w = f[0, :, slot], g[0, :, slot]
        _pose(v, thing, 0.0)
        w[k.KIND] = k.OBSTACLE
        w[k.LANE] = w[k.TARGET_LANE] = _number(numbers, thing.lane)
        w[k.ROUTE] = -1
        w[k.CHECKS] = 1
        w[k.CAR] = thing.id
        v[k.FORCED] = np.nan
    finite = np.isfinite(np.delete(f[0], (k.FORCED, k.GRIP), 0))
    if not finite.all():
        slot = int(np.flatnonzero(~finite.all(0))[0])
        raise ValueError(f"car {int(g[0, k.CAR, slot])} holds a number that is not finite")
    return Worlds(
        road=road,
        net=net,
        drivers=np.array(list(rows) or [driver_row(NOMINAL["IDMVehicle"])]),
        routes=_table(list(routes)),
        speeds=speeds if speeds.size else np.linspace(20.0, 30.0, 3),
        f=f,
        g=g,
        head=np.array([[len(drivers), slots, ego, regulation_steps, -1, 0]], np.int32),
    )


def _pose(row: np.ndarray, thing, speed: float) -> None:
    row[k.X], row[k.Y], row[k.HEADING], row[k.SPEED] = thing.x, -thing.y, -thing.heading, speed
    row[k.LENGTH], row[k.WIDTH] = thing.length, thing.width
    row[k.DIAGONAL] = math.sqrt(thing.length**2 + thing.width**2)


def _number(numbers: dict[LaneId, int], lane: LaneId) -> int:
    if lane not in numbers:
        raise ValueError(f"no lane {lane!r} on this road")
    return numbers[lane]


def _table(routes: list[tuple]) -> np.ndarray:
    steps = max((len(route) for route in routes), default=1)
    table = np.full((max(1, len(routes)), steps, 2), -1, np.int32)
    for row, route in enumerate(routes):
        table[row, : len(route)] = route
    return table


def one_car_world() -> Worlds:
    """An ego alone on a straight lane: the smallest world there is."""
    road = Road((Lane(("0", "1", 0), Straight((0.0, 0.0), (1000.0, 0.0)), 4.0, 30.0),))
    ego = Ego(0.0, 0.0, 0.0, 25.0, 5.0, 2.0, ("0", "1", 0), ("0", "1", 0), 25.0, (20.0, 25.0, 30.0))
    return _world(road, [_ego_driver(ego, None)], (), False, False, 0)


def warm(progress: Callable[[str], None] = print) -> float:
    """Compile the kernel, or load it from the cache; reports how far it is while it compiles. Returns the seconds it took."""
    begin = time.perf_counter()
    with k.reported(progress):
        worlds = one_car_world()
        worlds.legal()
        worlds.step([k.IDLE])
    return time.perf_counter() - begin
