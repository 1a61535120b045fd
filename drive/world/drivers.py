"""Driver classes that keep what one world does to its traffic from reaching another's."""

from __future__ import annotations

import functools

import numpy as np
from highway_env.vehicle import behavior
from highway_env.vehicle.kinematics import Vehicle

from drive.roads import geometry
from drive.types import EGO


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


def editable(vehicle: Vehicle) -> Vehicle:
    """The same car, of a class that can be edited: `grip`, `forced` [m/s2] and `ghost` may be set on it."""
    if not hasattr(vehicle, "forced"):
        vehicle.__class__ = _editable(type(vehicle))
    return vehicle


@functools.cache
def _editable(kind: type[Vehicle]) -> type[Vehicle]:
    """A class of cars that behave as `kind` but for what was edited; ours, not highway-env's."""

    def step(self, dt: float) -> None:
        if self.forced is not None and not self.crashed:
            self.action["acceleration"] = max(self.forced, -max(self.speed, 0.0) / dt)
        kind.step(self, dt)

    def clip_actions(self) -> None:
        kind.clip_actions(self)
        if self.grip is not None:
            limit = self.grip * geometry.GRAVITY
            self.action["acceleration"] = float(np.clip(self.action["acceleration"], -limit, limit))

    def handle_collisions(self, other, dt: float = 0) -> None:
        ghosts = getattr(self, "ghost", False), getattr(other, "ghost", False)
        if not (any(ghosts) and EGO in (self.whydrive_id, other.whydrive_id)):
            kind.handle_collisions(self, other, dt)

    edited = {"step": step, "clip_actions": clip_actions, "handle_collisions": handle_collisions}
    nothing = {"grip": None, "forced": None, "ghost": False}
    return type(f"Editable{kind.__name__}", (kind,), edited | nothing)
