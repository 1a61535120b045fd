"""Drives policies through a suite, on any engine, and takes up where it was interrupted.

An episode is done when its log has an end; it is never driven twice. One without an end (killed, broken)
is driven anew. Whatever an episode does to its process, the others go on.
"""

from __future__ import annotations

import functools
import tempfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

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
from drive.engine import Engine, Failure, Local, Processes
from drive.episodes import rollout
from drive.episodes.record import record
from drive.episodes.whole import put
from drive.evaluation import folder, versions
from drive.evaluation.folder import Job, Plan
from drive.evaluation.results import BROKEN, Record, Results
from drive.scenarios import Suite
from drive.scenarios import suite as named
from drive.types import End, Policy
from drive.world import PHYSICS, World


def evaluate(
    suite: str,
    policy: Sequence[str | Policy],
    episodes: int = 20,
    *,
    workers: int = 1,
    engine: Engine | None = None,
    out: str | Path = Path("runs/evaluation"),
    overrides: dict | None = None,
    language: str = "en",
    physics: str = "highway-env",
    causes: str | bool = "every",
    progress: bool = True,
) -> Results:
    """Drive every policy through every scenario of a suite on the same seeds.

    suite: a suite's name or a scenario's; policy: names, files or modules, or policies themselves
    (these are driven in this process); episodes: seeds per scenario; workers: processes, 0 drives in
    this one; engine: what drives, instead of such processes (`drive.engine`); physics: "twin" drives the
    same many times faster. ValueError where something does not exist, the folder holds something else or
    another version's episodes, or another evaluation is writing into it. KeyboardInterrupt leaves a
    folder that a second call continues.
    """
    coming = evaluating(
        suite, policy, episodes, workers=workers, engine=engine, out=out, overrides=overrides,
        language=language, physics=physics, causes=causes,
    )  # fmt: skip
    begun = next(coming)
    with _bar(progress, begun.count, begun.done) as advance, closing(coming):
        for event in coming:
            if isinstance(event, Results):
                return event
            advance(event)


@dataclass(frozen=True)
class Begun:
    """What an evaluation has to drive."""

    count: int  # episodes
    done: int  # of them before: they are not driven again


def evaluating(
    suite: str,
    policy: Sequence[str | Policy],
    episodes: int = 20,
    *,
    workers: int = 1,
    engine: Engine | None = None,
    out: str | Path = Path("runs/evaluation"),
    overrides: dict | None = None,
    language: str = "en",
    physics: str = "highway-env",
    causes: str | bool = "every",
) -> Iterator[Begun | Record | Results]:
    """An evaluation as it is driven: how much there is to do, every episode's record as it ends, at last the results.

    Arguments and errors as of `evaluate`. A reader that stops early ends the workers, and leaves a folder that a
    second call continues.
    """
    protocol, seeds = named(suite), named(suite).seeds(episodes)
    if workers < 0:
        raise ValueError(f"the number of workers must be 0 or more, not {workers}")
    if physics not in PHYSICS:
        raise ValueError(f"no physics {physics!r}; choose from {', '.join(PHYSICS)}")
    causes = rollout.when_asked(causes)
    drivers = _loaded([policy] if isinstance(policy, str) else policy)
    engine = _engine(engine, drivers, workers)
    plan = Plan(
        Path(out),
        dict(overrides or {}),
        language,
        physics,
        causes,
        versions.of_drive(),
        {name: folder.about(*driver) for name, driver in drivers.items()},
    )
    absent = _absent(protocol, drivers, plan, seeds[0])
    jobs = [
        Job(scenario, name, seed, source)
        for seed in seeds
        for scenario in protocol.scenarios
        for name, (source, _) in drivers.items()
        if (scenario, name) not in absent
    ]
    with folder.locked(plan.out):
        folder.check(plan)
        done = {job.key for job in jobs if folder.is_done(plan, job)}
        todo = [job for job in jobs if job.key not in done]
        folder.begin(plan, protocol, seeds, todo)
        yield Begun(len(jobs), len(done))
        records = yield from _records(plan, jobs, todo, engine)
    yield Results(
        protocol.name, protocol.scenarios, tuple(drivers), records, frozenset(absent), plan.out
    )


