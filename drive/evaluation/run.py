"""Drives policies through a suite, in parallel processes, and takes up where it was interrupted.

A run's folder holds run.json (what is driven), one log per episode, and episodes.jsonl (what came of
each). An episode is done when its log has an end; it is never driven twice. One without an end
(killed, broken) is driven anew. Whatever an episode does to its process, the others go on.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import math
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from drive import policy as policies
from drive.episodes import log, rollout
from drive.episodes.record import record
from drive.evaluation.results import Record, Results
from drive.measures import metrics, motion, statistics
from drive.scenarios import Suite
from drive.scenarios import suite as named
from drive.types import End, Policy
from drive.world import PHYSICS, World

SCHEMA = "whydrive.run"
FIXED = ("overrides", "physics", "highway-env")  # what all episodes in a folder have in common
BROKEN = "broken"


@dataclass(frozen=True)
class Job:
    """An episode to drive."""

    scenario: str
    policy: str  # its name
    seed: int
    source: str | Policy  # where to load it from, or the policy itself

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.scenario, self.policy, self.seed)


@dataclass(frozen=True)
class Plan:
    """How every episode of a run is driven."""

    out: Path
    overrides: dict
    language: str
    physics: str
    causes: str = "every"

    def path(self, job: Job) -> Path:
        return self.out / log.file_name(job)  # a job names what a header names


def evaluate(
    suite: str,
    policy: Sequence[str | Policy],
    episodes: int = 20,
    *,
    workers: int = 1,
    out: str | Path = Path("runs/evaluation"),
    overrides: dict | None = None,
    language: str = "en",
    physics: str = "highway-env",
    causes: str = "every",
    progress: bool = True,
) -> Results:
    """Drive every policy through every scenario of a suite on the same seeds.

    suite: a suite's name or a scenario's; policy: names, files or modules, or policies themselves
    (these are driven in this process); episodes: seeds per scenario; workers: processes, 0 drives in
    this one; physics: "twin" drives the same many times faster. ValueError where something does not
    exist, the folder holds something else, or another evaluation is writing into it.
    KeyboardInterrupt leaves a folder that a second call continues.
    """
    protocol, seeds = named(suite), named(suite).seeds(episodes)
    if workers < 0:
        raise ValueError(f"the number of workers must be 0 or more, not {workers}")
    if physics not in PHYSICS:
        raise ValueError(f"no physics {physics!r}; choose from {', '.join(PHYSICS)}")
    if causes not in rollout.CAUSES:
        raise ValueError(f"causes are asked {', '.join(rollout.CAUSES)}, not {causes!r}")
    drivers = _loaded([policy] if isinstance(policy, str) else policy)
    plan = Plan(Path(out), dict(overrides or {}), language, physics, causes)
    absent = _absent(protocol, drivers, plan, seeds[0])
    jobs = [
        Job(scenario, name, seed, source)
        for seed in seeds
        for scenario in protocol.scenarios
        for name, (source, _) in drivers.items()
        if (scenario, name) not in absent
    ]
    if any(not isinstance(job.source, str) for job in jobs):
        workers = 0
    with _locked(plan.out):
        _begin(plan, protocol, seeds, drivers)
        records = _records(plan, jobs, drivers, workers, progress)
    return Results(
        protocol.name, protocol.scenarios, tuple(drivers), records, frozenset(absent), plan.out
    )


def _loaded(given: Sequence[str | Policy]) -> dict[str, tuple[str | Policy, Policy]]:
    """name -> (where from, the policy), each name once."""
    if not given:
        raise ValueError("name at least one policy")
    found: dict[str, tuple[str | Policy, Policy]] = {}
    for source in given:
        policy = policies.load(source) if isinstance(source, str) else source
        if policy.name in found:
            raise ValueError(f"two policies are called {policy.name!r}; every name may stand once")
        found[policy.name] = (source, policy)
    return found


def _absent(protocol: Suite, drivers: dict, plan: Plan, seed: int) -> set[tuple[str, str]]:
    """(scenario, policy) where the policy has no action; builds every world once, to fail early."""
    found = set()
    for scenario in protocol.scenarios:
        legal = World(scenario, plan.overrides).reset(seed).legal
        found |= {(scenario, n) for n, (_, p) in drivers.items() if not policies.applies(p, legal)}
    return found


# ---------------------------------------------------------------------------------- the run's folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Nobody else evaluates into the folder meanwhile, or ValueError; a process that ends lets go."""
    _run(folder / "run.json")  # into somebody else's folder nothing is written
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise ValueError(f"{folder} is a file; name a folder to evaluate into") from None
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"another evaluation is writing into {folder}; wait for its end, or name another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _begin(plan: Plan, protocol: Suite, seeds: Sequence[int], drivers: dict) -> None:
    """Write run.json, or see that the one that lies there is of the same kind, and add to it."""
    path = plan.out / "run.json"
    fresh = {
        "schema": SCHEMA,
        "version": "1.0",
        "overrides": plan.overrides,
        "physics": plan.physics,
        "highway-env": rollout.versions().get("highway-env", ""),
        "versions": rollout.versions(),
        "commands": [sys.argv],
        "suites": {protocol.name: {"scenarios": protocol.scenarios, "seeds": seeds}},
        "policies": {name: _about(*driver) for name, driver in drivers.items()},
    }
    old = _run(path)
    if old:
        _same(plan.out, old, json.loads(json.dumps(fresh)))
        fresh = old | {
            "commands": old["commands"] + [sys.argv] * (sys.argv not in old["commands"]),
            "suites": old["suites"] | fresh["suites"],
            "policies": old["policies"] | fresh["policies"],
        }
    plan.out.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(fresh, indent=1, ensure_ascii=False), encoding="utf-8")
    os.replace(part, path)


