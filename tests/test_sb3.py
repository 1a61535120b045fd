"""Agents of Stable-Baselines3: what they are shown, what they do, and what is never opened."""

import json
import math
import os
import random
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import gymnasium
import highway_env  # noqa: F401  (registers the environments)
import numpy as np
import pytest
from commands import whydrive
from driving import some_action
from hand_made import car, scene
from highway_env.envs.common.observation import observation_factory

from drive import policy
from drive.episodes import log, rollout
from drive.kinematics.edits import edited
from drive.kinematics.foresight import foresee
from drive.language import explanation
from drive.reasoning.causes import attribute
from drive.scenarios import SCENARIOS
from drive.types import Choice, Hide, Meta
from drive.world import World
from policies.sb3 import StableBaselines
from policies.sb3.export import export
from policies.sb3.model import KEY, read, write
from policies.sb3.observation import DEFAULTS, STARTS, in_rows, observe, shown_by

sb3 = pytest.importorskip("stable_baselines3")

ROOT = Path(__file__).parents[1]
WHOLE = {
    "type": "Kinematics", "vehicles_count": 9, "see_behind": True, "normalize": False,
    "features": ["presence", "x", "y", "vx", "vy", "cos_h", "sin_h", "heading", "cos_d", "sin_d",
                 "long_off", "lat_off", "ang_off"],
}  # fmt: skip
VARIANTS = {
    "every feature": WHOLE,
    "absolute": WHOLE | {"absolute": True, "see_behind": False},
    "scaled by hand": {
        "type": "Kinematics", "features": ["vy", "x", "presence"], "clip": False,
        "features_range": {"x": [-50, 80], "vy": [0, 3]},
    },
    "without objects": {"type": "Kinematics", "vehicles_count": 12, "include_obstacles": False},
}  # fmt: skip


def environment(scenario, observation=None):
    """highway-env itself, as the scenario has it, with its own observation or another."""
    row, theirs = SCENARIOS[scenario], {"observation": observation} if observation else {}
    # built directly: gymnasium.make would wrap it
    kind = gymnasium.envs.registration.load_env_creator(gymnasium.spec(row.env).entry_point)
    return kind(config=row.config | theirs)


def side_by_side(scenario, observation, seed=7, steps=6):
    """Our scene and what highway-env shows of the same moment, through drawn actions."""
    world, dice = World(scenario), random.Random(seed)
    world.reset(seed)
    theirs = observation_factory(
        world._env, observation
    )  # made once an episode, as highway-env does
    for _ in range(steps):
        yield world.scene, theirs.observe()
        if world.step(some_action(world.scene.legal, dice)).ended:
            return


def agree(at, shown, theirs, tolerance):
    """Row by row; those of equally distant cars in any order, for highway-env's is its rounding errors'."""
    ours, distances = observe(at, shown), [-1.0, *(far for far, _ in in_rows(at, shown))]
    distances += [math.inf] * (shown.rows - len(distances))
    assert ours.shape == theirs.shape
    for place, row in enumerate(theirs):
        alike = [
            k
            for k, far in enumerate(distances)
            if far == distances[place] or abs(far - distances[place]) < 1e-5
        ]
        assert any(
            np.allclose(ours[k], row, rtol=0, atol=tolerance, equal_nan=True) for k in alike
        ), (place, row)


# ------------------------------------------------------------------------------------ what it is shown


ROADS = (
    "highway-fast",
    "dilu-4-2.0",
    "merge",
    "merge-generic",
    "roundabout",
    "intersection",
    "exit",
)


@pytest.mark.parametrize("scenario", ROADS)
def test_a_scene_shows_what_highway_env_shows_by_default(scenario):
    compared, shown = 0, shown_by(DEFAULTS[scenario])
    for at, theirs in side_by_side(
        scenario, DEFAULTS[scenario], steps=3 if scenario.startswith("dilu") else 9
    ):
        agree(at, shown, theirs, 1e-5)
        compared += int((theirs[1:] != 0).any(1).sum())
    assert compared > 3, "there were cars to see"


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("scenario", ["highway-fast", "merge", "roundabout", "intersection"])
def test_a_scene_shows_what_highway_env_shows_by_any_configuration(scenario, variant):
    config = VARIANTS[variant]
    for at, theirs in side_by_side(scenario, config, seed=3):
        agree(at, shown_by(config), theirs, 2e-5 * max(1, np.nanmax(np.abs(theirs))))


