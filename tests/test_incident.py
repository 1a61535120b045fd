"""Incident reports: until when it could have been avoided, and that what avoids it does, in real highway-env."""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from commands import whydrive
from fake_episode import crash, fake_episode

from drive.checking.avoidable import Settings, look_back
from drive.checking.incident import (
    Fear,
    fears_of,
    incident_of,
    kind_of,
    no_incident,
    saving_branch,
    told,
)
from drive.checking.verdicts import Finding
from drive.episodes import log
from drive.episodes.branch import branch
from drive.episodes.record import finished
from drive.episodes.replay import replay
from drive.episodes.rollout import run
from drive.language import LANGUAGES
from drive.language.incident import SENTENCES, say_sequence
from drive.policy import load
from drive.types import Brake, Claim, Contact, Meta, Option, Term, Verdict
from drive.world import World

ROOT = Path(__file__).parents[1]
IDLE, LEFT, SLOWER = Meta("IDLE"), Meta("LANE_LEFT"), Meta("SLOWER")
ENDED = (  # scenario, policy, seed, kind of incident
    ("highway-fast", "faster", 1, "collision"),
    ("intersection", "faster", 1, "collision"),
    ("roundabout", "slower", 1, "goal"),
    ("exit", "idle", 1, "goal"),
    ("racetrack", "idle", 1, "off road"),
)


@functools.cache
def episode(scenario="highway-fast", policy="faster", seed=1):
    return finished(run(World(scenario), load(policy), seed, causes="never"))


@functools.cache
def report(*what):
    return incident_of(episode(*what))


@pytest.mark.parametrize(("scenario", "policy", "seed", "kind"), ENDED)
def test_what_is_said_to_avoid_it_does_so_in_highway_env(scenario, policy, seed, kind):
    driven, incident = episode(scenario, policy, seed), report(scenario, policy, seed)
    assert incident.kind == kind == kind_of(driven)
    saving, world = incident.saving, World(scenario)
    world.reset(seed)
    actions = [step.choice.action for step in driven.steps[: saving.step]] + [*saving.actions]
    for number, action in enumerate(actions, 1):
        outcome = world.step(action)
        assert outcome.ended not in ("collision", "off road")
        assert not outcome.ended or number == len(actions)
    if kind == "goal":
        assert outcome.ended == "arrived" == saving.ended
    else:
        assert world.scene.time > incident.time + 3 or outcome.ended in ("arrived", "time is up")
    assert saving.actions[0] != driven.steps[saving.step].choice.action


@pytest.mark.parametrize(("scenario", "policy", "seed", "kind"), ENDED[:3])
def test_its_branch_is_a_log_that_is_driven_again_in_highway_env(
    scenario, policy, seed, kind, tmp_path
):
    driven, saving = episode(scenario, policy, seed), report(scenario, policy, seed).saving
    path = tmp_path / "branch.jsonl"
    log.write(path, saving_branch(driven, saving))
    branch = log.read(path).episode
    assert branch.header.parent.step == saving.step and branch.header.physics == "highway-env"
    assert all(moment.same for moment in replay(branch))
    assert len(branch.steps) == saving.step + len(saving.actions)
    assert branch.end is None or branch.end.reason not in ("collision", "off road")


def test_after_the_last_moment_every_sequence_collides():
    driven, incident = episode(), report()
    assert incident.search.complete
    step, last = incident.saving.step + 1, len(driven.steps)
    assert step < last
    world = World("highway-fast")
    for left in itertools.product(
        ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER"), repeat=last - step
    ):
        world.reset(1)
        for done in driven.steps[:step]:
            world.step(done.choice.action)
        outcome = None
        for name in left:
            if not world.scene.legal.allows(Meta(name)) or (outcome and outcome.ended):
                break
            outcome = world.step(Meta(name))
        assert outcome is None or outcome.ended == "collision"


def test_a_search_that_is_cut_short_says_so_and_one_that_is_small_still_finds():
    small = look_back(episode(), False, Settings(states=3))
    assert not small.complete or small.saving
    nothing = look_back(episode(), False, Settings(back=0.5))
    assert nothing.saving is None and nothing.first == nothing.last
    incident = replace(report(), search=nothing, step=episode().steps[-1], last=7.0)
    sentences = [*told(incident)]
    assert any("of the last 1.0 s" in each and str(nothing.count) in each for each in sentences)
    assert any("at the last decision" in each for each in sentences)


def test_a_search_is_bounded_and_tells_how_far_it_came():
    few = look_back(episode(), False, Settings(most=1))
    assert few.saving is None and few.first == few.last and few.count < 50
    driven = episode("racetrack", "idle", 1)
    laps = replace(driven, end=replace(driven.end, reason="time is up", metrics={"success": 0.0}))
    incident = incident_of(laps)
    assert incident.kind == "goal" and incident.search.count == 0
    assert any("no place to reach" in each for each in told(incident))


def test_no_decision_before_an_edit_is_looked_at():
    driven = branch(
        episode("highway-fast", "rule", 3), 4, [Brake(1, 8.0)], policy="faster", causes="never"
    )
    late = replace(driven, end=replace(driven.end, reason="collision", metrics={"success": 0.0}))
    assert look_back(late, False, Settings(back=100.0, most=0)).last >= 4
    assert incident_of(late).search.first >= 4


