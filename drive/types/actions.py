"""Actions, and which of them are legal."""

from __future__ import annotations

import math
from dataclasses import dataclass


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


Action = Meta | Control


@dataclass(frozen=True)
class Legal:
    """Which actions are legal now: names of meta-actions, or the ranges of continuous control."""

    meta: tuple[str, ...] = ()
    acceleration: tuple[float, float] | None = None  # [m/s2]; (0, 0) where the road steers only
    steering: tuple[float, float] | None = None  # [rad]

    def allows(self, action: Action) -> bool:
        if isinstance(action, Meta):
            return action.name in self.meta
        if self.steering is None or self.acceleration is None:
            return False
        inside = self.steering[0] - 1e-9 <= action.steering <= self.steering[1] + 1e-9
        return inside and (
            self.acceleration[0] - 1e-9 <= action.acceleration <= self.acceleration[1] + 1e-9
        )
