"""Rationales as driven: every policy on every scenario, eight decisions each, four where traffic is slow to simulate."""

from __future__ import annotations

import re

import pytest
from digests import CROWDED, DECISIONS, episode, everyday, pairs

from drive.checking.text import check_rationale, check_text, numbers_in, unfounded_numbers
from drive.language import read

DRIVES = [  # the last first: the contract begins with the first, and each reads what the other drove
    *((scenario, name, everyday(scenario)) for scenario, name in reversed(pairs())),
    *(
        pytest.param((scenario, name, DECISIONS), marks=pytest.mark.thorough)
        for scenario, name in pairs()
        if scenario in CROWDED
    ),
]
WORDS = 75  # a sentence that is longer is not heard to its end
MADE_OUT = "sight"  # what a policy makes out of pictures may be false, and is then said to be


@pytest.fixture(params=DRIVES, ids=lambda drive: "-".join(map(str, drive)))
def steps(request):
    driven = episode(*request.param)
    if driven is None:
        pytest.skip("the policy has no action on this road")
    return driven.steps


def narrated(steps):
    """Steps whose rationale is ours, not the policy's own words."""
    return [step for step in steps if step.choice.rationale is None]


def test_every_claim_that_the_scene_can_tell_is_true(steps):
    for step in steps:
        for verdict in check_rationale(step.scene, step.rationale, step.trajectory):
            if verdict.claim.kind == MADE_OUT:
                assert verdict.result != "untestable"
                continue
            assert verdict.result != "false", (verdict, step.rationale.text)
            told = verdict.claim.kind in ("observation", "intention")
            assert not told or verdict.result == "true", verdict


def test_every_number_of_a_text_is_the_said_value_of_a_claim(steps):
    for step in steps:
        assert unfounded_numbers(step.rationale.text, step.rationale) == (), step.rationale.text


def test_the_words_alone_say_the_same(steps):
    for step in narrated(steps):
        account = read(step.rationale.text)
        assert account.decision == step.rationale.decision
        assert account.claims == step.rationale.claims
        verdicts = check_text(step.scene, step.rationale.text, step.trajectory)
        false = [verdict for verdict in verdicts if verdict.result == "false"]
        assert all(verdict.claim.kind == MADE_OUT for verdict in false)


def test_a_text_is_short_and_clean(steps):
    for step in narrated(steps):
        text = step.rationale.text
        assert len(text.split()) <= WORDS, text
        assert not re.search(r"nan|inf\b|-\d|None|\{|  ", text), text


def test_a_policy_that_weighs_nothing_says_so_and_claims_nothing_else(steps):
    for step in narrated(steps):
        kinds = {term.kind for term in step.choice.chosen.terms}
        if kinds & {"always", "drawn"}:
            assert "nothing was weighed" in step.rationale.text
            assert step.rationale.rival is None
            told = (claim for claim in step.rationale.claims if claim.kind != "fact")
            assert not any(claim.cars for claim in told)


def test_a_text_without_numbers_has_none():
    assert numbers_in("Stop and keep the lane.") == ()