def test_the_table_of_defaults_is_highway_env_s():
    for scenario, row in SCENARIOS.items():
        if not World(scenario).reset(0).legal.meta:
            assert scenario not in DEFAULTS
            continue
        theirs = environment(scenario).default_config()["observation"]
        keys = set(theirs) - {
            "flatten",
            "horizon",
        }  # which change nothing, or belong to what is refused
        assert {key: theirs[key] for key in keys} == DEFAULTS[scenario], row.name


def test_the_ego_starts_where_the_table_says():
    for scenario in DEFAULTS:
        at = World(scenario).reset(5)
        sections = {lane[:2] for lane in [at.ego.lane]}
        assert sections == {STARTS.get(scenario, at.ego.lane[:2])}
        assert scenario in STARTS or len(at.road.sections) <= 2


def test_a_ghost_keeps_its_row_which_is_then_zeros():
    shown = shown_by({"type": "Kinematics"})
    at = scene(*(car(k, 100 + 15 * k) for k in range(1, 8)))
    rows, without = observe(at, shown), observe(edited(at, Hide(2)), shown)
    assert (without[2] == 0).all()
    assert (np.delete(without, 2, 0) == np.delete(rows, 2, 0)).all()
    moved_up = observe(replace(edited(at, Hide(2)), ghosts=()), shown)
    assert (moved_up[2] == rows[3]).all() and (moved_up[4] != rows[4]).any()


def test_with_fewer_cars_than_rows_the_rest_are_zeros_and_without_any_it_still_works():
    shown = shown_by({"type": "Kinematics"})
    assert (observe(scene(car(1, 130)), shown)[2:] == 0).all()
    assert (observe(scene(), shown)[1:] == 0).all()


@pytest.mark.parametrize(
    "config, said",
    [
        ({"type": "OccupancyGrid"}, "observations of type 'OccupancyGrid' cannot be rebuilt"),
        ({"type": "TimeToCollision", "horizon": 5}, "'TimeToCollision' cannot be rebuilt"),
        ({}, "type None cannot be rebuilt"),
        ([], "type None cannot be rebuilt"),
        ({"type": "Kinematics", "order": "shuffled"}, "order must be 'sorted'"),
        ({"type": "Kinematics", "features": ["x", "mood"]}, "no feature 'mood'"),
        ({"type": "Kinematics", "features": "x"}, "no feature 'x'"),
        ({"type": "Kinematics", "vehicles_count": 1}, "2 or more"),
        ({"type": "Kinematics", "vehicles_count": "5"}, "2 or more"),
        (WHOLE | {"observe_intentions": True}, "where the others want to go"),
        ({"type": "Kinematics", "clip": 1}, "clip must be true or false"),
        ({"type": "Kinematics", "features_range": {"x": [1]}}, "a lower and an upper bound"),
        ({"type": "Kinematics", "features_range": {"x": [2, 2]}}, "a lower and an upper bound"),
    ],
)
def test_what_cannot_be_rebuilt_is_refused_in_one_sentence(config, said):
    with pytest.raises(ValueError, match=said) as refused:
        shown_by(config)
    assert "\n" not in str(refused.value)


# ---------------------------------------------------------------------------------------- the agents


class Wide(gymnasium.Env):
    """Something that is no meta-action of highway-env."""

    def __init__(self, actions=None, shown=None):
        self.observation_space = shown or gymnasium.spaces.Box(-1, 1, (5, 5), np.float32)
        self.action_space = actions or gymnasium.spaces.Discrete(5)

    def reset(self, seed=None, options=None):
        return self.observation_space.sample(), {}

    def step(self, action):
        return self.observation_space.sample(), 0.0, False, False, {}


def learned(kind, env, **more):
    """An agent after a few steps of learning: seconds, and as good as none."""
    few = {
        "DQN": {"learning_starts": 8, "train_freq": 4, "batch_size": 8, "buffer_size": 100},
        "PPO": {"n_steps": 16, "batch_size": 8, "n_epochs": 1},
        "A2C": {"n_steps": 8},
    }[kind]
    agent = getattr(sb3, kind)("MlpPolicy", env, seed=1, device="cpu", **few | more)
    agent.set_logger(sb3.common.logger.Logger(None, []))  # it leaves a folder behind otherwise
    return agent.learn(24)


