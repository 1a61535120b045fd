"""A branch: without an edit it is the rest of the episode; its log is an episode like any other."""

import json
from dataclasses import replace

import numpy as np
import pytest
from digests import DECISIONS, episode

import drive
from drive.checking.verdicts import Verifier, asked_again, verify_log
from drive.episodes import log
from drive.episodes.branch import branch, branched, branching, file_name, recorded
from drive.episodes.replay import replay
from drive.episodes.rollout import CAUSES, run
from drive.policy import load
from drive.scenarios import SCENARIOS
from drive.show.viewer import player_data
from drive.types import (
    Brake,
    Choice,
    Hide,
    KeepLane,
    Meta,
    Move,
    Option,
    Parent,
    Remove,
    Resize,
    SetSpeed,
    Surface,
    Without,
)
from drive.world import World

POLICIES = ("planner", "rule", "idm")
MOMENT = 5  # the decision at which the digests' episodes, eight decisions long, are left


def rest(driven, step):
    """The digest of an episode's decisions from a step on, and of its end."""
    header = replace(driven.header, parent=None)
    return log.digest(replace(driven, header=header, steps=driven.steps[step:]))


def nearest(scene):
    """The id of the car that is closest to the ego."""
    ego = scene.ego
    return min(scene.cars, key=lambda car: np.hypot(car.x - ego.x, car.y - ego.y)).id


def driven_on(scenario, name="rule", step=4):
    driven = episode(scenario, name, DECISIONS)
    return driven, step, driven.steps[step].scene


# -------------------------------------------------------------------------------- without an edit


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_branch_without_an_edit_is_the_rest_of_the_episode(scenario, name):
    driven = episode(scenario, name)
    if driven is None:
        pytest.skip(f"{name} has no action on {scenario}")
    step = min(MOMENT, len(driven.steps) - 1)
    made = branch(driven, step)
    assert rest(made, step) == rest(driven, step)
    assert made.steps[:step] == driven.steps[:step]


@pytest.mark.parametrize("causes", CAUSES)
def test_a_branch_asks_for_causes_where_the_episode_did_and_speaks_its_language(causes):
    world = World("merge", {"duration": 7})
    driven = run(world, load("rule"), 3, "de", causes)
    for step in (1, 3, 5):
        assert rest(branch(driven, step), step) == rest(driven, step)


def test_after_an_edit_causes_are_asked_though_the_same_is_decided_as_before():
    driven = run(World("merge", {"duration": 7}), load("rule"), 3, causes="change")
    step = next(s.scene.step for s in driven.steps if s.attribution is None)
    made = branch(driven, step, [Without("task")], causes="change")
    assert branch(driven, step, causes="change").steps[step].attribution is None
    assert made.steps[step].attribution is not None


# ------------------------------------------------------------------------------------ with edits

EDITED = {  # scenario -> edits of the car that is closest
    "highway-fast": lambda car, ego: (Brake(car), Surface(0.4)),
    "dilu-4-2.0": lambda car, ego: (Resize(car, "truck"), SetSpeed(car, 12.0)),
    "merge": lambda car, ego: (Hide(car), Without("speed limit")),
    "roundabout": lambda car, ego: (Move(0, ego.x, ego.y + 0.5), KeepLane(car)),
    "intersection": lambda car, ego: (Remove(car), Without("task")),
    "exit": lambda car, ego: (SetSpeed(0, 22.0), SetSpeed(car, 15.0)),
    "two-way": lambda car, ego: (Brake(car, 3.0),),
    "racetrack": lambda car, ego: (SetSpeed(0, 6.0), Surface(0.5)),
}


@pytest.mark.parametrize("scenario", EDITED)
def test_edits_change_what_follows_and_the_log_drives_it_again_in_both_physics(scenario, tmp_path):
    driven, step, scene = driven_on(scenario, "idm" if scenario == "racetrack" else "rule")
    edits = EDITED[scenario](nearest(scene), scene.ego)
    made = branch(driven, step, edits)
    assert made.steps[step].edits == edits
    assert all(not other.edits for other in made.steps if other is not made.steps[step])
    assert rest(made, step) != rest(driven, step)
    path = tmp_path / "branch.jsonl"
    log.write(path, made)
    read = log.read(path).episode
    assert read == made
    for physics in ("highway-env", "twin"):
        moments = [moment.same for moment in replay(read, physics)]
        assert moments == [True] * (len(made.steps) + 1)


