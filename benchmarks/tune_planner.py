"""What halving and doubling each tunable number of the planner does to success, safety and speed.

    python benchmarks/tune_planner.py [--group road] [--episodes 40] [--first 15000] [--out runs/tune-planner.jsonl] [--write]

Every number of `policies.planner.Settings` is varied alone, in the brisk style, on the road where it plays a part (GROUPS), on the same
tuning seeds, in the twin's World. Report seeds (20000 on) are refused. Interrupted, it continues where it was.
A setting whose halves or doubles mean nothing (a table, a zero) is not driven; `words` change no decision.
--write stores what was driven in docs/figures and puts it into the page that shows it.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from pages import publish
from planner_runs import read, share

from drive.episodes.rollout import run_unexplained
from drive.measures.metrics import METRICS
from drive.measures.motion import Motion
from drive.measures.statistics import Estimate, paired_ratio, ratio
from drive.twin import warm
from drive.types import Episode
from drive.types.settings import Tunable, changed, tunables
from drive.world import World
from policies.planner import Planner, Settings

REPORT_SEEDS = 20000  # from here on, seeds are for reports alone
HEADWAY, CONTACT = 1.0, 2.0  # [s] a shorter headway, or time to collision, counts as close
MOVING = 1.0  # [m/s] from which headway counts
FACTORS = {"halved": 0.5, "doubled": 2.0}
DEFAULT = "default"


@dataclass(frozen=True)
class Group:
    """Settings that are varied on one road."""

    scenario: str
    settings: tuple[str, ...]
    overrides: dict | None = None


GROUPS = {
    "road": Group(
        "dilu-4-2.0",
        (
            *(
                "prices.ahead_time",
                "prices.ahead_gap",
                "prices.held",
                "margins.ahead_time",
                "margins.ahead_headway",
                "margins.ahead_least",
            ),
            *("margins.behind_time", "margins.behind_least", "margins.imposed", "margins.worst"),
            *("reliance", "information", "move", "right", "gamma", "crash_weight", "crash_step"),
            *(
                "depth",
                "deeper",
                "horizon",
                "beam",
                "width",
                "hypotheses",
                "fine",
                "coarse",
                "doubt",
            ),
            *("soon", "same_place", "same_heading", "imagining.aside", "imagining.ahead"),
            *("imagining.behind", "imagining.most_cars", "reading.turned", "reading.decided"),
            *("reading.drift", "reading.straight", "reading.usual", "reading.faster_than_seen"),
            "reading.slowest",
        ),
        {"duration": 12},
    ),
    "exit": Group(
        "exit",
        (
            "goal",
            "imagining.keeping",
            "reading.near_joint",
            "reading.bend_drift",
            "reading.returning",
        ),
    ),
    "junction": Group(
        "roundabout",
        (
            *("crossing", "common_junction", "coarse_crossing", "fan", "imagining.fork"),
            *("imagining.on_both", "imagining.ways_time", "imagining.ways_least"),
            *("imagining.most_ways", "imagining.behind_crossing", "reading.bent"),
        ),
    ),
    "merge": Group("merge", ("common",)),
    "right of way": Group(
        "intersection",
        tuple(
            f"reading.{name}"
            for name in ("unexplained", "braking", "trembling", "lately", "crawling", "standing")
        ),
    ),
    "steered": Group(
        "racetrack",
        tuple(
            f"steering.{name}"
            for name in ("spare", "tight", "move", "late", "off", "later", "crash_steps")
        ),
        {"duration": 10},
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--group", action="append", choices=list(GROUPS))
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--first", type=int, default=15000)
    parser.add_argument("--out", type=Path, default=Path("runs/tune-planner.jsonl"))
    parser.add_argument(
        "--write", action="store_true", help="store and show what was driven so far"
    )
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.episodes)
    if seeds.start < 0 or seeds.stop > REPORT_SEEDS:
        parser.error(f"seeds from {REPORT_SEEDS} on are for reports, not for tuning")
    groups = {name: GROUPS[name] for name in given.group or GROUPS}
    if not given.write:
        warm(lambda line: print(line, file=sys.stderr))
        drive(groups, seeds, given.out)
    lines = list(report(groups, seeds, read(given.out)))
    print("\n".join(lines))
    if given.write:
        publish("tune_planner", lines, "python benchmarks/tune_planner.py")


# ---------------------------------------------------------------------------------- variants


def variants(group: Group) -> Iterator[tuple[str, str, Settings]]:
    """(setting, which way, settings) of a group: the default first, then each setting halved and doubled."""
    default = Settings()
    table = {each.name: each for each in tunables(default)}
    yield DEFAULT, "", default
    for name in group.settings:
        for way, factor in FACTORS.items():
            value = varied(table[name], factor)
            if value != table[name].value:
                yield name, way, changed(default, name, value)


def varied(setting: Tunable, factor: float) -> float | int:
    """The number times a factor; whole numbers stay whole. A share per second is taken to that power."""
    if setting.name == "gamma":
        return setting.value**factor
    value = setting.value * factor
    return math.ceil(value - 0.5) if isinstance(setting.value, int) else value


def left_out() -> list[str]:
    """Names of the settings that no group varies."""
    driven = {name for group in GROUPS.values() for name in group.settings}
    return [each.name for each in tunables(Settings()) if each.name not in driven]


# ----------------------------------------------------------------------------------- driving


def drive(groups: dict[str, Group], seeds: range, out: Path) -> None:
    """Drive what the file lacks, variant by variant; a line for each episode."""
    out.parent.mkdir(parents=True, exist_ok=True)
    done = {(r["group"], r["setting"], r["tried"], r["seed"]) for r in read(out)}
    todo = [
        (name, setting, way, settings, seed)
        for name, group in groups.items()
        for setting, way, settings in variants(group)
        for seed in seeds
        if (name, setting, way, seed) not in done
    ]
    worlds: dict[str, World] = {}
    begin = time.time()
    with out.open("a") as file:
        for number, (name, setting, way, settings, seed) in enumerate(todo, 1):
            group = groups[name]
            if name not in worlds:
                worlds[name] = World(group.scenario, group.overrides, physics="twin")
            record = {"group": name, "setting": setting, "tried": way, "seed": seed}
            record |= measured(run_unexplained(worlds[name], Planner(settings), seed))
            file.write(json.dumps(record) + "\n")
            file.flush()
            if number % 10 == 0 or number == len(todo):
                left = (time.time() - begin) / number * (len(todo) - number) / 60
                told = (
                    f"{number}/{len(todo)} episodes ({name}: {setting} {way}), {left:.0f} min left"
                )
                print(told, file=sys.stderr, flush=True)


def measured(driven: Episode) -> dict:
    """Counts of one episode, so that shares can be taken over all of them."""
    motion = Motion(driven)
    gap, speed = motion.lead[0], motion.ego[:, 3]
    moving = speed > MOVING
    close = moving & (np.maximum(gap, 0.0) < HEADWAY * speed)
    return {
        "success": METRICS["success"].formula(motion),
        "collision": METRICS["collision"].formula(motion),
        "way": round(METRICS["distance"].formula(motion), 3),
        "time": round(METRICS["time"].formula(motion), 3),
        "sub-steps": len(speed),
        "moving": int(moving.sum()),
        "headway": int(close.sum()),
        "contact": int((motion.time_to_collision < CONTACT).sum()),
        "actions": [str(step.choice.action) for step in driven.steps],
    }


# ------------------------------------------------------------------------------------ report


PAIRS = {
    "headway": ("headway", "moving"),
    "contact": ("contact", "sub-steps"),
    "speed": ("way", "time"),
}


def report(groups: dict[str, Group], seeds: range, records: list[dict]) -> Iterator[str]:
    """One table for each road: the default's figures, and the difference that each variant makes."""
    cells: dict[tuple[str, str, str], dict[int, dict]] = {}
    for record in records:
        if record["seed"] in seeds:
            key = record["group"], record["setting"], record["tried"]
            cells.setdefault(key, {})[record["seed"]] = record
    units, lacking = {each.name: each for each in tunables(Settings())}, []
    for name, group in groups.items():
        default = cells.get((name, DEFAULT, ""), {})
        if len(default) < len(seeds):
            lacking += group.settings
            continue
        yield from head(name, group, default)
        for setting, way, settings in variants(group):
            mine = cells.get((name, setting, way), {})
            if setting == DEFAULT:
                continue
            if len(mine) < len(seeds):
                lacking.append(f"{setting} {way}")
                continue
            value = next(each.value for each in tunables(settings) if each.name == setting)
            yield row(units[setting], value, default, mine)
        yield ""
    yield f"Not driven, because halves or doubles mean nothing or change no decision: {', '.join(left_out())}."
    if lacking:
        yield f"\nNot driven yet: {', '.join(lacking)}."


