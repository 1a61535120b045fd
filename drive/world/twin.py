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
from drive.world.following import Following
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

    def drive(self, action, following: Following | None = None):
        """`env.step`, its sub-steps taken by the twin; the observation, which no scene is made of, is left out.

        Where a path is followed, the ego acts by that instead of by the action.
        """
        env, eyes = self._env, self._env.observation_type
        env._simulate, eyes.observe = self._simulate, lambda: None
        if following:
            env._simulate = lambda action=None: self._follow(following)
        try:
            return env.step(action)
        finally:
            del env._simulate, eyes.observe

    @property
    def _frames(self) -> int:
        """Sub-steps of one `env.step`."""
        config = self._env.config
        return int(config["simulation_frequency"] // config["policy_frequency"])

    def _simulate(self, action=None) -> None:
        env = self._env
        if action is not None:
            env.action_type.act(action)
        worlds = from_truth(self._road, read_truth(env.road, 0, 0.0))
        tracks = worlds.step(None, self._frames, self._sub_step, tracks=True).tracks[0]
        self._note(worlds, tracks)
        settle(env.road, worlds)
        env.steps += self._frames

    def _follow(self, following: Following) -> None:
        """A control at every sub-step: the ego is settled after each, the other cars after the last."""
        env, ego = self._env, self._env.vehicle
        worlds = from_truth(self._road, read_truth(env.road, 0, 0.0))
        slot, sections = int(worlds.ego_slot[0]), len(getattr(ego, "route", None) or ())
        lanes = list(env.road.network.lanes_dict().items())
        numbers = {index: number for number, (index, _) in enumerate(lanes)}
        tracks = []
        for number in range(self._frames):
            following.act(number)
            _lead(worlds, slot, ego, numbers, sections)
            tracks.append(worlds.step(None, 1, self._sub_step, tracks=True).tracks[0, 0])
            worlds.g[0, k.ROUTE_AT, slot] = 0  # what is passed has left the ego's own route
            _settle(ego, worlds.f[0, :, slot].tolist(), worlds.g[0, :, slot].tolist(), lanes)
            following.settle()
        self._note(worlds, np.stack(tracks))
        _lead(worlds, slot, ego, numbers, len(getattr(ego, "route", None) or ()))
        settle(env.road, worlds)
        env.steps += self._frames

    def _note(self, worlds: Worlds, tracks: np.ndarray) -> None:
        ids = [vehicle.whydrive_id for vehicle in self._env.road.vehicles]
        crash = int(worlds.ego_crash_step[0])
        for number, states in enumerate(tracks[:, : len(ids)].tolist(), 1):
            self._watch.note(dict(zip(ids, map(tuple, states), strict=True)), 0 < crash <= number)


def _lead(worlds: Worlds, slot: int, ego, numbers: dict, sections: int) -> None:
    """Write the ego's controls and set-points into its slot; it had `sections` sections to drive at first."""
    f, g, steering = worlds.f[0, :, slot], worlds.g[0, :, slot], float(ego.action["steering"])
    f[k.ACCELERATION], f[k.STEERING] = float(ego.action["acceleration"]), steering
    f[k.SLIP] = math.sin(math.atan(0.5 * math.tan(steering)))
    if g[k.KIND] == k.META:
        f[k.FORCED] = f[k.ACCELERATION]  # its own controller is left out
        f[k.TARGET_SPEED], g[k.SPEED_INDEX] = ego.target_speed, ego.speed_index
        g[k.TARGET_LANE] = numbers[ego.target_lane_index]
        g[k.ROUTE_AT] = sections - len(ego.route or ())


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