def _about(source: str | Policy, policy: Policy) -> dict:
    """Where a policy comes from, and digests by which a change of it is noticed."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in _files(policy)))
    place = source if isinstance(source, str) else type(policy).__qualname__
    weights = policies.weights(policy)
    return {"from": place, "code": digest.hexdigest()[:16], "weights": weights}


def _files(policy: Policy) -> list[Path]:
    """The file that a policy is written in, or all of its folder where it has one of its own."""
    try:
        file = Path(inspect.getfile(type(policy)))
    except (OSError, TypeError):
        return []  # typed in a notebook
    own = (file.parent / "__init__.py").exists() and file.parent.name != policies.BUILT_IN
    return sorted(file.parent.glob("*.py")) if own else [file]


def _run(path: Path) -> dict | None:
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_bytes())
        known = found["schema"] == SCHEMA and found["version"].split(".")[0] == "1"
    except (ValueError, KeyError, TypeError, AttributeError):
        known = False
    if not known:
        raise ValueError(
            f"{path} was not written by an evaluation like this; choose another folder"
        )
    return found


def _same(out: Path, old: dict, new: dict) -> None:
    for name in FIXED:
        if old[name] != new[name]:
            was, now = json.dumps(old[name]), json.dumps(new[name])
            raise ValueError(f"{out} was begun with {name} {was}, not {now}; choose another folder")
    for name, about in new["policies"].items():
        before = old["policies"].get(name, about)
        changed = (before["code"], before["weights"]) != (about["code"], about["weights"])
        logs = log.file_name(Job("*", name, "*", ""))
        if changed and any(out.glob(logs)):
            raise ValueError(
                f"policy {name!r} has changed since it drove in {out}; "
                f"choose another folder, or delete {logs} there"
            )


# ---------------------------------------------------------------------------------------- episodes


def _records(
    plan: Plan, jobs: list[Job], drivers: dict, workers: int, progress: bool
) -> tuple[Record, ...]:
    """What came of every job, in their order; what was done before is only read."""
    known = _known(plan.out)
    weights = {name: policies.weights(policy) for name, (_, policy) in drivers.items()}
    done = {job.key: job for job in jobs if _is_done(plan, job, weights[job.policy])}
    found = {}
    with _opened(plan.out / "episodes.jsonl") as file:
        for key, job in done.items():
            if key not in known:
                known[key] = _remeasured(plan, job)
                _note(file, known[key])
            found[key] = known[key]
        todo = [job for job in jobs if job.key not in done]
        driven = _driven(plan, todo, workers)
        with _bar(progress, len(jobs), len(done)) as advance, closing(driven):
            for one in driven:
                found[one.scenario, one.policy, one.seed] = one
                _note(file, one)
                advance(one)
    return tuple(found[job.key] for job in jobs)


def _is_done(plan: Plan, job: Job, weights: str) -> bool:
    """Does the job's log stand there with its end? ValueError where another file has its place."""
    path = plan.path(job)
    if not path.exists() or _is_torn_at_once(path):
        return False
    try:
        header = log.read_header(path)
    except log.LogError as error:
        raise ValueError(f"{error}; it lies where a log of this run belongs") from error
    was = (header.scenario, header.policy, header.seed, header.weights, header.overrides)
    if was != (*job.key, weights, plan.overrides):
        raise ValueError(f"{path} is the log of another run; choose another folder")
    return log.is_complete(path)


def _is_torn_at_once(path: Path) -> bool:
    """Was it cut within its first line, as a kill may leave it?"""
    with open(path, "rb") as file:
        first = file.readline(log.LARGEST_LINE)
    begin = f'{{"schema":"{log.SCHEMA}"'.encode()
    return not first.endswith(b"\n") and begin.startswith(first[: len(begin)])


