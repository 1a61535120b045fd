"""Whydrive under kills, full disks, folders that cannot be written, and many visitors.

    python benchmarks/reliability.py kills [--kills 200] [--seed 1] [--write]
    python benchmarks/reliability.py disks [--write]          (a disk of its own is mounted: as root)
    python benchmarks/reliability.py visitors [--sessions 50] [--minutes 10] [--write]
    python benchmarks/reliability.py folders [--write]

Each prints a table and ends with exit code 1 where a promise of docs/reliability.md was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
from pages import publish

from drive.camera.door import cv2
from drive.episodes import codec, log
from drive.episodes.lines import LogError

ROOT = Path(__file__).parents[1]
SHORT = ("--no-causes", "--set", "duration=12")
EXAMPLE = ("highway-fast", "-p", "rule", "--seed", "3", *SHORT)
LATE = 1.15  # a kill comes at most at this part of the undisturbed time: some come when all is done


# ------------------------------------------------------------------------------- one call, killed


def forked(work: Callable[[], None], output: Path) -> int:
    """The id of a copy of this process that does the work: what is imported need not be imported again."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setsid()
        for number in (1, 2):
            os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdout = open(1, "w", closefd=False)
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException as error:
        os.write(2, repr(error).encode())
    finally:
        os._exit(code)


def command(*words) -> Callable[[], None]:
    """`whydrive WORDS`, in this process."""

    def work():
        from drive.cli import main

        sys.argv = ["whydrive", *map(str, words)]
        main()

    return work


