"""`whydrive examine`: the faithfulness figures of one's own logs, as a table and a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
import typer

from drive import cli
from drive.checking.examination import Examined, closing, examine_log, missed, table
from drive.episodes import log, rollout
from drive.language import read, say_rationale
from drive.policy import load
from drive.world import World


@pytest.fixture(scope="module")
def honest():
    return rollout.run(World("merge", {"duration": 6}), load("rule"), 3)


def off_by_one_metre(step):
    """The step with every gap ahead said a metre too long, in words and claims."""
    account = read(step.rationale.text)

    def longer(claims):
        return tuple(
            replace(c, said=c.said + 1.0) if c.quantity == "gap ahead" else c for c in claims
        )

    account = replace(
        account, grounds=longer(account.grounds), rival_grounds=longer(account.rival_grounds)
    )
    told = replace(step.rationale, claims=account.claims, text=say_rationale(account))
    return replace(step, rationale=told)


def test_an_honest_log_reaches_its_targets_and_says_so_in_one_sentence(honest, tmp_path, capsys):
    log.write(tmp_path / "honest.jsonl", honest)
    cli.examine(tmp_path / "honest.jsonl", workers=1)
    printed = capsys.readouterr().out.strip().splitlines()
    assert printed[0].split() == ["figure", "mean", "95", "%", "interval", "n", "target"]
    assert any(line.startswith("number accuracy") and "reached" in line for line in printed)
    assert printed[-1].startswith("In 6 decisions of 1 log, ") and printed[-1].endswith("reached.")


def test_false_numbers_miss_their_target_and_the_exit_code_is_1(honest, tmp_path, capsys):
    lying = replace(honest, steps=tuple(map(off_by_one_metre, honest.steps)))
    log.write(tmp_path / "a" / "lying.jsonl", lying)
    log.write(tmp_path / "a" / "honest.jsonl", honest)
    assert "number accuracy" in missed(examine_log(tmp_path / "a" / "lying.jsonl"))
    with pytest.raises(typer.Exit) as ended:
        cli.examine(tmp_path / "a", workers=1)
    assert ended.value.exit_code == 1
    assert "of 2 logs" in (said := capsys.readouterr().out) and "missed: number accuracy" in said


def test_a_log_that_is_none_is_named_and_the_others_are_examined(honest, tmp_path, capsys):
    log.write(tmp_path / "honest.jsonl", honest)
    (tmp_path / "torn.jsonl").write_text("{}\n")
    with pytest.raises(typer.Exit) as ended:
        cli.examine(tmp_path, workers=1)
    said = capsys.readouterr()
    assert ended.value.exit_code == 1 and "torn.jsonl" in said.err and "of 1 log" in said.out


def test_what_cannot_be_examined_is_refused_in_one_sentence(honest, tmp_path):
    path = tmp_path / "nobody.jsonl"
    log.write(path, replace(honest, header=replace(honest.header, policy="nobody")))
    with pytest.raises(ValueError, match="nobody.jsonl cannot be examined: the policy 'nobody'"):
        cli.examine(path, workers=1)
    with pytest.raises(ValueError, match="no log in"):
        cli.examine(tmp_path / "nowhere", workers=1)
    (tmp_path / "foreign.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match="is not a rationale log"):
        cli.examine(tmp_path / "foreign.jsonl", workers=1)
    with pytest.raises(ValueError, match="no log of this run can be examined"):
        cli.examine(tmp_path, workers=1)


def test_from_where_the_replay_differs_nothing_is_examined_and_it_is_said(honest, tmp_path, capsys):
    step = honest.steps[3]
    moved = replace(step.scene, ego=replace(step.scene.ego, x=step.scene.ego.x + 0.01))
    steps = (*honest.steps[:3], replace(step, scene=moved), *honest.steps[4:])
    log.write(tmp_path / "forged.jsonl", replace(honest, steps=steps))
    cli.examine(tmp_path / "forged.jsonl", workers=1)
    said = capsys.readouterr()
    assert "3 decisions are left out" in said.err and "In 3 decisions" in said.out


def test_a_target_within_the_interval_is_open_and_one_outside_it_missed():
    few = Examined({"precision": [1.0] * 9 + [0.0], "forward simulation": [1.0]}, 2, 2, 1)
    assert missed(few) == () and "open, for want of decisions: precision" in closing(few)
    many = Examined({"precision": [1.0, 0.0] * 200, "hallucinated cars": [1.0] * 9}, 400, 400, 3)
    assert missed(many + few) == ("hallucinated cars", "precision")
    assert closing(many).startswith("In 400 decisions of 3 logs, 0 of 2 targets are reached")
    assert len(list(table(many))) == 3
    assert (
        closing(Examined())
        == "Nothing that has a target could be counted in 0 decisions of 0 logs."
    )
