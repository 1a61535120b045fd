"""A planned or foreseen path: 64 waypoints at 0.1 s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

GRID = 0.1  # [s] spacing of waypoints and of history
HORIZON = 6.4  # [s] length of a trajectory: 64 waypoints, as Alpamayo-R1's
WAYPOINTS = 64
DECIMALS = {"x": 3, "y": 3, "heading": 4, "speed": 3, "acceleration": 3, "curvature": 5}


@dataclass(frozen=True, eq=False)
class Trajectory:
    """64 waypoints at 0.1 s, 0.1 s to 6.4 s after the decision, road frame.

    Every number is rounded to DECIMALS at birth, so that a trajectory equals its logged copy.
    """

    x: np.ndarray  # [64] [m]
    y: np.ndarray  # [64] [m]
    heading: np.ndarray  # [64] [rad]
    speed: np.ndarray  # [64] [m/s]
    acceleration: np.ndarray  # [64] [m/s2], along the course
    curvature: np.ndarray  # [64] [1/m], of the course, positive to the left
    source: str  # how it was made: "roll-out without interaction", "imagined", ...
    heading_is: Literal["body", "course"] = "body"

    ARRAYS = tuple(DECIMALS)

    def __post_init__(self):
        for name, decimals in DECIMALS.items():
            array = np.asarray(getattr(self, name), dtype=float)
            if array.shape != (WAYPOINTS,):
                raise ValueError(f"trajectory.{name} has shape {array.shape}, not ({WAYPOINTS},)")
            array = np.round(array, decimals) + 0.0  # no negative zeros
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __eq__(self, other) -> bool:
        return (
            isinstance(other, Trajectory)
            and (self.source, self.heading_is) == (other.source, other.heading_is)
            and all(np.array_equal(getattr(self, n), getattr(other, n)) for n in self.ARRAYS)
        )

    def __hash__(self) -> int:
        return hash((self.source, self.x.tobytes(), self.y.tobytes(), self.speed.tobytes()))
