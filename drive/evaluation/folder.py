"""A run's folder: run.json (what is driven), a log per episode, and episodes.jsonl (what came of each).

One evaluation at a time writes into a folder. What lies there is never driven again by the same
version, and never mixed with what another version drives.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from drive import policy as policies
from drive.episodes import lines, log, rollout
from drive.episodes.whole import naming, put
from drive.evaluation import versions
from drive.evaluation.results import BROKEN, Record, Results
from drive.measures.metrics import measure
from drive.scenarios import Suite
from drive.types import Policy

SCHEMA = "whydrive.run"
VERSION = "1.1"


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
    causes: str
    code: str  # the digest of drive/
    policies: dict[str, dict]  # name -> where it comes from, and its digests

    def path(self, job: Job) -> Path:
        return self.out / log.file_name(job)  # a job names what a header names


def about(source: str | Policy, policy: Policy) -> dict:
    """Where a policy comes from, and digests by which a change of it is noticed."""
    place = source if isinstance(source, str) else type(policy).__qualname__
    return {
        "from": place,
        "code": versions.of_policy(policy),
        "weights": policies.weights(policy),
    }


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep the folder for this process, or ValueError where another one evaluates into it; a process that ends lets go."""
    read(folder)  # into a folder of another kind nothing is written
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


def read(folder: Path) -> dict | None:
    """What run.json says; None where there is none. ValueError where an evaluation did not write it."""
    path = folder / "run.json"
    if not path.exists():
        return None
    try:
        run = json.loads(path.read_bytes())
        ours = run["schema"] == SCHEMA and run["version"].split(".")[0] == "1"
    except (ValueError, KeyError, TypeError, AttributeError):
        ours = False
    if not ours:
        raise ValueError(
            f"{path} was not written by an evaluation like this; choose another folder"
        )
    return run


# ------------------------------------------------------------------------------------------ run.json


def check(plan: Plan) -> None:
    """ValueError where the folder was begun with other settings, or by policies that have changed since."""
    old, out = read(plan.out) or {}, plan.out
    for name, now in json.loads(json.dumps(_settings(plan))).items():
        was = old.get(name, now)
        if was != now:
            was, now = json.dumps(was), json.dumps(now)
            raise ValueError(f"{out} was begun with {name} {was}, not {now}; choose another folder")
    for name, now in plan.policies.items():
        was = old.get("policies", {}).get(name, now)
        changed = (was["code"], was["weights"]) != (now["code"], now["weights"])
        logs = log.file_name(Job("*", name, "*", ""))
        if changed and any(out.glob(logs)):
            raise ValueError(
                f"policy {name!r} has changed since it drove in {out}; "
                f"choose another folder, or delete {logs} there"
            )


def begin(plan: Plan, protocol: Suite, seeds: Sequence[int], todo: Sequence[Job]) -> None:
    """Write run.json, or add to it. ValueError where what is to do would mix two versions.

    Where nothing is to be driven any more, another version may still read what was.
    """
    old = read(plan.out) or {}
    if old and todo and old.get("code") != plan.code:
        raise ValueError(
            f"{plan.out} was driven by another version of Whydrive; go on in another folder"
        )
    commands = old.get("commands", [])
    fresh = {
        "schema": SCHEMA,
        "version": VERSION,
        **_settings(plan),
        "code": plan.code,
        "versions": rollout.versions(),
        **old,
        "commands": commands + [sys.argv] * (sys.argv not in commands),
        "suites": old.get("suites", {})
        | {protocol.name: {"scenarios": protocol.scenarios, "seeds": seeds}},
        "policies": old.get("policies", {}) | plan.policies,
    }
    put(plan.out / "run.json", json.dumps(fresh, indent=1, ensure_ascii=False).encode())


def _settings(plan: Plan) -> dict:
    """What all episodes in a folder have in common."""
    return {
        "overrides": plan.overrides,
        "physics": plan.physics,
        "language": plan.language,
        "causes": plan.causes,
        "highway-env": rollout.versions().get("highway-env", ""),
    }


# ------------------------------------------------------------------------------------ logs and notes


