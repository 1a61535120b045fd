"""The privileged state of the simulator, which never reaches a policy."""

from __future__ import annotations

from dataclasses import dataclass

from drive.roads import LaneId
from drive.types.scene import Kind, StaticObject


@dataclass(frozen=True)
class Driver:
    """Everything about one simulated car, its hidden intentions included. Privileged."""

    id: int
    model: str  # name of the highway-env class that moves it
    x: float  # [m]
    y: float  # [m]
    heading: float  # [rad]
    speed: float  # [m/s]
    length: float  # [m]
    width: float  # [m]
    lane: LaneId
    crashed: bool
    steering: float  # [rad], the last command
    acceleration: float  # [m/s2], the last command
    target_lane: LaneId | None = None
    target_speed: float | None = None  # [m/s]
    target_speeds: tuple[float, ...] = ()  # [m/s]
    route: tuple[tuple[str, str, int | None], ...] = ()
    timer: float | None = None  # [s] since its last lane-change decision
    lane_changes: bool = False  # does MOBIL decide for it?
    parameters: tuple[tuple[str, float | tuple[float, ...]], ...] = ()  # IDM and MOBIL, by name
    checks_collisions: bool = True
    impact: tuple[float, float] | None = None  # [m] displacement pending from a foreseen contact
    yielding: bool = False
    yield_timer: int = 0
    lateral_speed: float = 0.0  # [m/s]
    yaw_rate: float = 0.0  # [rad/s]
    kind: Kind = "car"
    grip: float | None = (
        None  # acceleration and braking stay within grip x 9.81 m/s2; None: unlimited
    )
    forced: float | None = None  # [m/s2] acceleration that an edit imposes; None: its own
    ghost: bool = False  # the ego neither perceives nor hits it


@dataclass(frozen=True)
class Truth:
    """The privileged state of the simulator. Never given to a policy."""

    step: int
    time: float  # [s]
    drivers: tuple[Driver, ...]  # in the simulator's order; the ego is the one with id 0
    objects: tuple[StaticObject, ...]
    connected_lanes: bool  # do drivers look for neighbours on connected segments?
    regulated: bool = False  # does the road enforce right of way?
    regulation_steps: int = 0  # sub-steps since its start, which time the regulation
    grip: float | None = None  # of the surface, which cars that come later get too
