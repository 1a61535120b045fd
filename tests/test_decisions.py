"""A decision in a log against the decision made again: honest logs are confirmed, forged ones are told what is false."""

import functools
import random
import re
from dataclasses import replace

import pytest
import typer
from digests import episode
from forgeries import FORGERIES, NAMED, terms_of

from drive.checking.decisions import ASKED, CHECKS, Check, Decided, checks, compared, decided
from drive.checking.verdicts import path_beside, read_verdicts, verify_log
from drive.cli import verify
from drive.episodes import log
from drive.policy import load
from drive.reasoning.narrate import in_full
from drive.types import Step

LOGS = (("merge", "planner"), ("merge", "rule"), ("exit", "rule"), ("dilu-4-2.0", "idm"))
TIMES = 10  # each forgery, on steps and numbers drawn anew


@functools.cache
def steps(scenario: str, name: str) -> tuple[tuple[Step, Decided], ...]:
    """A few logged decisions, each with itself made again."""
    causes, decisions = ("every", 3) if name == "planner" else (None, 8)
    driven = episode(scenario, name, decisions, causes=causes)
    said = [step.rationale for step in driven.steps]
    befores = (in_full(said[:number]) for number in range(len(said)))
    return tuple(
        (step, decided(step, step.scene, load(name), before))
        for step, before in zip(driven.steps, befores, strict=True)
    )


def all_checks(step: Step, again: Decided) -> list[Check]:
    return [*checks(step), *compared(step, again)]


def false(step: Step, again: Decided) -> list[Check]:
    return [check for check in all_checks(step, again) if check.false]


@pytest.mark.parametrize("pair", LOGS, ids="-".join)
def test_an_honest_log_agrees_with_its_policy_value_by_value(pair):
    for step, again in steps(*pair):
        made = all_checks(step, again)
        assert {check.kind for check in made} - {"given up"} == {*CHECKS, *ASKED}
        assert {check.result for check in made} == {"true"}, [c for c in made if c.false]


@pytest.mark.parametrize("name", FORGERIES)
def test_every_forgery_is_told(name):
    """On logs of three policies, ten times each; a step that has nothing to forge so is passed over."""
    dice, forged = random.Random(name), 0
    for pair in LOGS:
        for _ in range(TIMES):
            step, again = dice.choice(steps(*pair))
            other = FORGERIES[name](step, dice)
            if other is not None:
                forged += 1
                assert false(other, again), f"{pair}, step {step.scene.step}"
    assert forged >= TIMES


def test_a_wish_that_is_given_up_frees_just_what_its_terms_cost():
    """Of what the planner's terms cost by their wishes, half is told of a term of another kind."""
    costly = 0
    for step, again in steps("merge", "planner"):
        for kind in again.given_up:
            other = terms_of(
                step,
                lambda t, kind=kind: (
                    replace(t, worth=t.worth / 2) if t.kind == kind and t.worth else t
                ),
            )
            wrong = [c.why for c in false(other, again) if c.kind == "given up"]
            assert wrong and f"its terms put {kind} at" in wrong[0]
            costly += 1
    assert costly


def test_a_difference_is_said_in_one_sentence():
    step, again = steps("merge", "rule")[3]
    one = step.choice.options[1]
    other = replace(one, score=one.score + 0.5)
    options = (step.choice.options[0], other, *step.choice.options[2:])
    forged = replace(step, choice=replace(step.choice, options=options))
    [said] = [check.why for check in false(forged, again) if check.kind == "scores"]
    assert said == (
        f"option {one.action}: score {other.score:.6g} in the log, {one.score:.6g} when asked again"
    )


@pytest.mark.parametrize("name", NAMED)
def test_the_command_says_what_is_forged_and_leaves_with_1(name, tmp_path, capsys):
    driven = episode("merge", "rule")
    dice = random.Random(0)
    several = tuple(NAMED[name](step, dice) or step for step in driven.steps)
    path = tmp_path / "forged.jsonl"
    log.write(path, replace(driven, steps=several))
    with pytest.raises(typer.Exit) as left:
        verify(path, engine="local", false=True)
    assert left.value.exit_code == 1
    table = capsys.readouterr().out.splitlines()
    begin = next(k for k, line in enumerate(table) if line.startswith("decisions"))
    rows = [re.findall(r" (\d+)(?= )", line) for line in table[begin:] if "asked again: " in line]
    assert int(rows[0][1]) > 0, "what is false stands first"
    assert "comparisons of decisions differ" in table[-1]
    assert any(line.startswith("forged.jsonl, step 0") for line in table)


def test_claims_alone_are_tested_without_asking_for_decisions(tmp_path):
    path = tmp_path / "one.jsonl"
    log.write(path, episode("merge", "rule"))
    whole, quick = verify_log(path), verify_log(path, claims_only=True)
    assert quick.findings == whole.findings
    assert {check.kind for check in quick.checks} == set(CHECKS)
    assert read_verdicts(path_beside(path)) == quick


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"policy": "nowhere"}, "cannot be loaded here"),
        ({"weights": "0123"}, "learned something else"),
        ({"settings": "0123"}, "other settings"),
    ],
)
def test_a_policy_that_is_not_here_leaves_its_decisions_untestable(changes, why, tmp_path):
    driven = episode("merge", "rule")
    short = replace(driven, header=replace(driven.header, **changes), steps=driven.steps[:1])
    path = tmp_path / "other.jsonl"
    log.write(path, replace(short, end=None))
    asked = [check for check in verify_log(path).checks if check.kind in ASKED]
    assert {check.result for check in asked} == {"untestable"}
    assert all(why in check.why for check in asked)
