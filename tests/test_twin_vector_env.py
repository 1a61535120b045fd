"""The twin's VectorEnv against gymnasium's, step by step."""

from __future__ import annotations

import gymnasium
import highway_env  # noqa: F401  (registers the environments)
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from drive.twin.vector_env import TwinVectorEnv

DILU = {
    "lanes_count": 5,
    "vehicles_density": 3.0,
    "ego_spacing": 4,
    "duration": 30,
    "action": {"type": "DiscreteMetaAction", "target_speeds": [5 + 27 * i / 8 for i in range(9)]},
}
SIGHTED = {
    "duration": 4,
    "lanes_count": 1,
    "observation": {
        "type": "Kinematics",
        "vehicles_count": 8,
        "features": ["presence", "x", "y", "vx", "vy", "cos_h", "sin_h"],
        "see_behind": True,
        "absolute": True,
    },
}
CASES = [("highway-fast-v0", {}, 45), ("highway-v0", DILU, 6), ("highway-fast-v0", SIGHTED, 10)]


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("env_id, config, steps", CASES)
def test_it_is_the_original_by_seed_through_resets(env_id, config, steps, mode):
    original = gymnasium.make_vec(
        env_id,
        num_envs=2,
        config=config,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": mode},
    )
    twin = TwinVectorEnv(env_id, 2, config, autoreset=mode)
    assert original.single_observation_space == twin.single_observation_space
    assert original.action_space == twin.action_space
    first, second = original.reset(seed=11)[0], twin.reset(seed=11)[0]
    rng = np.random.default_rng(0)
    for _ in range(steps):
        assert first.dtype == second.dtype and np.abs(first - second).max() < 1e-6
        actions = rng.integers(0, 5, 2)
        first, *theirs = original.step(actions)
        second, *ours = twin.step(actions)
        for a, b in zip(theirs[:3], ours[:3], strict=True):
            assert np.allclose(a, b, atol=1e-9)
        assert np.allclose(theirs[3]["speed"], ours[3]["speed"], atol=1e-9)


def test_it_can_be_reset_in_part():
    envs = TwinVectorEnv("highway-fast-v0", 3, autoreset=AutoresetMode.DISABLED)
    start = envs.reset(seed=0)[0]
    moved = envs.step([1, 1, 1])[0]
    again = envs.reset(seed=[0, 1, 2], options={"reset_mask": np.array([True, False, False])})[0]
    assert np.array_equal(again[0], start[0]) and np.array_equal(again[1:], moved[1:])


def test_settings_that_it_does_not_know_are_refused_in_words():
    with pytest.raises(ValueError, match="no setting lane_count"):
        TwinVectorEnv(config={"lane_count": 4})
    with pytest.raises(ValueError, match="choose from highway-v0"):
        TwinVectorEnv("merge-v0")
    with pytest.raises(ValueError, match="Kinematics"):
        TwinVectorEnv(config={"observation": {"type": "OccupancyGrid"}})
