"""Makes the tables of an instructor's sheet from the lines that instructor_sheet.py keeps.

    python benchmarks/sheet_page.py runs/instructor-sheet.jsonl [MORE.jsonl ...]

Fills the lab page (every road and policy, and the pairs) and the README (some of them). Of a line that stands twice (same
road, policy and seed), the later one counts: give the newest file last. Shares are of time: each episode counts by how long it lasted.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from pages import publish

from drive.evaluation.results import PUBLISHED, shown
from drive.measures.statistics import wilson

ROADS = ("dilu-4-2.0", "dilu-5-2.5", "dilu-5-3.0", "highway-fast", "two-way", "exit", "merge",
         "roundabout", "u-turn", "intersection")  # fmt: skip
POLICIES = ("planner", "planner:brisk", "rule", "idm", "reference")
IN_README = ("planner", "planner:brisk", "rule", "idm", "dqn", "slower", "idle")
ROADS_IN_README = ("dilu-4-2.0", "dilu-5-3.0", "highway-fast", "two-way", "roundabout", "intersection")  # fmt: skip

Episodes = dict[tuple[str, str], dict[int, dict[str, float]]]  # (road, policy) -> seed -> metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lines", nargs="+", type=Path)
    episodes = read(parser.parse_args().lines)
    command = "python benchmarks/instructor_sheet.py --scenarios NAME ... --policies NAME ... --seeds N --workers 1"
    publish("sheet", [*whole(episodes), "", *pairs(episodes)], command)
    publish("sheet-short", [*short(episodes)], command)


def read(paths: list[Path]) -> Episodes:
    episodes: Episodes = {}
    for path in paths:
        for text in path.read_text(encoding="utf-8").splitlines():
            try:
                line = json.loads(text)
            except json.JSONDecodeError:  # torn when the writing was stopped
                continue
            key = line["scenario"], line["policy"]
            episodes.setdefault(key, {})[line["seed"]] = line["metrics"]
    return episodes


def total(drives: dict[int, dict], metric: str) -> float:
    return sum(drive.get(metric, 0.0) for drive in drives.values())


def per_time(drives: dict[int, dict], metric: str) -> float:
    """A share of time, or a mean speed, over all drives together."""
    weighted = (drive.get(metric, 0.0) * drive["time"] for drive in drives.values())
    return sum(weighted) / total(drives, "time")


def done(drives: dict[int, dict]) -> str:
    share = wilson([drive.get("success", 0.0) for drive in drives.values()])
    return f"{100 * share.mean:.1f} ({100 * share.low:.1f} to {100 * share.high:.1f})"


def pace(drives: dict[int, dict]) -> float:
    """[m/s]"""
    return total(drives, "distance") / total(drives, "time")


def whole(episodes: Episodes) -> Iterator[str]:
    yield (
        "| road | policy | n | done, % (95 %) | collisions | m/s | headway < 0.5 / < 1 s, % | TTC < 2 s, % | "
        "hard braking imposed per km |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for road in ROADS:
        for policy in POLICIES:
            if drives := episodes.get((road, policy)):
                near, close, ttc = (
                    100 * per_time(drives, metric)
                    for metric in ("headway under 0.5 s", "headway under 1 s", "TTC under 2 s")
                )
                imposed = 1000 * total(drives, "hard braking imposed") / total(drives, "distance")
                yield (
                    f"| {road} | `{policy}` | {len(drives)} | {done(drives)} | {total(drives, 'collision'):.0f} | "
                    f"{pace(drives):.1f} | {near:.1f} / {close:.1f} | {ttc:.1f} | {imposed:.1f} |"
                )


def pairs(episodes: Episodes) -> Iterator[str]:
    """The default planner beside the brisk one on the same seeds: episodes in which one did the task, or collided, alone."""
    yield "The default planner and the brisk one on the same seeds: more, and fewer, with the default."
    yield ""
    yield "| road | n | tasks done | collisions |"
    yield "|---|---|---|---|"
    for road in ROADS:
        ours, theirs = (episodes.get((road, policy), {}) for policy in POLICIES[:2])
        both = ours.keys() & theirs.keys()
        if both:
            cells = []
            for metric in ("success", "collision"):
                apart = [ours[s].get(metric, 0.0) - theirs[s].get(metric, 0.0) for s in both]
                cells.append(f"+{sum(d > 0 for d in apart)}/-{sum(d < 0 for d in apart)}")
            yield f"| {road} | {len(both)} | {' | '.join(cells)} |"


def short(episodes: Episodes) -> Iterator[str]:
    shown_here = [(road, name) for road in ROADS_IN_README for name in IN_README]
    told = [len(episodes[key]) for key in shown_here if key in episodes]
    yield f"Tasks done, % (95 % interval); mean speed [m/s]; share of time with a headway under 1 s. n = {min(told)} to {max(told)}."
    yield ""
    yield f"| road | {' | '.join(f'`{name}`' for name in IN_README)} | DiLu, published |"
    yield "|---|" + "---|" * (len(IN_README) + 1)
    reported = {p.scenario: shown(p.success, "success") for p in reversed(PUBLISHED)}
    for road in ROADS_IN_README:
        cells = (
            f"{done(drives)}; {pace(drives):.1f}; {100 * per_time(drives, 'headway under 1 s'):.0f} %"
            if (drives := episodes.get((road, name)))
            else "–"
            for name in IN_README
        )
        yield f"| {road} | {' | '.join(cells)} | {reported.get(road, '–')} |"


if __name__ == "__main__":
    main()
