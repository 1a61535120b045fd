"""The task as highway-env is configured for it, and how an episode ends: asked for, never guessed."""

from __future__ import annotations

import math
from dataclasses import replace

from drive.kinematics.goal import arrived
from drive.scenarios import Scenario
from drive.types import Scene, Task

LONGEST = 1_000_000  # decisions; a longer episode is cut there
OFF_ROAD = ("offroad_terminal", "terminate_off_road")  # settings that end an episode off the road


def periods_within(config: dict, seconds: float) -> int:
    """After how many decisions a duration [s] is over by highway-env's own clock.

    Its clock adds 1 / policy_frequency at each decision, and rounding errors with it: 1.6 s at 5 Hz
    are over after nine decisions.
    """
    period, clock, count = 1 / config["policy_frequency"], 0.0, 0
    while clock < seconds and count < LONGEST:
        clock += period
        count += 1
    return count


def task_of(scenario: Scenario, env, duration: float, period: float) -> Task:
    """The scenario's task, with the goal and the deadline that the environment (reset) is configured for.

    duration: [s] by highway-env's own clock; period: [s] that a decision really lasts.
    """
    deadline = round(periods_within(env.config, duration) * period, 6)
    task = replace(scenario.task, deadline=deadline)
    if task.goal_x is not None and hasattr(env, "end_position"):  # MergeGenericEnv
        return replace(task, goal_x=float(env.end_position))
    destination = env.config.get("destination", "")
    if destination != "":  # IntersectionEnv; None: one at random, which the route knows
        exit_to = destination or _drawn(env)
        return replace(task, goal=((f"il{exit_to[1:]}", exit_to, 0),))
    return task


def _drawn(env) -> str:
    """The exit that highway-env drew for the ego; ValueError where the ego is not told."""
    route = getattr(env.vehicle, "route", None)
    if not route:
        raise ValueError(
            "destination=null draws an exit, which a car that is steered is never told; set o1, o2 or o3"
        )
    return str(route[-1][1])


def times_itself(env) -> bool:
    """Does highway-env end this environment (reset) by its own clock?"""
    now = env.time
    env.time = math.inf
    try:
        return bool(env._is_truncated())
    finally:
        env.time = now


def ending(
    scene: Scene, env, terminated: bool, truncated: bool, periods: int, timed: bool
) -> str | None:
    """Why the episode ends now, a reason of `types.End`; None: it goes on.

    What highway-env ends (terminated, truncated), ends; the reason is read off its state. It never
    ends lane keeping off the road, nor on arrival at the roundabout and the exit, nor (not timed)
    some roads at all: there Whydrive ends the episode, after so many periods at the latest.
    """
    if scene.ego.crashed:
        return "collision"
    ends_off_road = terminated and any(env.config.get(name) for name in OFF_ROAD)
    if not env.vehicle.on_road and (ends_off_road or scene.task.kind == "lane keeping"):
        return "off road"
    if terminated or arrived(scene):
        return "arrived"
    return "time is up" if truncated or (not timed and scene.step >= periods) else None
