"""The learned policy: what it is shown, how it is trained and taken up again, and what it does with bad weights."""

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import whydrive
from driving import some_action
from highway_env.envs.common.observation import KinematicObservation
from safetensors.torch import load_file, save_file

from drive import policy
from drive.scenarios import SCENARIOS
from drive.twin.vector_env import TwinVectorEnv
from drive.types import Meta
from drive.world import World
from policies.dqn import WEIGHTS, Dqn, network, train
from policies.dqn.observation import KINEMATICS, kinematics, set_points, set_points_in

ROOT = Path(__file__).parents[1]
TINY = {
    "rounds": 2,
    "worlds": 6,
    "updates": 1,
    "batch": 8,
    "capacity": 300,
    "evaluate_every": 1,
    "episodes": 3,
}
ACTIONS = ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER")


def scenes(scenario, seed, steps):
    """A world, its scene at each step, and what highway-env itself would show there."""
    world, dice = World(scenario), random.Random(seed)
    world.reset(seed)
    for _ in range(steps):
        theirs = KinematicObservation(world._env, **KINEMATICS).observe()
        yield world.scene, theirs
        if world.step(some_action(world.scene.legal, dice)).ended:
            return


# ------------------------------------------------------------------------------------ what it is shown


@pytest.mark.parametrize("scenario", ["highway-fast", "highway", "merge", "roundabout", "exit"])
def test_a_scene_shows_what_highway_env_would_show(scenario):
    compared = 0
    for scene, theirs in scenes(scenario, 7, 12 if scenario == "highway-fast" else 4):
        ours = kinematics(scene)
        assert np.abs(ours - theirs).max() < 1e-4
        compared += int((theirs[1:, 0] > 0).sum())
    assert compared > 3, "there were cars to see"


def test_scene_and_twin_show_the_network_the_same_through_an_episode():
    envs = TwinVectorEnv("highway-fast-v0", 1, {"observation": KINEMATICS})
    world, dice = World("highway-fast"), random.Random(5)
    shown, _ = envs.reset(seed=19001)
    world.reset(19001)
    for _ in range(10):
        assert np.abs(kinematics(world.scene) - shown[0]).max() < 1e-4
        assert np.abs(set_points(world.scene) - set_points_in(envs.worlds)[0]).max() < 1e-5
        action = some_action(world.scene.legal, dice)
        shown, *_ = envs.step(np.array([ACTIONS.index(action.name)]))
        if world.step(action).ended:
            break


def test_a_car_that_is_hidden_is_not_shown_and_the_order_of_cars_does_not_matter():
    scene = replace(World("highway-fast").reset(4))
    lacking = replace(scene, cars=tuple(car for car in scene.cars if car.id != 1))
    assert (kinematics(lacking) != kinematics(scene)).any()
    turned = replace(scene, cars=scene.cars[::-1])
    assert Dqn().values(turned) == Dqn().values(scene)


def test_the_values_do_not_depend_on_empty_rows_or_on_the_order_of_rows():
    weights, scene = network.initial(0), World("highway-fast").reset(2)
    shown, own = (
        torch.from_numpy(kinematics(scene)).float(),
        torch.from_numpy(set_points(scene)).float(),
    )
    plain = network.values(weights, shown[None], own[None])
    padded = torch.cat([shown, torch.zeros(5, shown.shape[1])])[None]
    turned = torch.cat([shown[:1], shown[1:].flip(0)])[None]
    assert torch.allclose(plain, network.values(weights, padded, own[None]), atol=1e-5)
    assert torch.allclose(plain, network.values(weights, turned, own[None]), atol=1e-5)


def test_without_any_car_the_values_are_finite():
    alone = replace(World("highway-fast").reset(2), cars=())
    assert all(np.isfinite(list(Dqn().values(alone).values())))


# --------------------------------------------------------------------------------------- what it does


