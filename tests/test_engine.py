"""The engine: every engine does the same jobs, and none lets one job disturb another."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drive import engine
from drive.engine import CannotStart, Failure, Local, Processes

ROOT = Path(__file__).parent.parent


def tenfold(job):
    return 10 * job


def falls_on_three(job):
    if job == 3:
        raise ArithmeticError("the earth is flat")
    if job == 4:
        raise ValueError("four is not\nallowed")
    if job == 5:
        sys.exit(7)
    return job


class Deadly:
    """Leaves a mark for each visit, and ends its process on some jobs for a number of visits."""

    def __init__(self, folder, **deaths):
        self.folder, self.deaths = folder, {int(job.strip("_")): n for job, n in deaths.items()}

    def __call__(self, job):
        with open(self.folder / str(job), "a") as file:
            file.write("x")
        if self.visits(job) <= self.deaths.get(job, 0):
            if job % 2:
                os._exit(3)
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.02)
        return -job

    def visits(self, job):
        return len((self.folder / str(job)).read_text())


@pytest.mark.parametrize("engine", [Local(), Processes(1), Processes(3)])
def test_every_engine_does_every_job_once(engine):
    assert dict(engine.run(range(20), tenfold)) == {job: 10 * job for job in range(20)}
    assert list(engine.run([], tenfold)) == []


@pytest.mark.parametrize("engine", [Local(), Processes(2)])
def test_what_a_job_raises_is_its_own_failure(engine):
    done = dict(engine.run(range(6), falls_on_three))
    assert done[3] == Failure("ArithmeticError: the earth is flat")
    assert done[4] == Failure("four is not allowed")  # a ValueError is a sentence already
    assert done[5] == Failure("SystemExit: 7")
    assert "falls_on_three" in done[3].trace
    assert [done[job] for job in (0, 1, 2)] == [0, 1, 2]


def lambdas(job):
    return lambda: job


def test_a_result_that_cannot_travel_is_a_failure():
    ((_, failure),) = Processes(1).run([1], lambdas)
    assert isinstance(failure, Failure) and "lambda" in failure.why


def test_a_worker_that_dies_costs_its_job_one_retry_and_nobody_else_anything(tmp_path):
    work = Deadly(tmp_path, _3=1, _6=1)
    assert dict(Processes(2).run(range(10), work)) == {job: -job for job in range(10)}
    assert [work.visits(job) for job in range(10)] == [1, 1, 1, 2, 1, 1, 2, 1, 1, 1]


def test_a_job_that_kills_its_worker_again_is_a_failure_that_says_how(tmp_path):
    work = Deadly(tmp_path, _3=9, _6=9)
    done = dict(Processes(2).run(range(10), work))
    assert done.pop(3) == Failure("its worker died 2 times (exit code 3)")
    assert done.pop(6) == Failure("its worker died 2 times (SIGKILL)")
    assert done == {job: -job for job in range(10) if job not in (3, 6)}
    assert [work.visits(job) for job in range(10)] == [1, 1, 1, 2, 1, 1, 2, 1, 1, 1]


@pytest.mark.parametrize(("engine", "most"), [(Local(), 1), (Processes(2), 3)])
def test_jobs_may_be_endless_and_are_taken_as_they_are_needed(engine, most):
    taken = []

    def jobs():
        while True:
            taken.append(len(taken))
            yield taken[-1]

    done = 0
    stream = engine.run(jobs(), tenfold)
    for _job, _result in stream:
        done += 1
        assert len(taken) - done < most
        if done == 8:
            break
    stream.close()


def sleeps(folder):
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


def is_gone(process):
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def first_then_sleeps(job):
    if job:
        sleeps(job)
    return os.getpid()


def test_a_consumer_that_stops_early_ends_the_workers_mid_job(tmp_path):
    stream = Processes(2).run(["", str(tmp_path), str(tmp_path)], first_then_sleeps)
    _, first = next(stream)
    begin = time.monotonic()
    stream.close()
    assert time.monotonic() - begin < 5
    assert is_gone(first)
    assert all(is_gone(int(path.name)) for path in tmp_path.iterdir())


SCRIPT = """
import signal, sys
from drive.engine import Processes
from tests.test_engine import sleeps
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs deaf to it
if __name__ == "__main__":
    try:
        for _ in Processes(2).run([sys.argv[1]] * 9, sleeps):
            pass
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


@pytest.mark.parametrize("when", ["while they work", "while they start"])
def test_an_interrupt_stops_at_once_and_leaves_neither_process_nor_trace(tmp_path, when):
    script, marks = tmp_path / "script.py", tmp_path / "marks"
    script.write_text(SCRIPT)
    marks.mkdir()
    run = subprocess.Popen(
        [sys.executable, str(script), str(marks)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    if when == "while they work":
        while len(list(marks.iterdir())) < 2:
            assert run.poll() is None
            time.sleep(0.02)
    else:
        while not children(run.pid):
            assert run.poll() is None
            time.sleep(0.005)
    begin = time.monotonic()
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does
    out, errors = run.communicate(timeout=60)
    assert time.monotonic() - begin < 5
    assert (out, errors) == (b"stopped\n", b"")
    assert all(is_gone(int(path.name)) for path in marks.iterdir())


def children(process):
    path = Path(f"/proc/{process}/task/{process}/children")
    if not path.exists():
        pytest.skip("this system does not list a process's children")
    return path.read_text().split()


def test_workers_go_when_their_parent_is_killed(tmp_path):
    script, marks = tmp_path / "script.py", tmp_path / "marks"
    script.write_text(SCRIPT)
    marks.mkdir()
    run = subprocess.Popen(
        [sys.executable, str(script), str(marks)], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    while len(list(marks.iterdir())) < 2:
        assert run.poll() is None
        time.sleep(0.02)
    run.kill()
    run.wait()
    assert all(is_gone(int(path.name)) for path in marks.iterdir())


def test_where_no_worker_can_start_one_sentence_says_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from drive.engine import *\nprint(list(Processes(2).run([1, 2], abs)))\n")
    run = subprocess.run(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "CannotStart: no worker process can start" in run.stderr
    assert '__name__ == "__main__"' in run.stderr
    assert issubclass(CannotStart, OSError)  # what the command line says in one sentence


def test_a_second_attempt_stands_in_a_bundle_of_its_own():
    queue = engine._Queue(range(5))
    lost, *rest = queue.bundle(3)
    queue.put_back(rest)
    assert queue.lost(lost, "killed") is None
    bundles = [[attempt.job for attempt in queue.bundle(9)] for _ in range(3)]
    assert bundles == [[3, 4, 1, 2], [0], []]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("spark",), "no engine 'spark'; choose from local, processes, ray"),
        (("processes", 0), "at least 1, not 0"),
        (("processes", 2, "auto"), "an address is of a Ray cluster"),
        (("ray", 2, "auto"), "has its own number of workers"),
    ],
)
def test_an_engine_that_cannot_be_is_refused_in_one_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        engine.named(*arguments)


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_ray_is_asked_for_in_words_where_it_is_not_installed():
    with pytest.raises(CannotStart, match=r"""pip install "whydrive\[ray\]"$"""):
        engine.named("ray")