def test_a_removed_car_is_gone_and_a_braking_car_stops():
    driven, step, scene = driven_on("highway-fast")
    car = nearest(scene)
    gone = branch(driven, step, [Remove(car)])
    assert all(car not in {c.id for c in s.scene.cars} for s in gone.steps[step:])
    assert car in {c.id for c in gone.steps[step - 1].scene.cars}
    stopped = branch(driven, step, [Brake(car, 8.0)], decisions=3)
    assert stopped.steps[-1].tracks.cars[car][-1, 3] == 0.0 < scene.car(car).speed


def test_the_same_edits_give_the_same_branch_in_both_physics():
    driven, step, scene = driven_on("highway-fast")
    edits = [Brake(nearest(scene)), Surface(0.5)]
    twin, real = (branch(driven, step, edits, physics=p) for p in ("twin", "highway-env"))
    assert (twin.header.physics, real.header.physics) == ("twin", "highway-env")
    assert log.digest(twin) == log.digest(real)


def test_a_branch_of_a_branch_keeps_the_edits_before_and_names_both():
    driven, step, scene = driven_on("merge")
    first = branch(driven, step, [SetSpeed(nearest(scene), 15.0)], "idm")
    second = branch(first, step + 2, [Surface(0.5)], "rule")
    parent = Parent(log.digest(driven), step, "rule", "")
    assert first.header.parent == parent
    assert second.header.parent == Parent(log.digest(first), step + 2, "idm", "", parent)
    drove = [second.header.policy_at(k)[0] for k in range(len(second.steps))]
    own = len(second.steps) - step - 2
    assert drove == ["rule"] * step + ["idm"] * 2 + ["rule"] * own and own > 0
    assert [bool(s.edits) for s in second.steps].count(True) == 2
    assert all(moment.same for moment in replay(second))
    earlier = branch(
        second, step - 1
    )  # the moment lies before both: only the first policy drove there
    assert earlier.header.policy == "rule" and rest(earlier, step - 1) == rest(driven, step - 1)
    at_the_edit = branch(first, step)  # the moment is that after the parent's own edits
    assert rest(at_the_edit, step) == rest(first, step)


# ------------------------------------------------------------------------------- policy and length


class Slower:
    """Slows down, always."""

    name, tie = "slower here", "post hoc"

    def decide(self, scene):
        return Choice(Meta("SLOWER"), (Option(Meta("SLOWER")),))


def test_another_policy_drives_on_and_stands_in_the_header():
    driven, step, _ = driven_on("merge")
    made = branch(driven, step, policy=Slower(), decisions=2)
    assert {s.choice.action for s in made.steps[step:]} == {Meta("SLOWER")}
    assert (made.header.policy, made.header.tie) == ("slower here", "post hoc")
    assert len(made.steps) == step + 2 and made.end is None
    with pytest.raises(ValueError, match="the policy 'slower here' cannot be loaded here"):
        branch(made, step)
    assert rest(branch(made, step - 1), step - 1) == rest(driven, step - 1)


def test_a_policy_that_fails_at_an_edited_scene_leaves_a_log_that_can_be_driven_again(tmp_path):
    class Fails(Slower):
        def decide(self, scene):
            raise RuntimeError("no")

    driven, step, scene = driven_on("merge")
    made = branch(driven, step, [SetSpeed(nearest(scene), 5.0)], Fails())
    assert made.end.reason == "policy failed" and len(made.steps) == step
    path = tmp_path / "failed.jsonl"
    log.write(path, made)
    assert [m.same for m in replay(log.read(path).episode)] == [True] * (step + 1)


# ------------------------------------------------------------------------------------ what reads it