@pytest.fixture(scope="module", params=["DQN", "PPO", "A2C"])
def saved(request, tmp_path_factory):
    """(agent, its zip, its export), taught on highway-fast."""
    folder, kind = tmp_path_factory.mktemp(request.param), request.param
    agent = learned(kind, environment("highway-fast"))
    agent.save(folder / "agent.zip")
    export(folder / "agent.zip", folder / "agent.safetensors", trust_pickle=True)
    return agent, folder / "agent.zip", folder / "agent.safetensors"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A made-up agent's file: 5 rows of 5 features, 5 actions, drawn weights."""
    path = tmp_path_factory.mktemp("made") / "agent.safetensors"
    _make(path)
    return path


def _make(path, sizes=(25, 16, 5), algorithm="DQN", observation=None):
    from policies.sb3.model import About

    dice = np.random.default_rng(0)
    layers = [
        (dice.normal(size=(b, a)).astype(np.float32), dice.normal(size=b).astype(np.float32))
        for a, b in zip(sizes, sizes[1:], strict=False)
    ]
    write(path, About(algorithm, "ReLU", observation), layers)


def test_it_drives_highway_env_as_the_agent_itself_does(saved):
    agent, _, exported = saved
    ours, world, env = (
        StableBaselines(str(exported)),
        World("highway-fast"),
        environment("highway-fast"),
    )
    shown, _ = env.reset(seed=4)
    world.reset(4)
    for _ in range(30):
        theirs = int(agent.predict(shown, deterministic=True)[0])
        choice = policy.checked(ours, world.scene)
        named = env.action_type.actions[theirs]
        available = world.scene.legal.allows(Meta(named))
        assert choice.action == Meta(named if available else "IDLE")
        shown, reward, *_ = env.step(theirs)
        outcome = world.step(choice.action)
        assert abs(outcome.reward - reward) < 1e-6
        if outcome.ended:
            break


def test_its_numbers_are_the_agent_s_values_or_log_probabilities(saved):
    import torch

    agent, _, exported = saved
    at = World("highway-fast").reset(9)
    options = StableBaselines(str(exported)).decide(at).options
    shown = torch.as_tensor(observe(at, shown_by(DEFAULTS["highway-fast"])), dtype=torch.float32)[
        None
    ]
    with torch.no_grad():
        if isinstance(agent, sb3.DQN):
            theirs = agent.q_net(shown)[0]
        else:
            theirs = agent.policy.get_distribution(shown).distribution.logits[0]
    assert np.allclose([option.score for option in options], theirs.numpy(), atol=1e-4)
    kinds = {option.terms[0].kind for option in options}
    assert kinds == {"value" if isinstance(agent, sb3.DQN) else "preference"}


def test_an_agent_of_another_road_is_exported_with_what_it_was_shown(tmp_path):
    env = environment("intersection")
    learned("DQN", env, policy_kwargs={"net_arch": [8]}).save(tmp_path / "a.zip")
    config = tmp_path / "shown.json"
    config.write_text(json.dumps({"observation": env.default_config()["observation"]}))
    export(tmp_path / "a.zip", tmp_path / "a.safetensors", config, trust_pickle=True)
    driver = StableBaselines(str(tmp_path / "a.safetensors"))
    choice = policy.checked(driver, World("intersection").reset(1))
    assert [str(option.action) for option in choice.options] == ["SLOWER", "IDLE", "FASTER"]


