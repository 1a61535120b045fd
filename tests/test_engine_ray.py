"""The engine on Ray: a real cluster of two nodes on this machine, one of which is killed on the way."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from drive.engine import AHEAD, CannotStart, Failure, Local, Ray, _Pace
from drive.episodes import log
from drive.evaluation import evaluate
from drive.measures.metrics import METRICS

ROOT = Path(__file__).parent.parent
CLOCK = {name for name in METRICS if "latency" in name}
SMALL = 80 << 20  # [bytes] of object store, about the least that Ray takes

ray = pytest.importorskip("ray", reason='Ray is not installed; pip install "whydrive[ray]"')
cluster_utils = pytest.importorskip("ray.cluster_utils")


def test_a_task_holds_about_two_seconds_of_work():
    pace = _Pace()
    assert pace.jobs == 1  # until it is known how long a job takes
    for seconds, jobs in ((0.1, 20), (5.0, 1), (0.0, 500)):
        for _ in range(100):
            pace.add(seconds)
        assert pace.jobs == jobs


@pytest.fixture(scope="module")
def cluster():
    """One core that stays; its workers find this checkout, and these tests."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    head = {"num_cpus": 1, "object_store_memory": SMALL, "include_dashboard": False}
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)


def large(job):
    time.sleep(0.1)
    return job, os.urandom(1000) * 300  # too large to travel otherwise than by the object store


def dies_on_three(job):
    if job == 3:
        os._exit(3)
    return job


def test_a_job_that_kills_its_worker_twice_is_a_failure_and_the_others_go_on(cluster):
    done = dict(Ray(cluster.address).run(range(8), dies_on_three))
    assert done.pop(3) == Failure("its worker died 2 times (WorkerCrashedError)")
    assert done == {job: job for job in range(8) if job != 3}


def test_jobs_may_be_endless_and_two_tasks_per_core_are_out(cluster):
    taken = []

    def jobs():
        while True:
            taken.append(len(taken))
            yield taken[-1]

    stream = Ray(cluster.address).run(jobs(), large)
    next(stream)
    assert (
        len(taken) == AHEAD
    )  # on one core; a task holds one job until it is known how long that takes
    stream.close()


@pytest.fixture
def second(cluster):
    """One more core, on a node that may be killed."""
    node = cluster.add_node(num_cpus=1, object_store_memory=SMALL)
    cluster.wait_for_nodes()
    yield node
    if node in cluster.list_all_nodes():
        cluster.remove_node(node)


def test_where_a_node_dies_nothing_is_lost_and_nothing_comes_twice(cluster, second):
    done = []
    for job, result in Ray(cluster.address).run(range(60), large):
        assert not isinstance(result, Failure), result
        assert result[0] == job and len(result[1]) == 300_000
        done.append(job)
        if len(done) == 10:
            cluster.remove_node(second, allow_graceful=False)
    assert sorted(done) == list(range(60))


def test_rows_are_those_of_one_process_though_a_node_dies(cluster, second, tmp_path):
    out = tmp_path / "elsewhere"

    def kill():
        while len(list(out.glob("merge-*.jsonl"))) < 4:
            time.sleep(0.02)
        cluster.remove_node(second, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    elsewhere = evaluate(
        "merge", ["random"], 12, engine=Ray(cluster.address), out=out, progress=False
    )  # fmt: skip
    killer.join()
    here = evaluate("merge", ["random"], 12, workers=0, out=tmp_path / "here", progress=False)
    assert not elsewhere.failures
    for one, other in zip(here.records, elsewhere.records, strict=True):
        assert digest(here.out / one.log) == digest(elsewhere.out / other.log)
    assert [row for row in here.rows if row.metric not in CLOCK] == [
        row for row in elsewhere.rows if row.metric not in CLOCK
    ]


def digest(path):
    return log.digest(log.read(path).episode)


def test_a_cluster_that_does_not_answer_is_said_in_one_sentence():
    ray.shutdown()
    with pytest.raises(CannotStart, match="no Ray cluster can be had at 127.0.0.1:9"):
        next(Ray("127.0.0.1:9").run([1], dies_on_three))


SCRIPT = """
import signal, sys
from drive.engine import Ray
from tests.test_engine import sleeps
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    for _ in Ray(workers=1).run([sys.argv[1]] * 9, sleeps):
        pass
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_an_interrupt_ends_the_workers_of_a_cluster_that_was_started_here(tmp_path):
    script, marks = tmp_path / "script.py", tmp_path / "marks"
    script.write_text(SCRIPT)
    marks.mkdir()
    run = subprocess.Popen(
        [sys.executable, str(script), str(marks)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    while not list(marks.iterdir()):
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=60)
    assert out.endswith(b"stopped\n")
    worker = int(next(marks.iterdir()).name)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_same_is_done_as_in_one_process_on_a_cluster_that_is_started_here():
    ray.shutdown()
    assert dict(Ray(workers=2).run(range(30), abs)) == dict(Local().run(range(30), abs))
