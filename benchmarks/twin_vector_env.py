"""Environment steps per second of the twin's VectorEnv beside gym.make_vec of the original, one core, one run.

    python benchmarks/twin_vector_env.py [--write]

Random actions, resets included, one thread, CPU time of this process.
"""

from __future__ import annotations

import argparse
import time

import gymnasium
import highway_env  # noqa: F401  (registers the environments)
import numpy as np
from pages import publish

from drive.twin import warm
from drive.twin.vector_env import TwinVectorEnv

DILU = {
    "lanes_count": 4,
    "vehicles_density": 2.0,
    "ego_spacing": 4,
    "duration": 30,
    "action": {"type": "DiscreteMetaAction", "target_speeds": [5 + 27 * i / 8 for i in range(9)]},
}
CASES = {
    "highway-v0": ("highway-v0", {}),
    "highway-fast-v0": ("highway-fast-v0", {}),
    "DiLu, 4 lanes, 2.0": ("highway-v0", DILU),
}
HEAD = "| environment | original, 4 environments [steps/s] | twin, 16 [steps/s] | twin, 256 [steps/s] | twin 256 / original |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="store the figures and put them into docs/"
    )
    chosen = parser.parse_args()
    warm()
    rows = [HEAD, "|---" * HEAD.count(" |") + "|"]
    print("\n".join(rows), flush=True)
    for label, (env_id, config) in CASES.items():
        original = gymnasium.make_vec(env_id, num_envs=4, config=config, vectorization_mode="sync")
        slow = rate(original, 10 if env_id == "highway-v0" else 60)
        few, many = (
            rate(TwinVectorEnv(env_id, 16, config), 200),
            rate(TwinVectorEnv(env_id, 256, config), 60),
        )
        rows.append(f"| {label} | {slow:.1f} | {few:,.0f} | {many:,.0f} | {many / slow:,.0f}x |")
        print(rows[-1], flush=True)
    if chosen.write:
        publish("twin-vector-env", rows, "python benchmarks/twin_vector_env.py --write")


def rate(envs, steps: int) -> float:
    envs.reset(seed=0)
    rng = np.random.default_rng(0)
    actions = rng.integers(0, 5, (steps, envs.num_envs))
    begin = time.process_time()
    for action in actions:
        envs.step(action)
    return steps * envs.num_envs / (time.process_time() - begin)


if __name__ == "__main__":
    main()