def _engine(given: Engine | None, drivers: dict, workers: int) -> Engine:
    by_name = all(isinstance(source, str) for source, _ in drivers.values())
    if given is None:
        return Processes(workers) if workers and by_name else Local()
    if not by_name and given != Local():
        raise ValueError(
            "a policy that is an object is driven in this process; name its file for another engine"
        )
    return given


def _loaded(given: Sequence[str | Policy]) -> dict[str, tuple[str | Policy, Policy]]:
    """name -> (where from, the policy), each name once."""
    if not given:
        raise ValueError("name at least one policy")
    drivers: dict[str, tuple[str | Policy, Policy]] = {}
    for source in given:
        policy = policies.load(source) if isinstance(source, str) else source
        if policy.name in drivers:
            raise ValueError(f"two policies are called {policy.name!r}; every name may stand once")
        drivers[policy.name] = (source, policy)
    return drivers


def _absent(protocol: Suite, drivers: dict, plan: Plan, seed: int) -> set[tuple[str, str]]:
    """(scenario, policy) where the policy has no action; builds every world once, to fail early."""
    absent = set()
    for scenario in protocol.scenarios:
        legal = World(scenario, plan.overrides).reset(seed).legal
        absent |= {(scenario, n) for n, (_, p) in drivers.items() if not policies.applies(p, legal)}
    return absent


# ---------------------------------------------------------------------------------------- episodes


def _records(
    plan: Plan, jobs: list[Job], todo: list[Job], engine: Engine
) -> Generator[Record, None, tuple[Record, ...]]:
    """What came of every job as it comes, and of all in their order; what was done before is only read."""
    records = folder.noted(plan.out)
    undone = {job.key for job in todo}
    with folder.notebook(plan.out) as note:
        for job in jobs:
            if job.key not in undone and job.key not in records:
                records[job.key] = folder.remeasured(plan.path(job))
                note(records[job.key])
        driven = _driven(plan, todo, engine)
        with closing(driven):
            for job, one in driven:
                records[job.key] = one
                note(one)
                yield one
    return tuple(records[job.key] for job in jobs)


def _driven(plan: Plan, jobs: list[Job], engine: Engine) -> Iterator[tuple[Job, Record]]:
    """Every job with its record, as it is done, and its log in the run's folder."""
    if engine.shares_disk:
        driven = engine.run(jobs, functools.partial(_drive, plan))
    else:
        driven = engine.run(jobs, functools.partial(_drive_away, plan))
    with closing(driven):
        for job, came in driven:
            if isinstance(came, Failure):
                yield job, Record(*job.key, plan.path(job).name, BROKEN, came.why, {"failed": 1.0})
            elif isinstance(came, Record):
                yield job, came
            else:
                one, packed = came
                put(plan.path(job), zlib.decompress(packed))
                yield job, one


def _drive(plan: Plan, job: Job) -> Record:
    """Drive one episode into its log."""
    world = World(job.scenario, plan.overrides, plan.physics)
    for event in record(world, _policy(plan, job), job.seed, plan.out, plan.language, plan.causes):
        end = event
    return _of(plan, job, end)


def _drive_away(plan: Plan, job: Job) -> tuple[Record, bytes]:
    """Drive one episode where the run's folder is out of reach; the packed log travels with the record."""
    with tempfile.TemporaryDirectory() as here:
        one = _drive(replace(plan, out=Path(here)), job)
        return one, zlib.compress((Path(here) / one.log).read_bytes(), level=1)


def _policy(plan: Plan, job: Job) -> Policy:
    """The policy that is meant; ValueError where its files, or ours, are others here or by now."""
    if not isinstance(job.source, str):
        return job.source
    policy, now = _made(job.source, plan.policies[job.policy]["code"])
    if now != plan.policies[job.policy]:
        raise ValueError(f"policy {job.policy!r} is not the one that the run began with")
    if versions.of_drive() != plan.code:
        raise ValueError("this worker has another version of Whydrive than the run began with")
    return policy


@functools.cache
def _made(source: str, code: str) -> tuple[Policy, dict]:
    """The policy of a source, made once for each code that the source had."""
    policy = policies.load(source)
    return policy, folder.about(source, policy)


def _of(plan: Plan, job: Job, end: End) -> Record:
    return Record(*job.key, plan.path(job).name, end.reason, end.message, end.metrics)


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