@functools.cache
def _formulas() -> str:
    """A digest of the code that measures: records made by other formulas are measured again."""
    code = "".join(inspect.getsource(module) for module in (metrics, motion, statistics))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def _known(out: Path) -> dict[tuple[str, str, int], Record]:
    """Records that were noted with today's formulas; a torn line is passed over."""
    found = {}
    path = out / "episodes.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            data = json.loads(line)
            if data.pop("formulas") == _formulas() and data["reason"] != BROKEN:
                found[data["scenario"], data["policy"], data["seed"]] = Record(**data)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def _opened(path: Path):
    """The file, to add lines to; a line that a kill cut is closed first."""
    torn = path.exists() and not path.read_bytes().endswith(b"\n")
    file = open(path, "a", encoding="utf-8")
    file.write("\n" if torn else "")
    return file


def _note(file, one: Record) -> None:
    line = json.dumps(asdict(one) | {"formulas": _formulas()}, ensure_ascii=False, allow_nan=False)
    file.write(line + "\n")
    file.flush()


def _remeasured(plan: Plan, job: Job) -> Record:
    episode = log.read(plan.path(job)).episode
    measured = metrics.measure(episode)
    known = {name: value for name, value in measured.items() if math.isfinite(value)}
    return _of(plan, job, replace(episode.end, metrics=known))


def _of(plan: Plan, job: Job, end: End) -> Record:
    return Record(*job.key, plan.path(job).name, end.reason, end.message, end.metrics)


def _broken(plan: Plan, job: Job, why: str) -> Record:
    return Record(*job.key, plan.path(job).name, BROKEN, why, {"failed": 1.0})


# ----------------------------------------------------------------------------------------- driving


def _driven(plan: Plan, jobs: list[Job], workers: int) -> Generator[Record]:
    """Records as they come."""
    if workers == 0:
        return (_drive(plan, job) for job in jobs)
    return _pooled(plan, jobs, workers)


def _drive(plan: Plan, job: Job) -> Record:
    """Drive one episode into its log. The one broad `except`: it becomes a failed episode."""
    try:
        policy = _policy(job.source) if isinstance(job.source, str) else job.source
        world = World(job.scenario, plan.overrides, plan.physics)
        for event in record(world, policy, job.seed, plan.out, plan.language, plan.causes):
            end = event
    except Exception as error:
        return _broken(plan, job, f"{type(error).__name__}: {error}")
    return _of(plan, job, end)


@functools.cache
def _policy(source: str) -> Policy:
    return policies.load(source)


def _pooled(plan: Plan, jobs: list[Job], workers: int) -> Iterator[Record]:
    """In processes. Where one dies, those that it was driving with are driven one by one."""
    waiting = deque(jobs)
    while waiting:
        suspects: list[Job] = []
        with _pool(min(workers, len(waiting))) as pool:
            yield from _until_broken(plan, pool, waiting, workers, suspects)
        if len(suspects) == 1:
            yield _broken(plan, suspects.pop(), "its process died")
        for job in suspects:
            yield _alone(plan, job)


def _until_broken(
    plan: Plan, pool: ProcessPoolExecutor, waiting: deque[Job], workers: int, suspects: list[Job]
) -> Iterator[Record]:
    """Drive what is waiting, as many at a time as there are processes; stop when one has died."""
    running: dict[Future, Job] = {}
    while (waiting and not suspects) or running:
        while waiting and not suspects and len(running) < workers:
            try:
                future = pool.submit(_drive, plan, waiting[0])
            except BrokenProcessPool:
                break  # the running ones are about to say so too
            running[future] = waiting.popleft()
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            job = running.pop(future)
            try:
                yield future.result()
            except BrokenProcessPool:
                suspects.append(job)


def _alone(plan: Plan, job: Job) -> Record:
    with _pool(1) as pool:
        try:
            return pool.submit(_drive, plan, job).result()
        except BrokenProcessPool:
            return _broken(plan, job, "its process died")


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Spawned workers; when we are interrupted they stop at once, mid-episode."""
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_settle)
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _settle() -> None:
    """In a worker: leave Ctrl-C to the parent, and go when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def follow():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def _bar(visible: bool, total: int, done: int):
    """A progress bar on stderr with the time that is left; yields what advances it."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(), TextColumn("[red]{task.fields[failed]}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), disable=not visible) as bar:
        task = bar.add_task("episodes", total=total, completed=done, failed="")
        failed = 0

        def advance(one: Record) -> None:
            nonlocal failed
            failed += one.failed
            bar.update(task, advance=1, failed=f"{failed} failed" if failed else "")

        yield advance