def ended(child: int) -> int:
    """The exit code of a copy; negative: the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed(work: Callable[[], None], output: Path, after: float) -> bool:
    """Let it work for so long [s], then kill it; False where it was done before."""
    child = forked(work, output)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    return ended(child) == -signal.SIGKILL


def done(work: Callable[[], None], output: Path) -> float:
    """Let it work to its end; the seconds that it took. RuntimeError where it fails."""
    begin = time.monotonic()
    if code := ended(forked(work, output)):
        raise RuntimeError(f"exit code {code}: {output.read_text()[-300:]}")
    return time.monotonic() - begin


# ------------------------------------------------------------------------------------- promises


@dataclass
class Trial:
    """A call that may be killed: what it leaves, and what must be so afterwards."""

    folder: Path
    work: Callable[[], None]
    after_kill: Callable[[Path], str]  # what is wrong with what it left; "" for nothing
    outcome: Callable[[], object]  # what an undisturbed call ends with


def steps_of(path: Path) -> list[dict]:
    """The steps of a log as data, without timings."""
    return [codec.plain(replace(step, timing={})) for step in log.read(path).episode.steps]


def fault_of_log(path: Path, whole: list[dict], spoken: int) -> str:
    """What is wrong with the log of a killed call that has said so many decisions."""
    if not path.exists():
        return f"{path.name} is gone after {spoken} decisions" if spoken else ""
    try:
        steps = steps_of(path)
    except LogError as error:
        return f"{path.name} cannot be read: {error}" if spoken else ""
    if len(steps) < spoken:
        return f"{path.name} holds {len(steps)} of {spoken} decisions"
    return "" if steps == whole[: len(steps)] else f"{path.name} differs from an undisturbed one"


def digest(path: Path) -> str:
    return log.digest(log.read(path).episode)


def leftovers(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.name.endswith((".part", ".part.webm")))


def film_of(path: Path) -> tuple[int, float]:
    """The pictures that a film says that it holds and how many can be shown, with their brightness."""
    reader, count, light = cv2.VideoCapture(str(path)), 0, 0.0
    while True:
        good, frame = reader.read()
        if not good:
            break
        count, light = count + 1, light + float(frame.mean())
    says = round(reader.get(cv2.CAP_PROP_FRAME_COUNT))
    reader.release()
    return (count, round(light, 3)) if says == count else (-1, 0.0)


def trial_of_run(folder: Path) -> Trial:
    name, output = "highway-fast-rule-3.jsonl", folder / "output"
    work = command("run", *EXAMPLE, "--out", folder / "runs")
    done(command("run", *EXAMPLE, "--out", folder / "first"), output)
    whole = steps_of(folder / "first" / name)

    def after_kill(output: Path) -> str:
        spoken = len(re.findall(r"^ *\d+\.\d s ", output.read_text(), re.M))
        spoken -= "end:" in output.read_text()
        path = folder / "runs" / name
        aside = path.with_name(f"{name}.part")
        fault = fault_of_log(aside if aside.exists() else path, whole, spoken)
        if aside.exists() and digest(path) != digest(folder / "first" / name):
            fault = "the log that lay there is not whole any more"
        return fault

    return Trial(folder, work, after_kill, lambda: digest(folder / "runs" / name))


def trial_of_evaluate(folder: Path, *engine: str) -> Trial:
    out, rows, output = folder / "runs", folder / "rows.json", folder / "output"
    words = ("evaluate", "highway-fast", "-p", "idle", "-p", "rule", "--episodes", 2, *SHORT)
    work = command(*words, *engine, "--out", out, "--json", rows)
    first = folder / "first"
    done(command(*words, "--engine", "local", "--out", first), output)
    whole = {path.name: steps_of(path) for path in first.glob("*-*.jsonl")}

    def after_kill(_: Path) -> str:
        time.sleep(0.05)  # workers follow their parent
        for path in out.glob("*-*.jsonl"):
            if fault := fault_of_log(path, whole[path.name], 0):
                return fault
        if (out / "run.json").exists():
            json.loads((out / "run.json").read_bytes())
        if rows.exists() and len(json.loads(rows.read_bytes())["rows"]) < 2:
            return "rows.json is not whole"
        return ""

    def outcome():
        clocked = re.compile("latency")
        said = json.loads(rows.read_bytes())["rows"]
        return (
            [row for row in said if not clocked.search(row["metric"])],
            {path.name: digest(path) for path in out.glob("*-*.jsonl")},
        )

    return Trial(folder, work, after_kill, outcome)


def trial_of_verify(folder: Path) -> Trial:
    logs, output = folder / "runs", folder / "output"
    for policy in ("idle", "rule"):
        done(command("run", "highway-fast", "-p", policy, *SHORT, "--out", logs), output)
    shutil.copytree(logs, folder / "first")
    done(command("verify", folder / "first"), output)
    whole = {path.name: path.read_bytes() for path in (folder / "first").glob("*.verdicts.jsonl")}

    def outcome():
        return {path.name: path.read_bytes() for path in logs.glob("*.verdicts.jsonl")}

    def after_kill(_: Path) -> str:
        torn = [name for name, content in outcome().items() if content != whole[name]]
        return f"{torn[0]} is not whole" if torn else ""

    return Trial(folder, command("verify", logs, "--engine", "local"), after_kill, outcome)


def trial_of_film(folder: Path) -> Trial:
    output, path = folder / "output", folder / "film.webm"
    done(
        command("run", "highway-fast", "-p", "idle", "--set", "duration=3", "--out", folder), output
    )
    [source] = folder.glob("*.jsonl")
    done(command("film", source, "--out", folder / "first.webm"), output)
    whole = film_of(folder / "first.webm")

    def after_kill(_: Path) -> str:
        return "film.webm is torn" if path.exists() and film_of(path) != whole else ""

    work = command("film", source, "--out", path)
    return Trial(folder, work, after_kill, lambda: film_of(path))


def trial_of_page(folder: Path) -> Trial:
    """A page that is asked to drive as soon as it is up; the ask of the same on the next page is the same call."""
    runs, first = folder / "runs", folder / "first"
    chosen = ["highway-fast", "rule", "3"]
    port = free_port()

    def served():
        os.environ["WHYDRIVE_RUNS"] = str(runs)
        import app

        page = app.build().queue(max_size=app.MOST)
        page.launch(**app.LAUNCH, server_port=port, quiet=True, prevent_thread_lock=True)
        visitor = subprocess.Popen(
            [sys.executable, __file__, "ask", f"http://127.0.0.1:{port}", *chosen],
            stdout=1,
            stderr=2,
        )
        raise SystemExit(visitor.wait())

    done(
        command("run", "highway-fast", "-p", "rule", "--seed", "3", "--out", first),
        folder / "output",
    )
    whole = steps_of(first / "highway-fast-rule-3.jsonl")

    def after_kill(output: Path) -> str:
        told = len(re.findall(r"^decision", output.read_text(), re.M))
        paths = list(runs.glob("page-*/*.jsonl"))
        faults = [fault_of_log(path, whole, 0) for path in paths]
        latest = max((p for p in paths), key=lambda p: p.stat().st_mtime, default=None)
        if latest is not None and told:
            faults.append(fault_of_log(latest, whole, told))
        return next(filter(None, faults), "")

    def outcome():
        latest = max(runs.glob("page-*/*.jsonl"), key=lambda path: path.stat().st_mtime)
        return digest(latest)

    return Trial(folder, served, after_kill, outcome)


TRIALS = {  # what is killed -> how, and its part of all kills
    "run": (trial_of_run, 0.35),
    "evaluate, in one process": (lambda f: trial_of_evaluate(f, "--engine", "local"), 0.2),
    "evaluate, with workers": (trial_of_evaluate, 0.1),
    "verify": (trial_of_verify, 0.15),
    "film": (trial_of_film, 0.1),
    "page": (trial_of_page, 0.1),
}


@dataclass
class Kills:
    """What came of the kills of one kind of call."""

    count: int = 0
    midway: int = 0  # the call was still at work
    faults: list[str] = field(default_factory=list)
    leftovers: int = 0
    seconds: float = 0.0  # of the undisturbed call


def kills(kind: str, count: int, seed: int, most: int = 3) -> Kills:
    """Kill a call at random moments, up to `most` in a row, then let the same call end; all promises are held."""
    chance, make = random.Random(f"{kind} {seed}"), TRIALS[kind][0]
    with tempfile.TemporaryDirectory() as place:
        trial = make(Path(place))
        output = trial.folder / "output"
        result = Kills(seconds=done(trial.work, output))
        expected = trial.outcome()
        while result.count < count:
            if chance.random() < 0.7:  # else over what an undisturbed call left
                clear(trial.folder)
            for _ in range(min(chance.randint(1, most), count - result.count)):
                after = chance.uniform(0.0, LATE * result.seconds)
                result.midway += killed(trial.work, output, after)
                result.count += 1
                if fault := trial.after_kill(output):
                    result.faults.append(f"{kind}, killed after {after:.3f} s: {fault}")
            try:
                done(trial.work, output)
                if trial.outcome() != expected:
                    result.faults.append(f"{kind}: the same call ends otherwise")
            except RuntimeError as error:
                result.faults.append(f"{kind}: the same call fails: {error}")
        result.leftovers = leftovers(trial.folder)
    return result


def clear(folder: Path) -> None:
    """Take away what calls have made, but for what they read."""
    for path in folder.rglob("*"):
        made = path.name.endswith((".verdicts.jsonl", ".part")) or path.name in (
            "rows.json", "film.webm", "run.json", "episodes.jsonl",
        )  # fmt: skip
        if path.is_file() and "first" not in path.parts and made:
            path.unlink()
    runs = folder / "runs"
    if runs.exists() and not list(runs.glob("*.verdicts.jsonl")) and (folder / "first").exists():
        verified = list((folder / "first").glob("*.verdicts.jsonl"))
        if not verified:
            shutil.rmtree(runs)


def all_kills(kinds: list[str], count: int, seed: int) -> Iterator[str]:
    yield "| call | undisturbed [s] | kills | while it worked | promises broken | parts left behind |"
    yield "|---|---|---|---|---|---|"
    import highway_env  # noqa: F401  so that copies need not import it

    faults, total = [], Counter()
    chosen = {kind: part for kind, (_, part) in TRIALS.items() if not kinds or kind in kinds}
    for kind, part in chosen.items():
        one = kills(kind, max(round(part / sum(chosen.values()) * count), 1), seed)
        faults += one.faults
        total.update(kills=one.count, midway=one.midway)
        yield (
            f"| {kind} | {one.seconds:.2f} | {one.count} | {one.midway} | {len(one.faults)} "
            f"| {one.leftovers} |"
        )
    yield f"| all | | {total['kills']} | {total['midway']} | {len(faults)} | |"
    for fault in faults:
        print(fault, file=sys.stderr)
    BROKEN.extend(faults)


BROKEN: list[str] = []  # promises, in words


# ------------------------------------------------------------------------------------ visitors


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Visitor:
    """A session with the page as a browser has it: wishes, and messages as they come."""

    def __init__(self, client: httpx.AsyncClient, address: str, name: str):
        self.client, self.address, self.name = client, address, name
        self.handlers: dict[str, dict] = {}

    async def arrive(self) -> None:
        config = (await self.client.get(f"{self.address}/config")).json()
        for one in config["dependencies"]:
            self.handlers.setdefault(one["api_name"] or str(one["id"]), one)

    async def stays(self) -> None:
        """What tells the server that the tab is open; cancelled: closed."""
        pulse = f"{self.address}/gradio_api/heartbeat/{self.name}"
        async with self.client.stream("GET", pulse) as answer:
            async for _ in answer.aiter_lines():
                pass

    async def asking(self, handler: str, data: list):
        """The seconds since, and the outputs, whenever an event tells something."""
        from gradio_client.utils import apply_diff

        begin, number = time.monotonic(), self.handlers[handler]["id"]
        body = {
            "data": data, "fn_index": number, "session_hash": self.name, "trigger_id": None,
            "event_data": None,
        }  # fmt: skip
        joined = await self.client.post(f"{self.address}/gradio_api/queue/join", json=body)
        joined.raise_for_status()
        event, outputs = joined.json()["event_id"], None
        stream = f"{self.address}/gradio_api/queue/data?session_hash={self.name}"
        async with self.client.stream("GET", stream) as answer:
            async for line in answer.aiter_lines():
                if not line.startswith("data:"):
                    continue
                message = json.loads(line[5:])
                if message.get("event_id") not in (event, None):
                    continue
                if message["msg"] == "process_generating":
                    new = message["output"]["data"]
                    outputs = (
                        [apply_diff(o, d) for o, d in zip(outputs, new, strict=True)]
                        if outputs
                        else new
                    )
                    yield time.monotonic() - begin, outputs
                elif message["msg"] == "process_completed":
                    if not message["success"]:
                        raise RuntimeError(f"{handler}: {message['output']}")
                    return
                elif message["msg"] in ("unexpected_error", "server_stopped"):
                    raise RuntimeError(f"{handler}: {message}")


async def drives_of(visitor: Visitor, chosen: list, wish: float):
    """Messages of a press of Drive: the seconds since, and the message."""
    async for seconds, outputs in visitor.asking("drive", [*chosen, wish]):
        if isinstance(outputs[0], str):
            yield seconds, json.loads(outputs[0])


async def asks(address: str, chosen: list[str]) -> None:
    """Press Drive once, and print a line for each message."""
    async with httpx.AsyncClient(timeout=60) as client:
        visitor = Visitor(client, address, f"one-{os.getpid()}")
        await visitor.arrive()
        async for _, message in drives_of(visitor, chosen, 1.0):
            if "problem" in message:
                raise SystemExit(message["problem"])
            for _ in message.get("steps", ()):
                print("decision", flush=True)
            if "end" in message:
                print("end", flush=True)


@dataclass
class Seen:
    """What all visitors saw."""

    drives: int = 0
    films: int = 0
    opened: int = 0
    left: int = 0
    errors: list[str] = field(default_factory=list)
    first: list[float] = field(default_factory=list)  # [s] from the click to the first sign
    places: Counter = field(default_factory=Counter)
    untold: int = 0  # that waited for longer than a second without a place
    waited: list[float] = field(default_factory=list)  # [s] to the first decision
    memory: list[tuple[float, float]] = field(default_factory=list)  # [s], [MB]


SCENARIOS = ("highway-fast", "two-way", "merge", "u-turn")


async def visits(address: str, number: int, seen: Seen, until: float, think: float) -> None:
    """One visitor after the other in one seat: each drives, looks, opens, fetches films, and leaves."""
    chance, arrivals = random.Random(number), 0
    limits = httpx.Limits(max_connections=8)
    async with httpx.AsyncClient(timeout=httpx.Timeout(120), limits=limits) as client:
        while time.monotonic() < until:
            arrivals += 1
            visitor = Visitor(client, address, f"s{number}-{arrivals}")
            pulse = asyncio.create_task(visitor.stays())
            try:
                await visitor.arrive()
                for _ in range(chance.randint(3, 12)):
                    if time.monotonic() > until:
                        break
                    await one_deed(visitor, chance, seen)
                    await asyncio.sleep(chance.uniform(0.5, 1.5) * think)
            except Exception as error:
                seen.errors.append(f"visitor {visitor.name}: {type(error).__name__}: {error}"[:300])
                await asyncio.sleep(1.0)
            pulse.cancel()


async def one_deed(visitor: Visitor, chance: random.Random, seen: Seen) -> None:
    chosen = [
        chance.choice(SCENARIOS),
        chance.choice(("idle", "rule")),
        str(chance.randint(0, 999)),
    ]
    wish, told, place, lies = time.monotonic() * 1000, 0, False, None
    async for seconds, message in drives_of(visitor, chosen, wish):
        if not told:
            seen.first.append(seconds)
        told += 1
        if "problem" in message:
            seen.errors.append(f"{chosen}: {message['problem']}")
        if "asked" in message:
            place = True
            seen.places[message["asked"]] += bool(message["asked"])
        if "header" in message:
            seen.waited.append(seconds)
            seen.untold += seconds > 1.0 and not place
            if chance.random() < 0.1:  # a new wish ends this one
                seen.left += 1
                break
        if "end" in message:
            lies = message["id"]
    seen.drives += 1
    if lies and chance.random() < 0.2:
        async for _ in visitor.asking("open_log", [*lies, wish + 1]):
            pass
        seen.opened += 1
    if lies and (not seen.films or chance.random() < 0.01):
        seen.films += 1
        async for _ in visitor.asking("handler", lies):
            pass


async def watches(process: int, seen: Seen, begin: float, until: float) -> None:
    while time.monotonic() < until:
        seen.memory.append((time.monotonic() - begin, memory(process)))
        await asyncio.sleep(2.0)


def memory(process: int) -> float:
    """What a process holds [MB]."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


