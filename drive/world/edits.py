"""Interventions on a world: remove a car, move it, change its speed or size; change the grip."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from highway_env.vehicle.controller import ControlledVehicle, MDPVehicle
from highway_env.vehicle.kinematics import Vehicle

from drive.types import EGO
from drive.world.drivers import slippery


@dataclass(frozen=True)
class Remove:
    """Take a car out of the world, for everyone."""

    car: int


@dataclass(frozen=True)
class Move:
    """Put a car somewhere else; its lane follows from the place."""

    car: int
    x: float  # [m]
    y: float  # [m]
    heading: float | None = None  # [rad]; None keeps it


@dataclass(frozen=True)
class Accelerate:
    """Give a car another speed."""

    car: int
    speed: float  # [m/s]


@dataclass(frozen=True)
class Resize:
    """Give a car another size, as a truck has; its collision circle follows."""

    car: int
    length: float  # [m]
    width: float  # [m]


@dataclass(frozen=True)
class Grip:
    """Limit every car's acceleration and braking to grip x 9.81 m/s2."""

    factor: float  # > 0


Edit = Remove | Move | Accelerate | Resize | Grip


def apply(change: Edit, road) -> None:
    """Make one change on a highway-env road. ValueError for an unknown car or an impossible value."""
    if isinstance(change, Grip):
        if not (math.isfinite(change.factor) and change.factor > 0):
            raise ValueError(f"grip is a factor above 0, not {change.factor}")
        for vehicle in road.vehicles:
            limit_grip(vehicle, change.factor)
        return
    vehicle = next((v for v in road.vehicles if v.whydrive_id == change.car), None)
    if vehicle is None:
        raise ValueError(f"no car {change.car} in this world")
    EDITS[type(change)](change, vehicle)


def limit_grip(vehicle: Vehicle, grip: float) -> None:
    """Hold a car's acceleration and braking within grip x g from now on."""
    if not hasattr(vehicle, "grip"):
        vehicle.__class__ = slippery(type(vehicle))
    vehicle.grip = grip


def _remove(change: Remove, vehicle: Vehicle) -> None:
    if change.car == EGO:
        raise ValueError("the ego cannot be removed")
    vehicle.road.vehicles.remove(vehicle)


def _move(change: Move, vehicle: Vehicle) -> None:
    if not all(map(math.isfinite, (change.x, change.y, change.heading or 0.0))):
        raise ValueError("a car can only be moved to a finite place")
    vehicle.position = np.array([change.x, -change.y])
    if change.heading is not None:
        vehicle.heading = -change.heading
    vehicle.on_state_update()
    if isinstance(vehicle, ControlledVehicle):
        vehicle.target_lane_index = vehicle.lane_index


def _accelerate(change: Accelerate, vehicle: Vehicle) -> None:
    if not vehicle.MIN_SPEED <= change.speed <= vehicle.MAX_SPEED:
        raise ValueError(f"a speed lies within {vehicle.MIN_SPEED} and {vehicle.MAX_SPEED} m/s")
    vehicle.speed = change.speed
    if isinstance(vehicle, MDPVehicle):
        vehicle.speed_index = vehicle.speed_to_index(vehicle.speed)
        vehicle.target_speed = vehicle.index_to_speed(vehicle.speed_index)


def _resize(change: Resize, vehicle: Vehicle) -> None:
    if not (0 < change.length < 50 and 0 < change.width < 10):
        raise ValueError(f"a car of {change.length} x {change.width} m is impossible")
    vehicle.LENGTH, vehicle.WIDTH = change.length, change.width
    vehicle.diagonal = math.hypot(change.length, change.width)


EDITS = {Remove: _remove, Move: _move, Accelerate: _accelerate, Resize: _resize}
