"""DiLu-30: the planner from the scene alone, the same search from the truth, the null policies, and what could be survived.

    python benchmarks/planner_dilu.py [--seeds 200] [--first 20000] [--out runs/planner-dilu.jsonl] [--write]

Driven in the twin's World, exact. Interrupted, it continues where it was. "Survivable": some legal sequence of actions
survives the first 8 decisions, found by a search over the truth that keeps 200 states; where it finds none, there may
still be one. Of each of the planner's crashes it is asked from how many decisions before it some sequence still
survived 8 more. --write stores the figures and puts the tables into the pages of docs/.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from pages import publish
from planner_runs import command_line, read, run, share

from drive.twin import warm

SETTINGS = ("dilu-4-2.0", "dilu-5-2.5", "dilu-5-3.0")
DRIVERS = ("planner", "ceiling", "oracle", "slower", "idle", "faster")
PUBLISHED = {"dilu-4-2.0": "70 %", "dilu-5-2.5": "65 %", "dilu-5-3.0": "35 %"}
TARGETS = {"dilu-4-2.0": "97 %", "dilu-5-2.5": "92 %", "dilu-5-3.0": "78 %"}


def main() -> None:
    parser = command_line(__doc__, 200, "runs/planner-dilu.jsonl", DRIVERS)
    chosen = parser.parse_args()
    if chosen.write:
        records = read(chosen.out)
    else:
        warm(lambda line: print(line, file=sys.stderr))
        seeds = range(chosen.first, chosen.first + chosen.seeds)
        records = run(
            [(s, d, seed) for seed in seeds for d in chosen.drivers for s in SETTINGS], chosen.out
        )
    lines = report(records)
    print("\n".join(lines))
    if chosen.write:
        publish("planner-dilu", lines, "python benchmarks/planner_dilu.py")


def report(records: list[dict]) -> list[str]:
    lines = [
        "| setting | driver | success | n | speed [m/s] | decision [ms, mean] |",
        "|---|---|---|---|---|---|",
    ]
    for setting in SETTINGS:
        for name in DRIVERS:
            mine = [r for r in records if (r["scenario"], r["policy"]) == (setting, name)]
            lines.append(row(setting, name, mine))
        lines.append(
            f"| {setting} | DiLu, as published | {PUBLISHED[setting]} | – | not reported | 5000 to 10000 |"
        )
    return [*lines, "", *map(among_survivable(records), SETTINGS), "", *crashes(records)]


def row(setting: str, name: str, mine: list[dict]) -> str:
    hits = sum(r["ended"] == "time is up" for r in mine)
    if name == "ceiling" or not mine:
        return f"| {setting} | survivable | {share(hits, len(mine))} | {len(mine)} | – | – |"
    speed = np.mean([r["speed"] for r in mine])
    took = 1e3 * np.mean([r["took"] for r in mine])
    what = f"{name} (target {TARGETS[setting]})" if name == "planner" else name
    return f"| {setting} | {what} | {share(hits, len(mine))} | {len(mine)} | {speed:.2f} | {took:.0f} |"


def among_survivable(records: list[dict]):
    ends = {(r["scenario"], r["policy"], r["seed"]): r["ended"] for r in records}

    def line(setting: str) -> str:
        seeds = [
            seed
            for (scenario, name, seed), ended in ends.items()
            if (scenario, name, ended) == (setting, "ceiling", "time is up")
            and (setting, "planner", seed) in ends
        ]
        hits = sum(ends[setting, "planner", seed] == "time is up" for seed in seeds)
        return f"- {setting}: success of the planner among survivable seeds {share(hits, len(seeds))}, n = {len(seeds)}"

    return line


def crashes(records: list[dict]) -> list[str]:
    """Each crash of the planner, with how late it could still be avoided."""
    mine = [r for r in records if r["policy"] == "planner" and r["ended"] == "collision"]
    late = {s: [r["avoidable"] for r in mine if r["scenario"] == s] for s in SETTINGS}
    return [
        f"- {setting}: {len(decisions)} crashes; never avoidable {sum(n < 0 for n in decisions)}; still avoidable "
        + ", ".join(
            f"{k} decisions before {sum(0 < n <= k for n in decisions)}" for k in (1, 2, 3, 5, 30)
        )
        for setting, decisions in late.items()
    ]


if __name__ == "__main__":
    main()