def test_it_takes_the_legal_action_of_the_highest_value_and_names_every_value():
    driver = Dqn()
    for scene, _ in scenes("highway-fast", 3, 6):
        choice, values = driver.decide(scene), driver.values(scene)
        assert [option.action.name for option in choice.options] == list(scene.legal.meta)
        for option in choice.options:
            value = values[option.action.name]
            assert option.score == value
            assert [(t.kind, t.value, t.counts) for t in option.terms] == [("value", value, "for")]
        assert choice.action.name == max(scene.legal.meta, key=values.get)


def test_what_is_not_legal_is_never_taken():
    driver, scene = Dqn(), World("highway-fast").reset(1)
    for name in ACTIONS:
        only = replace(scene, legal=replace(scene.legal, meta=(name,)))
        assert driver.decide(only).action == Meta(name)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_on_every_road_it_applies_or_says_so(scenario):
    driver, scene = policy.load("dqn"), World(scenario).reset(1)
    if policy.applies(driver, scene.legal):
        assert scene.legal.allows(policy.checked(driver, scene).action)
    else:
        with pytest.raises(policy.PolicyError, match="is driven by steering"):
            policy.checked(driver, scene)


def test_it_applies_exactly_where_there_are_meta_actions():
    applying = {name for name in SCENARIOS if policy.applies(Dqn(), World(name).reset(0).legal)}
    steered = {"racetrack", "racetrack-large", "racetrack-oval", "lane-keeping"}
    assert applying == set(SCENARIOS) - steered


def test_it_drives_the_world_as_training_drove_the_twin():
    driver, envs = Dqn(), TwinVectorEnv("highway-fast-v0", 1, {"observation": KINEMATICS})
    weights = load_file(WEIGHTS)
    world, ended = World("highway-fast"), False
    shown, _ = envs.reset(seed=19002)
    world.reset(19002)
    while not ended:
        action = driver.decide(world.scene).action
        theirs = train.greedy(weights, shown, set_points_in(envs.worlds), envs.worlds.legal())
        assert ACTIONS[theirs[0]] == action.name
        shown, reward, *_ = envs.step(theirs)
        outcome = world.step(action)
        assert abs(outcome.reward - reward[0]) < 1e-6
        ended = outcome.ended


def test_another_process_finds_the_same_values():
    program = (
        "from drive.world import World; from policies.dqn import Dqn;"
        "print([Dqn().values(World(name).reset(9)) for name in ('highway-fast', 'merge')])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "3"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    here = [Dqn().values(World(name).reset(9)) for name in ("highway-fast", "merge")]
    assert done.stdout.strip() == str(here)


def test_loading_it_does_not_import_torch():
    program = (
        "import sys; from drive.policy import load; load('dqn'); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0


# --------------------------------------------------------------------------------------- the weights


def test_the_weights_are_small_and_their_making_is_told():
    assert WEIGHTS.stat().st_size < 1_000_000
    about = json.loads(WEIGHTS.with_suffix(".json").read_text())
    assert about["sha256"].startswith(Dqn().weights)
    assert about["settings"].keys() >= {"seed", "rounds", "batch"} and about["command"]
    assert about["held-out seeds"][1] < 20000 and about["versions"]["torch"]


def test_the_weights_drive_as_their_making_tells_within_chance():
    about = json.loads(WEIGHTS.with_suffix(".json").read_text())
    score = train.evaluated(load_file(WEIGHTS), 60, 18000)
    assert abs(score.mean_return - about["best"]["mean_return"]) < 1.5


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04K\x01.", b"\xff" * 200, WEIGHTS.read_bytes()[:-40]]
)
def test_a_broken_file_is_refused_in_one_sentence(content, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"w\.safetensors is no safetensors file .*whydrive train dqn"
    ):
        Dqn(tmp_path / "w.safetensors")


def test_missing_weights_are_said_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"no weights can be read at .*whydrive train dqn"):
        Dqn(tmp_path / "none.safetensors")


def test_foreign_weights_and_weights_that_are_not_finite_are_refused(tmp_path):
    weights = load_file(WEIGHTS)
    save_file(
        weights | {"state.bias": weights["state.bias"] * float("nan")}, tmp_path / "a.safetensors"
    )
    with pytest.raises(ValueError, match="not finite"):
        Dqn(tmp_path / "a.safetensors")
    save_file({"state.bias": torch.zeros(1)}, tmp_path / "b.safetensors")
    with pytest.raises(ValueError, match="another network's weights"):
        Dqn(tmp_path / "b.safetensors")