def test_what_is_not_available_is_carried_on_with_and_said(made):
    at = replace(scene(car(1, 130)), scenario="highway-fast")
    driver = StableBaselines(str(made))
    best = max(driver.decide(at).options, key=lambda option: option.score).action
    barred = replace(
        at, legal=replace(at.legal, meta=tuple({*at.legal.meta} - {best.name} | {"IDLE"}))
    )
    choice = policy.checked(driver, barred)
    assert choice.action == (best if best == Meta("IDLE") else Meta("IDLE"))
    unavailable = [o for o in choice.options if any(t.kind == "unavailable" for t in o.terms)]
    assert [o.action for o in unavailable] == ([] if best == Meta("IDLE") else [best])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_on_every_road_it_drives_or_says_why_not(scenario, made):
    driver, at = policy.load(f"sb3:{made}"), World(scenario).reset(1)
    config = DEFAULTS.get(scenario)
    if not policy.applies(driver, at.legal):
        with pytest.raises(policy.PolicyError, match="is driven by steering"):
            policy.checked(driver, at)
    elif config["type"] == "TimeToCollision":
        with pytest.raises(policy.PolicyError, match="cannot be rebuilt"):
            policy.checked(driver, at)
    elif shown_by(config).size != 25:
        with pytest.raises(policy.PolicyError, match="takes 25 numbers, .* --observation FILE"):
            policy.checked(driver, at)
    else:
        assert isinstance(policy.checked(driver, at), Choice)


def test_a_short_drive_is_explained_logged_and_asked_again(made, tmp_path):
    driver = policy.load(f"sb3:{made}")
    episode = rollout.run(World("merge", {"duration": 4}), driver, 3)
    path = tmp_path / log.file_name(episode.header)
    log.write(path, episode)
    again = log.read(path).episode
    assert (
        again == episode
        and again.header.weights == driver.weights
        and again.header.tie == "post hoc"
    )
    assert path.name == "merge-sb3_agent-3.jsonl"
    for step in again.steps:
        assert (
            policy.checked(policy.load(again.header.policy), step.scene).action
            == step.choice.action
        )
        assert "value" in explanation(step)


def test_only_cars_that_have_a_row_are_asked_for_and_the_others_make_no_difference(made):
    driver = policy.load(f"sb3:{made}")
    for seed in range(3):
        at = World("highway-fast").reset(seed)
        choice = foresee(at, driver.decide(at))
        quick, slow = (attribute(driver, at, choice, exhaustive) for exhaustive in (False, True))
        assert quick.causes == slow.causes and quick.asked < slow.asked


def test_it_is_evaluated_in_other_processes_beside_others(made, tmp_path):
    from drive.evaluation import evaluate

    results = evaluate(
        "merge", [f"sb3:{made}", "idle"], 1, workers=1, out=tmp_path, overrides={"duration": 3}
    )
    assert not results.failures and {record.policy for record in results.records} == {
        f"sb3:{made}",
        "idle",
    }


def test_its_file_is_numbers_and_json_and_nothing_else(saved):
    from safetensors import safe_open

    with safe_open(saved[2], "np") as file:
        told = json.loads(file.metadata()[KEY])
        assert set(file.keys()) == {f"{n}.{part}" for n in range(3) for part in ("weight", "bias")}
    assert told == {
        "algorithm": type(saved[0]).__name__,
        "activation": told["activation"],
        "observation": None,
        "axes": "both",
        "shape": [5, 5],
    }


