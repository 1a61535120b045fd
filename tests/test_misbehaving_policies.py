"""Whatever a policy does, its episode ends in one sentence, the log stays readable, and the others go on."""

import json
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest
from commands import in_a_process, whydrive
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from drive import policy
from drive.episodes import log
from drive.episodes.record import record
from drive.episodes.replay import replay
from drive.evaluation import evaluate
from drive.types import (
    Choice,
    Claim,
    Control,
    Decision,
    Follow,
    Meta,
    Option,
    Rationale,
    Term,
    Trajectory,
)
from drive.world import World

IDLE = Meta("IDLE")
DURATION = {"duration": 2, "vehicles_count": 5}


def option(**changes) -> Option:
    return replace(Option(IDLE, (Term("gap ahead", 20.0, "m", "for", 5.0, (1,)),), 1.0), **changes)


def said(**changes) -> Rationale:
    claim = Claim("observation", "gap ahead", 20.0, "m", (1,))
    usual = Rationale(Decision("speed tracking", None), (claim,), None, "post hoc", "I go on.")
    return replace(usual, **changes)


class Policy:
    """Decides what it was given."""

    name, tie = "given", "post hoc"

    def __init__(self, decide):
        self.decide = decide


def ended(decide, folder) -> str:
    """How an episode ends, in words; the log is read again and replayed."""
    world = World("highway-fast", DURATION)
    path, *_, end = record(world, Policy(decide), 1, folder)
    episode = log.read(path).episode
    assert all(moment.same for moment in replay(episode))
    assert end.reason == episode.end.reason and "\n" not in end.message
    return end.message if end.reason == "policy failed" else ""


# ------------------------------------------------------------------------------- what it returns

PATH = np.linspace(1, 64, 64)


def path(**changes) -> Trajectory:
    arrays = dict.fromkeys(Trajectory.ARRAYS, PATH) | changes
    return Trajectory(**arrays, source="mine")


RETURNED = {
    "nothing": lambda: None,
    "a word": lambda: "IDLE",
    "an action": lambda: IDLE,
    "a number as the action": lambda: Choice(3, (Option(3),)),
    "no options": lambda: Choice(IDLE, ()),
    "options that are none": lambda: Choice(IDLE, (IDLE,)),
    "options as None": lambda: Choice(IDLE, None),
    "an endless score": lambda: Choice(IDLE, (option(score=float("inf")),)),
    "no number as a score": lambda: Choice(IDLE, (option(score=float("nan")),)),
    "words as a score": lambda: Choice(IDLE, (option(score="high"),)),
    "NumPy's number as a score": lambda: Choice(IDLE, (option(score=np.float64(1.0)),)),
    "NumPy's number in a term": lambda: Choice(
        IDLE, (option(terms=(Term("gap ahead", np.float32(2.0), "m", "for"),)),)
    ),
    "NumPy's id of a car": lambda: Choice(
        IDLE, (option(terms=(Term("gap ahead", 2.0, "m", "for", cars=(np.int64(1),)),)),)
    ),
    "terms that are none": lambda: Choice(IDLE, (option(terms=("gap",)),)),
    "a term that counts otherwise": lambda: Choice(
        IDLE, (option(terms=(Term("gap ahead", 2.0, "m", "maybe"),)),)
    ),
    "a lane that is none": lambda: Choice(IDLE, (option(target_lane="left"),)),
    "a trajectory of words": lambda: Choice(IDLE, (option(trajectory="ahead"),)),
    "a trajectory that leads nowhere": lambda: Choice(
        IDLE, (option(trajectory=path(x=np.full(64, np.nan))),)
    ),
    "an endless trajectory": lambda: Choice(
        IDLE, (option(trajectory=path(speed=np.full(64, np.inf))),)
    ),
    "a path that leads nowhere": lambda: Choice(
        Follow(path(x=np.full(64, np.nan))), (Option(Follow(path(x=np.full(64, np.nan)))),)
    ),
    "a wheel on a road of meta-actions": lambda: Choice(
        Control(0.0, 0.0), (Option(Control(0.0, 0.0)),)
    ),
    "no number as a wheel": lambda: Choice(
        Control(0.0, float("nan")), (Option(Control(0.0, float("nan"))),)
    ),
    "words as a pedal": lambda: Choice(Control("full", 0.0), (Option(Control("full", 0.0)),)),
    "a name that is none": lambda: Choice(Meta(3), (Option(Meta(3)),)),
    "a name that cannot be looked up": lambda: Choice(Meta([]), (Option(Meta([])),)),
    "notes that are numbers": lambda: Choice(IDLE, (option(),), notes=(1,)),
    "no answer in words": lambda: Choice(IDLE, (option(),), answered="no"),
    "a rationale in words": lambda: Choice(IDLE, (option(),), "because"),
    "a rationale without text": lambda: Choice(IDLE, (option(),), said(text=None)),
    "a rationale of another language": lambda: Choice(IDLE, (option(),), said(language="fr")),
    "claims that are none": lambda: Choice(IDLE, (option(),), said(claims=("I go on",))),
    "a claim with no number": lambda: Choice(
        IDLE, (option(),), said(claims=(Claim("observation", "gap ahead", float("nan")),))
    ),
    "a decision that is none": lambda: Choice(IDLE, (option(),), said(decision="go")),
}


@pytest.mark.parametrize("what", RETURNED)
def test_what_cannot_be_driven_explained_or_written_ends_the_episode_in_a_sentence(what, tmp_path):
    made = RETURNED[what]
    message = ended(lambda scene: made(), tmp_path)
    assert message.startswith("policy 'given' ") and len(message) < 400


