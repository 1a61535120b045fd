"""The twin as a World's physics: the same scenes, rewards and endings, many times faster.

highway-env still places the traffic, applies the ego's action, pays the reward, and makes an intersection's
arrivals and departures (they fall between decisions, and depend on positions and its own generator alone).
Only what lies between is the twin's: from the truth, exact, written back into highway-env's cars.
"""

from __future__ import annotations

import math

import numpy as np

from drive.twin import Worlds, from_truth
from drive.twin import kernel as k
from drive.types import Scene, Tracks
from drive.world.recorder import Recorder
from drive.world.values import read_road, read_truth


class TwinPhysics:
    """Makes the recorder of each step; keeps the road while the traffic is on the same network."""

    def __init__(self):
        self._network, self._road = None, None

    def __call__(self, env, sub_step: float, start: float) -> TwinRecorder:
        if env.road.network is not self._network:
            self._network, self._road = env.road.network, read_road(env.road.network)
        return TwinRecorder(env, sub_step, start, self._road)


class TwinRecorder:
    """Drives one `env.step` in the twin and watches it as `Recorder` does."""

    def __init__(self, env, sub_step: float, start: float, road):
        self._env, self._sub_step, self._road = env, sub_step, road
        self._watch = Recorder(env, sub_step, start)

    @property
    def contact(self):
        """The ego's collision, or None."""
        return self._watch.contact

    def tracks(self, scene: Scene, reach: float) -> Tracks:
        return self._watch.tracks(scene, reach)

    def drive(self, action):
        """`env.step`, its sub-steps taken by the twin; the observation, which no scene is made of, is left out."""
        env, eyes = self._env, self._env.observation_type
        env._simulate, eyes.observe = self._simulate, lambda: None
        try:
            return env.step(action)
        finally:
            del env._simulate, eyes.observe

    def _simulate(self, action=None) -> None:
        env = self._env
        frames = int(env.config["simulation_frequency"] // env.config["policy_frequency"])
        if action is not None:
            env.action_type.act(action)
        worlds = from_truth(self._road, read_truth(env.road, 0, 0.0))
        tracks = worlds.step(None, frames, self._sub_step, tracks=True).tracks[0]
        self._note(worlds, tracks)
        settle(env.road, worlds)
        env.steps += frames

    def _note(self, worlds: Worlds, tracks: np.ndarray) -> None:
        ids = [vehicle.whydrive_id for vehicle in self._env.road.vehicles]
        crash = int(worlds.ego_crash_step[0])
        for number, states in enumerate(tracks[:, : len(ids)].tolist(), 1):
            self._watch.note(dict(zip(ids, map(tuple, states), strict=True)), 0 < crash <= number)


def settle(road, worlds: Worlds) -> None:
    """Write the twin's one world into highway-env's cars, which stand in the same order."""
    lanes = list(road.network.lanes_dict().items())
    f, g = worlds.f[0].T.tolist(), worlds.g[0].T.tolist()
    for vehicle, floats, ints in zip(road.vehicles, f, g, strict=False):
        _settle(vehicle, floats, ints, lanes)
    if hasattr(road, "enforce_road_rules"):
        road.steps = int(worlds.head[0, k.TICKS])


def _settle(vehicle, f: list[float], g: list[int], lanes: list) -> None:
    kind = g[k.KIND]
    vehicle.position = np.array([f[k.X], f[k.Y]])
    vehicle.heading, vehicle.speed = f[k.HEADING], f[k.SPEED]
    vehicle.crashed = bool(g[k.CRASHED])
    vehicle.impact = np.array([f[k.IMPACT_X], f[k.IMPACT_Y]]) if g[k.STRUCK] else None
    vehicle.lane_index, vehicle.lane = lanes[g[k.LANE]]
    slips = kind in (k.PLAIN, k.BICYCLE)
    steering = f[k.STEERING] if slips else math.atan(2 * math.tan(math.asin(f[k.SLIP])))
    vehicle.action = {"steering": steering, "acceleration": f[k.ACCELERATION]}
    if kind == k.BICYCLE:
        vehicle.lateral_speed, vehicle.yaw_rate = f[k.LATERAL_SPEED], f[k.YAW_RATE]
    if slips:
        return
    vehicle.target_lane_index, _ = lanes[g[k.TARGET_LANE]]
    vehicle.target_speed = f[k.TARGET_SPEED]
    if vehicle.route and g[k.ROUTE_AT]:
        del vehicle.route[: g[k.ROUTE_AT]]
    if kind != k.META:
        vehicle.timer = f[k.TIMER]
    if kind != k.META or hasattr(vehicle, "is_yielding"):
        vehicle.is_yielding, vehicle.yield_timer = bool(g[k.YIELDING]), g[k.YIELD_TIMER]
