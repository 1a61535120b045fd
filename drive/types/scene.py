"""What a policy perceives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from drive.roads import LaneId, Road
from drive.types.actions import Legal

EGO = 0  # the ego's id; other cars are 1, 2, 3 in order of creation

Kind = Literal["car", "truck", "motorcycle"]  # what a car is
SIZES: dict[str, tuple[float, float]] = {  # kind -> length, width [m]
    "car": (5.0, 2.0),  # highway-env's own
    "truck": (12.0, 2.5),
    "motorcycle": (2.2, 0.9),
}


DEBRIS = (2.0, 2.0)  # [m] length and width of what is put onto the road: highway-env's obstacle


@dataclass(frozen=True)
class Car:
    """A perceived car."""

    id: int
    x: float  # [m]
    y: float  # [m]
    heading: float  # [rad], of the body
    speed: float  # [m/s], along the body
    length: float  # [m]
    width: float  # [m]
    lane: LaneId  # the lane closest in position and heading
    crashed: bool = False  # a wreck is visible as such
    kind: Kind = "car"


@dataclass(frozen=True)
class Ego:
    """The ego: its state and its own set-points."""

    x: float  # [m]
    y: float  # [m]
    heading: float  # [rad], of the body
    speed: float  # [m/s], along the body
    length: float  # [m]
    width: float  # [m]
    lane: LaneId
    target_lane: LaneId  # its own set-point; the lane it is on under continuous control
    target_speed: float  # [m/s]; the speed it has under continuous control
    target_speeds: tuple[float, ...] = ()  # [m/s] what FASTER and SLOWER choose from; uniform
    route: tuple[tuple[str, str], ...] = ()  # sections still to be driven, if planned
    lateral_speed: float = 0.0  # [m/s], to the left; not 0 under the dynamical bicycle model
    yaw_rate: float = 0.0  # [rad/s]; as above
    dynamical: bool = False  # moved by the dynamical bicycle model, whose tyres slip?
    crashed: bool = False
    kind: Kind = "car"


@dataclass(frozen=True)
class StaticObject:
    """Something solid that stands on the road, such as the end of a merge ramp."""

    id: int  # its own count: 1, 2, ...
    x: float  # [m]
    y: float  # [m]
    heading: float  # [rad]
    length: float  # [m]
    width: float  # [m]
    lane: LaneId


@dataclass(frozen=True)
class Task:
    """What the drive is for. `goal` lanes count as arrival from `goal_from` [m] along them."""

    kind: Literal["cruise", "pass", "exit", "destination", "laps", "lane keeping"]
    goal: tuple[LaneId, ...] = ()
    goal_from: float = 0.0  # [m] along a goal lane
    goal_x: float | None = None  # [m] arrival by position, instead of lanes
    deadline: float = 0.0  # [s] the episode ends then


@dataclass(frozen=True)
class Perception:
    """What a scenario lets the ego perceive."""

    range: float = 200.0  # [m], highway-env's own PERCEPTION_DISTANCE
    occlusion: bool = False  # hidden by other cars, seen from the ego's centre
    position_noise: float = 0.0  # [m], standard deviation, on x and y
    speed_noise: float = 0.0  # [m/s], standard deviation


@dataclass(frozen=True, eq=False)
class History:
    """The past at 0.1 s, interpolated between simulated sub-steps; empty at the start, never padded.

    Each track is [T, 5]: time relative to now [s, <= 0], x, y [m], heading [rad], speed [m/s];
    oldest row first, the present not included. Of ghosts, only imagination reads the past.
    """

    ego: np.ndarray
    cars: dict[int, np.ndarray] = field(default_factory=dict)
    ghosts: dict[int, np.ndarray] = field(default_factory=dict)

    def imaginable(self, car: int) -> np.ndarray | None:
        """A car's past, also that of a ghost; None where the car has no past."""
        return self.cars.get(car, self.ghosts.get(car))

    def __eq__(self, other) -> bool:
        return (
            isinstance(other, History)
            and np.array_equal(self.ego, other.ego)
            and _same_tracks(self.cars, other.cars)
            and _same_tracks(self.ghosts, other.ghosts)
        )


def _same_tracks(some: dict[int, np.ndarray], others: dict[int, np.ndarray]) -> bool:
    return some.keys() == others.keys() and all(np.array_equal(some[k], others[k]) for k in some)


@dataclass(frozen=True)
class Scene:
    """What a policy perceives. A policy sees this and nothing else."""

    scenario: str
    seed: int
    step: int
    time: float  # [s] since the start
    period: float  # [s] between decisions
    sub_step: float  # [s] between simulated states
    ego: Ego
    cars: tuple[Car, ...]
    objects: tuple[StaticObject, ...]
    task: Task
    perception: Perception
    legal: Legal
    road: Road
    history: History
    ghosts: tuple[
        Car, ...
    ] = ()  # on the road for everyone but the ego; only imagination reads them
    grip: float | None = None  # of the surface: all accelerate and brake within grip x 9.81 m/s2;
    #                            None: unlimited, as highway-env drives

    def car(self, car_id: int) -> Car:
        for car in self.cars:
            if car.id == car_id:
                return car
        raise ValueError(f"no car {car_id} in the scene at step {self.step}")