# -------------------------------------------------------------------------------------- the training


def files(folder):
    return [(folder / name).read_bytes() for name in (train.WEIGHTS, train.CHECKPOINT)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    train.train(out, seed=3, **TINY)
    return out


def test_the_same_seed_trains_the_same_weights_and_another_seed_others(trained, tmp_path):
    train.train(tmp_path / "again", seed=3, **TINY)
    train.train(tmp_path / "other", seed=4, **TINY)
    assert files(tmp_path / "again") == files(trained)
    assert files(tmp_path / "other")[1] != files(trained)[1]


def test_a_stopped_training_goes_on_exactly(trained, tmp_path):
    stopped = train.Training(train.Settings(seed=3, **TINY))
    next(stopped.run())
    stopped.save(tmp_path / train.CHECKPOINT)
    train.train(tmp_path, seed=3, **TINY)
    assert files(tmp_path) == files(trained)


def test_training_changes_every_weight(trained):
    training = train.Training.resumed(trained / train.CHECKPOINT, train.Settings(seed=3, **TINY))
    begun = network.initial(3)
    assert all((training.online[name] != begun[name]).any() for name in begun)


def test_a_finished_training_is_not_driven_again(trained):
    before = files(trained)
    train.train(trained, seed=3, **TINY)
    assert files(trained) == before


def test_a_folder_with_another_training_or_a_broken_checkpoint_is_refused(trained, tmp_path):
    with pytest.raises(ValueError, match="was begun with rounds 2, not 5"):
        train.train(trained, seed=3, **TINY | {"rounds": 5})
    (tmp_path / train.CHECKPOINT).write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(ValueError, match="is no checkpoint of this network"):
        train.train(tmp_path, seed=3, **TINY)


@pytest.mark.parametrize("wrong", [{"rounds": 0}, {"worlds": -1}, {"seed": -1}, {"seed": 20000}])
def test_impossible_settings_are_refused(wrong, tmp_path):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        train.train(tmp_path, **wrong)


def test_an_action_that_is_not_legal_is_worth_what_idle_is():
    training = train.Training(train.Settings(seed=1, **TINY))
    next(training.run())
    sample = training.memory.sample(64, np.random.default_rng(0))
    wanted, legal = training._wanted(sample), sample["legal"] > 0
    assert (~legal).any()
    assert (wanted == wanted[:, 1:2])[~legal].all()
    crashed = legal & (sample["crashed"] > 0)
    assert crashed.any()
    assert torch.allclose(network.expected(wanted)[crashed], sample["reward"][crashed], atol=1e-5)


def test_a_distribution_that_is_moved_keeps_its_mass_and_moves_its_mean_as_the_return_does():
    after = torch.rand(4, network.ACTIONS, network.ATOMS).softmax(-1)
    reward = torch.rand(4, network.ACTIONS)
    moved = train.projected(reward, after)
    assert torch.allclose(moved.sum(-1), torch.ones_like(reward), atol=1e-5)
    wanted = reward + network.DISCOUNT * network.expected(after)
    assert torch.allclose(network.expected(moved), wanted, atol=1e-4)


def test_a_certain_return_lands_between_its_two_neighbours():
    after = torch.zeros(1, network.ATOMS)
    after[0, 0] = 1.0
    apart = network.HIGHEST / (network.ATOMS - 1)
    shares = train.projected(torch.tensor([0.4 * apart]), after)
    assert torch.allclose(shares[0, :3], torch.tensor([0.6, 0.4, 0.0]), atol=1e-5)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("nonsense",), "can be trained; choose from"),
        (("dqn", "--rounds", "0"), "rounds must be at least 1"),
    ],
)
def test_the_command_says_what_was_wrong(arguments, sentence, tmp_path):
    done = whydrive("train", *arguments, "--out", tmp_path)
    assert done.returncode == 2 and sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
