"""Jobs done in this process, in several, or on a Ray cluster; results stream back as they come.

Knows nothing of driving. Every engine keeps the same promises. A bounded number of jobs is out at any
time, so `jobs` may be endless. A job that raises yields a Failure. A worker that dies costs the job
that it was doing one retry, after all other jobs, and then that job yields a Failure; no other job
notices. An interrupt, or a consumer that stops early, ends the workers at once, mid-job.
"""

from __future__ import annotations

import importlib.util
import logging
import math
import multiprocessing
import os
import pickle
import signal
import socket
import statistics
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import connection
from typing import Protocol, TypeVar

Job, Result = TypeVar("Job"), TypeVar("Result")

TRIES = 2  # for a job whose worker dies
TASK = 2.0  # [s] of work that a task for Ray should hold
LARGEST_TASK = 500  # jobs
AHEAD = 2  # tasks in flight for each core that Ray has: one that runs and one that waits
OBJECT_STORE = 256 << 20  # [bytes] for results on their way, of a cluster that is started here
ARITHMETIC = "NPY_DISABLE_CPU_FEATURES"  # of this process's environment; Ray's workers get the same


@dataclass(frozen=True)
class Failure:
    """Why a job has no result, in one sentence."""

    why: str
    trace: str = field(default="", repr=False, compare=False)  # for a developer; never shown


class CannotStart(OSError):
    """No worker can take a job; the message says why in one sentence."""


class Engine(Protocol):
    """Does jobs. A frozen value."""

    shares_disk: bool  # do its workers see the files that this process sees?

    def run(
        self, jobs: Iterable[Job], work: Callable[[Job], Result]
    ) -> Iterator[tuple[Job, Result | Failure]]:
        """Every job with `work(job)` or a Failure, in the order in which they are done."""


# ----------------------------------------------------------------------------------- in this process


@dataclass(frozen=True)
class Local:
    """One job after the other in this process: for debugging, and for what cannot be pickled."""

    shares_disk = True

    def run(self, jobs, work):
        for job in jobs:
            yield job, _outcome(work, job)


# --------------------------------------------------------------------------- in processes of our own


@dataclass(frozen=True)
class Processes:
    """Spawned processes of this machine, one job in each at a time; work and jobs are pickled.

    CannotStart where two workers in a row die before they are up.
    """

    workers: int = 1

    shares_disk = True

    def __post_init__(self):
        if self.workers < 1:
            raise ValueError(f"the number of workers must be at least 1, not {self.workers}")

    def run(self, jobs, work):
        queue = _Queue(jobs)
        with _crew(self.workers, pickle.dumps(work)) as crew:
            while True:
                while crew.has_room and (attempt := queue.take()):
                    crew.begin(attempt)
                if not crew.is_busy:
                    return
                for attempt, answer in crew.heard():
                    if isinstance(answer, bytes):
                        yield attempt.job, _unpacked(answer)
                    elif failure := queue.lost(attempt, answer):
                        yield attempt.job, failure


class _Crew:
    """The workers at hand. Hires as many as there are jobs for, up to `size`."""

    def __init__(self, size: int, work: bytes):
        self.size, self.work = size, work
        self.workers: list[_Worker] = []
        self.stillborn = 0  # workers in a row that died before they were up

    @property
    def has_room(self) -> bool:
        self.workers = [w for w in self.workers if w.attempt or w.process.is_alive()]
        return len(self.workers) < self.size or not all(w.attempt for w in self.workers)

    @property
    def is_busy(self) -> bool:
        return any(worker.attempt for worker in self.workers)

    def begin(self, attempt: _Attempt) -> None:
        idle = next((worker for worker in self.workers if not worker.attempt), None)
        if idle is None:
            with _interrupts_held_back():  # so that none comes before the worker is listed
                idle = _Worker(self.work)
                self.workers.append(idle)
        idle.begin(attempt)

    def heard(self) -> Iterator[tuple[_Attempt, bytes | str]]:
        """Waits for the next workers to be heard of: what they did with its packed outcome, or how they died."""
        busy = {worker.pipe: worker for worker in self.workers if worker.attempt}
        for pipe in connection.wait(busy):
            worker = busy[pipe]
            try:
                message = pipe.recv_bytes()
            except (EOFError, OSError):
                yield worker.attempt, self._buried(worker)
                continue
            if message == UP:
                self.stillborn = 0
                worker.come_up()
            else:
                attempt, worker.attempt = worker.attempt, None
                yield attempt, message

    def _buried(self, worker: _Worker) -> str:
        self.workers.remove(worker)
        worker.process.join()
        how = _how(worker.process.exitcode)
        self.stillborn += not worker.is_up
        if self.stillborn == 2:
            raise CannotStart(
                f"no worker process can start ({how}); a script of your own needs "
                '`if __name__ == "__main__":` around what it runs'
            )
        return how