def test_the_same_log_gives_the_same_report():
    assert report() == incident_of(episode()) and [*told(report())] == [
        *told(incident_of(episode()))
    ]


def test_the_report_names_time_partner_fault_and_what_was_said():
    incident = report()
    text = "\n".join(told(incident))
    contact = episode().end.contact
    assert f"{contact.partner} after {contact.time:.1f} s" in text and "the ego's fault" in text
    assert incident.step.rationale.text.removesuffix(".") in text
    assert "no chance of a contact" in text and "have not been tested" in text


@pytest.mark.parametrize(
    ("contact", "fault"),
    [
        (Contact(3.0, "car 2", "front", True), "own"),
        (Contact(3.0, "car 2", "rear", False), "other"),
        (Contact(3.0, "car 2", "left", True, unavoidable=True), "unavoidable"),
        (Contact(3.0, "unknown", "unknown", False), "unknown"),
        (None, "unknown"),
    ],
)
def test_fault_is_what_the_metric_says(contact, fault):
    driven = episode()
    incident = incident_of(
        replace(driven, end=replace(driven.end, contact=contact)), (), Settings(back=0.0)
    )
    assert incident.fault == fault
    for language in LANGUAGES:
        assert (
            SENTENCES[language][fault] in "".join(told(incident, language)).lower()
            or language != "en"
        )


def test_what_it_feared_is_what_its_options_tell():
    step = fake_episode(steps=1).steps[0]
    contact = Term("contact", 2.0, "s", "against", cars=(1,), likely=(3, 9))
    other = Term("contact", 2.5, "s", "against", cars=(2,), likely=(1, 9))
    options = (Option(IDLE, (contact, other)), Option(LEFT, ()))
    choice = replace(step.choice, action=IDLE, options=options)
    feared = fears_of(replace(step, choice=choice), LEFT)
    assert feared == (Fear(IDLE, 3, 9), Fear(LEFT, 0, 9))
    assert fears_of(step, LEFT) == ()
    said = [*told(replace(report(), fears=feared))]
    assert any("carry on 3 of 9, change left 0 of 9" in each for each in said)


def test_verdicts_on_its_claims_are_counted():
    claim = Claim("observation", "gap ahead", 3.0, "m", (1,))
    last = report().saving.step
    findings = [
        Finding(last, "scene", Verdict(claim, result, None, None))
        for result in ("true", "true", "false")
    ]
    incident = incident_of(episode(), [*findings, replace(findings[0], step=last + 1)])
    assert incident.verdicts == {"true": 2, "false": 1, "untestable": 0}
    assert any("2 true, 1 false" in each for each in told(incident))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence_and_a_report_in_it_holds_no_slot(language):
    assert SENTENCES[language].keys() == SENTENCES["en"].keys()
    for what in ENDED[:4]:
        for sentence in told(report(*what[:3]), language):
            assert sentence and "{" not in sentence


def test_a_sequence_is_told_in_runs():
    assert say_sequence((LEFT, IDLE, IDLE), "en") == "change left, then carry on"
    assert say_sequence((SLOWER, SLOWER), "de") == "verlangsamen (2-mal)"
    assert say_sequence((SLOWER, LEFT) * 4, "en").endswith("…")


def test_an_episode_without_an_incident_is_one_sentence():
    calm, cut = fake_episode(steps=2), replace(episode(), end=None)
    assert incident_of(calm) is None and "no incident" in no_incident(calm)
    assert incident_of(cut) is None and "has no end" in no_incident(cut)
    failed = replace(calm, end=replace(calm.end, reason="policy failed"))
    assert incident_of(failed) is None and "the policy failed" in no_incident(failed).lower()


def test_a_log_that_cannot_be_driven_again_is_told_of_without_a_search():
    incident = incident_of(crash(fake_episode(steps=3)))
    assert incident.search.refused and incident.saving is None
    assert sum("cannot be searched for" in each for each in told(incident)) == 1


def test_the_command_prints_the_report_and_writes_what_avoids_it(tmp_path):
    path = tmp_path / "fast.jsonl"
    log.write(path, episode())
    done = whydrive("incident", path, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    *sentences, look, written = done.stdout.splitlines()
    assert sentences == [*told(report())]
    assert look.endswith(f"--step {report().saving.step}")
    assert log.read(Path(written.removeprefix("log: "))).episode.header.policy == "avoiding"


def test_the_command_says_what_is_wrong_in_one_sentence(tmp_path):
    (tmp_path / "bad.jsonl").write_text("no log\n")
    for path in (tmp_path / "none.jsonl", tmp_path / "bad.jsonl"):
        done = whydrive("incident", path)
        assert done.returncode == 2 and done.stderr.startswith("whydrive: ")
        assert len(done.stderr.splitlines()) == 1 and not done.stdout
    log.write(tmp_path / "calm.jsonl", fake_episode(steps=2))
    done = whydrive("incident", tmp_path / "calm.jsonl")
    assert done.returncode == 0 and done.stdout.startswith("There was no incident")
