"""What was weighed and chosen, and what the choice depended on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from drive.roads import LaneId
from drive.types.actions import Action
from drive.types.said import Rationale

GRID = 0.1  # [s] spacing of waypoints and of history
HORIZON = 6.4  # [s] length of a trajectory: 64 waypoints, as Alpamayo-R1's
WAYPOINTS = 64


@dataclass(frozen=True, eq=False)
class Trajectory:
    """64 waypoints at 0.1 s, 0.1 s to 6.4 s after the decision, road frame."""

    x: np.ndarray  # [64] [m]
    y: np.ndarray  # [64] [m]
    heading: np.ndarray  # [64] [rad]
    speed: np.ndarray  # [64] [m/s]
    acceleration: np.ndarray  # [64] [m/s2], along the course
    curvature: np.ndarray  # [64] [1/m], of the course, positive to the left
    source: str  # how it was made: "roll-out without interaction", "imagined", ...
    heading_is: Literal["body", "course"] = "body"

    ARRAYS = ("x", "y", "heading", "speed", "acceleration", "curvature")

    def __post_init__(self):
        for name in self.ARRAYS:
            array = np.asarray(getattr(self, name), dtype=float)
            if array.shape != (WAYPOINTS,):
                raise ValueError(f"trajectory.{name} has shape {array.shape}, not ({WAYPOINTS},)")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __eq__(self, other) -> bool:
        return (
            isinstance(other, Trajectory)
            and (self.source, self.heading_is) == (other.source, other.heading_is)
            and all(np.array_equal(getattr(self, n), getattr(other, n)) for n in self.ARRAYS)
        )


@dataclass(frozen=True)
class Term:
    """One measured reason for or against an option; its words stand in the language tables."""

    kind: str  # a key of drive.language.TERMS
    value: float
    unit: str  # "" where it has none
    counts: Literal["for", "against"]
    threshold: float | None = None  # same unit; what the value is held against
    cars: tuple[int, ...] = ()  # ids of the cars it is about, if any
    objects: tuple[int, ...] = ()  # ids of the static objects it is about, if any


@dataclass(frozen=True)
class Option:
    """An action that was weighed, with every term for and against it."""

    action: Action
    terms: tuple[Term, ...] = ()
    score: float | None = None  # the policy's own measure, higher is better; None where it has none
    target_lane: LaneId | None = None  # the lane this option drives to, where the action alone
    #                                    does not say it (continuous control)
    trajectory: Trajectory | None = (
        None  # where it leads; filled by foresight where the policy did not
    )


@dataclass(frozen=True)
class Choice:
    """The action taken, beside all options that were weighed (the chosen one among them)."""

    action: Action
    options: tuple[Option, ...]
    rationale: Rationale | None = None  # only from a policy that speaks for itself

    @property
    def chosen(self) -> Option:
        return next(option for option in self.options if option.action == self.action)


@dataclass(frozen=True)
class Cause:
    """Something without which the policy would have decided otherwise: it was asked again."""

    instead: Action  # what is decided without it
    effect: float  # [m] largest distance between the two trajectories, waypoint by waypoint
    cars: tuple[int, ...] = ()  # taken out of the ego's sight together
    objects: tuple[int, ...] = ()  # likewise
    condition: str = ""  # else: a key of drive.reasoning.causes.CONDITIONS
    placebo: tuple[
        int, ...
    ] = ()  # the most similar cars that are no cause; () where none is similar
    placebo_effect: float | None = None  # [m], of taking those out of sight instead


@dataclass(frozen=True)
class Barrier:
    """Cars that stand against an option: without any one of them, what is worst about it is gone."""

    action: Action
    level: Literal["contact", "risk"]
    cars: tuple[int, ...]


@dataclass(frozen=True)
class Attribution:
    """What a decision depended on, by intervention."""

    causes: tuple[Cause, ...]  # proximate first; () where an empty road would make no difference
    free: Action  # what is decided when no car is seen at all; the choice's own if as good as that
    barriers: tuple[Barrier, ...]  # of the options that were not taken and that one car bars
    asked: int  # decisions on edited scenes
    exhaustive: bool  # was every perceived car taken out of sight once?
