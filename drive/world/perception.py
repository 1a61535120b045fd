"""From truth to scene: what the ego perceives, by range, line of sight and noise."""

from __future__ import annotations

import math

import numpy as np

from drive import roads
from drive.kinematics.history import history, noise
from drive.roads import geometry
from drive.types import EGO, Car, Driver, Ego, Legal, Perception, Scene, Task, Truth
from drive.world.values import exact


def perceive(
    truth: Truth,
    road: roads.Road,
    name: str,
    task: Task,
    perception: Perception,
    legal: Legal,
    seed: int,
    period: float,
    sub_step: float,
) -> Scene:
    """What the ego sees of the truth of scenario `name`.

    The history is left empty.
    """
    ego = next(driver for driver in truth.drivers if driver.id == EGO)
    others = sorted((d for d in truth.drivers if d.id != EGO), key=lambda driver: driver.id)
    visible = _visible(ego, others, perception)
    return Scene(
        scenario=name,
        seed=seed,
        step=truth.step,
        time=round(truth.time, 6),
        period=period,
        sub_step=sub_step,
        ego=_ego(ego),
        cars=tuple(_car(d, perception, seed, truth.step) for d in visible if not d.ghost),
        objects=truth.objects,
        task=task,
        perception=perception,
        legal=legal,
        road=road,
        history=history((), ()),
        ghosts=tuple(_car(d, perception, seed, truth.step) for d in visible if d.ghost),
        grip=truth.grip,
    )


def _visible(ego: Driver, others: list[Driver], perception: Perception) -> list[Driver]:
    near = [d for d in others if math.hypot(d.x - ego.x, d.y - ego.y) <= perception.range]
    if not perception.occlusion:
        return near
    shapes = {d.id: geometry.corners(d.x, d.y, d.heading, d.length, d.width) for d in near}
    solid = {d.id: shapes[d.id] for d in near if not d.ghost}  # the ego sees through a ghost
    return [d for d in near if not _hidden(ego, d, shapes[d.id], solid)]


def _hidden(ego: Driver, car: Driver, shape: np.ndarray, solid: dict[int, np.ndarray]) -> bool:
    """Is every corner, and the centre, of a car behind some other car, seen from the ego's centre?"""
    points = np.vstack([shape, [[car.x, car.y]]])
    blocked = np.zeros(len(points), bool)
    for other, blocking in solid.items():
        if other != car.id:
            blocked |= geometry.segment_crosses(np.array([ego.x, ego.y]), points, blocking)
    return bool(blocked.all())


def _car(driver: Driver, perception: Perception, seed: int, step: int) -> Car:
    _, dx, dy, _, dv = noise(perception, seed, step, driver.id)
    return Car(
        id=driver.id,
        x=exact(driver.x + dx),
        y=exact(driver.y + dy),
        heading=exact(driver.heading),
        speed=exact(driver.speed + dv),
        length=exact(driver.length),
        width=exact(driver.width),
        lane=driver.lane,
        crashed=driver.crashed,
        kind=driver.kind,
    )


def _ego(driver: Driver) -> Ego:
    return Ego(
        x=exact(driver.x),
        y=exact(driver.y),
        heading=exact(driver.heading),
        speed=exact(driver.speed),
        length=exact(driver.length),
        width=exact(driver.width),
        lane=driver.lane,
        target_lane=driver.target_lane or driver.lane,
        target_speed=exact(driver.speed if driver.target_speed is None else driver.target_speed),
        target_speeds=tuple(map(exact, driver.target_speeds)),
        route=tuple((start, end) for start, end, _ in driver.route),
        lateral_speed=exact(driver.lateral_speed),
        yaw_rate=exact(driver.yaw_rate),
        dynamical=driver.model == "BicycleVehicle",
        crashed=driver.crashed,
        kind=driver.kind,
    )