@contextlib.contextmanager
def page(runs: Path, port: int) -> Iterator[subprocess.Popen]:
    """The page as a process of its own, up."""
    code = f"import app; app.OPENING['policy'] = 'idle'; app.main(port={port})"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"WHYDRIVE_RUNS": str(runs), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=open(runs.parent / "errors", "ab"),
    )
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"http://127.0.0.1:{port}/config").raise_for_status()
                break
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


async def crowd(address: str, process: int, sessions: int, seconds: float, think: float) -> Seen:
    seen, begin = Seen(), time.monotonic()
    until = begin + seconds
    seats = (visits(address, number, seen, until, think) for number in range(sessions))
    await asyncio.gather(*seats, watches(process, seen, begin, until))
    return seen


def visitors(sessions: int, minutes: float, think: float) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as place:
        runs, port = Path(place) / "runs", free_port()
        with page(runs, port) as process:
            seen = asyncio.run(
                crowd(f"http://127.0.0.1:{port}", process.pid, sessions, 60 * minutes, think)
            )
        traces = (Path(place) / "errors").read_text().count("Traceback")
        logs = list(runs.glob("page-*/*.jsonl"))
        torn = sum(log.read(path).torn for path in logs[:200])
    yield from told_of(seen, sessions, minutes, len(logs), traces, torn)


