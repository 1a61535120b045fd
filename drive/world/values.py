"""From highway-env's objects to values: roads, drivers, static objects. Frames are mirrored here."""

from __future__ import annotations

import numpy as np
from highway_env.road import lane as lanes
from highway_env.vehicle import behavior
from highway_env.vehicle.controller import ControlledVehicle
from highway_env.vehicle.objects import Landmark

from drive import roads
from drive.types import Driver, Legal, StaticObject, Truth

LINES = {
    lanes.LineType.NONE: "none",
    lanes.LineType.STRIPED: "striped",
    lanes.LineType.CONTINUOUS: "continuous",
    lanes.LineType.CONTINUOUS_LINE: "continuous",
}
PARAMETERS = (
    "ACC_MAX", "COMFORT_ACC_MAX", "COMFORT_ACC_MIN", "DISTANCE_WANTED", "TIME_WANTED", "DELTA",
    "POLITENESS", "LANE_CHANGE_MIN_ACC_GAIN", "LANE_CHANGE_MAX_BRAKING_IMPOSED", "LANE_CHANGE_DELAY",
    "ACCELERATION_PARAMETERS", "STEERING_PARAMETERS",
)  # fmt: skip


def read_road(network) -> roads.Road:
    """highway-env's RoadNetwork as a Road, mirrored, lanes in the same order."""
    return roads.Road(tuple(_lane(index, lane) for index, lane in network.lanes_dict().items()))


def _lane(index, lane) -> roads.Lane:
    left, right = lane.line_types
    return roads.Lane(
        id=_lane_id(index),
        curve=CURVES[type(lane)](lane),
        width=float(lane.width),
        speed_limit=None if lane.speed_limit is None else float(lane.speed_limit),
        forbidden=bool(lane.forbidden),
        priority=int(lane.priority),
        left_line=LINES[left],
        right_line=LINES[right],
    )


CURVES = {
    lanes.StraightLane: lambda lane: roads.Straight(_mirrored(lane.start), _mirrored(lane.end)),
    lanes.SineLane: lambda lane: roads.Sine(
        _mirrored(lane.start),
        _mirrored(lane.end),
        -float(lane.amplitude),
        float(lane.pulsation),
        float(lane.phase),
    ),
    lanes.CircularLane: lambda lane: roads.Arc(
        _mirrored(lane.center),
        float(lane.radius),
        -float(lane.start_phase),
        -float(lane.end_phase),
        -int(lane.direction),
    ),
}


def read_truth(road, step: int, time: float) -> Truth:
    """highway-env's Road with all that is on it, as a Truth; time in s."""
    return Truth(
        step=step,
        time=time,
        drivers=tuple(map(driver, road.vehicles)),
        objects=objects(road),
        connected_lanes=bool(road.neighbour_vehicles_connected_lanes),
        regulated=hasattr(road, "enforce_road_rules"),
        regulation_steps=getattr(road, "steps", 0),
        grip=getattr(road, "whydrive_grip", None),
    )


def driver(vehicle) -> Driver:
    x, y = _mirrored(vehicle.position)
    impact = vehicle.impact
    own = isinstance(vehicle, ControlledVehicle)
    traffic = isinstance(vehicle, behavior.IDMVehicle)
    return Driver(
        id=vehicle.whydrive_id,
        model=_model(vehicle),
        x=x,
        y=y,
        heading=-float(vehicle.heading),
        speed=float(vehicle.speed),
        length=float(vehicle.LENGTH),
        width=float(vehicle.WIDTH),
        lane=_lane_id(vehicle.lane_index),
        crashed=bool(vehicle.crashed),
        steering=-float(vehicle.action["steering"]),
        acceleration=float(vehicle.action["acceleration"]),
        target_lane=_lane_id(vehicle.target_lane_index) if own else None,
        target_speed=float(vehicle.target_speed) if own else None,
        target_speeds=tuple(map(float, getattr(vehicle, "target_speeds", ()))),
        route=tuple(_section(step) for step in (getattr(vehicle, "route", None) or ())),
        timer=float(vehicle.timer) if traffic else None,
        lane_changes=bool(traffic and vehicle.enable_lane_change),
        parameters=_parameters(vehicle) if traffic else (),
        checks_collisions=bool(vehicle.check_collisions),
        impact=None if impact is None else _mirrored(impact),
        yielding=bool(getattr(vehicle, "is_yielding", False)),
        yield_timer=int(getattr(vehicle, "yield_timer", 0)),
        lateral_speed=-float(getattr(vehicle, "lateral_speed", 0.0)),
        yaw_rate=-float(getattr(vehicle, "yaw_rate", 0.0)),
        kind=getattr(vehicle, "whydrive_kind", "car"),
        grip=getattr(vehicle, "grip", None),
        forced=getattr(vehicle, "forced", None),
        ghost=getattr(vehicle, "ghost", False),
    )


def _model(vehicle) -> str:
    """The highway-env class that it behaves as, our own subclasses looked through."""
    return next(k.__name__ for k in type(vehicle).__mro__ if k.__module__.startswith("highway_env"))


def _parameters(vehicle) -> tuple:
    return tuple((n, plain(getattr(vehicle, n))) for n in PARAMETERS if hasattr(vehicle, n))


def plain(value):
    if type(value) is float:
        return value
    return float(value) if np.ndim(value) == 0 else tuple(map(float, value))


def objects(road) -> tuple[StaticObject, ...]:
    return tuple(
        StaticObject(
            id=thing.whydrive_id,
            x=exact(thing.position[0]),
            y=exact(-thing.position[1]),
            heading=exact(-thing.heading),
            length=float(thing.LENGTH),
            width=float(thing.WIDTH),
            lane=_lane_id(thing.lane_index),
        )
        for thing in road.objects
        if not isinstance(thing, Landmark)
    )


def _lane_id(index) -> roads.LaneId:
    return str(index[0]), str(index[1]), int(index[2])


def _section(step) -> tuple[str, str, int | None]:
    return str(step[0]), str(step[1]), None if step[2] is None else int(step[2])


def legal(kinds) -> Legal:
    """The legal actions of a highway-env ActionType, now."""
    if hasattr(kinds, "actions"):
        return Legal(meta=tuple(kinds.actions[i] for i in sorted(kinds.get_available_actions())))
    low, high = kinds.steering_range if kinds.lateral else (0.0, 0.0)
    return Legal(
        acceleration=tuple(kinds.acceleration_range) if kinds.longitudinal else (0.0, 0.0),
        steering=(float(-high), float(-low)),
    )


def _mirrored(point) -> tuple[float, float]:
    return float(point[0]), -float(point[1])


def exact(value: float) -> float:
    """Rounded to 1e-6, and never a negative zero."""
    return round(float(value), 6) + 0.0
