"""Cars that leave an intersection and cars that arrive there, between decisions: `IntersectionEnv._clear_vehicles` and
`._spawn_vehicle`, draw by draw from the same generator. Frame: highway-env's, y down.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from drive.roads import Road, shortest
from drive.twin import kernel as k
from drive.twin.entry import CROSSING
from drive.twin.rules import leaves_crossing
from drive.twin.worlds import NOMINAL, driver_row

GONE = 4 * 5.0  # [m] before an arm's end
APART = 15.0  # [m] between a car that arrives and any other
DRIVER = driver_row(NOMINAL["IDMVehicle"] | CROSSING)


def leaving(road: Road, f: np.ndarray, g: np.ndarray, cars: int, ego: int) -> np.ndarray:
    """Which of a world's cars leave it now, bool [cars]; f, g: its rows."""
    gone = np.zeros(cars, bool)
    for slot in range(cars):
        lane = road.lanes[g[k.LANE, slot]]
        if slot != ego and leaves_crossing(lane.id):
            s, _ = lane.frenet(float(f[k.X, slot]), -float(f[k.Y, slot]))
            gone[slot] = s >= lane.length - GONE
    return gone


def arriving(
    road: Road, f: np.ndarray, cars: int, config: Mapping, rng: np.random.Generator
) -> tuple[np.ndarray, tuple] | None:
    """The car that arrives now, if one does: its rows of f and the sections of its way; f: the world's rows."""
    if rng.uniform() > config["spawn_probability"]:
        return None
    begin, end = rng.choice(range(4), size=2, replace=False)
    lane = road.lane((f"o{begin}", f"ir{begin}", 0))
    s = 0 + 5.0 + rng.normal() * 1.0
    speed = 8.0 + rng.normal() * 1.0
    x, y = lane.point(float(s), 0.0)
    y = -y
    if (np.hypot(f[k.X, :cars] - x, f[k.Y, :cars] - y) < APART).any():
        return None
    way = shortest(road, lane.id, f"o{end}")
    car = np.zeros(k.FLOAT_ROWS)
    car[k.X], car[k.Y], car[k.HEADING], car[k.SPEED] = x, y, -float(lane.heading(float(s))), speed
    car[k.TARGET_SPEED], car[k.TIMER] = speed, (x + y) * np.pi % 1.0
    car[k.DELTA] = rng.uniform(low=3.5, high=4.5)
    car[k.LENGTH], car[k.WIDTH], car[k.DIAGONAL] = 5.0, 2.0, math.sqrt(29.0)
    car[k.FORCED], car[k.GRIP] = np.nan, np.inf
    return car, way
