"""Drives highway-env's ego along a path: a control at every sub-step, whatever vehicle the ego is.

The ego of a road with meta-actions has a controller of its own, which is left out meanwhile. Its
set-points follow where it goes: the lane that it is on and the nearest of its target speeds. So
the traffic sees no wish that is not driven, and a meta-action may follow.
"""

from __future__ import annotations

from highway_env.vehicle.controller import MDPVehicle
from highway_env.vehicle.kinematics import Vehicle

from drive.kinematics import tracker
from drive.kinematics.control import State
from drive.types import Control, Legal, Trajectory


class Following:
    """The ego of a highway-env world, for one decision period on a path."""

    def __init__(self, ego: Vehicle, trajectory: Trajectory, legal: Legal, sub_step: float):
        self._ego, self._trajectory, self._legal = ego, trajectory, legal
        self._sub_step = sub_step
        self.settle()

    def control(self, sub_step: int) -> Control:
        """The control for a sub-step, counted from the decision, from where the ego is now."""
        ego, elapsed = self._ego, sub_step * self._sub_step
        across, turn = getattr(ego, "lateral_speed", 0.0), getattr(ego, "yaw_rate", 0.0)
        x, y = ego.position
        state = State(float(x), -float(y), -float(ego.heading), float(ego.speed), -across, -turn)
        wanted = tracker.control(
            self._trajectory, elapsed, state, self._sub_step, float(ego.LENGTH)
        )
        return self._legal.within(wanted)

    def act(self, sub_step: int) -> None:
        """Give the ego its control for a sub-step, in place of its own `act`."""
        control = self.control(sub_step)
        Vehicle.act(
            self._ego, {"steering": -control.steering, "acceleration": control.acceleration}
        )

    def settle(self) -> None:
        """Set the ego's set-points to where it is, after a sub-step; passed sections leave its route."""
        ego = self._ego
        if not isinstance(ego, MDPVehicle):
            return
        ego.target_lane_index = ego.lane_index
        ego.follow_road()
        ego.speed_index = ego.speed_to_index(ego.speed)
        ego.target_speed = ego.index_to_speed(ego.speed_index)
