"""What is driven: named scenarios (road, traffic, task, perception) and suites of them.

A scenario is data; `drive.world` turns it into a simulation. Adding one is adding a row.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

from drive.types import Perception, Task

REPORT_SEEDS = 20000  # seeds from here on are for reports only; train and tune below


@dataclass(frozen=True)
class Scenario:
    """A named road, traffic and task."""

    name: str
    env: str  # highway-env's id
    task: Task  # its deadline is the episode's duration [s]
    about: str
    config: dict = field(default_factory=dict)  # what differs from highway-env's own defaults
    perception: Perception = Perception()

    @property
    def duration(self) -> float:
        """[s]"""
        return self.task.deadline


@dataclass(frozen=True)
class Suite:
    """Scenarios with a protocol: which seeds, in which order."""

    name: str
    scenarios: tuple[str, ...]
    about: str
    first_seeds: tuple[int, ...] = ()  # driven before the report seeds

    def seeds(self, count: int) -> tuple[int, ...]:
        """The first `count` seeds of the protocol."""
        if count < 1:
            raise ValueError(f"the number of episodes must be at least 1, not {count}")
        more = range(REPORT_SEEDS, REPORT_SEEDS + max(0, count - len(self.first_seeds)))
        return (self.first_seeds + tuple(more))[:count]


def _cruise(seconds: float) -> Task:
    return Task("cruise", deadline=seconds)


DILU_SPEEDS = [5 + 27 * k / 8 for k in range(9)]  # linspace(5, 32, 9) [m/s]
DILU_SEEDS = (5838, 2421, 7294, 9650, 4176, 6382, 8765, 1348, 4213, 2572, 5678, 8587, 512, 7523,
              6321, 5214, 31)  # fmt: skip


def _dilu(lanes: int, density: float) -> Scenario:
    return Scenario(
        f"dilu-{lanes}-{density:.1f}",
        "highway-v0",
        _cruise(30),
        f"DiLu-30: {lanes} lanes, traffic density {density:.1f}, nine target speeds",
        {
            "lanes_count": lanes,
            "vehicles_density": density,
            "vehicles_count": 50,
            "ego_spacing": 4,
            "duration": 30,
            "action": {"type": "DiscreteMetaAction", "target_speeds": DILU_SPEEDS},
        },
    )


def _arm(*nodes: str) -> tuple[tuple[str, str, int], ...]:
    return tuple((a, b, 0) for a, b in zip(nodes, nodes[1:], strict=False))


_ROUNDABOUT_EXIT = _arm("nx", "nxs", "nxr")
_HIGHWAY = {"lanes_count": 4, "vehicles_count": 50}

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("highway", "highway-v0", _cruise(40), "four lanes, 50 cars, highway-env's default"),
        Scenario("highway-fast", "highway-fast-v0", _cruise(30), "three lanes, 20 cars, 5 Hz physics"),
        _dilu(4, 2.0),
        _dilu(5, 2.5),
        _dilu(5, 3.0),
        Scenario(
            "highway-fog", "highway-v0", _cruise(40),
            "as highway, but cars beyond 50 m are not seen", _HIGHWAY, Perception(range=50.0),
        ),
        Scenario(
            "highway-occluded", "highway-v0", _cruise(40),
            "as highway, but cars hide the cars behind them", _HIGHWAY, Perception(occlusion=True),
        ),
        Scenario(
            "merge", "merge-v1", Task("pass", goal_x=370.0, deadline=20),
            "a car joins from a ramp; pass the junction",
        ),
        Scenario(
            "merge-generic", "merge-generic-v1", Task("pass", goal_x=370.0, deadline=20),
            "merge with random traffic on the main road",
        ),
        Scenario(
            "roundabout", "roundabout-v1",
            Task("destination", _ROUNDABOUT_EXIT, deadline=11),
            "enter a two-lane roundabout and leave it to the north",
        ),
        Scenario(
            "roundabout-generic", "roundabout-generic-v1",
            Task("destination", _ROUNDABOUT_EXIT, deadline=17),
            "roundabout with cars spread over all arms",
        ),
        Scenario(
            "intersection", "intersection-v2",
            Task("destination", (("il1", "o1", 0),), goal_from=25.0, deadline=13),
            "turn left at a four-way crossing, speed only",
        ),
        Scenario(
            "exit", "exit-v1", Task("exit", (("2", "exit", 0),), deadline=18),
            "cross six lanes to leave at the exit",
        ),
        Scenario("two-way", "two-way-v0", _cruise(15), "slow cars ahead, oncoming cars on the left"),
        Scenario("u-turn", "u-turn-v1", _cruise(10), "slow cars before, in and after a U-turn"),
        Scenario(
            "racetrack", "racetrack-v1", Task("laps", deadline=60),
            "steer at 10 m/s, pass the slower car", {"duration": 60},
        ),
        Scenario(
            "racetrack-large", "racetrack-large-v1", Task("laps", deadline=80),
            "a longer circuit with three lanes", {"duration": 80},
        ),
        Scenario(
            "racetrack-oval", "racetrack-oval-v1", Task("laps", deadline=60),
            "an oval with three lanes", {"duration": 60},
        ),
        Scenario(
            "lane-keeping", "lane-keeping-v0", Task("lane keeping", deadline=20),
            "steer a car that slips along a winding lane",
        ),
    )
}  # fmt: skip

SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite(
            "dilu", ("dilu-4-2.0", "dilu-5-2.5", "dilu-5-3.0"),
            "DiLu-30 (Wen et al., ICLR 2024): no collision in 30 decisions", DILU_SEEDS,
        ),
        Suite(
            "roads",
            ("highway", "highway-fast", "merge", "merge-generic", "roundabout",
             "roundabout-generic", "intersection", "exit", "two-way", "u-turn"),
            "every road that is driven by meta-actions",
        ),
        Suite(
            "steering", ("racetrack", "racetrack-large", "racetrack-oval", "lane-keeping"),
            "every road that is steered",
        ),
        Suite("sight", ("highway", "highway-fog", "highway-occluded"), "what seeing less costs"),
        Suite("all", tuple(SCENARIOS), "every scenario"),
        Suite("smoke", ("highway-fast", "merge"), "a first look, in a minute"),
    )
}  # fmt: skip


def scenario(name: str) -> Scenario:
    """The scenario of that name; ValueError lists the right ones."""
    return _named(name, SCENARIOS, "scenario")


def suite(name: str) -> Suite:
    """The suite of that name, or a single scenario as a suite of its own."""
    if name in SCENARIOS and name not in SUITES:
        seeds = DILU_SEEDS if name.startswith("dilu") else ()
        return Suite(name, (name,), SCENARIOS[name].about, seeds)
    return _named(name, SUITES | SCENARIOS, "suite")


def _named(name: str, table: dict, what: str):
    if name in table:
        return table[name]
    close = difflib.get_close_matches(name, table, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"no {what} {name!r}; {hint}choose from {', '.join(table)}")