def test_a_branch_s_claims_are_verified_each_step_by_the_policy_that_took_it(tmp_path):
    driven, step, scene = driven_on("highway-fast", "idm")
    made = branch(driven, step, [Brake(nearest(scene), 4.0)], "rule", causes="every")
    path = tmp_path / "branch.jsonl"
    log.write(path, made)
    findings = verify_log(path).findings
    assert {f.step for f in findings} == set(range(len(made.steps)))
    told = [f for f in findings if f.test in ("summed", "scene") or f.verdict.claim.kind == "cause"]
    assert {f.step < step for f in told} == {True, False}
    false = [f for f in told if f.verdict.result == "false"]
    assert not false, false
    only_own = Verifier(made, *asked_again(made.header))
    assert only_own.asked(made.steps[0])[0].name == "idm"
    assert only_own.asked(made.steps[-1])[0].name == "rule"


def test_the_player_shows_a_branch_as_any_episode():
    driven, step, _ = driven_on("merge")
    made = branch(driven, step, policy="idm")
    assert len(player_data(made)["steps"]) == len(made.steps)


def test_a_branch_is_recorded_as_it_is_driven_under_a_name_of_its_own(tmp_path):
    driven, step, scene = driven_on("merge")
    names = []
    for edits in ((), (Surface(0.5),), (SetSpeed(nearest(scene), 15.0),)):
        path, *events = recorded(branching(driven, step, edits), tmp_path, edits)
        names.append(path.name)
        read = log.read(path).episode
        assert log.digest(read) == log.digest(branch(driven, step, edits))
        assert drive.branch(path, step, decisions=1).header.parent.digest == log.digest(read)
        assert (*read.steps, read.end) == tuple(events)
        assert path.name == file_name(log.read_header(path), edits)
    assert len(set(names)) == 3 and all(f"-at{step}-" in name for name in names)


def test_a_log_from_before_there_were_branches_is_read(tmp_path):
    driven, step, _ = driven_on("merge")
    path = tmp_path / "old.jsonl"
    log.write(path, branch(driven, step))
    header, *lines = map(json.loads, path.read_text().splitlines())
    header = {k: v for k, v in header.items() if k not in ("physics", "parent")}
    old = [
        header | {"version": "1.0"},
        *({k: v for k, v in x.items() if k != "edits"} for x in lines),
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in old))
    assert log.digest(log.read(path).episode) == log.digest(driven)


def test_a_world_stands_where_it_stood_after_a_branch_of_it():
    world = World("merge")
    world.reset(3)
    before = world.scene
    with branched(world, Surface(0.5)) as edited:
        assert edited.scene.grip == 0.5
        edited.step(Meta("SLOWER"))
    assert world.scene == before and world.edits == ()


# ---------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "given, said",
    [
        ({"step": 8}, "no step 8; this episode has steps 0 to 7"),
        ({"step": -1}, "no step -1"),
        ({"edits": [Remove(999)]}, "there is no car 999 here"),
        ({"edits": ["remove 4"]}, "'remove 4' is no edit"),
        ({"edits": [Surface(0.0)]}, "grip is"),
        ({"edits": [SetSpeed(1, float("nan"))]}, "speed is"),
        ({"policy": "nobody"}, "no policy 'nobody'"),
        ({"physics": "aristotle"}, "no physics 'aristotle'"),
        ({"decisions": 0}, "a branch takes 1 decision or more, not 0"),
        ({"causes": "often"}, "causes are asked every, change, never, not 'often'"),
        ({"language": "tlh"}, "tlh"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(given, said):
    with pytest.raises(ValueError, match=said):
        branch(episode("merge", "rule"), **({"step": 4} | given))


def test_an_episode_that_differs_when_it_is_driven_again_has_no_branches_after_the_difference():
    driven, _, _ = driven_on("merge")
    scene = driven.steps[2].scene
    forged = replace(scene, ego=replace(scene.ego, x=scene.ego.x + 1e-3))
    steps = (*driven.steps[:2], replace(driven.steps[2], scene=forged), *driven.steps[3:])
    with pytest.raises(
        ValueError, match="differs from its log at step 2: nothing branches off at 4"
    ):
        branch(replace(driven, steps=steps), 4)
    assert branch(replace(driven, steps=steps), 1, decisions=1).steps[1] == driven.steps[1]


def test_a_policy_that_has_learned_since_does_not_drive_on():
    driven, step, _ = driven_on("merge")
    other = replace(driven, header=replace(driven.header, weights="0123"))
    with pytest.raises(ValueError, match="'rule' has learned something else since"):
        branch(other, step)
