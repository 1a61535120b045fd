"""Random configurations, as many as wanted: what tests/test_config_properties.py holds, over and over.

    python benchmarks/fuzz_config.py [--examples 1000] [--seed 0] [--out runs/fuzz] [--seconds 60] [--write]

Each example is a random configuration of some road with a policy, a seed and a few decisions; nine of ten are legal, one has an
unusual number. One line per example goes to OUT/SEED.jsonl; a second call goes on where the first was stopped. At the
end, and at any time with --examples 0, a summary of that file: how many were driven, refused, at fault.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import drive  # noqa: F401, I001  # before NumPy
from configs import QUICK, Case, Report, cases, examine, odd_cases
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pages import publish

from drive.twin import warm

CHUNK = 100  # examples that are drawn from one seed
POLICIES = QUICK * 4 + ("planner",)
TWIN_APART = 2e-6  # [m, m/s, rad]


class Slow(Exception):
    """An example took longer than it may."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/fuzz"))
    parser.add_argument("--seconds", type=int, default=60, help="of work that an example may take")
    parser.add_argument("--write", action="store_true", help="store the figures, fill the page")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    warm()
    path = chosen.out / f"{chosen.seed}.jsonl"
    chosen.out.mkdir(parents=True, exist_ok=True)
    while (done := len(rows(path))) < chosen.examples:
        numbers = [row["chunk"] for row in rows(path)]
        last = max(numbers, default=0)
        count = chosen.examples - done
        if chunk(path, chosen.seed, last, numbers.count(last), count, chosen.seconds) == 0:
            chunk(path, chosen.seed, last + 1, 0, count, chosen.seconds)
        progress = f"{len(rows(path))} of {chosen.examples}  {headline(rows(path))}"
        print(f"{time.strftime('%H:%M:%S')}  {progress}", flush=True)
    done = len(rows(path))
    print("\n".join([*remarkable(rows(path)), "", *summary(rows(path))]))
    if chosen.write:
        command = f"python benchmarks/fuzz_config.py --examples {done} --seed {chosen.seed} --write"
        publish("fuzz-configurations", summary(rows(path)), command)


def rows(path: Path) -> list[dict]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def chunk(path: Path, first: int, number: int, skipped: int, most: int, seconds: int) -> int:
    """The examples of a chunk beyond those that are done, `most` of them; each is a line of the file. How many."""
    drawn = 0

    @seed(first + number * 1_000_003)
    @settings(
        max_examples=min(CHUNK, skipped + most),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(*[cases(POLICIES)] * 9, odd_cases()))
    def one(case: Case) -> None:
        nonlocal drawn
        drawn += 1
        if skipped < drawn <= skipped + most:
            begin = time.process_time()
            report = examined(case, seconds)
            took = round(time.process_time() - begin, 3)
            row = {"chunk": number, "case": dataclasses.asdict(case), "took": took}
            with open(path, "a") as file:
                file.write(json.dumps(row | dataclasses.asdict(report)) + "\n")

    one()
    return max(drawn - skipped, 0)


def examined(case: Case, seconds: int) -> Report:
    try:
        with at_most(seconds):
            return examine(case, twin=True)
    except Slow:
        return Report([f"it takes longer than {seconds} s"])
    except Exception as error:
        return Report([f"raised {type(error).__name__}: {error}"])


@contextmanager
def at_most(seconds: int):
    def late(*_):
        raise Slow

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # of this process's own time: others may be busy
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def headline(all_rows: list[dict]) -> str:
    faulty, refused = (sum(bool(row[key]) for row in all_rows) for key in ("faults", "refused"))
    return f"{faulty} at fault, {refused} refused"


def summary(all_rows: list[dict]) -> list[str]:
    """A table of what came of the examples."""
    driven = [row for row in all_rows if row["decisions"]]
    apart = [row for row in driven if row["twin"] is not None and row["twin"] > TWIN_APART]
    refused = [row for row in all_rows if row["refused"] and not row["faults"]]
    counts = {
        "examples": len(all_rows),
        "driven": len(driven),
        "refused, where highway-env breaks as well": len(refused),
        "decisions": sum(row["decisions"] for row in driven),
        "verdicts": sum(row["claims"] for row in driven),
        "**at fault**": sum(bool(row["faults"]) for row in all_rows),
        "contacts foretold that no way on leads to": sum(len(row["weak"]) for row in driven),
        "episodes that the twin drives otherwise": len(apart),
    }
    return ["| | n |", "|---|---|", *(f"| {what} | {n} |" for what, n in counts.items())]


def remarkable(all_rows: list[dict]) -> list[str]:
    """The examples that are at fault, and those that the twin drives otherwise."""
    lines = []
    for row in all_rows:
        if row["faults"]:
            lines += [f"{Case(**row['case'])}", *(f"    {fault}" for fault in row["faults"][:3])]
        if row["twin"] and row["twin"] > TWIN_APART:
            lines += [f"{Case(**row['case'])}", f"    the twin parts by {row['twin']:.2g}"]
    return lines


if __name__ == "__main__":
    main()