def test_driving_needs_neither_stable_baselines_nor_torch_to_load(made):
    program = (
        "import sys; from drive.policy import load\n"
        "sys.modules['stable_baselines3'] = None\n"
        f"driver = load('sb3:{made}')\n"
        "assert 'torch' not in sys.modules\n"
        "from drive.world import World\n"
        "print(driver.decide(World('highway-fast').reset(0)).action)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------------------------ what is refused


class Planted:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture
def poisoned(tmp_path):
    """A zip as Stable-Baselines3 writes it, with a program in its settings; and what that would leave."""
    import base64
    import pickle

    learned("DQN", Wide()).save(tmp_path / "good.zip")
    bad, trace = tmp_path / "bad.zip", tmp_path / "was-here"
    with zipfile.ZipFile(tmp_path / "good.zip") as good, zipfile.ZipFile(bad, "w") as out:
        for name in good.namelist():
            data = good.read(name)
            if name == "data":
                told = json.loads(data)
                poison = base64.b64encode(pickle.dumps(Planted(trace))).decode()
                told["extra"] = {":type:": "<class 'x'>", ":serialized:": poison}
                data = json.dumps(told).encode()
            out.writestr(name, data)
    return bad, trace


def test_a_zip_is_never_opened_without_the_flag(poisoned, tmp_path):
    bad, trace = poisoned
    with pytest.raises(ValueError, match="is a pickle.*--trust-pickle"):
        policy.load(f"sb3:{bad}")
    with pytest.raises(ValueError, match="is a pickle.*--trust-pickle"):
        export(bad, tmp_path / "out.safetensors")
    assert not trace.exists()
    export(bad, tmp_path / "out.safetensors", trust_pickle=True)
    assert trace.exists(), "the poison would have worked"


def test_the_page_takes_no_agent_and_no_model_at_all():
    from drive.show import requests

    for name in ("sb3:agent.zip", "sb3:agent.safetensors", "llm:model"):
        with pytest.raises(ValueError, match="no policy"):
            next(requests.driven("highway-fast", name, "0", lambda: True))


@pytest.mark.parametrize(
    "agent, said",
    [
        (lambda: sb3.SAC("MlpPolicy", Wide(gymnasium.spaces.Box(-1, 1, (2,)))), "DQN, PPO and A2C with an MlpPolicy"),
        (lambda: sb3.PPO("MlpPolicy", Wide(gymnasium.spaces.Box(-1, 1, (2,)))), "only highway-env's 5 or 3 meta-actions"),
        (lambda: sb3.PPO("MlpPolicy", Wide(gymnasium.spaces.Discrete(4))), "only highway-env's 5 or 3 meta-actions"),
        (
            lambda: sb3.PPO("MlpPolicy", Wide(shown=gymnasium.spaces.Discrete(7))),
            "not numbers of the cars around it",
        ),
        (
            lambda: sb3.PPO("CnnPolicy", Wide(shown=gymnasium.spaces.Box(0, 255, (3, 64, 64), np.uint8))),
            "not numbers of the cars around it",
        ),
        (
            lambda: sb3.PPO(
                "MultiInputPolicy", Wide(shown=gymnasium.spaces.Dict({"a": gymnasium.spaces.Box(-1, 1, (2,))}))
            ),
            "not numbers of the cars around it",
        ),
    ],
)  # fmt: skip
def test_other_agents_are_refused_in_one_sentence(agent, said, tmp_path):
    agent().save(tmp_path / "a.zip")
    with pytest.raises(ValueError, match=said) as refused:
        export(tmp_path / "a.zip", tmp_path / "a.safetensors", trust_pickle=True)
    assert "\n" not in str(refused.value) and not (tmp_path / "a.safetensors").exists()


def always(first, env, algorithm="PPO", **more):
    """An agent, untrained, that always chooses its first (or another) output."""
    import torch

    agent = getattr(sb3, algorithm)("MlpPolicy", env, seed=0, device="cpu", **more)
    head = agent.q_net.q_net[-1] if algorithm == "DQN" else agent.policy.action_net
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.eye(len(head.bias))[first] * 5)
    return agent


def on_axes(longitudinal, lateral):
    """highway-fast as an agent trains there that acts on these axes."""
    config = {"type": "DiscreteMetaAction", "longitudinal": longitudinal, "lateral": lateral}
    return gymnasium.make("highway-fast-v0", config={"action": config})


@pytest.mark.parametrize("axes", ["longitudinal", "lateral"])
@pytest.mark.parametrize("output", [0, 2])
def test_an_agent_of_three_actions_does_on_its_axis_what_it_says_or_is_refused(
    axes, output, tmp_path
):
    env = on_axes(axes == "longitudinal", axes == "lateral")
    always(output, env).save(tmp_path / "a.zip")
    env.reset(seed=6)
    says = env.unwrapped.action_type.actions[output]
    export(tmp_path / "a.zip", tmp_path / "a.safetensors", None, True)
    with pytest.raises(policy.PolicyError, match="3 actions, which are speeds or lanes; say which"):
        policy.checked(
            StableBaselines(str(tmp_path / "a.safetensors")), World("highway-fast").reset(6)
        )
    export(tmp_path / "a.zip", tmp_path / "b.safetensors", None, True, axes)
    driver = StableBaselines(str(tmp_path / "b.safetensors"))
    at = World("highway-fast", {f"action.{other(axes)}": False}).reset(6)
    choice = policy.checked(driver, at)
    assert choice.action == Meta(says if at.legal.allows(Meta(says)) else "IDLE")
    assert [str(option.action) for option in choice.options][output] == says


