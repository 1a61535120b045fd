"""A visitor's question goes first: a log's verdicts wait between two tests while one is answered."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from drive import run
from drive.episodes import log
from drive.show import answers, proof, requests
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


def test_while_the_page_answers_its_verdicts_wait(logged, monkeypatch):
    """Asked through the page's own function: at the moment of the answer, `give_way` would not return."""
    asking, seen = answers.Answering(lambda run, name: logged), []
    asked = Precedence()
    monkeypatch.setattr(requests, "QUESTIONS", asked)
    ask = asking.ask

    def watched(*given):
        seen.append(asked._answering)
        return ask(*given)

    monkeypatch.setattr(asking, "ask", watched)
    assert "phrases" in requests.answer(asking, ["run", "episode", 1, "why", 1])
    assert "problem" in requests.answer(asking, ["run", "episode", 99, "why", 1])
    assert seen == [1, 1] and asked._answering == 0
