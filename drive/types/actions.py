"""Actions, and which of them are legal."""

from __future__ import annotations

import math
from dataclasses import dataclass

from drive.types.trajectory import Trajectory

# A followed path is driven within these limits on a road that is driven by meta-actions; they are
# the ranges of highway-env's ContinuousAction. A steered road has limits of its own.
FOLLOWING_ACCELERATION = (-5.0, 5.0)  # [m/s2]
FOLLOWING_STEERING = (-math.pi / 4, math.pi / 4)  # [rad]


@dataclass(frozen=True)
class Meta:
    """A meta-action, by highway-env's name."""

    name: str  # LANE_LEFT, IDLE, LANE_RIGHT, FASTER, SLOWER

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Control:
    """Continuous control, held for one decision period."""

    acceleration: float  # [m/s2]
    steering: float  # [rad], front wheels, positive to the left

    def __str__(self) -> str:
        return f"steer {math.degrees(self.steering):+.1f}° accelerate {self.acceleration:+.1f} m/s²"


@dataclass(frozen=True)
class Follow:
    """A path, followed until the next decision by the tracker of `drive.kinematics.tracker`."""

    trajectory: Trajectory

    def __str__(self) -> str:
        return "follow the planned path"


Action = Meta | Control | Follow


@dataclass(frozen=True)
class Legal:
    """Which actions are legal now: names of meta-actions, or the ranges of continuous control.

    To follow a path is legal on every road, beside the road's own kind of action.
    """

    meta: tuple[str, ...] = ()
    acceleration: tuple[float, float] | None = None  # [m/s2]; (0, 0) where the road steers only
    steering: tuple[float, float] | None = None  # [rad]

    def allows(self, action: Action) -> bool:
        """Is this action legal now?"""
        if isinstance(action, Meta):
            return action.name in self.meta
        if isinstance(action, Follow):
            return bool(self.meta) or self.steered
        return self.steered and self.within(action) == action

    @property
    def steered(self) -> bool:
        """Is the road's own kind of action continuous control?"""
        return self.steering is not None and self.acceleration is not None

    def within(self, control: Control) -> Control:
        """The control, clipped to what is legal; beyond a limit by less than 1e-9 it stays as it is.

        The limits of a followed path (FOLLOWING_ACCELERATION, FOLLOWING_STEERING) hold where the road
        has none of its own.
        """
        return Control(
            _clipped(control.acceleration, self.acceleration or FOLLOWING_ACCELERATION),
            _clipped(control.steering, self.steering or FOLLOWING_STEERING),
        )


def _clipped(value: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return value if low - 1e-9 <= value <= high + 1e-9 else min(max(value, low), high)