def head(name: str, group: Group, default: dict[int, dict]) -> Iterator[str]:
    longest = f", {group.overrides['duration']} s" if group.overrides else ""
    yield f"### {name}: {group.scenario}{longest}"
    yield ""
    figures = {pair: ratio(*columns(default, pair)) for pair in PAIRS}
    yield (
        f"Default, n = {len(default)}: collisions {rate(default, 'collision')}, success {rate(default, 'success')}, "
        f"headway under {HEADWAY:g} s in {percent(figures['headway'])} of the moving time, time to collision under "
        f"{CONTACT:g} s in {percent(figures['contact'])} of the time, mean speed {told(figures['speed'])} m/s. "
        "The columns after n are differences to it on the same seeds, in percent of episodes or time and in m/s; "
        "= where every action of every episode was the same."
    )
    yield ""
    yield (
        "| setting | default | tried | driven otherwise, of n | collisions [%] | success [%] | "
        f"headway < {HEADWAY:g} s [%] | TTC < {CONTACT:g} s [%] | speed [m/s] |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"


def row(setting: Tunable, value, default: dict[int, dict], mine: dict[int, dict]) -> str:
    otherwise = sum(mine[seed]["actions"] != default[seed]["actions"] for seed in mine)
    unit = f" {setting.unit}" if setting.unit else ""
    about = f"`{setting.name}`", f"{shown(setting.value)}{unit}", shown(value)
    if not otherwise:
        return f"| {' | '.join(about)} | 0 of {len(mine)} |{' = |' * 5}"
    rates = [
        100 * np.mean([mine[seed][what] - default[seed][what] for seed in mine])
        for what in ("collision", "success")
    ]
    differences = {pair: paired_ratio(values(default, pair), values(mine, pair)) for pair in PAIRS}
    cells = (
        *about,
        f"{otherwise} of {len(mine)}",
        *(f"{each:+.1f}" for each in rates),
        told(differences["headway"], 100, sign="+"),
        told(differences["contact"], 100, sign="+"),
        told(differences["speed"], sign="+"),
    )
    return f"| {' | '.join(cells)} |"


def values(records: dict[int, dict], pair: str) -> dict[int, tuple[float, float]]:
    over, under = PAIRS[pair]
    return {seed: (record[over], record[under]) for seed, record in records.items()}


def columns(records: dict[int, dict], pair: str) -> tuple[list[float], list[float]]:
    over, under = PAIRS[pair]
    return [r[over] for r in records.values()], [r[under] for r in records.values()]


def rate(records: dict[int, dict], what: str) -> str:
    return share(int(sum(record[what] for record in records.values())), len(records))


def percent(figure: Estimate) -> str:
    return told(figure, 100).replace(" [", " % [")


def told(figure: Estimate, scale: float = 1.0, sign: str = "") -> str:
    numbers = (scale * each for each in (figure.mean, figure.low, figure.high))
    mean, low, high = (f"{each:{sign}.2f}" for each in numbers)
    return f"{mean} [{low}, {high}]"


def shown(value: float | int) -> str:
    return f"{value:g}"


if __name__ == "__main__":
    main()