def told_of(seen: Seen, sessions, minutes, logs, traces, torn) -> Iterator[str]:
    early = [held for at, held in seen.memory if 50 <= at <= 70] or [seen.memory[-1][1]]
    late = [held for at, held in seen.memory if at >= 60 * minutes - 20]
    yield "| what | figure |"
    yield "|---|---|"
    yield f"| sessions at once, minutes | {sessions}, {minutes:g} |"
    yield f"| presses of Drive; logs opened; films; drives given up | {seen.drives}; {seen.opened}; {seen.films}; {seen.left} |"
    yield f"| logs written | {logs} |"
    yield f"| errors; traces of the server; torn logs among 200 | {len(seen.errors)}; {traces}; {torn} |"
    yield f"| from the click to the first sign [s]: median, 95 %, longest | {shown(seen.first)} |"
    yield f"| from the click to the road [s]: median, 95 %, longest | {shown(seen.waited)} |"
    yield f"| places told; the last in line; waited over 1 s untold | {sum(seen.places.values())}; {max(seen.places, default=0)}; {seen.untold} |"
    yield f"| memory of the server [MB]: after 1 minute, at the end, most | {statistics.mean(early):.0f}, {statistics.mean(late):.0f}, {max(m for _, m in seen.memory):.0f} |"
    minute = [
        statistics.mean(m for at, m in seen.memory if k <= at / 60 < k + 1)
        for k in range(int(minutes))
    ]
    yield f"| the same, minute by minute | {', '.join(f'{held:.0f}' for held in minute)} |"
    for error, count in Counter(seen.errors).most_common(10):
        print(count, error, file=sys.stderr)
    BROKEN.extend(seen.errors)
    if seen.untold or traces or torn:
        BROKEN.append("a visitor waited untold, or the server left a trace")


