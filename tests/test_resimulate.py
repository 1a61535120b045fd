"""Claims tested by driving again: the world is put back, and what is false is found out."""

from __future__ import annotations

import functools
import math
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest

from drive import cli
from drive.checking.futures import drive_out, measure, possible_contacts
from drive.checking.verdicts import (
    Verifier,
    asked_again,
    driven,
    path_beside,
    read_verdicts,
    verify_log,
    verify_logs,
)
from drive.engine import Failure, Local, Processes
from drive.episodes import log, rollout
from drive.episodes.replay import replay
from drive.kinematics.control import target_speed_after
from drive.language import make_claim
from drive.policy import load
from drive.types import Choice, Claim, Control, Episode, Meta, Option, Step
from drive.world import World

IDLE, FASTER, SLOWER, LEFT = map(Meta, ("IDLE", "FASTER", "SLOWER", "LANE_LEFT"))


@functools.cache
def episode(scenario: str = "highway-fast", policy: str = "rule", seed: int = 3) -> Episode:
    settings = {"duration": 10} if scenario.startswith("highway") else {}
    return rollout.run(World(scenario, settings), load(policy), seed)


def findings_of(driven_before: Episode, policy: str | None = "rule"):
    verifier = Verifier(driven_before, load(policy) if policy else None, "nobody to ask")
    return [finding for findings in verifier.findings() for finding in findings]


def with_claims(of: Episode, number: int, *claims: Claim) -> Episode:
    """The episode with other claims at one step; its text is left alone."""
    step = of.steps[number]
    changed = replace(step, rationale=replace(step.rationale, claims=claims))
    return replace(of, steps=(*of.steps[:number], changed, *of.steps[number + 1 :]))


def result_of(of: Episode, number: int, claim: Claim, policy: str | None = "rule"):
    """The verdict on a claim put into the mouth of one step."""
    findings = findings_of(with_claims(of, number, claim), policy)
    return next(f.verdict for f in findings if f.step == number and f.verdict.claim is claim)


def first(of: Episode, wanted) -> Step:
    return next(step for step in of.steps if wanted(step))


# -------------------------------------------------------------------------------------- futures


@pytest.mark.parametrize("scenario", ["highway-fast", "intersection", "racetrack"])
def test_driving_an_option_out_puts_the_world_back(scenario):
    driven_before = episode(scenario) if scenario != "racetrack" else None
    world = World(scenario, {"duration": 10} if scenario == "highway-fast" else {})
    world.reset(3)
    truth, scene = world.truth(), world.scene
    option = Meta("IDLE") if scene.legal.meta else load("rule").decide(scene).action
    drive_out(world, option, seconds=4.0)
    assert world.truth() == truth and world.scene == scene
    if driven_before is not None:
        outcome = world.step(driven_before.steps[0].choice.action)
        assert outcome.tracks == driven_before.steps[0].tracks


def test_the_future_of_what_was_done_is_what_was_then_driven():
    world = World("highway-fast")
    world.reset(5)
    future = drive_out(world, IDLE, IDLE, 4.0)
    again = [world.step(IDLE).tracks for _ in range(4)]
    assert np.array_equal(future.ego[-1], again[-1].ego[-1])
    assert future.times[0] == 0.0 and future.times[-1] == pytest.approx(4.0)
    for car, states in again[-1].cars.items():
        assert np.array_equal(future.cars[car][-1], states[-1], equal_nan=True)


def test_a_future_is_cut_short_by_a_collision_and_says_with_which_car():
    world = World("highway-fast", {"vehicles_density": 3})
    world.reset(1)
    future = drive_out(world, FASTER, FASTER, 20.0)
    assert future.ended == "collision" and future.contact.partner.startswith("car ")
    partner = int(future.contact.partner.split()[1])
    claim = make_claim("rejection", "predicted contact", 0.0, cars=(partner,), option=FASTER)
    assert 0.0 < measure(world.scene, claim, future) <= future.contact.time - world.scene.time


