"""Edits of a world: `edited(world, *edits) -> the same world`, changed in place, for everyone in it.

`World.edit(*edits)` is the same and returns the scene. All edits are checked before the first is made, so that a
refused one changes nothing: ValueError, in one sentence. `Hide` makes a ghost: the car drives on for all others,
the scene lists it among `ghosts`, and the ego passes through it. `Without` lifts a condition until the next reset.
Brake, KeepLane, ChangeLane and Send tell highway-env's own traffic drivers what to do; the truth shows it
(`Driver.forced`, `.lane_changes`, `.target_lane`, `.route`), so that the twin continues exactly.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
from highway_env import utils
from highway_env.vehicle.controller import ControlledVehicle, MDPVehicle
from highway_env.vehicle.dynamics import BicycleVehicle
from highway_env.vehicle.kinematics import Vehicle
from highway_env.vehicle.objects import Obstacle

from drive.kinematics.edits import LACKS, conditions_of, route_from
from drive.kinematics.refusals import (
    Body,
    Stage,
    check,
    heading_of,
    lane_after,
    next_object,
    size_after,
)
from drive.roads import straightest
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
    Truth,
    Without,
)
from drive.world.drivers import editable


def edited(world, *edits: Edit):
    """The world, changed in place by these edits, one after the other; what it shows is perceived anew."""
    check(edits, _stage(world), {})
    for edit in edits:
        if isinstance(edit, Without) and edit.condition not in conditions_of(world.scene):
            raise ValueError(LACKS[edit.condition])
    for edit in edits:
        EDITS[type(edit)](world, edit)
    world.look_again(edits)
    return world


def _stage(world) -> Stage:
    truth: Truth = world.truth()
    drivers = {driver.id: driver for driver in truth.drivers}

    def body(car: int) -> Body:
        driver = drivers[car]
        return Body.of(
            driver,
            target_lane=driver.target_lane,
            ghost=driver.ghost,
            drives_itself=driver.timer is not None,
        )

    objects = {thing.id: Body.of(thing) for thing in truth.objects}
    return Stage(world.road, drivers, body, objects, world.last_id + 1)


def _vehicle(world, car: int) -> Vehicle:
    return next(v for v in world.native.road.vehicles if v.whydrive_id == car)


# --------------------------------------------------------------------------------------- each edit


def _hide(world, edit: Hide) -> None:
    editable(_vehicle(world, edit.car)).ghost = True
    editable(_vehicle(world, EGO))


def _remove(world, edit: Remove) -> None:
    road = world.native.road
    if edit.car is None:
        road.objects = [thing for thing in road.objects if thing.whydrive_id != edit.object]
    else:
        road.vehicles.remove(_vehicle(world, edit.car))


def _add(world, edit: Add) -> None:
    env, heading = world.native, heading_of(edit, world.road)
    model = utils.class_from_path(env.config["other_vehicles_type"])
    speed, wish = float(edit.speed), edit.target_speed
    car = model(env.road, [float(edit.x), -float(edit.y)], heading=-heading, speed=speed)
    car.target_speed = speed if wish is None else float(wish)
    _set_size(car, *SIZES[edit.kind])
    car.whydrive_kind = edit.kind
    lane = _lane(car.lane_index)
    way = straightest(world.road, lane) or ((lane[:2],) if _regulated(env.road) else ())
    car.route = _native(way) if way else None
    others = [vehicle for vehicle in env.road.vehicles if vehicle is not env.vehicle]
    car.check_collisions = all(vehicle.check_collisions for vehicle in others)
    env.road.vehicles.append(car)
    world.number_cars()


def _obstruct(world, edit: Obstruct) -> None:
    road, heading = world.native.road, heading_of(edit, world.road)
    debris = Obstacle(road, [float(edit.x), -float(edit.y)], heading=-heading)
    debris.LENGTH, debris.WIDTH = DEBRIS
    debris.whydrive_id = next_object(thing.id for thing in world.truth().objects)
    road.objects.append(debris)


def _move(world, edit: Move) -> None:
    vehicle = _vehicle(world, edit.car)
    vehicle.position = np.array([float(edit.x), -float(edit.y)])
    if edit.heading is not None:
        vehicle.heading = -float(edit.heading)
    vehicle.on_state_update()
    if isinstance(vehicle, ControlledVehicle):
        vehicle.target_lane_index = vehicle.lane_index
        if vehicle.route:
            way = route_from(vehicle.route, _lane(vehicle.lane_index), world.road)
            vehicle.route = _native(way)


def _set_speed(world, edit: SetSpeed) -> None:
    vehicle = _vehicle(world, edit.car)
    vehicle.speed = float(edit.speed)
    if isinstance(vehicle, MDPVehicle):
        vehicle.speed_index = vehicle.speed_to_index(vehicle.speed)
        vehicle.target_speed = vehicle.index_to_speed(vehicle.speed_index)


def _resize(world, edit: Resize) -> None:
    vehicle = _vehicle(world, edit.car)
    _set_size(vehicle, *size_after(edit, vehicle.LENGTH, vehicle.WIDTH))
    if edit.kind is not None:
        vehicle.whydrive_kind = edit.kind


def _set_size(vehicle: Vehicle, length: float, width: float) -> None:
    """Its collision circle and, where its tyres slip, its axles and its inertia follow."""
    vehicle.LENGTH, vehicle.WIDTH = length, width
    vehicle.diagonal = math.sqrt(length**2 + width**2)
    if isinstance(vehicle, BicycleVehicle):
        vehicle.LENGTH_A = vehicle.LENGTH_B = length / 2
        vehicle.INERTIA_Z = vehicle.MASS * (length**2 + width**2) / 12


def _brake(world, edit: Brake) -> None:
    vehicle = editable(_vehicle(world, edit.car))
    vehicle.forced, vehicle.enable_lane_change = -float(edit.deceleration), False


def _keep_lane(world, edit: KeepLane) -> None:
    _vehicle(world, edit.car).enable_lane_change = False


def _change_lane(world, edit: ChangeLane) -> None:
    vehicle = _vehicle(world, edit.car)
    vehicle.target_lane_index = lane_after(edit, world.road, _lane(vehicle.lane_index))
    vehicle.enable_lane_change = False


def _send(world, edit: Send) -> None:
    _vehicle(world, edit.car).route = _native(edit.route)


def _surface(world, edit: Surface) -> None:
    road = world.native.road
    road.whydrive_grip = float(edit.grip)
    for vehicle in road.vehicles:
        limit_grip(vehicle, road.whydrive_grip)


def limit_grip(vehicle: Vehicle, grip: float) -> None:
    """Hold a car's acceleration and braking within grip x g from now on."""
    editable(vehicle).grip = grip


def _without(world, edit: Without) -> None:
    if edit.condition == "speed limit":
        road = world.native.road
        road.network = copy.copy(road.network)  # another network: what was read of it is read anew
        for lane in road.network.lanes_list():
            lane.speed_limit = Vehicle.MAX_SPEED if _regulated(road) else None
    world.lift(edit.condition)


def _regulated(road) -> bool:
    """Does it enforce right of way? Cars then wish for the limit when they drive on, so there has to be one."""
    return hasattr(road, "enforce_road_rules")


EDITS: dict[type, Callable] = {
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


def _native(route) -> list[tuple[str, str, None]]:
    return [(start, end, None) for start, end in route]


def _lane(index) -> tuple[str, str, int]:
    return str(index[0]), str(index[1]), int(index[2])