@contextmanager
def _crew(size: int, work: bytes) -> Iterator[_Crew]:
    crew = _Crew(size, work)
    try:
        yield crew
    finally:
        for worker in crew.workers:
            worker.process.kill()
        for worker in crew.workers:
            worker.process.join()


UP = b"up"  # what a worker says first


class _Worker:
    """One spawned process, and the attempt that it was given."""

    def __init__(self, work: bytes):
        self.attempt: _Attempt | None = None
        self.is_up = False
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        self.process.start()
        theirs.close()  # so that the pipe ends when the worker does

    def begin(self, attempt: _Attempt) -> None:
        self.attempt = attempt
        if self.is_up:
            self._send()

    def come_up(self) -> None:
        self.is_up = True
        self._send()

    def _send(self) -> None:
        with suppress(OSError):  # it has just died, and is about to be heard of
            self.pipe.send_bytes(self.attempt.packed)


def _serve(pipe: connection.Connection, work: bytes) -> None:
    """In a worker: do what comes through the pipe until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    threading.Thread(target=_follow_the_parent, daemon=True).start()
    pipe.send_bytes(UP)
    with suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(_done(work, pipe.recv_bytes()))


def _follow_the_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Ctrl-C takes effect afterwards; a process that starts within never hears of it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _how(exitcode: int) -> str:
    return f"exit code {exitcode}" if exitcode >= 0 else signal.Signals(-exitcode).name


# --------------------------------------------------------------------------------------------- on Ray


@dataclass(frozen=True)
class Ray:
    """The cores of a Ray cluster, on other machines too; needs `pip install "whydrive[ray]"`.

    address: of a cluster that runs already ("auto" finds one on this machine); without it, a cluster
    of `workers` cores (all of this machine's, if not given) is started here and stopped at the end.
    Jobs are bundled into tasks of about two seconds, and at most two tasks per core are out. Outcomes
    come back one by one, so a node that dies takes with it only what it had not sent yet.
    """

    address: str | None = None
    workers: int | None = None

    shares_disk = False

    def __post_init__(self):
        if importlib.util.find_spec("ray") is None:
            raise CannotStart('Ray is not installed; pip install "whydrive[ray]"')

    def run(self, jobs, work):
        with _cluster(self.address, self.workers) as ray:
            pack = ray.cloudpickle.dumps  # sends what a script defines along with it
            queue, pace, work = _Queue(jobs, pack), _Pace(), ray.put(pack(work))
            task = ray.remote(_bundle).options(num_returns="streaming", max_retries=0)
            out: dict[Iterator, deque[_Attempt]] = {}  # of each task, its outcomes: what is to come
            cores = _Cores(ray)
            try:
                while True:
                    while len(out) < AHEAD * cores.count() and (bundle := queue.bundle(pace.jobs)):
                        out[task.remote(work, [attempt.packed for attempt in bundle])] = bundle
                    if not out:
                        return
                    yield from _streamed(ray, out, queue, pace)
            finally:
                for stream in out if ray.is_initialized() else ():
                    ray.cancel(stream, force=True)


def _streamed(ray, out: dict, queue: _Queue, pace: _Pace) -> Iterator[tuple]:
    """Waits for the next outcomes, one of each stream that has one."""
    ray.wait(list(out), num_returns=1)
    ready, _ = ray.wait(list(out), num_returns=len(out), timeout=0)
    for stream in ready:
        bundle = out[stream]
        try:
            seconds, answer = ray.get(next(stream))
        except (StopIteration, ray.exceptions.RayError) as end:
            del out[stream]
            if bundle:
                attempt = bundle.popleft()
                queue.put_back(bundle)
                if failure := queue.lost(attempt, _said_by_ray(end)):
                    yield attempt.job, failure
        else:
            pace.add(seconds)
            yield bundle.popleft().job, _unpacked(answer)


def _bundle(work: bytes, jobs: list[bytes]) -> Iterator[tuple[float, bytes]]:
    """In a worker of Ray's: each job's seconds and packed outcome."""
    for job in jobs:
        begin = time.perf_counter()
        answer = _done(work, job)
        yield time.perf_counter() - begin, answer


def _said_by_ray(error: Exception) -> str:
    cause = getattr(error, "cause", None) or error
    return type(cause).__name__


class _Pace:
    """How long jobs take, and how many of them make a task."""

    def __init__(self):
        self._recent: deque[float] = deque(maxlen=100)  # [s]

    def add(self, seconds: float) -> None:
        self._recent.append(seconds)

    @property
    def jobs(self) -> int:
        if not self._recent:
            return 1
        typical = max(statistics.median(self._recent), 1e-6)
        return min(LARGEST_TASK, math.ceil(TASK / typical))


class _Cores:
    """How many cores the cluster has: it may grow and shrink, and is asked once a second."""

    def __init__(self, ray):
        self._ray, self._asked, self._count = ray, -math.inf, 0

    def count(self) -> int:
        if time.monotonic() > self._asked + 1:
            self._asked = time.monotonic()
            self._count = max(1, int(self._ray.cluster_resources().get("CPU", 0)))
        return self._count


@contextmanager
def _cluster(address: str | None, workers: int | None) -> Iterator:
    """Ray, connected; a connection that stood before is used and left."""
    import ray

    if ray.is_initialized():
        yield ray
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
    if address:
        same = {ARITHMETIC: os.environ[ARITHMETIC]} if ARITHMETIC in os.environ else {}
        where, given = f"at {address}", {"runtime_env": {"env_vars": same}}
    else:
        where, given = "on this machine", {"num_cpus": workers, "include_dashboard": False}
        given["object_store_memory"] = OBJECT_STORE
    try:
        _call(address)
        ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR, **given)
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        said = str(error).split("\n")[0]
        raise CannotStart(f"no Ray cluster can be had {where}: {said}") from None
    try:
        yield ray
    finally:
        if ray.is_initialized():  # not where Python itself is ending, and has stopped it already
            ray.shutdown()


def _call(address: str | None) -> None:
    """OSError at once where nobody answers; Ray itself would try for minutes."""
    host, _, port = (address or "").rpartition(":")
    if port.isdigit():
        socket.create_connection((host.removeprefix("ray://"), int(port)), timeout=5).close()


# --------------------------------------------------------------------------------- what they all share


@dataclass(frozen=True, eq=False)
class _Attempt:
    """A job on its way to a worker."""

    job: object
    packed: bytes
    number: int = 1


class _Queue:
    """What is still to be done: the jobs, then those whose worker died."""

    def __init__(self, jobs: Iterable, pack: Callable[[object], bytes] = pickle.dumps):
        self._jobs, self._pack = iter(jobs), pack
        self._again: deque[_Attempt] = deque()

    def take(self) -> _Attempt | None:
        for job in self._jobs:
            return _Attempt(job, self._pack(job))
        return self._again.popleft() if self._again else None

    def bundle(self, size: int) -> deque[_Attempt]:
        """Up to `size` attempts; a second one stands alone, so that nothing else can be blamed on it."""
        bundle: deque[_Attempt] = deque()
        while len(bundle) < size and (attempt := self.take()):
            if attempt.number > 1 and bundle:
                self._again.appendleft(attempt)
                break
            bundle.append(attempt)
            size = size if attempt.number == 1 else 1
        return bundle

    def put_back(self, attempts: Iterable[_Attempt]) -> None:
        self._again += attempts

    def lost(self, attempt: _Attempt, how: str) -> Failure | None:
        """Its worker died: once more, or a Failure."""
        if attempt.number == TRIES:
            return Failure(f"its worker died {TRIES} times ({how})")
        self._again.append(replace(attempt, number=attempt.number + 1))
        return None


def _outcome(work: Callable, job) -> object | Failure:
    """The one broad `except` of an evaluation: whatever a job raises is its own failure."""
    try:
        return work(job)
    except (Exception, SystemExit) as error:
        return _failure(error)


def _failure(error: BaseException) -> Failure:
    """A ValueError is a sentence for the user; of any other exception the name helps."""
    said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return Failure(" ".join(said.split()), traceback.format_exc())


def _done(work: bytes, job: bytes) -> bytes:
    """The packed outcome of a packed job, in a worker."""
    outcome = _outcome(lambda packed: pickle.loads(work)(pickle.loads(packed)), job)
    try:
        return pickle.dumps(outcome)
    except Exception as error:
        return pickle.dumps(_failure(error))


def _unpacked(answer: bytes) -> object | Failure:
    return _outcome(pickle.loads, answer)


ENGINES: dict[str, Callable[[int | None, str | None], Engine]] = {
    "local": lambda workers, address: Local(),
    "processes": lambda workers, address: Processes(workers or 1),
    "ray": lambda workers, address: Ray(address, workers),
}


def named(name: str, workers: int | None = None, address: str | None = None) -> Engine:
    """The engine of that name. address: of a Ray cluster. ValueError where they do not fit together."""
    if name not in ENGINES:
        raise ValueError(f"no engine {name!r}; choose from {', '.join(ENGINES)}")
    if workers is not None and workers < 1:
        raise ValueError(f"the number of workers must be at least 1, not {workers}")
    if address and name != "ray":
        raise ValueError(f"an address is of a Ray cluster, and the engine is {name!r}")
    if address and workers:
        raise ValueError(f"the cluster at {address} has its own number of workers")
    return ENGINES[name](workers, address)