def test_a_contact_that_could_be_is_found_on_crossing_paths():
    step = first(
        episode("intersection"),
        lambda s: any(c.quantity == "predicted contact" for c in s.rationale.claims),
    )
    claim = next(c for c in step.rationale.claims if c.quantity == "predicted contact")
    option = next(o for o in step.choice.options if o.action == claim.option)
    assert min(possible_contacts(step.scene, claim, option)) == pytest.approx(claim.said, abs=0.9)


# ------------------------------------------------------------------------------- whole episodes


@pytest.mark.parametrize("scenario", ["highway-fast", "merge", "intersection"])
def test_the_honest_narrator_says_nothing_false(scenario):
    findings = findings_of(episode(scenario))
    wrong = [f for f in findings if f.verdict.result == "false" and f.test != "driven out"]
    assert not wrong, wrong[0]
    assert {"scene", "trajectory", "driven"} <= {f.test for f in findings}


def test_verdicts_lie_beside_the_log_can_be_made_again_and_never_change_it(tmp_path):
    path = tmp_path / "one.jsonl"
    log.write(path, episode("merge"))
    before = path.read_bytes()
    verified = verify_log(path)
    assert path.read_bytes() == before
    assert path_beside(path).name == "one.verdicts.jsonl"
    assert read_verdicts(path_beside(path)) == verified
    written = path_beside(path).read_bytes()
    ((_, again),) = verify_logs([path])
    assert again == verified and path_beside(path).read_bytes() == written


def test_the_command_tests_a_folder_of_logs_and_says_how_many_claims_are_true(tmp_path, capsys):
    log.write(tmp_path / "a" / "one.jsonl", episode("merge"))
    cli.verify(tmp_path, engine="local", false=True)
    table = capsys.readouterr().out
    assert re.search(r"^asked again +\d+ +0 +\d+ ", table, re.M) and "untestable" in table
    assert path_beside(tmp_path / "a" / "one.jsonl").exists()
    with pytest.raises(ValueError, match="no log in"):
        cli.verify(tmp_path / "nowhere")


def test_from_the_first_difference_on_nothing_can_be_tested():
    honest = episode()
    step = honest.steps[4]
    moved = replace(step.scene, ego=replace(step.scene.ego, x=step.scene.ego.x + 0.01))
    forged = (*honest.steps[:4], replace(step, scene=moved), *honest.steps[5:])
    findings = findings_of(replace(honest, steps=forged))
    late = [f for f in findings if f.step >= 4]
    assert late and {f.verdict.result for f in late} == {"untestable"}
    assert {f.verdict.why for f in late} == {"replay diverged at step 4"}
    assert "untestable" not in {
        f.verdict.result for f in findings if f.step < 4 and f.test == "scene"
    }


def test_a_log_that_is_no_log_is_refused_and_the_others_are_still_tested(tmp_path):
    (tmp_path / "broken.jsonl").write_text("{}\n")
    log.write(tmp_path / "good.jsonl", episode("merge"))
    results = dict(verify_logs(sorted(tmp_path.glob("*.jsonl"))))
    assert "names no 'whydrive.rationale' schema" in results[tmp_path / "broken.jsonl"].why
    assert results[tmp_path / "good.jsonl"]


def test_a_log_whose_worker_dies_costs_the_others_nothing(tmp_path):
    deadly = tmp_path / "deadly.py"
    deadly.write_text("import os\n\nos._exit(3)\n")
    of = episode("merge")
    short = replace(of, steps=of.steps[:1], end=None)
    for number in range(4):
        policy = str(deadly) if number == 1 else of.header.policy
        log.write(
            tmp_path / f"{number}.jsonl", replace(short, header=replace(of.header, policy=policy))
        )
    paths = sorted(tmp_path.glob("*.jsonl"))
    results = dict(verify_logs(paths, Processes(2)))
    assert results.pop(paths[1]) == Failure("its worker died 2 times (exit code 3)")
    assert not path_beside(paths[1]).exists()
    assert len(results) == 3 and all(len(verified.findings) > 5 for verified in results.values())