def test_a_choice_with_rows_as_lists_and_whole_numbers_is_driven(tmp_path):
    terms = [Term("gap ahead", 20, "m", "for", 5, [1])]
    assert not ended(lambda scene: Choice(IDLE, [Option(IDLE, terms, 1)]), tmp_path)


@settings(derandomize=True, database=None, deadline=None, max_examples=60,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(
    st.text(max_size=12), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=4),
    st.lists(st.integers(-3, 99), max_size=3), st.sampled_from(["for", "against"]),
)  # fmt: skip
@example("whereabouts", 0.0, "", [], "for")  # of no car
def test_a_term_of_any_kind_is_said_somehow(kind, value, unit, cars, counts):
    import tempfile
    from pathlib import Path

    term = Term(kind, value, unit, counts, None, tuple(cars))
    with tempfile.TemporaryDirectory() as folder:
        ended(lambda scene: Choice(IDLE, (Option(IDLE, (term,), 1.0),)), Path(folder))


# --------------------------------------------------------------------------------- what it does


def right() -> Choice:
    return Choice(IDLE, (option(terms=()),))


def test_what_it_is_shown_it_cannot_change(tmp_path):
    """Values are frozen, arrays read-only, and what can still be emptied is nowhere remembered."""

    def meddles(scene):
        for change in (
            lambda: setattr(scene.ego, "speed", 0.0),
            lambda: setattr(scene, "cars", ()),
            lambda: scene.history.ego.__setitem__(0, 0.0),
            lambda: next(iter(scene.history.cars.values())).__setitem__(0, 0.0),
            lambda: scene.road.sections.clear(),
            lambda: scene.road.by_id.clear(),
            lambda: scene.road.exits.clear(),
        ):
            try:
                change()
            except (AttributeError, ValueError, TypeError, StopIteration, IndexError):
                continue
            changed.append(change)
        scene.history.cars.clear()
        return right()

    changed = []
    assert not ended(meddles, tmp_path / "meddled") and not changed
    assert not ended(lambda scene: right(), tmp_path / "left alone")
    logs = [next((tmp_path / name).glob("*.jsonl")) for name in ("meddled", "left alone")]
    first, second = (log.digest(log.read(each).episode) for each in logs)
    assert first == second


def test_a_policy_that_leaves_the_program_fails_and_is_not_obeyed(tmp_path):
    assert "raised SystemExit" in ended(lambda scene: sys.exit(0), tmp_path)


SOURCE = """
    import os, sys, time
    from drive.types import Choice, Meta, Option

    class Mine:
        name = "mine"
        tie = "post hoc"

        def decide(self, scene):
            {body}
            return Choice(Meta("IDLE"), (Option(Meta("IDLE")),))
"""


def written(folder, body: str) -> str:
    path = folder / "mine.py"
    path.write_text(textwrap.dedent(SOURCE).replace("{body}", body))
    return str(path)


DONE = {  # what it does -> (exit code, what is said)
    "print('{}', flush=True); sys.stderr.write('hello')": (0, ""),
    "sys.exit(0)": (2, "raised SystemExit"),
    "raise RuntimeError('two' + chr(10) + 'lines')": (2, "raised RuntimeError: two lines"),
    "os.fork()": (0, ""),
    "sys.stdout.close()": (2, ""),
    "raise KeyboardInterrupt": (130, ""),
    "scene.ego.speed = 3": (2, "raised FrozenInstanceError"),
    "return self.decide(scene)": (2, "raised RecursionError"),
}
RAISED = {body for body, (_, told) in DONE.items() if told} - {
    "sys.exit(0)"
}  # no process is needed


@pytest.mark.parametrize("body", DONE)
def test_a_run_says_in_one_line_what_went_wrong_and_exits_accordingly(body, tmp_path):
    code, told = DONE[body]
    run = whydrive if body in RAISED else in_a_process
    done = run(
        "run", "merge", "--policy", written(tmp_path, body),
        "--out", tmp_path / "out", "--set", "duration=2", "--no-causes",
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert told in done.stderr and "Traceback" not in done.stderr
    lines = (tmp_path / "out" / "merge-mine-0.jsonl").read_text().splitlines()
    numbers = [json.loads(line)["scene"]["step"] for line in lines if '"line":"step"' in line]
    assert numbers == list(range(len(numbers))), "each decision stands once"


HARM = {  # what it does to one seed of three -> what is said of that one
    "os._exit(0) if scene.seed == 20001 else None": "its worker died 2 times",
    "os.kill(os.getpid(), 9) if scene.seed == 20001 else None": "its worker died 2 times",
    "sys.exit(0) if scene.seed == 20001 else None": "raised SystemExit",
    "os.fork() if scene.seed == 20001 else None": None,
}


@pytest.mark.parametrize("body", HARM)
def test_what_it_does_to_one_episode_the_others_do_not_notice(body, tmp_path):
    made = evaluate(
        "merge", [written(tmp_path, body)], 3, workers=1, out=tmp_path / "run",
        overrides={"duration": 2}, causes="never", progress=False,
    )  # fmt: skip
    told = HARM[body]
    assert [one.seed for one in made.failures] == ([20001] if told else [])
    assert all(told in one.message and "\n" not in one.message for one in made.failures)
    assert len(made.of("merge", "mine")) == 3


def test_shipped_policies_decide_plain_values():
    """The same guard that refuses others lets ours pass."""
    for name in policy.names():
        world = World("highway-fast", DURATION)
        assert policy.checked(policy.load(name), world.reset(1)).action
