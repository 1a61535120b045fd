"""What `run` and `verify` say: decisions that go on are one line, false claims stand in their sentence."""

import json
import os
import re
import sys
import urllib.request
from dataclasses import replace

import pytest
from fake_episode import fake_episode

from drive.checking.decisions import ASKED, CHECKS, Check
from drive.checking.tally import COMPARED, TESTS, Tally
from drive.checking.verdicts import Finding, Verified
from drive.cli import main
from drive.episodes import api, log
from drive.language import make_claim, spoken
from drive.reasoning.narrate import says_no_more
from drive.show import requests
from drive.show.proof import sentence_of
from drive.show.telling import telling
from drive.types import Verdict


@pytest.fixture(scope="module")
def driven():
    return api.run("highway-fast", "rule", seed=3, causes="never", overrides={"duration": 16})


def told(episode, **how):
    return "".join(telling((*episode.steps, episode.end), **how)).splitlines()


# ------------------------------------------------------------------------------------------- a run


def test_decisions_that_go_on_are_one_line_with_a_time_span(driven):
    lines = told(driven)
    assert len(lines) < len(driven.steps) and lines[-1].endswith("end: time is up")
    spans = [re.search(r" \[([\d.]+)–([\d.]+) s\]$", line) for line in lines[:-1]]
    assert any(spans)
    times, end = [float(line.split()[0]) for line in lines], driven.end.final.time
    for span, time, later in zip(spans, times, [*times[1:-1], end], strict=False):
        if span:
            assert (float(span[1]), float(span[2])) == (time, later)
        else:
            assert later == time + driven.header.period


def test_each_decision_has_its_line_where_that_is_asked_for(driven):
    assert told(driven, each=True)[:-1] == [spoken(step) for step in driven.steps]


def test_a_decision_is_told_before_the_next_one_is_taken(driven):
    taken = []

    def events():
        for step in driven.steps:
            taken.append(step)
            yield step

    pieces = telling(events())
    assert next(pieces) == spoken(driven.steps[0]) and len(taken) == 1


def test_no_other_action_speed_or_urgent_fact_hides_in_a_line(driven):
    first = last = driven.steps[0]
    for step in driven.steps[1:]:
        if says_no_more(first, step):
            assert str(step.choice.action) == str(first.choice.action)
            claims = {c for c in step.rationale.claims if c.quantity == "target speed"}
            assert claims <= set(first.rationale.claims)
        else:
            first = step
        last = step
    hazard = make_claim("fact", "hazard ahead", 0.4, cars=(1,))
    said = replace(last.rationale, claims=(*last.rationale.claims, hazard))
    assert not says_no_more(last, replace(last, rationale=said))
    assert says_no_more(last, last)


def test_numbers_that_went_on_are_told_as_they_were_at_last(driven):
    (line,) = [line for line in told(driven) if " … " in line]
    last = next(s for s in reversed(driven.steps) if s.scene.time < driven.end.final.time)
    at_last = line.split(" … ")[1].split(" [")[0]
    assert at_last in last.rationale.text and at_last not in line.split(" … ")[0]