def shown(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    at = (ordered[int(q * (len(ordered) - 1))] for q in (0.5, 0.95, 1.0))
    return ", ".join(f"{value:.2f}" for value in at)


# --------------------------------------------------------------------------- disks and folders


@dataclass
class Disk:
    """A small file system of its own, mounted at a folder."""

    folder: Path

    def __enter__(self) -> Disk:
        self.folder.mkdir(exist_ok=True)
        mounted("-t", "tmpfs", "-o", "size=4m", "whydrive", self.folder)
        return self

    def __exit__(self, *_) -> None:
        subprocess.run(["umount", "-l", self.folder], check=True)

    def fill(self, left: int) -> None:
        """Leave so much room [bytes], in whole pages."""
        space = os.statvfs(self.folder)
        (self.folder / "filler").write_bytes(bytes(space.f_bavail * space.f_frsize - left))

    def lock(self) -> None:
        mounted("-o", "remount,ro", self.folder)

    def free(self) -> None:
        mounted("-o", "remount,rw", self.folder)
        (self.folder / "filler").unlink(missing_ok=True)


def mounted(*words) -> None:
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"a disk of its own takes root: {done.stderr.strip()}")


STATES: dict[str, Callable[[Disk], None]] = {
    "no room": lambda disk: disk.fill(0),
    "room for 24 kB": lambda disk: disk.fill(24 << 10),
    "read-only": Disk.lock,
}
NAME = "highway-fast-idle-3"
CALLS = {  # with {at}, the disk
    "run": ("run", "highway-fast", "-p", "rule", *SHORT, "--out", "{at}"),
    "run over a whole log": ("run", "highway-fast", "-p", "idle", "--seed", "3", *SHORT, "--out", "{at}"),
    "evaluate": ("evaluate", "highway-fast", "-p", "idle", "--episodes", "2", *SHORT, "--out", "{at}/evaluation"),
    "evaluate --json": (
        "evaluate", "highway-fast", "-p", "idle", "--episodes", "1", *SHORT, "--out", "{at}/../elsewhere",
        "--json", "{at}/rows.json",
    ),
    "verify": ("verify", "{at}/" + NAME + ".jsonl"),
    "film": ("film", "{at}/" + NAME + ".jsonl"),
    "page": ("ask", "highway-fast", "rule", "3"),
}  # fmt: skip