def is_done(plan: Plan, job: Job) -> bool:
    """Does the job's log stand there with its end? ValueError where another file has its place."""
    path = plan.path(job)
    if not path.exists() or _is_torn_at_once(path):
        return False
    try:
        header = log.read_header(path)
    except log.LogError as error:
        raise ValueError(f"{error}; it lies where a log of this run belongs") from error
    was = (header.scenario, header.policy, header.seed, header.weights, header.overrides)
    if was != (*job.key, plan.policies[job.policy]["weights"], plan.overrides):
        raise ValueError(f"{path} is the log of another run; choose another folder")
    return log.is_complete(path)


def _is_torn_at_once(path: Path) -> bool:
    """Was it cut within its first line, as a kill may leave it?"""
    with lines.opened(path) as file:
        first = file.readline(lines.LARGEST)
    begin = f'{{"schema":"{log.SCHEMA}"'.encode()
    return not first.endswith(b"\n") and begin.startswith(first[: len(begin)])


def noted(out: Path) -> dict[tuple[str, str, int], Record]:
    """Records that were noted with today's formulas; a torn line is passed over."""
    return {
        (one.scenario, one.policy, one.seed): one
        for one, formulas in _notes(out)
        if formulas == versions.of_measures() and one.reason != BROKEN
    }


def _notes(out: Path) -> Iterator[tuple[Record, str]]:
    """Every note in order, with the digest of the formulas that it was made with."""
    path = out / "episodes.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            data = json.loads(line)
            formulas = data.pop("formulas")
            yield Record(**data), formulas
        except (ValueError, KeyError, TypeError, AttributeError):
            continue


def remeasured(path: Path) -> Record:
    """What came of an episode, measured from its log."""
    episode = log.read(path).episode
    about, end = episode.header, episode.end
    finite = {name: value for name, value in measure(episode).items() if math.isfinite(value)}
    return Record(
        about.scenario, about.policy, about.seed, path.name, end.reason, end.message, finite
    )


def results_of(out: Path) -> Results:
    """All that an evaluation left in a folder, of all its suites; ValueError where none did.

    Nothing is driven. What was measured by other formulas is measured again; a log that was cut short is left out.
    """
    run = read(out)
    if run is None:
        raise ValueError(f"{out} holds no evaluation: there is no run.json in it")
    try:
        suites, policies_driven = run["suites"], tuple(run["policies"])
        scenarios = tuple(dict.fromkeys(s for one in suites.values() for s in one["scenarios"]))
        seeds = tuple(dict.fromkeys(seed for one in suites.values() for seed in one["seeds"]))
        told = all(isinstance(run.get(name, {}), dict) for name in ("policies", "versions"))
        told = told and all(isinstance(each, list) for each in run.get("commands", []))
    except (KeyError, TypeError, AttributeError):
        told = False
    if not told:
        raise ValueError(f"{out / 'run.json'} does not say what was driven")
    broken = {(r.scenario, r.policy, r.seed): r for r, _ in _notes(out) if r.reason == BROKEN}
    records = broken | noted(out)
    keys = [(s, p, k) for k in seeds for s in scenarios for p in policies_driven]
    for key in keys:
        path = out / log.file_name(Job(*key, ""))
        if (key not in records or records[key].reason == BROKEN) and log.is_complete(path):
            records[key] = remeasured(path)
    driven = tuple(records[key] for key in keys if key in records)
    pairs = {(record.scenario, record.policy) for record in driven}
    absent = {(s, p) for s in scenarios for p in policies_driven} - pairs
    return Results(", ".join(suites), scenarios, policies_driven, driven, frozenset(absent), out)


@contextmanager
def notebook(out: Path) -> Iterator[Callable[[Record], None]]:
    """What notes a record, on disk at once; a line that a kill cut is closed first."""
    path = out / "episodes.jsonl"
    torn = path.exists() and not path.read_bytes().endswith(b"\n")
    with open(path, "a", encoding="utf-8") as file:
        file.write("\n" if torn else "")

        def note(one: Record) -> None:
            data = asdict(one) | {"formulas": versions.of_measures()}
            try:
                file.write(json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n")
                file.flush()
            except OSError as error:
                raise naming(error, path) from error

        yield note