def command(capsys, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["whydrive", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        main()
    printed = capsys.readouterr()
    return left.value.code, printed.out, printed.err


BRIEF = ("run", "highway-fast", "-p", "idle", "--no-causes", "--set", "duration=2")


def test_a_film_is_made_afterwards_where_it_is_asked_for(tmp_path, capsys, monkeypatch):
    code, printed, _ = command(capsys, monkeypatch, *BRIEF, "--out", tmp_path, "--film")
    film = tmp_path / "highway-fast-idle-0.webm"
    assert code == 0 and printed.splitlines()[-1] == f"film: {film}"
    assert film.read_bytes()[:4] == b"\x1a\x45\xdf\xa3"


def test_the_page_is_opened_at_the_episode_and_its_address_is_said(tmp_path, capsys, monkeypatch):
    import app

    opened = []

    def browser(address):
        with urllib.request.urlopen(address) as answer:
            opened.append((address, answer.status))

    monkeypatch.setenv("WHYDRIVE_RUNS", "elsewhere")
    monkeypatch.setattr("webbrowser.open", browser)
    monkeypatch.setattr(app.gr.Blocks, "block_thread", lambda self: self.close())
    code, printed, _ = command(capsys, monkeypatch, *BRIEF, "--out", tmp_path, "--open")
    [(address, status)] = opened
    assert (code, status) == (0, 200) and f"the page: {address}" in printed
    assert address.endswith("/?run=.&episode=highway-fast-idle-0&step=0")
    assert requests.opened(".", "highway-fast-idle-0", "0") and os.environ["WHYDRIVE_RUNS"] == str(
        tmp_path
    )


# ---------------------------------------------------------------------------------------- a verdict


def finding(result, test="scene", why="", quantity="gap ahead"):
    claim = make_claim("observation", quantity, 20.0, cars=(1,))
    return Finding(0, test, Verdict(claim, result, None, None, why))


def counted(*parts):
    tally = Tally()
    for part in parts:
        tally.add(part)
    return tally


def test_every_kind_of_test_says_what_it_is():
    assert set(COMPARED) == {*CHECKS, *ASKED, "given up"}
    everything = counted(
        Verified(
            tuple(finding("true", test) for test in TESTS),
            tuple(Check(0, kind, "true") for kind in COMPARED),
        )
    )
    lines = [line for line in everything.lines() if line]
    for name, what in (TESTS | COMPARED).items():
        [row] = [line for line in lines if re.match(rf"{name}  ", line)]
        assert row.split()[len(name.split()) :][:3] == ["1", "0", "0"] and row.endswith(what)


def test_what_is_false_stands_first():
    checks = (
        Check(0, "sums", "true"),
        Check(0, "words", "false", "other"),
        Check(1, "words", "true"),
    )
    head, first, second = [line for line in counted(Verified((), checks)).lines() if line][-3:]
    assert head.split() == ["decisions", "true", "false", "untestable"]
    assert first.split()[:4] == ["words", "1", "1", "0"] and second.startswith("sums")


T, F, U = finding("true"), finding("false"), finding("untestable", why="it is so")
AGREE, DIFFER = Check(0, "sums", "true"), Check(0, "sums", "false")
CLOSINGS = [
    ((T,) * 3, (), "All 3 claims that can be tested are true."),
    ((T, T, U), (AGREE,), "All 2 claims that can be tested are true; 1 cannot be tested."),
    ((T, F, F), (), "2 of 3 claims are false: look at HERE."),
    ((T, F, U), (), "1 of 2 claims is false; 1 cannot be tested: look at HERE."),
    ((T, T), (AGREE, DIFFER),
     "All 2 claims that can be tested are true, but 1 of 2 comparisons of decisions differs: look at HERE."),
    ((U,), (), "No claim can be tested; 1 cannot be tested."),
    ((T,), (), "The one claim is true."),
]  # fmt: skip


@pytest.mark.parametrize(("findings", "checks", "said"), CLOSINGS)
def test_it_ends_in_one_plain_sentence(findings, checks, said):
    tally = counted(Verified(findings, checks))
    assert tally.closing("HERE" if "HERE" in said else "") == said


def test_a_false_claim_is_shown_in_its_sentence(driven):
    step = next(s for s in driven.steps if s.rationale.text.count(". ") >= 2)
    sentences = re.split(r"(?<=\.) (?=[A-Z])", step.rationale.text)
    claim = next(c for c in step.rationale.claims if c.kind == "fact")
    verdict = Verdict(claim, "false", 1.0, 0.1, "measured 1.00")
    said = sentence_of(Finding(step.scene.step, "scene", verdict), step)
    assert said in sentences and "from contact" in said
    other = Verdict(make_claim("observation", "duration", 3.0), "false", None, None)
    assert sentence_of(Finding(0, "text", other), fake_episode(steps=1).steps[0])


def test_verify_names_the_false_claim_its_sentence_and_where_to_look(
    driven, tmp_path, capsys, monkeypatch
):
    path = tmp_path / "a b.jsonl"
    log.write(path, driven)
    lines = path.read_text().splitlines()
    for at in (1, 2, 5, 6, 7, 8):  # the speed that is intended, in words and claim
        step = json.loads(lines[at])
        rationale = step["rationale"]
        claim = next(c for c in rationale["claims"] if c[1] == "target speed")
        rationale["text"] = rationale["text"].replace(
            f"{claim[2]:g} m/s", f"{claim[2] + 7:g} m/s", 1
        )
        claim[2] += 7.0
        lines[at] = json.dumps(step)
    path.write_text("\n".join(lines) + "\n")
    words = ("verify", path, "--claims-only", "--engine", "local")
    code, printed, _ = command(capsys, monkeypatch, *words)
    told = printed.splitlines()
    assert code == 1
    assert told[0] == f'a b.jsonl, step 0: "{json.loads(lines[1])["rationale"]["text"]}"'
    assert told[1].startswith('  false: "I will drive 37 m/s" (intention, trajectory): measured 30')
    assert any(re.match(r"and \d+ more that are false: --false lists them", line) for line in told)
    assert re.match(
        rf"\d+ of \d+ claims are false.*: look at whydrive explain '{path}' --step 0\.$", told[-1]
    )
    code, printed, _ = command(capsys, monkeypatch, *words, "--false")
    assert code == 1 and printed.count("  false: ") >= 6 and "more that are false" not in printed


def test_verify_of_a_true_log_ends_in_one_sentence_and_leaves_with_0(
    driven, tmp_path, capsys, monkeypatch
):
    path = tmp_path / "true.jsonl"
    log.write(path, replace(driven, steps=driven.steps[:3], end=None))
    code, printed, _ = command(capsys, monkeypatch, "verify", path, "--engine", "local")
    assert code == 0 and re.match(
        r"All \d+ claims that can be tested are true", printed.splitlines()[-1]
    )
