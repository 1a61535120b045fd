"""The values that flow through Whydrive: frozen, SI units, road frame (x forward, y left).

Nothing here computes, reads a file or knows a simulator. Field comments give unit, shape and frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import numpy as np

from drive.roads import LaneId, Road

GRID = 0.1  # [s] spacing of waypoints and of history
HORIZON = 6.4  # [s] length of a trajectory: 64 waypoints, as Alpamayo-R1's
WAYPOINTS = 64
EGO = 0  # the ego's id; other cars are 1, 2, 3 in order of creation

Tie = Literal["causes", "shares evidence", "post hoc"]
Side = Literal["left", "right"]

# ---------------------------------------------------------------------------------------- actions


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


# ------------------------------------------------------------------------------------ what is seen


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
        """A car's past, be it a ghost or not; None where nothing is known of it."""
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
    ghosts: tuple[Car, ...] = ()  # on the road for everyone but the ego; only imagination reads them

    def car(self, car_id: int) -> Car:
        for car in self.cars:
            if car.id == car_id:
                return car
        raise ValueError(f"no car {car_id} in the scene at step {self.step}")

    def ghosting(self, *ids: int) -> Scene:
        """The same scene with these cars out of the ego's sight, their past included.

        They stay on the road for everybody else: only imagination reads `ghosts`. ValueError for a
        car that is not in the scene.
        """
        gone = tuple(self.car(car_id) for car_id in ids)
        seen, unseen = dict(self.history.cars), dict(self.history.ghosts)
        unseen |= {car: seen.pop(car) for car in ids if car in seen}
        return replace(
            self,
            cars=tuple(car for car in self.cars if car.id not in ids),
            ghosts=self.ghosts + gone,
            history=History(self.history.ego, seen, unseen),
        )


# ------------------------------------------------------------------------------------- what is true


@dataclass(frozen=True)
class Driver:
    """Everything about one simulated car, its hidden intentions included. Privileged."""

    id: int
    kind: str  # name of the highway-env class it behaves as
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


# ------------------------------------------------------------------------- what was weighed and chosen


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
    trajectory: Trajectory | None = None  # where it leads; filled by foresight where the policy did not


@dataclass(frozen=True)
class Choice:
    """The action taken, beside all options that were weighed (the chosen one among them)."""

    action: Action
    options: tuple[Option, ...]
    rationale: Rationale | None = None  # only from a policy that speaks for itself

    @property
    def chosen(self) -> Option:
        return next(option for option in self.options if option.action == self.action)


# ----------------------------------------------------------------------------------- what was tested


@dataclass(frozen=True)
class Cause:
    """Something without which the policy would have decided otherwise: it was asked again."""

    instead: Action  # what is decided without it
    effect: float  # [m] largest distance between the two trajectories, waypoint by waypoint
    cars: tuple[int, ...] = ()  # taken out of the ego's sight together
    objects: tuple[int, ...] = ()  # likewise
    condition: str = ""  # else: a key of drive.reasoning.causes.CONDITIONS
    placebo: tuple[int, ...] = ()  # the most similar cars that are no cause; () where none is similar
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


# ------------------------------------------------------------------------------------ what is said


@dataclass(frozen=True)
class Decision:
    """The closed-set meaning of a choice; None where that axis does not change anything worth saying."""

    longitudinal: str | None  # a key of drive.language's LONGITUDINAL table
    lateral: str | None  # a key of drive.language's LATERAL table
    side: Side | None = None


@dataclass(frozen=True)
class Claim:
    """One checkable statement. Equality is on what is said, not on what was measured."""

    kind: Literal[
        "observation", "consequence", "rejection", "cause", "intention", "rule", "visibility"
    ]
    quantity: str  # a key of drive.language's CLAIMS table, e.g. "gap ahead", "time gap"
    said: float | str | None  # rounded once, at birth, by the language table's decimals
    unit: str = ""
    cars: tuple[int, ...] = ()  # ids of the cars it is about
    objects: tuple[int, ...] = ()  # ids of the static objects it is about
    measured: float | str | None = field(default=None, compare=False)  # before rounding
    threshold: float | None = None  # same unit, rounded like `said`
    horizon: float | None = None  # [s], where it foresees something
    option: Action | None = None  # the option it speaks of; None: the present scene
    continuation: Action | None = None  # what is driven after the option, where it foresees