def other(axes):
    return "lateral" if axes == "longitudinal" else "longitudinal"


def test_the_axes_are_read_off_a_whole_configuration_and_must_fit(tmp_path):
    always(0, on_axes(False, True)).save(tmp_path / "a.zip")
    whole = tmp_path / "whole.json"
    whole.write_text(
        json.dumps(
            {
                "observation": {"type": "Kinematics"},
                "action": {"type": "DiscreteMetaAction", "longitudinal": False},
            }
        )
    )
    export(tmp_path / "a.zip", tmp_path / "a.safetensors", whole, True)
    assert read(tmp_path / "a.safetensors").about.axes == "lateral"
    for axes, said in (("both", "has 3 actions, and both takes 5"), ("up", "not 'up'")):
        with pytest.raises(ValueError, match=said):
            export(tmp_path / "a.zip", tmp_path / "b.safetensors", None, True, axes)
    whole.write_text(
        json.dumps({"observation": {"type": "Kinematics"}, "action": {"type": "ContinuousAction"}})
    )
    with pytest.raises(ValueError, match="'ContinuousAction' are not known here"):
        export(tmp_path / "a.zip", tmp_path / "b.safetensors", whole, True)


def test_stacked_frames_and_swapped_rows_are_refused_where_the_size_alone_would_fit(tmp_path):
    from stable_baselines3.common.vec_env import DummyVecEnv, VecFrameStack

    def make(**config):
        return gymnasium.make("highway-fast-v0", config=config)

    always(1, VecFrameStack(DummyVecEnv([make]), 4)).save(tmp_path / "stack.zip")
    seven = make(observation={"type": "Kinematics", "vehicles_count": 7})
    always(1, seven, "A2C").save(tmp_path / "seven.zip")
    shown = tmp_path / "shown.json"
    for name, config, said in (
        (
            "stack",
            {"vehicles_count": 20},
            "trained on 5 x 20, but the observation has 20 rows of 5",
        ),
        ("stack", {"vehicles_count": 5}, "trained on 4 stacked frames of 5 x 5"),
        (
            "seven",
            {"features": WHOLE["features"][:7]},
            "trained on 7 x 5, but the observation has 5",
        ),
    ):
        shown.write_text(json.dumps({"type": "Kinematics"} | config))
        with pytest.raises(ValueError, match=said):
            export(tmp_path / f"{name}.zip", tmp_path / "out.safetensors", shown, True)
    export(tmp_path / "stack.zip", tmp_path / "stack.safetensors", None, True)
    with pytest.raises(policy.PolicyError, match="4 stacked frames"):
        policy.checked(
            StableBaselines(str(tmp_path / "stack.safetensors")), World("highway-fast").reset(6)
        )
    grid = make(observation={"type": "OccupancyGrid"})
    always(1, grid).save(tmp_path / "grid.zip")
    with pytest.raises(ValueError, match="is shown 4 x 11 x 11 numbers"):
        export(tmp_path / "grid.zip", tmp_path / "grid.safetensors", None, True)