def template(folder: Path) -> None:
    """What lies on the disk before."""
    output = folder.parent / "output"
    for words in (CALLS["run over a whole log"], ("verify", "{at}"), CALLS["film"]):
        done(command(*(word.format(at=folder) for word in words)), output)
    one = ["1" if word == "2" else word for word in CALLS["evaluate"]]
    done(command(*(word.format(at=folder) for word in one)), output)
    (folder / "rows.json").write_text("old")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("filler", ".lock")
    }


def lost(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """Files that are not as they were: run.json may be a newer one, and notes may be longer."""
    return [
        name
        for name, content in before.items()
        if not after.get(name, b"").startswith(content) and name != "evaluation/run.json"
    ]


def called(call: str, folder: Path) -> tuple[int, str]:
    """The exit code of a call, and all that it says."""
    if call == "page":
        port = free_port()
        with page(folder, port):
            words = [sys.executable, __file__, "ask", f"http://127.0.0.1:{port}", *CALLS[call][1:]]
            done = subprocess.run(words, capture_output=True, text=True, timeout=300)
        return 2 * bool(done.returncode), done.stderr.replace("\n", " ").strip()
    words = [sys.executable, "-m", "drive.cli", *(w.format(at=folder) for w in CALLS[call])]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=300)
    return done.returncode, done.stdout + done.stderr


def disks(calls: list[str]) -> Iterator[str]:
    yield f"| call | {' | '.join(STATES)} | afterwards, with room |"
    yield "|---|" + "---|" * (len(STATES) + 1)
    with tempfile.TemporaryDirectory() as place:
        first = Path(place) / "template"
        template(first)
        for call in calls or CALLS:
            cells = []
            for make in STATES.values():
                with Disk(Path(place) / "disk") as disk:
                    cells.append(on_disk(call, disk, make, first))
                    disk.free()
                    after, said = called(call, disk.folder)
                    if after:
                        BROKEN.append(f"{call}, with room again: {said[-300:]}")
            yield f"| {call} | {' | '.join(cells)} | exit {after} |"


