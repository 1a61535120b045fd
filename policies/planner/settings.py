"""Every tunable number of the planner, each with its unit, what it means and how it was chosen.

`python benchmarks/tune_planner.py` measures what halving and doubling each of them does. Numbers of highway-env (its
steering law, IDM, how often right of way is enforced) are no settings: they stand as named constants where they are used.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drive.types.settings import BY_COMPARISON, tunable


@dataclass(frozen=True)
class Margins:
    """The distances and times that a plan should keep; missing shares of these have their `Prices`."""

    ahead_time: float = tunable(3.0, "s", "to a collision with the car ahead")
    ahead_least: float = tunable(2.0, "m", "to the car ahead, at standstill")
    ahead_headway: float = tunable(0.5, "s", "of driving that the gap ahead should grow by")
    behind_time: float = tunable(2.0, "s", "to a collision with the car behind")
    behind_least: float = tunable(3.0, "m", "to the car behind")
    imposed: float = tunable(3.0, "m/s²", "of braking asked of the car behind")
    aside: float = tunable(0.0, "m", "to any other shape; 0 asks for no clearance")
    worst: float = tunable(
        1.5, "", "the most that one margin counts as missing, where bodies overlap"
    )

    @property
    def wanted(self) -> tuple[float, ...]:
        """The margins in the order in which `Worlds.step` takes them."""
        ahead = self.ahead_time, self.ahead_least, self.ahead_headway
        return *ahead, self.behind_time, self.behind_least, self.imposed, self.aside


@dataclass(frozen=True)
class Prices:
    """What a margin costs that is missing wholly for one decision, in the order of `search.MARGINS`."""

    ahead_time: float = tunable(0.6, "m/s", "for the time to a collision ahead", BY_COMPARISON)
    ahead_gap: float = tunable(0.6, "m/s", "for the gap ahead", BY_COMPARISON)
    behind_time: float = tunable(0.6, "m/s", "for the time to a collision behind", BY_COMPARISON)
    behind_gap: float = tunable(0.6, "m/s", "for the gap behind", BY_COMPARISON)
    imposed: float = tunable(0.6, "m/s", "for braking asked of the car behind", BY_COMPARISON)
    aside: float = tunable(0.6, "m/s", "for the clearance to any shape", BY_COMPARISON)
    held: float = tunable(1.0, "", "times these, where a plan only holds on or brakes")

    @property
    def each(self) -> np.ndarray:
        """[MARGINS] [m/s]."""
        ahead = self.ahead_time, self.ahead_gap
        return np.array([*ahead, self.behind_time, self.behind_gap, self.imposed, self.aside])


@dataclass(frozen=True)
class Arriving:
    """What it is worth to arrive in time, and how the chance of it is judged by what is left after a plan."""

    worth: float = tunable(0.0, "m/s", "of arriving in time for certain", BY_COMPARISON)
    pace: float = tunable(
        1.0, "", "times the greatest speed, at which what is left is driven", BY_COMPARISON
    )
    pick_up: float = tunable(1.0, "s", "that reaching this pace from standstill costs")
    spread: float = tunable(1.0, "s", "by which the time of arrival is uncertain", BY_COMPARISON)
    lane_time: float = tunable(1.5, "s", "that each lane still to be crossed takes", BY_COMPARISON)
    lane_spread: float = tunable(
        2.0, "s", "by which the time of crossing them is uncertain", BY_COMPARISON
    )


@dataclass(frozen=True)
class Reading:
    """What counts as a sign of intent in the motion of another car."""

    turned: float = tunable(
        0.15,
        "",
        "share of the way from the heading that keeps the lane to the heading that changes it, from which a car changes lane",
    )
    decided: float = tunable(
        0.5,
        "",
        "share of the same way, from which the change is certain; below, it may be given up",
    )
    straight: float = tunable(
        0.005, "rad", "off the lane's heading, up to which a car is not turning"
    )
    baseline: float = tunable(
        0.0,
        "s",
        "of the past that tells acceleration and drift; 0: from its last state to what is seen now",
        BY_COMPARISON,
    )
    drift: float = tunable(0.15, "m/s", "across the lane, up to which a car keeps it")
    bend_drift: float = tunable(
        1.0, "m/s", "across the lane in bends and near joints, from which a car may be changing it"
    )
    returning: float = tunable(
        2.0, "", "times the speed across the lane with which a car returns to its centre, in bends"
    )
    near_joint: float = tunable(10.0, "m", "to a joint of lanes, within which steering lags")
    bent: float = tunable(1e-3, "1/m", "of curvature, from which a lane is a bend")
    usual: float = tunable(
        0.8, "", "share of the speed limit that traffic is expected to wish for, unless seen faster"
    )
    no_limit: float = tunable(30.0, "m/s", "taken for the speed limit where a lane has none")
    faster_than_seen: float = tunable(
        1.1, "", "times the fastest speed seen: the most that a car may wish"
    )
    standing: float = tunable(0.5, "m/s", "below which a car stands")
    crawling: float = tunable(
        0.2,
        "",
        "share of the speed limit, below which a speed says nothing about the wish at a junction",
    )
    unexplained: float = tunable(
        2.5,
        "m/s²",
        "of braking beyond what IDM explains, from which a car gives way",
        BY_COMPARISON,
    )
    braking: float = tunable(2.0, "m/s²", "of braking at least, from which a car gives way")
    trembling: float = tunable(
        0.1,
        "m/s",
        "of change in 0.1 s at standstill: right of way tells a car to brake and to drive by turns",
    )
    lately: float = tunable(0.5, "s", "before now, in which a car stood and trembled")
    slowest: float = tunable(1.0, "m/s", "below which no wish is inferred from an acceleration")


@dataclass(frozen=True)
class Imagining:
    """Which cars and which of their ways are imagined, and how the unknown is spread over the hypotheses."""

    ahead: float = tunable(
        200.0, "m", "along the ego's heading, beyond which cars ahead are left out"
    )
    behind: float = tunable(50.0, "m", "behind, beyond which cars are left out")
    behind_crossing: float = tunable(
        200.0,
        "m",
        "the same at junctions, where a car that leaves may have its leader behind the ego",
        BY_COMPARISON,
    )
    most_cars: int = tunable(60, "cars", "that are imagined, the nearest")
    ways_time: float = tunable(
        5.0, "s", "of driving, within which the ways open to a car are told apart"
    )
    ways_least: float = tunable(20.0, "m", "that this distance is longer")
    most_ways: int = tunable(6, "ways", "of one car that are imagined")
    aside: float = tunable(
        0.1, "m", "that the ego is wider on either side, where ways do not cross", BY_COMPARISON
    )
    keeping: int = tunable(
        2,
        "cars",
        "seen to pass up a lane change, from which on no other car is expected to make one",
    )
    fork: float = tunable(5.0, "m", "past a fork, within which a car may have taken the other way")
    on_both: float = tunable(
        3.5, "m", "from the middle of a lane, up to which a car may be on that way"
    )
    wishes: tuple[int, ...] = tunable(
        (0, 0, 0, 1, 2, 0, 2),
        "",
        "wished speed by hypothesis: 0 the likely one, 1 the least, 2 the most",
    )


@dataclass(frozen=True)
class Ways:
    """What tells which way a car takes, where several are open to it."""

    steering: float = tunable(
        0.0, "s", "of the past, over which its steering is read; 0: it is not read", BY_COMPARISON
    )
    heading: float = tunable(
        0.004,
        "rad",
        "that a way may be further from the heading seen than the closest way, and still be open",
        BY_COMPARISON,
    )


@dataclass(frozen=True)
class Steering:
    """How manoeuvres are driven and weighed where the road is only steered."""

    horizon: float = tunable(6.6, "s", "imagined, a little longer than a trajectory")
    later: float = tunable(1.2, "s", "after which a late change of lane begins")
    spare: float = tunable(10.0, "m", "ahead, below which a manoeuvre is worth less")
    tight: float = tunable(2.0, "", "cost of having none of the spare distance ahead")
    move: float = tunable(0.5, "", "cost of a change of lane")
    late: float = tunable(0.9, "", "of this cost, where the change begins later")
    off: float = tunable(1.0, "1/m", "cost of a metre from the lane's centre in the end")
    crash_steps: int = tunable(100, "steps", "that collision costs are counted in")


@dataclass(frozen=True)
class Settings:
    """How far the planner looks and how it weighs what it sees; compared on seeds below 20000 alone."""

    # the search
    depth: int = tunable(4, "decisions", "that branch", BY_COMPARISON)
    deeper: int = tunable(1, "decisions", "more, where every option may crash")
    doubt: float = tunable(
        500.0, "m/s", "a best score below minus this counts as a crash that may not be avoidable"
    )
    horizon: float = tunable(7.0, "s", "imagined")
    shortest: float = tunable(1.0, "s", "that an imagined decision lasts at least")
    fine: int = tunable(2, "decisions", "simulated as finely as the world")
    coarse: float = tunable(0.25, "s", "simulated per step in the later decisions", BY_COMPARISON)
    coarse_crossing: float = tunable(0.1, "s", "the same, where cars cross or come the other way")
    beam: int = tunable(
        10, "nodes", "of each first action and hypothesis that branch on, from the third decision"
    )
    width: int = tunable(
        6, "plans", "of each first action and hypothesis that are driven to the horizon first"
    )
    fan: int = tunable(
        3,
        "parts",
        "that beam and width are divided into by each decision in common after the first",
    )

    # the hypotheses
    hypotheses: int = tunable(7, "worlds", "imagined", BY_COMPARISON)
    crossing: int = tunable(
        14, "worlds", "imagined where others may take one way or another", BY_COMPARISON
    )
    common: int = tunable(2, "decisions", "that are the same in every hypothesis, where ways cross")
    common_junction: int = tunable(
        3, "decisions", "the same, where others may take one way or another", BY_COMPARISON
    )
    soon: float = tunable(
        3.0,
        "decisions",
        "within which a possible collision makes it matter what a car does before the second decision",
    )
    same_place: float = tunable(
        1.5, "m", "by which a car may differ between hypotheses and look the same"
    )
    same_heading: float = tunable(0.03, "rad", "by which a car may differ and look the same")

    # the weights
    gamma: float = tunable(
        0.85, "", "times the cost of a collision, for each second until it happens"
    )
    crash_weight: float = tunable(
        1e4, "m/s", "cost of a certain collision now; outweighs every speed"
    )
    crash_step: float = tunable(
        0.05, "", "collision costs that differ by less count as equal, over so many `hypotheses`"
    )
    reliance: float = tunable(
        4.0,
        "m/s",
        "cost of relying on one second action, the only one that survives",
        BY_COMPARISON,
    )
    information: float = tunable(
        10.0, "m/s", "cost of having to know by then which hypothesis holds", BY_COMPARISON
    )
    move: float = tunable(0.2, "m/s", "that an action other than IDLE has to gain")
    goal: float = tunable(3.0, "m/s", "that a lane nearer to the exit is worth")
    even: float = tunable(0.05, "m/s", "by which scores may differ and count as equally good")
    right: float = tunable(
        0.7, "m/s", "that a lane further to the right is worth on a motorway", BY_COMPARISON
    )

    margins: Margins = field(default_factory=Margins)
    prices: Prices = field(default_factory=Prices)
    arriving: Arriving = field(default_factory=Arriving)
    reading: Reading = field(default_factory=Reading)
    imagining: Imagining = field(default_factory=Imagining)
    ways: Ways = field(default_factory=Ways)
    steering: Steering = field(default_factory=Steering)

    def stepped(self, cost, hypotheses: int):
        """Collision costs in steps; one hypothesis among many counts for as much as among few."""
        step = self.crash_step * self.hypotheses / max(hypotheses, self.hypotheses)
        return np.round(cost / step) * step
