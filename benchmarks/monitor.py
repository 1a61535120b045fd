"""What the monitor is worth: collisions with and without it, beside the planner; its false alarms and misses by hindsight.

    nice python benchmarks/monitor.py [--episodes 400] [--first 20000] [--workers 2] [--notes FILE]

Each seed of highway-fast is driven three times in the twin: by `vla` alone, by `vla` with the monitor, by the planner. Where the
monitor drove nothing, `vla` alone drives the same and is not driven again. While `vla` drives alone the monitor is asked and not
heard: hindsight is what then came. An alarm is consecutive decisions in which it would have taken over; it is right where a
collision follows within the planner's horizon. A collision without an alarm before it is a miss. FILE keeps what was driven; a
second call goes on from there. Seeds from 20000 on are for reports; `--tune` prints what each threshold would give on others.
"""

from __future__ import annotations

import argparse
import functools
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from pages import publish

from drive.engine import Processes
from drive.measures.statistics import Estimate, paired, ratio, wilson
from drive.policy import load
from drive.scenarios import REPORT_SEEDS
from drive.types import Term
from drive.world import World
from policies.monitored import Monitored, Settings, hypotheses

SCENARIO, POLICY = "highway-fast", "vla"
HORIZON = 7.0  # [s] that the planner looks ahead; a decision of highway-fast lasts 1 s
HUNDRED_KM = 1e5  # [m]
ALONE, WATCHED, PLANNER = f"`{POLICY}` alone", f"`{POLICY}` with the monitor", "`planner`"


# ------------------------------------------------------------------------------------- driving


def drive(seed: int) -> dict:
    """One seed, driven by all three; what each came to."""
    watched = driven(seed, heard=True)
    alone = driven(seed, heard=False) if any(map(excess, watched["decisions"])) else watched
    return {"seed": seed, WATCHED: watched, ALONE: alone, PLANNER: planned(seed)}


def driven(seed: int, heard: bool) -> dict:
    """An episode of the policy; every decision with the contacts in which its action and the planner's best end."""
    world, monitored = _made()
    scene, decisions, ended, metres = world.reset(seed), [], None, 0.0
    while not ended:
        choice = monitored.decide(scene)
        weighed = monitored.weighed(scene)
        both = (choice.action, weighed.action)
        ends = (monitored.dangers(scene, weighed, action) for action in both)
        decisions.append([number for feared in ends for number in told(feared)])
        over = heard and excess(decisions[-1]) >= monitored.settings.least
        outcome = world.step(weighed.action if over else choice.action)
        metres += way(outcome)
        scene, ended = world.scene, outcome.ended
    return summed(outcome, scene.time, metres) | {"decisions": decisions}


def planned(seed: int) -> dict:
    world, monitored = _made()
    scene, ended, metres = world.reset(seed), None, 0.0
    while not ended:
        outcome = world.step(monitored.weighed(scene).action)
        metres += way(outcome)
        scene, ended = world.scene, outcome.ended
    return summed(outcome, scene.time, metres)


@functools.cache
def _made() -> tuple[World, Monitored]:
    torch.set_num_threads(1)
    return World(SCENARIO, physics="twin"), Monitored(load(POLICY))


def way(outcome) -> float:
    """[m] of a step."""
    return float(np.hypot(*np.diff(outcome.tracks.ego[:, :2], axis=0).T).sum())


def summed(outcome, time: float, metres: float) -> dict:
    contact = outcome.contact.time if outcome.contact else time
    return {"collided": outcome.ended == "collision", "time": contact, "metres": metres}


def told(feared: tuple[Term, ...]) -> tuple[int, float | None]:
    """In how many hypotheses the plans of an action end in a contact, and the soonest [s]."""
    return hypotheses(feared), feared[0].after if feared else None


def excess(decision: list) -> int:
    """In how many hypotheses more the policy's action ends in a contact than the planner's best."""
    return decision[0] - decision[2]


# ----------------------------------------------------------------------------------- hindsight


def alarms(decisions: list, least: int) -> list[int]:
    """The first decisions of those stretches in which the monitor would have taken over."""
    over = [excess(each) >= least for each in decisions]
    return [k for k, now in enumerate(over) if now and not (k and over[k - 1])]


def right(alone: dict, least: int) -> list[bool]:
    """Of every alarm: did a collision follow within the horizon?"""
    return [
        alone["collided"] and alone["time"] - k <= HORIZON
        for k in alarms(alone["decisions"], least)
    ]


def foreseen(alone: dict, least: int) -> float | None:
    """[s] from the last alarm that began within the horizon before a collision; None: there was none."""
    leads = [alone["time"] - k for k in alarms(alone["decisions"], least)]
    return min((lead for lead in leads if 0 <= lead <= HORIZON), default=None)


