"""What highway-env pays for a decision and when it ends an episode, for whole batches; one row of RULES per environment.

`_rewards`, `_reward` and `_is_terminated` of each environment of highway-env 1.12, formula by formula. Frame: the kernel's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from drive.roads import Road
from drive.twin import kernel as k
from drive.twin.worlds import Worlds

LANE_CHANGES = (k.LANE_LEFT, k.LANE_RIGHT)
USUAL_SPEEDS = 3  # MDPVehicle.DEFAULT_TARGET_SPEEDS
ARRIVED_FROM = 25.0  # [m] along an arm of the intersection, IntersectionEnv.has_arrived


@dataclass(frozen=True, eq=False)
class Egos:
    """The egos of W worlds after a decision, arrays [W]; s, d: along and beside the lane each is on [m]."""

    worlds: Worlds
    actions: np.ndarray
    x: np.ndarray  # [m]
    heading: np.ndarray  # [rad]
    speed: np.ndarray  # [m/s]
    lane: np.ndarray  # number in road.lanes
    target: np.ndarray  # number of the lane that is steered to
    crashed: np.ndarray
    s: np.ndarray
    on_road: np.ndarray

    @classmethod
    def of(cls, worlds: Worlds, actions: np.ndarray) -> Egos:
        every, ego = np.arange(len(worlds)), worlds.ego_slot
        f, g = worlds.f[every, :, ego], worlds.g[every, :, ego]
        lane = g[:, k.LANE]
        s, inside = np.zeros(len(worlds)), np.zeros(len(worlds), bool)
        for number in np.unique(lane):
            egos, on = lane == number, worlds.road.lanes[number]
            s[egos], aside = on.frenet(f[egos, k.X], -f[egos, k.Y])
            inside[egos] = on.contains(s[egos], aside)
        return cls(
            worlds, np.asarray(actions), f[:, k.X], f[:, k.HEADING], f[:, k.SPEED], lane,
            g[:, k.TARGET_LANE], g[:, k.CRASHED] != 0, s, inside,
        )  # fmt: skip

    @property
    def beside(self) -> np.ndarray:
        """How many lanes the section has that each is on [W]."""
        return self.worlds.net.facts[self.lane, k.SIDE_COUNT]

    def rank(self, lane: np.ndarray) -> np.ndarray:
        """Numbers of lanes within their section [W]."""
        return self.worlds.net.facts[lane, k.RANK]

    @property
    def speed_index(self) -> np.ndarray:
        return self.worlds.of_ego(self.worlds.g[:, k.SPEED_INDEX])

    def scaled(self, speed: np.ndarray, config: Mapping) -> np.ndarray:
        """Speeds [m/s] on the scale of reward_speed_range, 0 to 1 and beyond."""
        return _mapped(speed, config["reward_speed_range"])

    def on(self, ids: set) -> np.ndarray:
        """Is each on, or for `target`, one of these lanes? bool [lanes]."""
        return np.array([lane.id in ids for lane in self.worlds.road.lanes])


def _mapped(value, low_high, to=(0, 1)):
    """utils.lmap."""
    low, high = low_high
    return to[0] + (value - low) * (to[1] - to[0]) / (high - low)


def _paid(config: Mapping, parts: Mapping[str, np.ndarray]) -> np.ndarray:
    return sum(config.get(name, 0) * part for name, part in parts.items())


def _normalized(config: Mapping, reward, best: float):
    if not config.get("normalize_reward", True):
        return reward
    return _mapped(reward, (config["collision_reward"], best))


def _highway(egos: Egos, config: Mapping) -> np.ndarray:
    forward = egos.speed * np.cos(egos.heading)
    parts = {
        "collision_reward": egos.crashed.astype(float),
        "right_lane_reward": egos.rank(egos.target) / np.maximum(egos.beside - 1, 1),
        "high_speed_reward": np.clip(egos.scaled(forward, config), 0, 1),
        "on_road_reward": egos.on_road.astype(float),
    }
    best = config["high_speed_reward"] + config["right_lane_reward"]
    return _normalized(config, _paid(config, parts), best) * egos.on_road


def _merge(egos: Egos, config: Mapping) -> np.ndarray:
    worlds = egos.worlds
    ramp = np.flatnonzero(egos.on({("b", "c", 2)}))
    kind, lane = worlds.g[:, k.KIND], worlds.g[:, k.LANE]
    merging = np.isin(lane, ramp) & (
        (kind == k.IDM) | (kind == k.LINEAR) | (kind == k.META)
    )  # highway-env's ControlledVehicle
    wish, speed = worlds.f[:, k.TARGET_SPEED], worlds.f[:, k.SPEED]
    late = np.where(merging, (wish - speed) / np.where(merging, wish, 1.0), 0.0).sum(1)
    parts = {
        "collision_reward": egos.crashed,
        "right_lane_reward": egos.rank(egos.lane) / 1,
        "high_speed_reward": egos.scaled(egos.speed, config),
        "lane_change_reward": np.isin(egos.actions, LANE_CHANGES),
        "merging_speed_reward": late,
    }
    worst = config["collision_reward"] + config["merging_speed_reward"]
    best = config["high_speed_reward"] + config["right_lane_reward"]
    return _mapped(_paid(config, parts), (worst, best))


def _roundabout(egos: Egos, config: Mapping) -> np.ndarray:
    parts = {
        "collision_reward": egos.crashed,
        "high_speed_reward": egos.speed_index / (USUAL_SPEEDS - 1),
        "lane_change_reward": np.isin(egos.actions, LANE_CHANGES),
        "on_road_reward": egos.on_road,
    }
    reward = _normalized(config, _paid(config, parts), config["high_speed_reward"])
    return reward * egos.on_road


def _intersection(egos: Egos, config: Mapping) -> np.ndarray:
    arrived = _has_crossed(egos)
    parts = {
        "collision_reward": egos.crashed,
        "high_speed_reward": np.clip(egos.scaled(egos.speed, config), 0, 1),
        "arrived_reward": arrived,
        "on_road_reward": egos.on_road,
    }
    reward = np.where(arrived, config["arrived_reward"], _paid(config, parts)) * egos.on_road
    return _normalized(config, reward, config["arrived_reward"])


def _exit(egos: Egos, config: Mapping) -> np.ndarray:
    goals = egos.on({("1", "2", config["lanes_count"]), ("2", "exit", 0)})
    parts = {
        "collision_reward": egos.crashed,
        "goal_reward": goals[egos.target],
        "high_speed_reward": np.clip(egos.scaled(egos.speed, config), 0, 1),
        "right_lane_reward": egos.rank(egos.target),
    }
    reward = _paid(config, parts)
    if not config["normalize_reward"]:
        return reward
    return np.clip(_normalized(config, reward, config["goal_reward"]), 0, 1)


def _two_way(egos: Egos, config: Mapping) -> np.ndarray:
    speeds = max(egos.worlds.speeds.size - 1, 1)
    beside = egos.beside - 1
    parts = {
        "high_speed_reward": egos.speed_index / speeds,
        "left_lane_reward": (beside - egos.rank(egos.target)) / np.maximum(beside, 1),
    }
    return _paid(config, parts)


def _u_turn(egos: Egos, config: Mapping) -> np.ndarray:
    parts = {
        "collision_reward": egos.crashed,
        "left_lane_reward": egos.rank(egos.lane) / np.maximum(egos.beside - 1, 1),
        "high_speed_reward": np.clip(egos.scaled(egos.speed, config), 0, 1),
        "on_road_reward": egos.on_road,
    }
    best = config["high_speed_reward"] + config["left_lane_reward"]
    return _normalized(config, _paid(config, parts), best) * egos.on_road


def _has_crossed(egos: Egos) -> np.ndarray:
    """IntersectionEnv.has_arrived."""
    out = np.array([leaves_crossing(lane.id) for lane in egos.worlds.road.lanes])
    return out[egos.lane] & (egos.s >= ARRIVED_FROM)


def leaves_crossing(lane) -> bool:
    """Does a lane lead away from the intersection?"""
    return "il" in lane[0] and "o" in lane[1]


def never(egos: Egos) -> np.ndarray:
    return np.zeros(len(egos.x), bool)


@dataclass(frozen=True)
class Rule:
    """One environment's own rules. arrived: where highway-env itself ends an episode that did not collide."""

    reward: Callable[[Egos, Mapping], np.ndarray]
    arrived: Callable[[Egos], np.ndarray] = never
    arrivals: bool = False  # do cars come and go while one drives?


RULES = {
    "highway": Rule(_highway),
    "merge": Rule(_merge),
    "roundabout": Rule(_roundabout),
    "intersection": Rule(_intersection, _has_crossed, arrivals=True),
    "exit": Rule(_exit),
    "two-way": Rule(_two_way),
    "u-turn": Rule(_u_turn),
}


def rule_of(env: str) -> Rule:
    """The rules of a highway-env id; ValueError where there are none here."""
    for name, rule in RULES.items():
        if env.startswith(name):
            return rule
    raise ValueError(f"no batch of {env!r}; there are {', '.join(RULES)}")


def arrived(egos: Egos, road: Road, task) -> np.ndarray:
    """Does each ego stand where the task ends (`kinematics.goal.arrived`)? bool [W]."""
    if task.goal_x is not None:
        return egos.x > task.goal_x
    return egos.on(set(task.goal))[egos.lane] & (egos.s >= task.goal_from)
