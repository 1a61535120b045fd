"""Random configurations, as many as wanted: what tests/test_config_properties.py holds, over and over.

    python benchmarks/fuzz_config.py [--examples 1000] [--seed 0] [--out runs/fuzz] [--seconds 60]

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
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import drive  # noqa: F401, I001  # before NumPy
from configs import QUICK, Case, Report, cases, examine, odd_cases
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

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
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    warm()
    path = chosen.out / f"{chosen.seed}.jsonl"
    chosen.out.mkdir(parents=True, exist_ok=True)
    done = len(rows(path))
    while done < chosen.examples:
        count = min(CHUNK - done % CHUNK, chosen.examples - done)
        chunk(path, chosen.seed + done // CHUNK * 1_000_003, done % CHUNK, count, chosen.seconds)
        if len(rows(path)) == done:  # no more examples come from this seed
            break
        done = len(rows(path))
        print(
            f"{time.strftime('%H:%M:%S')}  {done} of {chosen.examples}  {headline(rows(path))}",
            flush=True,
        )
    print("\n".join(summary(rows(path))))


def rows(path: Path) -> list[dict]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def chunk(path: Path, number: int, skipped: int, count: int, seconds: int) -> None:
    """Examples `skipped` to `skipped + count` of a seed, each a line of the file."""
    drawn = 0

    @seed(number)
    @settings(
        max_examples=skipped + count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(*[cases(POLICIES)] * 9, odd_cases()))
    def one(case: Case) -> None:
        nonlocal drawn
        drawn += 1
        if drawn > skipped:
            begin = time.process_time()
            report = examined(case, seconds)
            row = {"case": dataclasses.asdict(case), "took": round(time.process_time() - begin, 3)}
            with open(path, "a") as file:
                file.write(json.dumps(row | dataclasses.asdict(report)) + "\n")

    one()


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
    driven = [row for row in all_rows if row["decisions"]]
    apart = [row for row in driven if row["twin"] is not None and row["twin"] > TWIN_APART]
    lines = [
        f"examples {len(all_rows)}, driven {len(driven)}, decisions {sum(r['decisions'] for r in driven)}, "
        f"verdicts {sum(r['claims'] for r in driven)}",
        f"refused by both {sum(bool(r['refused']) and not r['faults'] for r in all_rows)}",
        f"at fault {sum(bool(r['faults']) for r in all_rows)}",
        f"contacts foretold that no way on leads to {sum(len(r['weak']) for r in driven)}, "
        f"in {sum(bool(r['weak']) for r in driven)} episodes",
        f"the twin parts by more than {TWIN_APART:g} in {len(apart)}: "
        f"{dict(Counter(row['case']['scenario'] for row in apart))}",
    ]
    for row in all_rows:
        if row["faults"]:
            lines.append(f"  {Case(**row['case'])}")
            lines += [f"      {fault}" for fault in row["faults"][:3]]
    return lines


if __name__ == "__main__":
    main()
