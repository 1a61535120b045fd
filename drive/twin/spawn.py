"""How highway-env fills a straight road with traffic, draw by draw: same generator, same traffic.

`HighwayEnv._create_road`, `HighwayEnv._create_vehicles`, `Vehicle.create_random`, `IDMVehicle.randomize_behavior`.
Knows the straight road only; other roads enter by `from_truth`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drive.roads import Lane, Road, Straight
from drive.twin import kernel as k
from drive.twin.network import network
from drive.twin.worlds import NOMINAL, Worlds, driver_row

SPEED_LIMIT = 30.0  # [m/s]
EGO_SPEED = 25.0  # [m/s]


@dataclass(frozen=True)
class Traffic:
    """The settings of HighwayEnv that decide its traffic."""

    lanes: int = 4
    cars: int = 50
    density: float = 1.0
    ego_spacing: float = 2.0
    ego_lane: int | None = None  # None: drawn
    target_speeds: tuple[float, ...] = (20.0, 25.0, 30.0)  # [m/s]
    only_ego_checks_collisions: bool = False  # HighwayEnvFast


def empty_worlds(traffic: Traffic, count: int) -> Worlds:
    """A batch of that size, to be filled by `fill`."""
    lanes = (
        Lane(("0", "1", i), Straight((0.0, -4.0 * i), (10000.0, -4.0 * i)), 4.0, SPEED_LIMIT)
        for i in range(traffic.lanes)
    )
    road = Road(tuple(lanes))
    slots = traffic.cars + 1
    return Worlds(
        road=road,
        net=network(road, False, False),
        drivers=np.array([driver_row(NOMINAL["IDMVehicle"])]),
        routes=np.full((1, 1, 2), -1, np.int32),
        speeds=np.array(traffic.target_speeds, float),
        f=np.zeros((count, k.FLOAT_ROWS, slots)),
        g=np.zeros((count, k.INT_ROWS, slots), np.int32),
        head=np.tile(np.array([slots, slots, 0, 0, -1, 0], np.int32), (count, 1)),
    )


def fill(worlds: Worlds, world: int, traffic: Traffic, rng: np.random.Generator) -> None:
    """Start a world anew with the traffic that highway-env would draw from this generator."""
    slots = traffic.cars + 1
    lane = np.zeros(slots, np.int32)
    x, speed, delta = np.zeros(slots), np.full(slots, EGO_SPEED), np.full(slots, 4.0)
    crowding = np.exp(-5 / 40 * traffic.lanes)
    low, high = 0.7 * SPEED_LIMIT, 0.8 * SPEED_LIMIT
    draw = rng.random
    lane[0] = rng.integers(traffic.lanes) if traffic.ego_lane is None else traffic.ego_lane
    offset = traffic.ego_spacing * (12 + 1.0 * EGO_SPEED) * crowding
    last = x[0] = 3 * offset + offset * (0.9 + (1.1 - 0.9) * draw())
    spacing = 1 / traffic.density
    for i in range(1, slots):
        lane[i] = rng.integers(traffic.lanes)
        v = speed[i] = low + (high - low) * draw()
        offset = spacing * (12 + 1.0 * v) * crowding
        last = x[i] = last + offset * (0.9 + (1.1 - 0.9) * draw())
        delta[i] = 3.5 + (4.5 - 3.5) * draw()
    f, g = worlds.f[world], worlds.g[world]
    f[:] = 0.0
    g[:] = 0
    f[k.X], f[k.Y], f[k.SPEED], f[k.TARGET_SPEED] = x, 4.0 * lane, speed, speed
    f[k.TIMER] = (x + 4.0 * lane) * np.pi % 1.0
    f[k.DELTA] = delta
    f[k.LENGTH], f[k.WIDTH], f[k.DIAGONAL] = 5.0, 2.0, math.sqrt(29.0)
    f[k.FORCED], f[k.GRIP] = np.nan, np.inf
    g[k.KIND] = k.IDM
    g[k.LANE] = g[k.TARGET_LANE] = lane
    g[k.ROUTE] = -1
    g[k.CHECKS] = not traffic.only_ego_checks_collisions
    g[k.CHANGES] = 1
    g[k.CAR] = np.arange(slots)
    speeds = worlds.speeds
    share = (EGO_SPEED - speeds[0]) / (speeds[-1] - speeds[0])  # MDPVehicle.speed_to_index
    index = int(np.clip(np.round(share * (speeds.size - 1)), 0, speeds.size - 1))
    g[k.KIND, 0], g[k.CHECKS, 0], g[k.CHANGES, 0], g[k.SPEED_INDEX, 0] = k.META, 1, 0, index
    f[k.TARGET_SPEED, 0] = worlds.speeds[index]
    worlds.head[world] = slots, slots, 0, 0, -1, 0
