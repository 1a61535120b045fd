"""A visitor's question goes first: a log's verdicts wait between two tests while one is answered."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from drive import run
from drive.episodes import log
from drive.show import answers, differences, incidents, kept, proof, requests, thoughts
from drive.show.precedence import Precedence

SOON = 30.0  # [s] by which what must happen has happened, on a busy machine too


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """A log of four decisions of `rule`, and its place."""
    episode = run("highway-fast", "rule", 3, overrides={"duration": 4})
    path = tmp_path_factory.mktemp("logged") / "episode.jsonl"
    log.write(path, episode)
    return path


def test_what_can_wait_does_while_a_question_is_answered_and_no_longer():
    asked, went_on = Precedence(), threading.Event()

    def background():
        asked.give_way(SOON)
        went_on.set()

    with ThreadPoolExecutor(1) as threads:
        with asked.answering():
            with asked.answering():
                waiting = threads.submit(background)
            assert not went_on.wait(0.2), "one of two questions is answered still"
        waiting.result(SOON)
    assert went_on.is_set()


def test_what_waits_comes_to_an_end_though_questions_never_do():
    asked = Precedence()
    with asked.answering():
        asked.give_way(0.01)  # returns


def test_an_answer_that_fails_is_over_as_well():
    asked = Precedence()
    with pytest.raises(ValueError), asked.answering():
        raise ValueError
    asked.give_way(SOON)  # returns at once


def test_verdicts_on_the_page_give_way_before_every_test(logged):
    steps = log.read(logged).episode.steps
    waits, told = [], []
    for message in proof.messages(
        logged, "run", "episode", between=lambda: waits.append(len(told))
    ):
        told.append(message)
    tests = sum(len(finding) for finding in told[-1]["proof"]["steps"])
    assert set(waits) == set(range(len(steps))), "in every step"
    assert len(waits) == len(steps) + sum(len(step.rationale.claims) for step in steps)
    assert len(waits) >= tests / 2


ASKED = {  # what a visitor asks the server for, and waits for
    "answer": lambda path: requests.answer(
        answers.Answering(path), ["run", "episode", 1, "why", 1]
    ),
    "thought": lambda path: requests.thought(thoughts.Thinking(path), ["run", "episode", 1, {}, 0]),
    "hindsight": lambda path: requests.hindsight(differences.Looking(path), ["run", "episode", 1]),
}


@pytest.mark.parametrize("name", ASKED)
def test_while_the_page_answers_its_verdicts_wait(logged, monkeypatch, name):
    """At the moment at which the log is looked at, `give_way` would not return; afterwards it would."""
    asked, seen = Precedence(), []
    monkeypatch.setattr(kept, "QUESTIONS", asked)
    made = kept.Kept._made

    def watched(self, path):
        seen.append(asked._answering)
        return made(self, path)

    monkeypatch.setattr(kept.Kept, "_made", watched)
    ASKED[name](lambda run, episode: logged)
    assert seen == [1] and asked._answering == 0


def test_while_an_incident_is_reported_its_verdicts_wait(logged, monkeypatch):
    asked, seen = Precedence(), []
    monkeypatch.setattr(incidents, "QUESTIONS", asked)
    monkeypatch.setattr(incidents, "report_data", lambda *_: seen.append(asked._answering) or {})
    incidents.Incidents().report(logged)
    assert seen == [1] and asked._answering == 0