class Far:
    """An engine that sees none of our files, and to which everything travels."""

    shares_disk = False

    def run(self, jobs, work):
        for job, came in Local().run((pickle.loads(pickle.dumps(job)) for job in jobs), work):
            yield job, pickle.loads(pickle.dumps(came))


def test_where_workers_share_no_disk_verdicts_travel_and_are_the_same(tmp_path):
    path = tmp_path / "one.jsonl"
    log.write(path, episode("merge"))
    verified = verify_log(path)
    beside = path_beside(path).read_bytes()
    path_beside(path).unlink()
    assert dict(verify_logs([path], Far())) == {path: verified}
    assert path_beside(path).read_bytes() == beside


# ------------------------------------------------------------------------------ what is found out


def test_a_speed_that_an_option_does_not_mean_is_false():
    aim = target_speed_after(episode().steps[2].scene.ego, "SLOWER")
    true = make_claim("rejection", "speed", aim, option=SLOWER)
    assert result_of(episode(), 2, true).result == "true"
    for other in (aim + 1.0, aim - 0.1):
        assert result_of(episode(), 2, replace(true, said=other)).result == "false"


def test_a_speed_foreseen_for_a_time_is_measured_in_the_real_future():
    number = next(
        k for k, step in enumerate(episode().steps) if step.scene.ego.speed > 22 and step.scene.time
    )
    claim = make_claim("rejection", "speed", 90.0, option=SLOWER, horizon=1.0)
    wrong = result_of(episode(), number, claim)
    ego = episode().steps[number].scene.ego
    assert wrong.result == "false" and 0.0 < wrong.measured < ego.speed
    true = replace(claim, said=round(wrong.measured, 1))
    assert result_of(episode(), number, true).result == "true"
    never = make_claim("rejection", "speed", wrong.measured, option=Meta("FLY"), horizon=1.0)
    assert result_of(episode(), number, never).result == "untestable"


def test_a_cause_that_is_none_is_false_and_the_right_one_is_true():
    of = episode()
    number, step = next((k, s) for k, s in enumerate(of.steps) if s.attribution.causes)
    cause = next(c for c in step.rationale.claims if c.kind == "cause" and len(c.cars) == 1)
    idle = {c.id for c in step.scene.cars} - {i for c in step.attribution.causes for i in c.cars}
    assert result_of(of, number, cause).result == "true"
    assert result_of(of, number, replace(cause, cars=(min(idle),))).result == "false"
    assert result_of(of, number, replace(cause, cars=(*cause.cars, min(idle)))).result == "false"
    assert result_of(of, number, replace(cause, cars=(999,))).result == "false"
    other = next(
        o.action for o in step.choice.options if o.action not in (cause.option, step.choice.action)
    )
    assert result_of(of, number, replace(cause, option=other)).result == "false"


class Pedalling:
    """Brakes where a car is in sight, else accelerates; never steers."""

    name, tie = "pedalling", "shares evidence"

    def decide(self, scene):
        action = Control(-4.0 if scene.cars else 4.0, 0.0)
        return Choice(action, (Option(action),))


def test_another_acceleration_than_the_one_that_is_said_is_another_action():
    pedals = {"duration": 2, "policy_frequency": 1, "action.longitudinal": True}
    before = rollout.run(World("racetrack", pedals), Pedalling(), 3, causes="never")
    (car,) = before.steps[0].scene.cars
    said = {4.0: "true", 4.04: "true", 4.1: "false", -1.0: "false", -4.0: "false"}
    for acceleration, result in said.items():
        option = Control(acceleration, 0.0)
        claim = make_claim("cause", "without", option=option, cars=(car.id,))
        verifier = Verifier(with_claims(before, 0, claim), Pedalling())
        verdict = next(f.verdict for f in next(verifier.findings()) if f.verdict.claim is claim)
        assert verdict.result == result, (acceleration, verdict)


