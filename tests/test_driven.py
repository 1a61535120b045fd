"""Intentions against the period that was then driven: of two opposite ones at most one is true."""

from dataclasses import replace

import digests
import pytest

from drive.checking.verdicts import driven
from drive.episodes.rollout import run
from drive.language import make_claim
from drive.policy import load
from drive.scenarios import SCENARIOS
from drive.world import World

OPPOSITE = {"slow down": "speed up", "speed up": "slow down", "stop": "speed up"}
STEADY = 1e-3  # [m/s] that the speed of a car that keeps it may change by in a second
POLICIES = ("rule", "idm", "planner", "idle", "slower", "faster")


def steps():
    for scenario in SCENARIOS:
        for name in POLICIES:
            episode = digests.episode(scenario, name)
            if episode is not None:
                yield from episode.steps[:-1] if episode.end.contact else episode.steps


def result(step, quantity, said):
    return driven(step, make_claim("intention", quantity, said)).result


def test_of_slowing_down_and_speeding_up_at_most_one_is_true_and_of_steady_driving_neither():
    steady = changed = 0
    for step in steps():
        results = {said: result(step, "speed change", said) for said in ("slow down", "speed up")}
        assert list(results.values()).count("true") <= 1
        change = step.tracks.ego[-1, 3] - step.scene.ego.speed
        if abs(change) < STEADY:
            steady += 1
            assert set(results.values()) == {"false"}, change
            assert result(step, "speed change", "keep speed") == "true"
        elif abs(change) > 1:
            changed += 1
            right = "speed up" if change > 0 else "slow down"
            assert results[right] == "true"
    assert steady > 100 and changed > 100


def test_what_is_said_is_borne_out_and_its_opposite_is_not():
    tested = {}
    for step in steps():
        for claim in step.rationale.claims:
            if claim.quantity != "speed change" or driven(step, claim).result != "true":
                continue
            opposite = OPPOSITE.get(claim.said)
            if opposite:
                tested[claim.said] = tested.get(claim.said, 0) + 1
                assert result(step, "speed change", opposite) == "false", (
                    claim.said,
                    step.scene.scenario,
                )
    assert tested["slow down"] > 20 and tested["speed up"] > 20


def test_where_a_lane_is_changed_the_lane_is_not_kept_and_the_other_side_is_not_entered():
    changes = kept = 0
    for step in steps():
        lanes = len(step.scene.road.sections[step.scene.ego.lane[:2]])
        here = step.scene.ego.lane[2] + 1
        results = {n: result(step, "lane", float(n)) for n in range(1, lanes + 1)}
        if "untestable" in results.values():
            continue
        true = {n for n, verdict in results.items() if verdict == "true"}
        assert true, "it stays, or it goes somewhere"
        if here in true:
            kept += 1
            assert true == {here}
        else:
            changes += 1
            assert all(n < here for n in true) or all(n > here for n in true)
    assert changes > 10 and kept > 100


def test_a_target_speed_on_the_other_side_of_what_was_driven_is_false():
    tested = 0
    for step in steps():
        before, after = step.scene.ego.speed, float(step.tracks.ego[-1, 3])
        if abs(after - before) < 0.5:
            if abs(after - before) > 0.05:
                continue
            assert result(step, "target speed", before + 5) == "false"
            assert result(step, "target speed", before - 5) == "false"
            continue
        tested += 1
        towards = 5.0 if after > before else -5.0
        assert result(step, "target speed", round(after + towards, 1)) == "true"
        assert result(step, "target speed", round(before - towards, 1)) == "false"
    assert tested > 100


@pytest.mark.parametrize("said", ["stop", "wait"])
def test_a_car_that_drives_backwards_does_not_stand(said):
    step = digests.episode("intersection", "slower").steps[0]
    ego = step.tracks.ego.copy()
    ego[:, 3] = -5.0
    backwards = replace(
        step,
        scene=replace(step.scene, ego=replace(step.scene.ego, speed=-5.0)),
        tracks=replace(step.tracks, ego=ego),
    )
    assert result(backwards, "speed change", said) == "false"


@pytest.mark.parametrize("rate", [1, 2, 5, 15])
def test_at_every_rate_of_decisions_a_car_keeps_its_lane_or_is_on_its_way_to_one_side(rate):
    """Held against the lane that highway-env's own driver then had as its set-point; also where a change was given up."""
    kept = changed = drifting = 0
    settings = {"policy_frequency": rate, "vehicles_count": 20, "duration": 25 if rate == 1 else 5}
    world = World("highway", settings, "twin")
    for seed in (499, 7):
        episode = run(world, load("random"), seed, causes="never")
        steps = episode.steps[:-1] if episode.end.contact else episode.steps
        later = [step.scene for step in episode.steps[1:]] + [episode.end.final]
        for step, after in zip(steps, later, strict=False):
            here, wanted = step.scene.ego.lane[2] + 1, after.ego.target_lane[2] + 1
            results = {n: result(step, "lane", float(n)) for n in range(1, 5)}
            if "untestable" in results.values():
                continue
            true = {n for n, verdict in results.items() if verdict == "true"}
            side = (wanted > here) - (wanted < here)
            assert true == {n for n in results if (n > here) - (n < here) == side}, (here, wanted)
            kept, changed = kept + (side == 0), changed + (side != 0)
            drifting += side == 0 and moves_across(step)
    assert kept > 5 and changed > 1
    assert drifting > 3 or rate < 15


def moves_across(step):
    """Is the car moving to the side, by more than 0.5 m/s?"""
    (_, before), (_, after) = step.tracks.ego[-2:, :2]
    return abs(after - before) > 0.5 * step.scene.sub_step