def test_an_agent_of_scaled_observations_needs_their_statistics_and_then_decides_as_it_does(
    tmp_path,
):
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    scaled = VecNormalize(DummyVecEnv([lambda: gymnasium.make("highway-fast-v0")]))
    agent = sb3.PPO("MlpPolicy", scaled, seed=0, n_steps=16, batch_size=16, n_epochs=1)
    agent.learn(16)
    agent.save(tmp_path / "a.zip")
    scaled.save(str(tmp_path / "scaling.pkl"))
    with pytest.raises(ValueError, match="behind VecNormalize; give its file"):
        export(tmp_path / "a.zip", tmp_path / "a.safetensors", None, True)
    with pytest.raises(ValueError, match=r"is a pickle.*--trust-pickle"):
        export(tmp_path / "a.zip", tmp_path / "a.safetensors", statistics=tmp_path / "scaling.pkl")
    (tmp_path / "other.pkl").write_bytes(b"no")
    with pytest.raises(ValueError, match="not saved by VecNormalize"):
        export(
            tmp_path / "a.zip", tmp_path / "a.safetensors", None, True, None, tmp_path / "other.pkl"
        )
    export(
        tmp_path / "a.zip", tmp_path / "a.safetensors", None, True, None, tmp_path / "scaling.pkl"
    )
    at = World("highway-fast").reset(9)
    shown = scaled.normalize_obs(observe(at, shown_by(DEFAULTS["highway-fast"]))[None])
    import torch

    with torch.no_grad():
        seen = torch.as_tensor(shown, dtype=torch.float32)
        theirs = agent.policy.get_distribution(seen).distribution.logits[0].numpy()
    driver = StableBaselines(str(tmp_path / "a.safetensors"))
    assert np.allclose([option.score for option in driver.decide(at).options], theirs, atol=1e-4)
    with pytest.raises(ValueError, match="statistics are taken along with a zip"):
        more = {"trust_pickle": True, "statistics": tmp_path / "scaling.pkl"}
        export(tmp_path / "a.safetensors", tmp_path / "b.safetensors", **more)
    export(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    again = StableBaselines(str(tmp_path / "b.safetensors")).decide(at)
    assert again.options == driver.decide(at).options


def test_an_agent_whose_rewards_alone_were_scaled_is_shown_what_is(tmp_path):
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    scaled = VecNormalize(DummyVecEnv([lambda: gymnasium.make("highway-fast-v0")]), norm_obs=False)
    agent = sb3.A2C("MlpPolicy", scaled, seed=0, n_steps=8)
    agent.learn(8)
    agent.save(tmp_path / "a.zip")
    scaled.save(str(tmp_path / "scaling.pkl"))
    export(
        tmp_path / "a.zip", tmp_path / "a.safetensors", None, True, None, tmp_path / "scaling.pkl"
    )
    assert read(tmp_path / "a.safetensors").scaling is None


def test_the_ending_of_a_file_may_be_left_away(made, saved, tmp_path):
    assert StableBaselines(str(made.with_suffix(""))).weights == StableBaselines(str(made)).weights
    with pytest.raises(ValueError, match=r"a\.zip is a pickle"):
        (tmp_path / "a.zip").write_bytes(b"")
        StableBaselines(str(tmp_path / "a"))


def test_a_features_extractor_or_a_network_of_its_own_is_refused(tmp_path):
    import torch

    from policies.sb3.export import _stack

    class Own(sb3.common.torch_layers.BaseFeaturesExtractor):
        def __init__(self, space):
            super().__init__(space, 25)

        def forward(self, shown):
            return shown.flatten(1)

    agent = sb3.DQN("MlpPolicy", Wide(), policy_kwargs={"features_extractor_class": Own})
    agent.save(tmp_path / "a.zip")
    with pytest.raises(ValueError, match="features extractor of its own"):
        export(tmp_path / "a.zip", tmp_path / "a.safetensors", trust_pickle=True)
    linear = [torch.nn.Linear(3, 4), torch.nn.LayerNorm(4), torch.nn.Linear(4, 5)]
    with pytest.raises(ValueError, match="Linear, LayerNorm, Linear; only linear layers"):
        _stack(linear, tmp_path / "a.zip")


def test_files_that_are_no_zip_of_stable_baselines_are_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"\x80\x04K\x01.")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as out:
        out.writestr("data", "{}")
    for name in ("a.zip", "b.zip"):
        with pytest.raises(ValueError, match="was not saved by Stable-Baselines3"):
            export(tmp_path / name, tmp_path / "out.safetensors", trust_pickle=True)
    with pytest.raises(ValueError, match="cannot be read"):
        export(tmp_path / "none.zip", tmp_path / "out.safetensors", trust_pickle=True)


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"\xff" * 200])
def test_a_broken_export_is_refused_in_one_sentence(content, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"w\.safetensors is no safetensors file .*export-sb3"):
        policy.load(f"sb3:{tmp_path / 'w.safetensors'}")