def hindsight(rows: list[dict], least: int) -> tuple[Estimate, Estimate, float]:
    """The share of false alarms, the share of collisions that were missed, and the median warning [s]."""
    each = [one for row in rows for one in right(row[ALONE], least)]
    leads = [foreseen(row[ALONE], least) for row in rows if row[ALONE]["collided"]]
    false = wilson([float(not one) for one in each])
    missed = wilson([float(lead is None) for lead in leads])
    warned = [lead for lead in leads if lead is not None]
    return false, missed, float(np.median(warned)) if warned else float("nan")


# ---------------------------------------------------------------------------------------- tables


def share(figure: Estimate, sign: str = "") -> str:
    return f"{100 * figure.mean:{sign}.1f} % [{100 * figure.low:{sign}.1f}, {100 * figure.high:{sign}.1f}]"


def lines(rows: list[dict]) -> Iterator[str]:
    first, last = min(row["seed"] for row in rows), max(row["seed"] for row in rows)
    yield f"{SCENARIO}, seeds {first} to {last}, n = {len(rows)} each, the same seeds; 95 % intervals."
    yield ""
    yield "| drives | collisions | more than the planner | speed [m/s] |"
    yield "|---|---|---|---|"
    collided = {
        name: {row["seed"]: float(row[name]["collided"]) for row in rows}
        for name in (ALONE, WATCHED, PLANNER)
    }
    for name, each in collided.items():
        speed = ratio(*zip(*((r[name]["metres"], r[name]["time"]) for r in rows), strict=True))
        more = "–" if name == PLANNER else share(paired(collided[PLANNER], each), "+")
        speeds = f"{speed.mean:.2f} [{speed.low:.2f}, {speed.high:.2f}]"
        yield f"| {name} | {share(wilson(list(each.values())))} | {more} | {speeds} |"
    yield ""
    yield from _of_the_monitor(rows)


def _of_the_monitor(rows: list[dict]) -> Iterator[str]:
    least = Settings.least
    taken = [len(alarms(row[WATCHED]["decisions"], least)) for row in rows]
    rate = ratio(taken, [row[WATCHED]["metres"] / HUNDRED_KM for row in rows])
    alone = [float(not (n or row[WATCHED]["collided"])) for n, row in zip(taken, rows, strict=True)]
    false, missed, warned = hindsight(rows, least)
    yield "| figure | n | value |"
    yield "|---|---|---|"
    yield f"| takeovers per 100 km | {len(rows)} | {rate.mean:.0f} [{rate.low:.0f}, {rate.high:.0f}] |"
    yield f"| episodes that end well without a takeover | {len(rows)} | {share(wilson(alone))} |"
    yield f"| false alarms: no collision within {HORIZON:g} s | {false.n} | {share(false)} |"
    yield f"| misses: collisions without an alarm before | {missed.n} | {share(missed)} |"
    yield f"| median from the last alarm to the contact [s] | {missed.n} | {warned:.1f} |"


def tuned(rows: list[dict]) -> Iterator[str]:
    """What each threshold would give."""
    for least in range(1, 8):
        false, missed, warned = hindsight(rows, least)
        yield (
            f"least {least}: false alarms {share(false)} of {false.n}, missed {share(missed)} of {missed.n}, "
            f"median warning {warned:.1f} s"
        )


# ------------------------------------------------------------------------------------------- main


def gathered(seeds: Iterable[int], notes: Path, workers: int) -> list[dict]:
    """What came of every seed; those that the notes hold are not driven again."""
    done = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
    kept, wanted = {row["seed"]: row for row in done}, list(seeds)
    todo = [seed for seed in wanted if seed not in kept]
    with open(notes, "a", encoding="utf-8") as file:
        for seed, row in Processes(workers).run(todo, drive) if todo else ():
            if not isinstance(row, dict):
                raise ValueError(f"seed {seed}: {row.why}")
            kept[seed] = row
            file.write(json.dumps(row) + "\n")
            file.flush()
    return [kept[seed] for seed in wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=400)
    parser.add_argument("--first", type=int, default=REPORT_SEEDS, help="seed")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--notes", type=Path, help="keeps what was driven")
    parser.add_argument("--tune", action="store_true")
    given = parser.parse_args()
    notes = given.notes or Path(tempfile.mkdtemp()) / "monitor.jsonl"
    seeds = range(given.first, given.first + given.episodes)
    rows = gathered(seeds, notes, given.workers)
    told_lines = list(tuned(rows) if given.tune else lines(rows))
    print("\n".join(told_lines))
    if not given.tune and given.first >= REPORT_SEEDS:
        publish("monitor", told_lines, f"python benchmarks/monitor.py --episodes {given.episodes}")


if __name__ == "__main__":
    main()