def on_disk(call: str, disk: Disk, make: Callable, first: Path) -> str:
    """What a call does on a disk in such a state, for the table."""
    shutil.copytree(first, disk.folder, dirs_exist_ok=True)
    before = contents(disk.folder)
    make(disk)
    code, said = called(call, disk.folder)
    after = contents(disk.folder)
    sentences = [line for line in said.splitlines() if line.startswith("whydrive: ")]
    faults = [f"lost {name}" for name in lost(before, after) if code or name != "rows.json"]
    if "Traceback" in said or code not in (0, 1, 2):
        faults.append(f"exit {code}: {said[-300:]}")
    if code == 2 and call != "page" and len(sentences) != 1:
        faults.append(f"{len(sentences)} sentences: {said[-300:]}")
    print(f"{call}: exit {code}: {(sentences or [said])[-1][-200:]}", file=sys.stderr)
    BROKEN.extend(f"{call}: {fault}" for fault in faults)
    return f"exit {code}, {f'{len(faults)} faults' if faults else 'nothing lost'}"


def folders() -> Iterator[str]:
    yield "| what | came of it |"
    yield "|---|---|"
    with tempfile.TemporaryDirectory() as place:
        yield from two_evaluations(Path(place) / "evaluation")
        yield from two_pages(Path(place) / "runs")


def two_evaluations(out: Path) -> Iterator[str]:
    words = [
        sys.executable,
        "-m",
        "drive.cli",
        "evaluate",
        "highway-fast",
        "-p",
        "rule",
        "--out",
        out,
    ]
    first = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(out.glob("*-*.jsonl")):
        time.sleep(0.05)
    second = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if second.returncode != 2 or "another evaluation is writing" not in second.stderr:
        BROKEN.append(f"two evaluations in one folder: {second.stderr[-300:]}")
    yield f"| a second evaluation in the folder | exit {second.returncode}, one sentence |"
    first.kill()
    first.wait()
    third = subprocess.run(
        [*map(str, words), "--episodes", "3"], cwd=ROOT, capture_output=True, text=True
    )
    if third.returncode:
        BROKEN.append(f"after a kill: {third.stderr[-300:]}")
    yield f"| a third, after the first was killed | exit {third.returncode}, goes on |"


def two_pages(runs: Path) -> Iterator[str]:
    ports = free_port(), free_port()
    with page(runs, ports[0]), page(runs, ports[1]):
        asked = [
            subprocess.Popen(
                [
                    sys.executable,
                    __file__,
                    "ask",
                    f"http://127.0.0.1:{port}",
                    "two-way",
                    "idle",
                    str(seed),
                ],
                stdout=subprocess.DEVNULL,
            )
            for seed in range(3)
            for port in ports
        ]
        codes = [one.wait() for one in asked]
    logs = list(runs.glob("page-*/two-way-idle-*.jsonl"))
    same = Counter((path.name, digest(path)) for path in logs)
    if any(codes) or len(logs) != 6 or set(same.values()) != {2}:
        BROKEN.append(f"two pages: exit codes {codes}, logs {same}")
    yield f"| two pages on one folder, 3 drives each at once | {len(logs)} logs, each pair of one digest |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("kills", "disks", "visitors", "folders", "ask"))
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--think", type=float, default=4.0, help="seconds between two deeds")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    if chosen.what == "ask":
        address, *given = chosen.rest
        return asyncio.run(asks(address, given))
    made = {
        "kills": lambda: all_kills(chosen.rest, chosen.kills, chosen.seed),
        "disks": lambda: disks(chosen.rest),
        "folders": folders,
        "visitors": lambda: visitors(chosen.sessions, chosen.minutes, chosen.think),
    }
    lines = []
    for line in made[chosen.what]():
        print(line, flush=True)
        lines.append(line)
    if chosen.write:
        publish(
            f"reliability-{chosen.what}",
            lines,
            f"python benchmarks/reliability.py {chosen.what} --write",
        )
    sys.exit(1 if BROKEN else 0)


if __name__ == "__main__":
    main()