def test_missing_and_foreign_exports_are_refused_in_one_sentence(tmp_path):
    from safetensors.numpy import save_file

    with pytest.raises(ValueError, match="no network can be read at .*export-sb3"):
        policy.load(f"sb3:{tmp_path / 'none.safetensors'}")
    with pytest.raises(ValueError, match="made from something: sb3:FILE"):
        policy.load("sb3:")
    foreign = tmp_path / "f.safetensors"
    save_file({"a": np.zeros(3)}, foreign)
    with pytest.raises(ValueError, match="does not say which network it is"):
        read(foreign)
    save_file({"a": np.zeros(3)}, foreign, {KEY: "[]"})
    with pytest.raises(ValueError, match="does not say which network it is"):
        read(foreign)
    told = {"algorithm": "DQN", "activation": "ReLU", "observation": None}
    arrays = {"0.weight": np.zeros((5, 25), np.float32), "0.bias": np.zeros(5, np.float32)}
    for wrong, said in [
        ({"0.bias": np.zeros(4, np.float32)}, "do not fit together"),
        ({"0.bias": np.full(5, np.nan, np.float32)}, "not finite"),
        (
            {"0.weight": np.zeros((4, 25), np.float32), "0.bias": np.zeros(4, np.float32)},
            "among 4 actions",
        ),
        ({"extra": np.zeros(1, np.float32)}, "no stack of linear layers"),
    ]:
        save_file(arrays | wrong, foreign, {KEY: json.dumps(told)})
        with pytest.raises(ValueError, match=said):
            read(foreign)
    save_file(arrays, foreign, {KEY: json.dumps(told | {"algorithm": "SAC"})})
    with pytest.raises(ValueError, match="SAC with ReLU, which is not known"):
        read(foreign)


def test_an_observation_of_another_size_is_refused_when_it_is_given(made, tmp_path):
    config = tmp_path / "shown.json"
    config.write_text('{"type": "Kinematics", "vehicles_count": 7}')
    with pytest.raises(
        ValueError, match="takes 25 numbers, but the observation has 7 rows of 5 features"
    ):
        export(made, tmp_path / "out.safetensors", config)
    config.write_text("{")
    with pytest.raises(ValueError, match="shown.json is not JSON"):
        export(made, tmp_path / "out.safetensors", config)


# ----------------------------------------------------------------------------------- the command line


def test_from_the_command_line_a_zip_takes_the_flag_and_then_drives(saved, tmp_path):
    _, file, _ = saved
    brief = ("run", "highway-fast", "--set", "duration=2", "--causes", "never", "--out", tmp_path)
    refused = whydrive(*brief, "--policy", f"sb3:{file}")
    assert refused.returncode == 2 and "--trust-pickle" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    done = whydrive(*brief, "--policy", f"sb3:{file}", "--trust-pickle")
    assert done.returncode == 0, done.stderr
    [path] = tmp_path.glob("*.jsonl")
    assert policy.load(log.read(path).episode.header.policy).weights, (
        "and can be asked again without it"
    )


def test_an_export_drives_with_another_observation_and_says_what_is_wrong(made, tmp_path):
    config = tmp_path / "shown.json"
    config.write_text('{"type": "Kinematics", "see_behind": true}')
    brief = (
        "run",
        "two-way",
        "--set",
        "duration=2",
        "--causes",
        "never",
        "--out",
        tmp_path,
        "--policy",
    )
    done = whydrive(*brief, f"sb3:{made}", "--observation", config)
    assert done.returncode == 0, done.stderr
    done = whydrive(*brief, f"sb3:{made}")
    assert done.returncode == 2 and "cannot be rebuilt" in done.stderr
    done = whydrive(*brief, "rule", "--observation", config)
    assert done.returncode == 2 and "are for a policy sb3:FILE" in done.stderr
    done = whydrive("export-sb3", made, tmp_path / "x.safetensors", "--observation", config)
    assert done.returncode == 0 and "sb3:" in done.stdout


def test_the_list_of_policies_tells_how_agents_and_models_are_named():
    listed = whydrive("policies").stdout
    assert "sb3:FILE.safetensors" in listed and "llm:MODEL" in listed
    assert "sb3" not in policy.names() and "llm" not in policy.names()


def test_nothing_is_shown_that_is_not_finite_where_cars_only_are_seen():
    shown = shown_by(WHOLE)
    assert all(
        math.isfinite(value) for value in observe(scene(car(1, 130), car(2, 90)), shown).flat
    )