@dataclass(frozen=True)
class Rationale:
    """Why: a decision, its claims with the proximate cause first, the strongest rival, and the text."""

    decision: Decision
    claims: tuple[Claim, ...]
    rival: Action | None  # the strongest option that was not taken
    tie: Tie
    text: str
    language: str = "en"


@dataclass(frozen=True)
class Verdict:
    """A checked claim."""

    claim: Claim
    result: Literal["true", "false", "untestable"]
    measured: float | str | None
    tolerance: float | None
    why: str = ""  # why it is false or untestable


# ------------------------------------------------------------------------------------ what happened


@dataclass(frozen=True, eq=False)
class Tracks:
    """Where everyone was during one decision period: the state before it and after each sub-step.

    Ego values are exact to 1e-6; the other cars' positions to 1 mm, speeds to 1 mm/s, headings
    to 1e-4 rad. Cars out of sight at the decision are included only while near the ego: these
    tracks are for pictures and metrics, never for a policy.
    """

    times: np.ndarray  # [S] [s] since the start of the episode
    ego: np.ndarray  # [S, 4] x, y [m], heading [rad], speed [m/s]
    cars: dict[int, np.ndarray]  # id -> [S, 4], the same columns; NaN rows where it was absent

    def __eq__(self, other) -> bool:
        return (
            isinstance(other, Tracks)
            and np.array_equal(self.times, other.times)
            and np.array_equal(self.ego, other.ego)
            and self.cars.keys() == other.cars.keys()
            and all(np.array_equal(self.cars[k], other.cars[k], equal_nan=True) for k in self.cars)
        )


@dataclass(frozen=True)
class Contact:
    """The ego's collision, from sub-step geometry."""

    time: float  # [s]
    partner: str  # "car 4", "object 1", or "unknown" where no shapes overlapped
    side: Literal["front", "rear", "left", "right", "unknown"]  # of the ego
    at_fault: bool  # front or lateral contact: the ego could have avoided it by its own motion


@dataclass(frozen=True)
class Step:
    """One decision, with what followed until the next."""

    scene: Scene
    choice: Choice  # every option with its trajectory
    rationale: Rationale
    tracks: Tracks
    reward: float  # highway-env's own, for this step
    timing: dict[str, float] = field(compare=False)  # [s] decide, foresee, explain, act
    attribution: Attribution | None = None  # None where causes were not asked for

    @property
    def trajectory(self) -> Trajectory:
        """Where the car will go, foreseen at the decision: the chosen option's."""
        return self.choice.chosen.trajectory


@dataclass(frozen=True)
class Header:
    """What an episode was: enough to drive it again."""

    scenario: str
    seed: int
    policy: str
    weights: str  # digest of the policy's weights; "" where it has none
    tie: Tie
    config: dict  # the full configuration given to highway-env
    overrides: dict  # what --set changed of it
    road: Road
    task: Task
    perception: Perception
    period: float  # [s]
    sub_step: float  # [s]
    drivers: dict  # effective driver parameters of the traffic, by name
    versions: dict  # package -> version


@dataclass(frozen=True)
class End:
    """How an episode ended."""

    reason: Literal["collision", "off road", "arrived", "time is up", "policy failed"]
    final: Scene
    contact: Contact | None = None
    laps: float = 0.0  # laps driven, where the road is a circuit
    message: str = ""  # the policy's failure in words
    metrics: dict[str, float] = field(default_factory=dict)  # name -> value; missing is absent


@dataclass(frozen=True)
class Episode:
    """One run of a policy in a scenario. `end` is None where the run was cut short."""

    header: Header
    steps: tuple[Step, ...]
    end: End | None


class Policy(Protocol):
    """What drives. `decide` is a pure function of the scene; memory is in the scene's history."""

    name: str
    tie: Tie

    def decide(self, scene: Scene) -> Choice: ...
