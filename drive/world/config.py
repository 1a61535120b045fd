"""highway-env's configuration for a scenario, with what the user changes of it."""

from __future__ import annotations

import copy
import inspect
import math

from highway_env.envs.common import action as actions

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
SMALLEST_OBSERVATION = {"type": "Kinematics", "vehicles_count": 1, "features": ["presence"]}


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
    if not config["duration"] > 0:
        raise ValueError(f"the duration must be above 0 s, not {config['duration']}")
    if "intersection" in scenario.env:
        path = config["other_vehicles_type"]
        config["other_vehicles_type"] = CROSSING.get(path, path)
    return config


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
    if key == "action.type" and value not in ACTION_TYPES:
        raise ValueError(f"{key} is one of {', '.join(ACTION_TYPES)}, not {value!r}")
    _same_kind(key, usual[leaf], value)
    place[leaf] = value


def _settings(kind: str) -> dict:
    """The settings of a highway-env ActionType with their defaults, by name."""
    parameters = inspect.signature(ACTION_TYPES[kind]).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not each.empty}


def _same_kind(key: str, old, new) -> None:
    number = (int, float)
    if isinstance(old, bool) or isinstance(new, bool):
        fits = isinstance(old, bool) and isinstance(new, bool)
    elif isinstance(old, number):
        fits = isinstance(new, number) and math.isfinite(new)
    else:
        fits = old is None or isinstance(new, type(old)) or (new is None and key in DRAWN)
    if not fits:
        raise ValueError(f"{key} is {old!r} by default and cannot be {new!r}")
