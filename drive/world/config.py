"""highway-env's configuration for a scenario, with what the user changes of it."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable

from highway_env import utils
from highway_env.envs.common import action as actions
from highway_env.vehicle.kinematics import Vehicle

from drive.scenarios import Scenario
from drive.world.drivers import CROSSING

ACTION_TYPES = {
    "DiscreteMetaAction": actions.DiscreteMetaAction,
    "ContinuousAction": actions.ContinuousAction,
}
FIXED = {  # what cannot be set otherwise, and why
    "manual_control": (False, "a keyboard would drive, and every action be ignored"),
    "controlled_vehicles": (1, "one ego is driven and explained"),
}
DRAWN = ("destination",)  # settings that highway-env draws by itself where they are null
ENDLESS = 1e15  # of any number, whatever its unit
MOST = {  # numbers beyond which a road is never built, or a second never simulated
    "simulation_frequency": 1000,  # [Hz]
    **dict.fromkeys(("vehicles_count", "initial_vehicle_count", "other_vehicles"), 1000),
    **dict.fromkeys(("lanes_count", "roundabout_lanes", "no_lanes"), 100),
}
UNSET = {  # what settings are that are null by default
    "initial_lane_id": int,
    "incoming_vehicle_destination": int,
    "action.target_speeds": list,
    "action.acceleration_range": list,
    "action.steering_range": list,
    "action.speed_range": list,
}
SMALLEST_OBSERVATION = {"type": "Kinematics", "vehicles_count": 1, "features": ["presence"]}


def _both_axes(config: dict) -> bool:
    """Is the ego both steered and accelerated?"""
    action = config["action"]
    axes = (action.get(axis, True) for axis in ("lateral", "longitudinal"))
    return action["type"] == "ContinuousAction" and all(axes)


UNMET = "highway-env computes no reward there for a car that is {}"
UNDRIVABLE: tuple[tuple[str, Callable[[dict], bool], str], ...] = (  # beginning of an id, when, why
    (
        "",
        lambda config: config["action"].get("speed_range") is not None,
        "no foresight keeps to an action.speed_range",
    ),
    (
        "racetrack",
        lambda config: config["action"]["type"] != "ContinuousAction",
        "a racetrack is steered: its action.type is ContinuousAction",
    ),
    (
        "racetrack-oval",
        lambda config: 0 in (config["length"], config["no_lanes"]),
        "with length=0 or no_lanes=0 highway-env draws a road without a seed, which nobody could drive again",
    ),
    (
        "lane-keeping",
        lambda config: not config["action"].get("dynamical"),
        "lane keeping takes a car that slips: ContinuousAction with action.dynamical=true",
    ),
    (
        "two-way",
        lambda config: config["action"]["type"] != "DiscreteMetaAction",
        UNMET.format("steered or accelerated"),
    ),
    ("merge", _both_axes, UNMET.format("both steered and accelerated")),
    ("roundabout", _both_axes, UNMET.format("both steered and accelerated")),
    (
        "highway",
        lambda config: config["initial_lane_id"] not in (None, *range(int(config["lanes_count"]))),
        "initial_lane_id must be one of the lanes, which are counted from 0",
    ),
)


def configuration(scenario: Scenario, default: dict, overrides: dict) -> dict:
    """highway-env's default, then the scenario's, then the overrides by (dotted) key.

    ValueError where a key does not exist or a value cannot be.
    """
    chosen = copy.deepcopy(scenario.config)
    config = {
        "duration": scenario.duration,
        **default,
        **chosen,
        "observation": SMALLEST_OBSERVATION,
    }
    config["action"] = {**default["action"], **chosen.get("action", {})}
    if overrides.get("action.type", config["action"]["type"]) != config["action"]["type"]:
        _override(config, "action.type", overrides["action.type"], scenario.name)
        config["action"] = {"type": overrides["action.type"]}  # settings are those of their type
    for key, value in overrides.items():
        _override(config, key, value, scenario.name)
    if not 1 <= config["policy_frequency"] <= config["simulation_frequency"]:
        raise ValueError("it takes 1 <= policy_frequency <= simulation_frequency [Hz]")
    for key, (usual, why) in FIXED.items():
        if config.get(key, usual) != usual:
            raise ValueError(f"{key} cannot be {config[key]!r}: {why}")
    for key, most in MOST.items():
        if config.get(key, 0) > most:
            raise ValueError(f"{key} is at most {most}, not {config[key]!r}")
    if not config["duration"] > 0:
        raise ValueError(f"the duration must be above 0 s, not {config['duration']}")
    for road, impossible, why in UNDRIVABLE:
        if scenario.env.startswith(road) and impossible(config):
            raise ValueError(f"{scenario.name!r} cannot be driven so: {why}")
    _is_traffic(config["other_vehicles_type"])
    if "intersection" in scenario.env:
        path = config["other_vehicles_type"]
        config["other_vehicles_type"] = CROSSING.get(path, path)
    return config


def _is_traffic(path: str) -> None:
    try:
        fits = issubclass(utils.class_from_path(path), Vehicle)
    except (ImportError, AttributeError, TypeError, ValueError):
        fits = False
    if not fits:
        usual = "highway_env.vehicle.behavior.IDMVehicle"
        raise ValueError(f"other_vehicles_type is a class of cars such as {usual}, not {path!r}")


def _override(config: dict, key: str, value, scenario: str) -> None:
    *parents, leaf = key.split(".")
    place = config
    for parent in parents:
        place = place.get(parent) if isinstance(place, dict) else None
    usual = place
    if parents == ["action"] and isinstance(place, dict):
        usual = {"type": place["type"], **_settings(place["type"]), **place}
    if not isinstance(place, dict) or leaf not in usual:
        settings = sorted(k for k in config if k not in ("observation", "action"))
        settings += [f"action.{name}" for name in ("type", *_settings(config["action"]["type"]))]
        raise ValueError(f"{scenario!r} has no setting {key!r}; choose from {', '.join(settings)}")
    if key.split(".")[0] == "observation":
        raise ValueError("the observation cannot be set: a policy perceives a scene")
    if key == "action":
        raise ValueError(
            "the action is set by its parts, such as action.type or action.target_speeds"
        )
    if key == "action.type" and value not in ACTION_TYPES:
        raise ValueError(f"{key} is one of {', '.join(ACTION_TYPES)}, not {value!r}")
    _same_kind(key, usual[leaf], value)
    place[leaf] = value


def _settings(kind: str) -> dict:
    """The settings of a highway-env ActionType with their defaults, by name."""
    parameters = inspect.signature(ACTION_TYPES[kind]).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not each.empty}


def _same_kind(key: str, old, new) -> None:
    if old is None and key in UNSET:
        fits = new is None or _is_a(UNSET[key], new)
    else:
        fits = old is None or _is_a(type(old), new) or (new is None and key in DRAWN)
    if not fits:
        raise ValueError(f"{key} is {old!r} by default and cannot be {new!r}")


def _is_a(kind: type, value) -> bool:
    """Is a value of that kind? A number may be whole or not; whatever is in a list is a number."""
    if kind in (list, tuple):
        return isinstance(value, list | tuple) and all(_is_a(float, each) for each in value)
    if isinstance(value, bool):
        return kind is bool
    if kind is int or kind is float:
        return isinstance(value, int | float) and abs(value) < ENDLESS
    return isinstance(value, kind)
