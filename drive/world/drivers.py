"""Driver classes that keep what one world does to its traffic from reaching another's."""

from __future__ import annotations

import functools

import numpy as np
from highway_env.vehicle import behavior
from highway_env.vehicle.kinematics import Vehicle

from drive.roads import geometry


# An intersection writes its traffic's jam distance and comfort onto the class of its drivers, and so
# onto the traffic of every other world in the process. These subclasses take the writing instead.
class CrossingDriver(behavior.IDMVehicle):
    """IDM at an intersection."""


class CrossingLinear(behavior.LinearVehicle):
    """Linear IDM at an intersection."""


class CrossingAggressive(behavior.AggressiveVehicle):
    """Aggressive driver at an intersection."""


class CrossingDefensive(behavior.DefensiveVehicle):
    """Defensive driver at an intersection."""


CROSSING = {
    f"highway_env.vehicle.behavior.{kind.__base__.__name__}": f"{__name__}.{kind.__name__}"
    for kind in (CrossingDriver, CrossingLinear, CrossingAggressive, CrossingDefensive)
}


@functools.cache
def slippery(kind: type[Vehicle]) -> type[Vehicle]:
    """The same car, its acceleration and braking limited by its grip x g; ours, not highway-env's."""

    def clip_actions(self) -> None:
        kind.clip_actions(self)
        limit = self.grip * geometry.GRAVITY
        self.action["acceleration"] = float(np.clip(self.action["acceleration"], -limit, limit))

    return type(f"Slippery{kind.__name__}", (kind,), {"clip_actions": clip_actions, "grip": 1.0})