def test_that_the_traffic_makes_a_difference_is_false_where_it_does_not_or_one_car_does():
    of = episode("merge")
    number = next(k for k, s in enumerate(of.steps) if not s.attribution.causes)
    assert (
        result_of(of, number, make_claim("cause", "traffic", option=Meta("FASTER"))).result
        == "false"
    )
    of = episode()
    number, step = next((k, s) for k, s in enumerate(of.steps) if s.attribution.causes)
    claim = make_claim("cause", "traffic", option=step.attribution.free)
    assert "alone" in result_of(of, number, claim).why


def test_how_many_more_cars_would_do_as_much_is_counted():
    of = episode()
    number, step = next(
        (k, s)
        for k, s in enumerate(of.steps)
        if any(c.kind == "cause" and c.cars for c in s.rationale.claims)
    )
    cause = next(c for c in step.rationale.claims if c.kind == "cause" and c.cars)
    more = make_claim("cause", "more", 30)
    findings = findings_of(with_claims(of, number, cause, more))
    verdict = next(f.verdict for f in findings if f.verdict.claim is more)
    assert verdict.result == "false" and verdict.measured < 30
    assert result_of(of, number, more).why == "no cause is named before"


def test_a_policy_that_cannot_be_asked_again_leaves_causes_untestable():
    verdict = result_of(
        episode(), 0, make_claim("cause", "traffic", option=Meta("IDLE")), policy=None
    )
    assert verdict.result == "untestable" and verdict.why == "nobody to ask"
    header = episode().header
    assert asked_again(replace(header, policy="nowhere"))[0] is None
    assert "learned something else" in asked_again(replace(header, weights="0123"))[1]


def test_what_was_then_driven_must_have_begun_what_was_intended():
    step = first(episode(), lambda s: s.choice.action == SLOWER and s.scene.ego.speed > 22)
    wanted = {"slow down": "true", "speed up": "false", "wait": "false"}
    for change, result in wanted.items():
        assert driven(step, make_claim("intention", "speed change", change)).result == result
    lane = step.scene.ego.lane[2] + 1
    assert driven(step, make_claim("intention", "lane", lane)).result == "true"
    assert driven(step, make_claim("intention", "lane", lane + 1)).result == "false"


def test_every_moment_of_the_replay_is_given_back_unchanged():
    of = episode("merge")
    scenes = []
    for moment in replay(of):
        if moment.step < len(of.steps):
            drive_out(moment.world, IDLE, seconds=2.0)
        scenes.append(moment.same)
    assert all(scenes) and len(scenes) == len(of.steps) + 1


def test_a_purpose_that_nothing_weighed_favours_is_false():
    """The log's scene allows it; only what it cost the other options is moved to the speed."""
    driven = episode("highway-fast", "rule")
    step, purpose = next(
        (step, claim)
        for step in driven.steps
        for claim in step.rationale.claims
        if claim.kind == "purpose" and claim.cars and claim.quantity != "pass"
    )

    def unweighed(option):
        terms = [
            t if purpose.cars[0] not in t.cars else replace(t, worth=0.0) for t in option.terms
        ]
        lost = (option.sum or 0.0) - math.fsum(t.worth or 0.0 for t in terms)
        first = next(k for k, t in enumerate(terms) if t.worth)
        terms[first] = replace(terms[first], worth=terms[first].worth + lost)
        return replace(option, terms=tuple(terms))

    options = tuple(o if o.sum is None else unweighed(o) for o in step.choice.options)
    forged = replace(step, choice=replace(step.choice, options=options))
    number = step.scene.step
    steps = (*driven.steps[:number], forged, *driven.steps[number + 1 :])
    for whole, result in ((driven, "true"), (replace(driven, steps=steps), "false")):
        findings = [*Verifier(whole, load("rule")).findings()][number]
        assert [f.verdict.result for f in findings if f.verdict.claim == purpose] == [result]
