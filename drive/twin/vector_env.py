"""A Gymnasium VectorEnv over the twin: highway-env's straight roads, thousands of times faster.

Same seeds, traffic, Kinematics observation, reward, termination and truncation as `gym.make_vec` of the original (in
highway-env's own frame, y down). The one module here that imports gymnasium; `drive.twin` does not import it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from drive.twin import kernel as k
from drive.twin.spawn import Traffic, empty_worlds, fill
from drive.twin.worlds import STAND_STILL

SIGHT = 200.0  # [m], AbstractEnv.PERCEPTION_DISTANCE
FEATURES = ("presence", "x", "y", "vx", "vy", "heading", "cos_h", "sin_h")
OBSERVATION = {
    "type": "Kinematics",
    "features": ["presence", "x", "y", "vx", "vy"],
    "vehicles_count": 5,
    "features_range": None,
    "absolute": False,
    "normalize": True,
    "clip": True,
    "see_behind": False,
}
DEFAULTS = {
    "observation": {"type": "Kinematics"},
    "action": {"type": "DiscreteMetaAction"},
    "simulation_frequency": 15,
    "policy_frequency": 1,
    "lanes_count": 4,
    "vehicles_count": 50,
    "initial_lane_id": None,
    "duration": 40,
    "ego_spacing": 2,
    "vehicles_density": 1,
    "collision_reward": -1,
    "right_lane_reward": 0.1,
    "high_speed_reward": 0.4,
    "reward_speed_range": [20, 30],
    "normalize_reward": True,
    "offroad_terminal": False,
}
FAST = {
    "simulation_frequency": 5,
    "lanes_count": 3,
    "vehicles_count": 20,
    "duration": 30,
    "ego_spacing": 1.5,
}
ENVIRONMENTS = {"highway-v0": DEFAULTS, "highway-fast-v0": DEFAULTS | FAST}


class TwinVectorEnv(VectorEnv):
    """highway-v0 or highway-fast-v0, `num_envs` times.

    config: as highway-env's, for the keys of DEFAULTS; ValueError for others. Actions are highway-env's integers (0
    LANE_LEFT, 1 IDLE, 2 LANE_RIGHT, 3 FASTER, 4 SLOWER). autoreset: as in gymnasium.vector.SyncVectorEnv; NEXT_STEP, its
    default, resets an ended environment on the step after its last and ignores that step's action. reset(seed=s) seeds
    environment i with s + i; an autoreset goes on with the same generator, as highway-env does. infos hold arrays
    `speed` [m/s] and `crashed`. threads: worlds are shared out over them.
    """

    def __init__(
        self,
        env_id: str = "highway-fast-v0",
        num_envs: int = 1,
        config: Mapping | None = None,
        autoreset: AutoresetMode = AutoresetMode.NEXT_STEP,
        threads: int = 1,
    ):
        if env_id not in ENVIRONMENTS:
            raise ValueError(
                f"the twin has no environment {env_id!r}; choose from {', '.join(ENVIRONMENTS)}"
            )
        if num_envs < 1:
            raise ValueError(f"num_envs is at least 1, not {num_envs}")
        self.num_envs = num_envs
        self.config = ENVIRONMENTS[env_id] | _known(config or {}, DEFAULTS, "setting")
        self._seen = OBSERVATION | _known(
            self.config["observation"], OBSERVATION, "observation setting"
        )
        action = _known(self.config["action"], {"type", "target_speeds"}, "action setting")
        if self._seen["type"] != "Kinematics" or action.get("type") != "DiscreteMetaAction":
            raise ValueError(
                "the twin offers the Kinematics observation and DiscreteMetaAction only"
            )
        self._columns = [FEATURES.index(feature) for feature in self._seen["features"]]
        c = self.config
        self._traffic = traffic_of(env_id, c)
        self.worlds = empty_worlds(self._traffic, num_envs)
        self._substeps = int(c["simulation_frequency"] // c["policy_frequency"])
        self._rngs = [np.random.default_rng() for _ in range(num_envs)]
        self._time = np.zeros(num_envs)  # [s]
        self._ended = np.zeros(num_envs, bool)
        self._threads = threads
        self._mode = autoreset
        self.metadata = {"autoreset_mode": autoreset}
        self.single_action_space = spaces.Discrete(5)
        self.single_observation_space = spaces.Box(
            -np.inf, np.inf, (self._seen["vehicles_count"], len(self._columns)), np.float32
        )
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)

    def reset(self, *, seed: int | Sequence[int | None] | None = None, options: dict | None = None):
        """Start all environments, or those of options["reset_mask"]: (observations, infos)."""
        seeds = (
            [seed + i for i in range(self.num_envs)]
            if isinstance(seed, int)
            else seed or [None] * self.num_envs
        )
        if len(seeds) != self.num_envs:
            raise ValueError(f"{len(seeds)} seeds for {self.num_envs} environments")
        chosen = (
            np.ones(self.num_envs, bool)
            if options is None
            else options.get("reset_mask", np.ones(self.num_envs, bool))
        )
        for i in np.flatnonzero(chosen):
            if seeds[i] is not None:
                self._rngs[i] = np.random.default_rng(seeds[i])
        self._start(chosen)
        return self._observe(), self._infos()

    def step(self, actions):
        """(observations, rewards, terminations, truncations, infos), as gymnasium.vector.VectorEnv."""
        if self._mode == AutoresetMode.DISABLED and self._ended.any():
            raise ValueError(f"environments {np.flatnonzero(self._ended)} have ended: reset them")
        fresh = self._ended.copy()
        self._start(fresh)
        codes = np.where(fresh, STAND_STILL, np.asarray(actions))
        dt = 1 / self.config["simulation_frequency"]
        self.worlds.step(codes, self._substeps, dt, threads=self._threads)
        self._time[~fresh] += 1 / self.config["policy_frequency"]
        crashed = self.worlds.g[:, k.CRASHED, 0] != 0
        on_road = self._on_road()
        rewards = np.where(fresh, 0.0, self._rewards(crashed, on_road))
        terminations = ~fresh & (crashed | (self.config["offroad_terminal"] & ~on_road))
        truncations = ~fresh & (self._time >= self.config["duration"])
        ended = terminations | truncations
        observations, infos = self._observe(), self._infos()
        if self._mode == AutoresetMode.SAME_STEP and ended.any():
            final = {key: value.copy() for key, value in infos.items()}
            last = observations.copy()
            self._start(ended)
            observations, infos = self._observe(), self._infos()
            infos |= {
                "final_obs": last,
                "_final_obs": ended,
                "final_info": final,
                "_final_info": ended,
            }
        elif self._mode != AutoresetMode.SAME_STEP:
            self._ended = ended
        return observations, rewards, terminations, truncations, infos

    # --- inside

    def _start(self, chosen: np.ndarray) -> None:
        for i in np.flatnonzero(chosen):
            fill(self.worlds, int(i), self._traffic, self._rngs[i])
        self._time[chosen] = 0.0
        self._ended[chosen] = False

    def _infos(self) -> dict:
        everywhere = np.ones(self.num_envs, bool)
        return {
            "speed": self.worlds.f[:, k.SPEED, 0].copy(),
            "_speed": everywhere,
            "crashed": self.worlds.g[:, k.CRASHED, 0] != 0,
            "_crashed": everywhere.copy(),
        }

    def _on_road(self) -> np.ndarray:
        f, lane = self.worlds.f, self.worlds.g[:, k.LANE, 0]
        geometry = self.worlds.net.geometry[lane]
        s, r = f[:, k.X, 0], f[:, k.Y, 0] - geometry[:, k.START_Y]
        inside = (s >= -k.VEHICLE_LENGTH) & (s < geometry[:, k.LANE_LENGTH] + k.VEHICLE_LENGTH)
        return (np.abs(r) <= geometry[:, k.LANE_WIDTH] / 2) & inside

    def _rewards(self, crashed: np.ndarray, on_road: np.ndarray) -> np.ndarray:
        """HighwayEnv._reward."""
        c, f = self.config, self.worlds.f
        low, high = c["reward_speed_range"]
        forward = f[:, k.SPEED, 0] * np.cos(f[:, k.HEADING, 0])
        scaled = 0 + (forward - low) * (1 - 0) / (high - low)
        reward = c["collision_reward"] * crashed.astype(float)
        reward = reward + c["right_lane_reward"] * (
            self.worlds.g[:, k.TARGET_LANE, 0] / max(self._traffic.lanes - 1, 1)
        )
        reward = reward + c["high_speed_reward"] * np.clip(scaled, 0, 1)
        if c["normalize_reward"]:
            worst, best = c["collision_reward"], c["high_speed_reward"] + c["right_lane_reward"]
            reward = 0 + (reward - worst) * (1 - 0) / (best - worst)
        return reward * on_road

    def _observe(self) -> np.ndarray:
        """KinematicObservation.observe: the ego, then the nearest cars along the road that are ahead of 10 m behind it."""
        f, seen = self.worlds.f, self._seen
        count = seen["vehicles_count"]
        x, y, heading, speed = f[:, k.X], f[:, k.Y], f[:, k.HEADING], f[:, k.SPEED]
        ahead = x - x[:, :1]
        near = np.sqrt(ahead**2 + (y - y[:, :1]) ** 2) < SIGHT
        if not seen["see_behind"]:
            near &= ahead > -2 * k.VEHICLE_LENGTH
        near[:, 0] = False
        order = np.argsort(np.where(near, np.abs(ahead), np.inf), axis=1, kind="stable")[
            :, : count - 1
        ]
        order = np.concatenate([np.zeros((self.num_envs, 1), order.dtype), order], 1)
        present = np.take_along_axis(near, order, 1)
        present[:, 0] = True
        x, y, heading, speed = (np.take_along_axis(a, order, 1) for a in (x, y, heading, speed))
        cos, sin = np.cos(heading), np.sin(heading)
        table = {
            "x": x,
            "y": y,
            "vx": speed * cos,
            "vy": speed * sin,
            "heading": heading,
            "cos_h": cos,
            "sin_h": sin,
        }
        if not seen["absolute"]:
            for feature in ("x", "y", "vx", "vy"):
                table[feature][:, 1:] -= table[feature][:, :1].copy()
        if seen["normalize"]:
            for feature, (low, high) in (seen["features_range"] or self._ranges()).items():
                if feature in table:
                    scaled = -1 + (table[feature] - low) * (1 - -1) / (high - low)
                    table[feature] = np.clip(scaled, -1, 1) if seen["clip"] else scaled
        table["presence"] = np.ones_like(x)
        out = np.zeros((self.num_envs, count, len(self._columns)), np.float32)
        for column, feature in enumerate(seen["features"]):
            out[:, : order.shape[1], column] = np.where(present, table[feature], 0.0)
        return out

    def _ranges(self) -> dict[str, tuple[float, float]]:
        side = 4.0 * self._traffic.lanes
        return {"x": (-200.0, 200.0), "y": (-side, side), "vx": (-80.0, 80.0), "vy": (-80.0, 80.0)}


def traffic_of(env_id: str, config: Mapping) -> Traffic:
    """The traffic of one of ENVIRONMENTS, of highway-env's configuration."""
    speeds = config["action"].get("target_speeds")
    return Traffic(
        lanes=config["lanes_count"],
        cars=config["vehicles_count"],
        density=config["vehicles_density"],
        ego_spacing=config["ego_spacing"],
        ego_lane=config["initial_lane_id"],
        target_speeds=tuple(map(float, (20.0, 25.0, 30.0) if speeds is None else speeds)),
        only_ego_checks_collisions=env_id == "highway-fast-v0",
    )


def _known(given: Mapping, offered, what: str) -> dict:
    unknown = sorted(set(given) - set(offered))
    if unknown:
        raise ValueError(
            f"the twin has no {what} {', '.join(unknown)}; choose from {', '.join(sorted(offered))}"
        )
    return dict(given)
