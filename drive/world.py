"""The one door to highway-env: reset, step, snapshot, restore, edit; perceives truth into a Scene.

Nothing else imports highway_env. Frames are converted here, once: highway-env's y points down and
its angles run clockwise; ours are mirrored. What is perceived is rounded to 1e-6, so that a scene
equals its logged copy and last-bit differences between processors change nothing.
"""

from __future__ import annotations

import copy
import functools
import math
from dataclasses import dataclass, replace

import gymnasium
import highway_env  # noqa: F401  (registers the environments)
import numpy as np
from highway_env import utils
from highway_env.road import lane as lanes
from highway_env.vehicle import behavior
from highway_env.vehicle.controller import ControlledVehicle, MDPVehicle
from highway_env.vehicle.kinematics import Vehicle
from highway_env.vehicle.objects import Landmark

from drive import geometry, roads
from drive.history import history, noise
from drive.scenarios import Scenario, scenario as named
from drive.types import (
    EGO,
    Action,
    Car,
    Contact,
    Control,
    Driver,
    Ego,
    Legal,
    Meta,
    Perception,
    Scene,
    StaticObject,
    Tracks,
    Truth,
)

SMALLEST_OBSERVATION = {"type": "Kinematics", "vehicles_count": 1, "features": ["presence"]}
LINES = {
    lanes.LineType.NONE: "none",
    lanes.LineType.STRIPED: "striped",
    lanes.LineType.CONTINUOUS: "continuous",
    lanes.LineType.CONTINUOUS_LINE: "continuous",
}
PARAMETERS = (
    "ACC_MAX", "COMFORT_ACC_MAX", "COMFORT_ACC_MIN", "DISTANCE_WANTED", "TIME_WANTED", "DELTA",
    "POLITENESS", "LANE_CHANGE_MIN_ACC_GAIN", "LANE_CHANGE_MAX_BRAKING_IMPOSED", "LANE_CHANGE_DELAY",
    "ACCELERATION_PARAMETERS", "STEERING_PARAMETERS",
)  # fmt: skip


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


class Slippery:
    """A car whose acceleration and braking are limited by grip x g; ours, not highway-env's."""

    grip: float

    def clip_actions(self) -> None:
        super().clip_actions()
        limit = self.grip * geometry.GRAVITY
        self.action["acceleration"] = float(np.clip(self.action["acceleration"], -limit, limit))


@functools.cache
def _slippery(kind: type) -> type:
    return type(f"Slippery{kind.__name__}", (Slippery, kind), {})


# ------------------------------------------------------------------------------------------- edits


@dataclass(frozen=True)
class Remove:
    """Take a car out of the world, for everyone."""

    car: int


@dataclass(frozen=True)
class Move:
    """Put a car somewhere else; its lane follows from the place."""

    car: int
    x: float  # [m]
    y: float  # [m]
    heading: float | None = None  # [rad]; None keeps it


@dataclass(frozen=True)
class Accelerate:
    """Give a car another speed."""

    car: int
    speed: float  # [m/s]


@dataclass(frozen=True)
class Resize:
    """Give a car another size, as a truck has; its collision circle follows."""

    car: int
    length: float  # [m]
    width: float  # [m]


@dataclass(frozen=True)
class Grip:
    """Limit every car's acceleration and braking to grip x 9.81 m/s2."""

    factor: float  # > 0


Edit = Remove | Move | Accelerate | Resize | Grip


@dataclass(frozen=True)
class Outcome:
    """What a step did."""

    tracks: Tracks
    reward: float  # highway-env's
    ended: str | None  # a reason of types.End, or None
    contact: Contact | None


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The whole state of a world, opaque; `World.restore` continues from it identically."""

    state: dict


class World:
    """One scenario, being driven.

    config: overrides by key ("lanes_count", "action.target_speeds"); ValueError where highway-env
    does not know the key or cannot build the road with the value.
    """

    def __init__(self, scenario: Scenario | str, overrides: dict | None = None):
        self.scenario = named(scenario) if isinstance(scenario, str) else scenario
        self.overrides = dict(overrides or {})
        self._env = self._build()
        self._seed = None

    # -- what it is

    @property
    def config(self) -> dict:
        """The full configuration that highway-env drives with."""
        return copy.deepcopy(self._env.config)

    @property
    def period(self) -> float:
        """Seconds between decisions."""
        return 1 / self._env.config["policy_frequency"]

    @property
    def sub_step(self) -> float:
        """Seconds between simulated states."""
        return 1 / self._env.config["simulation_frequency"]

    @property
    def road(self) -> roads.Road:
        return self._road

    @property
    def perception(self) -> Perception:
        return self.scenario.perception

    @property
    def laps(self) -> float:
        """Laps driven, on a circuit; 0 elsewhere."""
        return self._laps

    def driver_parameters(self) -> dict:
        """The traffic's effective IDM and MOBIL parameters, by name, before any driver's own draw."""
        kind = utils.class_from_path(self._env.config["other_vehicles_type"])
        return {name: _plain(getattr(kind, name)) for name in PARAMETERS if hasattr(kind, name)}

    # -- driving

    def reset(self, seed: int) -> Scene:
        """Begin an episode; the same seed gives the same traffic."""
        if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
            raise ValueError(f"a seed is a whole number, 0 or more, not {seed!r}")
        try:
            self._env.reset(seed=seed)
        except (KeyError, TypeError, AttributeError, AssertionError, IndexError, ValueError,
                ZeroDivisionError) as error:  # fmt: skip
            raise ValueError(self._refusal(error)) from error
        self._seed, self._step, self._last_id, self._laps = seed, 0, 0, 0.0
        self._grip = None
        self._tracks: list[Tracks] = []
        self._seen: list[frozenset[int]] = []
        self._road = read_road(self._env.road.network)
        self._number_cars()
        return self._look()

    @property
    def scene(self) -> Scene:
        """What the ego perceives now."""
        return self._scene

    def step(self, action: Action) -> Outcome:
        """Drive one decision period with this action.

        ValueError where the action is not legal now.
        """
        if not self._scene.legal.allows(action):
            raise ValueError(f"the action {action} is not legal here")
        recorder = _Recorder(self._env, self.sub_step, self._step * self.period)
        _, reward, terminated, _, _ = recorder.drive(self._native(action))
        self._step += 1
        self._number_cars()
        tracks = recorder.tracks(self._scene, self.perception.range)
        self._tracks.append(tracks)
        self._laps += _lap_progress(self._road, tracks.ego) if self.scenario.task.kind == "laps" else 0
        self._look()
        return Outcome(tracks, float(reward), self._ending(terminated), recorder.contact)

    def truth(self) -> Truth:
        """The privileged state. Never hand it to a policy."""
        road = self._env.road
        return Truth(
            step=self._step,
            time=self._step * self.period,
            drivers=tuple(map(_driver, road.vehicles)),
            objects=_objects(road),
            connected_lanes=bool(road.neighbour_vehicles_connected_lanes),
            regulated=hasattr(road, "enforce_road_rules"),
            regulation_steps=getattr(road, "steps", 0),
        )

    # -- time travel and intervention

    def snapshot(self) -> Snapshot:
        """Everything that a later `restore` needs, hidden state and random generators included."""
        return Snapshot(self._copied(self.__dict__))

    def restore(self, snapshot: Snapshot) -> Scene:
        """Go back; what follows is identical to what followed the snapshot."""
        self.__dict__.update(self._copied(snapshot.state))
        return self._scene

    def edit(self, *edits: Edit) -> Scene:
        """Change the world, for everyone in it; everything derived is derived anew.

        ValueError for an unknown car or an impossible value.
        """
        for change in edits:
            EDITS[type(change)](self, change)
        self._seen.pop()
        return self._look()

    # -- inside

    def _build(self):
        config = copy.deepcopy(self.scenario.config)
        bare = gymnasium.spec(self.scenario.env)
        kind = gymnasium.envs.registration.load_env_creator(bare.entry_point)
        default = kind.default_config()
        merged = {**default, **config, "observation": SMALLEST_OBSERVATION}
        merged["action"] = {**default["action"], **config.get("action", {})}
        merged.setdefault("duration", self.scenario.duration)
        for key, value in self.overrides.items():
            _override(merged, key, value, self.scenario.name)
        if "intersection" in self.scenario.env:
            path = merged["other_vehicles_type"]
            merged["other_vehicles_type"] = CROSSING.get(path, path)
        try:
            return kind(config=merged)
        except (KeyError, TypeError, AttributeError, AssertionError, IndexError, ValueError,
                ZeroDivisionError, ModuleNotFoundError) as error:  # fmt: skip
            raise ValueError(self._refusal(error)) from error

    def _refusal(self, error: Exception) -> str:
        changed = ", ".join(f"{key}={value}" for key, value in self.overrides.items())
        what = f" with {changed}" if changed else ""
        return f"highway-env cannot build {self.scenario.name!r}{what}: {error or type(error).__name__}"

    def _copied(self, state: dict) -> dict:
        mutable = {"_env": copy.deepcopy(state["_env"])}
        return {k: list(v) if isinstance(v, list) else v for k, v in state.items()} | mutable

    def _number_cars(self) -> None:
        for vehicle in self._env.road.vehicles:
            if vehicle is self._env.vehicle:
                vehicle.whydrive_id = EGO
            elif not hasattr(vehicle, "whydrive_id"):
                self._last_id += 1
                vehicle.whydrive_id = self._last_id
                if self._grip is not None:
                    _limit(vehicle, self._grip)

    def _vehicle(self, car: int):
        for vehicle in self._env.road.vehicles:
            if vehicle.whydrive_id == car:
                return vehicle
        raise ValueError(f"no car {car} in this world")

    def _native(self, action: Action):
        kinds = self._env.action_type
        if isinstance(action, Meta):
            return kinds.actions_indexes[action.name]
        scaled = {
            "longitudinal": _to_unit(action.acceleration, kinds.acceleration_range),
            "lateral": _to_unit(-action.steering, kinds.steering_range),
        }
        return np.array([scaled[axis] for axis in scaled if getattr(kinds, axis)])

    def _look(self) -> Scene:
        self._scene = perceive(
            self.truth(),
            self._road,
            self.scenario,
            _legal(self._env.action_type),
            self._seed,
            self.period,
            self.sub_step,
        )
        self._seen.append(frozenset(car.id for car in self._scene.cars))
        past = history(self._tracks, self._seen, self.perception, self._seed)
        self._scene = replace(self._scene, history=past)
        return self._scene

    def _ending(self, terminated: bool) -> str | None:
        ego, task = self._scene.ego, self.scenario.task
        if ego.crashed:
            return "collision"
        if task.kind in ("laps", "lane keeping") and not self._env.vehicle.on_road:
            return "off road"
        if _arrived(self._scene):
            return "arrived"
        if terminated:
            return "arrived" if task.kind == "pass" else "time is up"
        return "time is up" if self._step * self.period >= task.deadline - 1e-9 else None


# ------------------------------------------------------------------------------- truth to scene


def perceive(
    truth: Truth,
    road: roads.Road,
    scenario: Scenario,
    legal: Legal,
    seed: int,
    period: float,
    sub_step: float,
) -> Scene:
    """What the ego sees of the truth: range, occlusion and noise are the scenario's.

    The history is left empty.
    """
    ego = next(driver for driver in truth.drivers if driver.id == EGO)
    others = sorted((d for d in truth.drivers if d.id != EGO), key=lambda driver: driver.id)
    visible = _visible(ego, others, scenario.perception)
    return Scene(
        scenario=scenario.name,
        seed=seed,
        step=truth.step,
        time=round(truth.time, 6),
        period=period,
        sub_step=sub_step,
        ego=_ego(ego),
        cars=tuple(_car(driver, scenario.perception, seed, truth.step) for driver in visible),
        objects=truth.objects,
        task=scenario.task,
        perception=scenario.perception,
        legal=legal,
        road=road,
        history=history((), ()),
    )


def _visible(ego: Driver, others: list[Driver], perception: Perception) -> list[Driver]:
    near = [d for d in others if math.hypot(d.x - ego.x, d.y - ego.y) <= perception.range]
    if not perception.occlusion:
        return near
    shapes = {d.id: geometry.corners(d.x, d.y, d.heading, d.length, d.width) for d in near}
    return [d for d in near if not _hidden(ego, d, shapes)]


def _hidden(ego: Driver, car: Driver, shapes: dict[int, np.ndarray]) -> bool:
    """Is every corner, and the centre, of a car behind some other car, seen from the ego's centre?"""
    points = np.vstack([shapes[car.id], [[car.x, car.y]]])
    blocked = np.zeros(len(points), bool)
    for other, shape in shapes.items():
        if other != car.id:
            blocked |= geometry.segment_crosses(np.array([ego.x, ego.y]), points, shape)
    return bool(blocked.all())


def _car(driver: Driver, perception: Perception, seed: int, step: int) -> Car:
    _, dx, dy, _, dv = noise(perception, seed, step, driver.id)
    return Car(
        id=driver.id,
        x=_exact(driver.x + dx),
        y=_exact(driver.y + dy),
        heading=_exact(driver.heading),
        speed=_exact(driver.speed + dv),
        length=_exact(driver.length),
        width=_exact(driver.width),
        lane=driver.lane,
        crashed=driver.crashed,
    )


def _ego(driver: Driver) -> Ego:
    return Ego(
        x=_exact(driver.x),
        y=_exact(driver.y),
        heading=_exact(driver.heading),
        speed=_exact(driver.speed),
        length=_exact(driver.length),
        width=_exact(driver.width),
        lane=driver.lane,
        target_lane=driver.target_lane or driver.lane,
        target_speed=_exact(driver.speed if driver.target_speed is None else driver.target_speed),
        target_speeds=tuple(map(_exact, driver.target_speeds)),
        route=tuple((start, end) for start, end, _ in driver.route),
        lateral_speed=_exact(driver.lateral_speed),
        yaw_rate=_exact(driver.yaw_rate),
        dynamical=driver.kind == "BicycleVehicle",
        crashed=driver.crashed,
    )


def _legal(kinds) -> Legal:
    """The legal actions of a highway-env ActionType, now."""
    if hasattr(kinds, "actions"):
        return Legal(meta=tuple(kinds.actions[i] for i in sorted(kinds.get_available_actions())))
    low, high = kinds.steering_range if kinds.lateral else (0.0, 0.0)
    return Legal(
        acceleration=tuple(kinds.acceleration_range) if kinds.longitudinal else (0.0, 0.0),
        steering=(float(-high), float(-low)),
    )


def _arrived(scene: Scene) -> bool:
    task, ego = scene.task, scene.ego
    if task.goal_x is not None:
        return ego.x > task.goal_x
    if ego.lane not in task.goal:
        return False
    return bool(scene.road.lane(ego.lane).frenet(ego.x, ego.y)[0] >= task.goal_from)


# ------------------------------------------------------------------------ highway-env to our values


def read_road(network) -> roads.Road:
    """highway-env's RoadNetwork as a Road, mirrored, lanes in the same order."""
    return roads.Road(
        tuple(_lane(index, lane) for index, lane in network.lanes_dict().items())
    )


def _lane(index, lane) -> roads.Lane:
    left, right = lane.line_types
    return roads.Lane(
        id=_lane_id(index),
        curve=CURVES[type(lane)](lane),
        width=float(lane.width),
        speed_limit=None if lane.speed_limit is None else float(lane.speed_limit),
        forbidden=bool(lane.forbidden),
        priority=int(lane.priority),
        left_line=LINES[left],
        right_line=LINES[right],
    )


CURVES = {
    lanes.StraightLane: lambda lane: roads.Straight(_mirrored(lane.start), _mirrored(lane.end)),
    lanes.SineLane: lambda lane: roads.Sine(
        _mirrored(lane.start),
        _mirrored(lane.end),
        -float(lane.amplitude),
        float(lane.pulsation),
        float(lane.phase),
    ),
    lanes.CircularLane: lambda lane: roads.Arc(
        _mirrored(lane.center),
        float(lane.radius),
        -float(lane.start_phase),
        -float(lane.end_phase),
        -int(lane.direction),
    ),
}


def _driver(vehicle) -> Driver:
    x, y = _mirrored(vehicle.position)
    impact = vehicle.impact
    own = isinstance(vehicle, ControlledVehicle)
    traffic = isinstance(vehicle, behavior.IDMVehicle)
    return Driver(
        id=vehicle.whydrive_id,
        kind=_kind(vehicle),
        x=x,
        y=y,
        heading=-float(vehicle.heading),
        speed=float(vehicle.speed),
        length=float(vehicle.LENGTH),
        width=float(vehicle.WIDTH),
        lane=_lane_id(vehicle.lane_index),
        crashed=bool(vehicle.crashed),
        steering=-float(vehicle.action["steering"]),
        acceleration=float(vehicle.action["acceleration"]),
        target_lane=_lane_id(vehicle.target_lane_index) if own else None,
        target_speed=float(vehicle.target_speed) if own else None,
        target_speeds=tuple(map(float, getattr(vehicle, "target_speeds", ()))),
        route=tuple(_section(step) for step in (getattr(vehicle, "route", None) or ())),
        timer=float(vehicle.timer) if traffic else None,
        lane_changes=bool(traffic and vehicle.enable_lane_change),
        parameters=_parameters(vehicle) if traffic else (),
        checks_collisions=bool(vehicle.check_collisions),
        impact=None if impact is None else _mirrored(impact),
        yielding=bool(getattr(vehicle, "is_yielding", False)),
        yield_timer=int(getattr(vehicle, "yield_timer", 0)),
        lateral_speed=-float(getattr(vehicle, "lateral_speed", 0.0)),
        yaw_rate=-float(getattr(vehicle, "yaw_rate", 0.0)),
    )


def _kind(vehicle) -> str:
    """The highway-env class that it behaves as, our own subclasses looked through."""
    return next(k.__name__ for k in type(vehicle).__mro__ if k.__module__.startswith("highway_env"))


def _parameters(vehicle) -> tuple:
    return tuple((n, _plain(getattr(vehicle, n))) for n in PARAMETERS if hasattr(vehicle, n))


def _plain(value):
    return float(value) if np.ndim(value) == 0 else tuple(map(float, value))


def _objects(road) -> tuple[StaticObject, ...]:
    return tuple(
        StaticObject(
            id=number,
            x=_exact(thing.position[0]),
            y=_exact(-thing.position[1]),
            heading=_exact(-thing.heading),
            length=float(thing.LENGTH),
            width=float(thing.WIDTH),
            lane=_lane_id(thing.lane_index),
        )
        for number, thing in enumerate(road.objects, 1)
        if not isinstance(thing, Landmark)
    )


def _lane_id(index) -> roads.LaneId:
    return str(index[0]), str(index[1]), int(index[2])


def _section(step) -> tuple[str, str, int | None]:
    return str(step[0]), str(step[1]), None if step[2] is None else int(step[2])


def _mirrored(point) -> tuple[float, float]:
    return float(point[0]), -float(point[1])


def _exact(value: float) -> float:
    """Rounded to 1e-6, and never a negative zero."""
    return round(float(value), 6) + 0.0


def _to_unit(value: float, span: tuple[float, float]) -> float:
    low, high = span
    return 2 * (value - low) / (high - low) - 1


# ---------------------------------------------------------------------------------- one step's record


class _Recorder:
    """Watches one `env.step`: every sub-step's state of every car, and the ego's collision."""

    def __init__(self, env, sub_step: float, start: float):
        self._env, self._sub_step, self._start = env, sub_step, start
        self._states: list[dict[int, tuple]] = []
        self.contact: Contact | None = None
        self._note()

    def drive(self, action):
        road, simulate = self._env.road, self._env.road.step
        road.step = lambda dt: (simulate(dt), self._note())
        try:
            return self._env.step(action)
        finally:
            del road.step

    def _note(self) -> None:
        vehicles = self._env.road.vehicles
        state = {
            v.whydrive_id: (v.position[0], -v.position[1], -v.heading, v.speed) for v in vehicles
        }
        if self._env.vehicle.crashed and self.contact is None and self._states:
            self.contact = self._find_contact(state)
        self._states.append(state)

    def _find_contact(self, state: dict[int, tuple]) -> Contact:
        """Who was hit: the shape that overlaps now, or would have before the push apart."""
        time = _exact(self._start + len(self._states) * self._sub_step)
        ego = self._env.vehicle
        for pose in (state, _carried(self._states[-1], self._sub_step)):
            mine = geometry.corners(*pose[EGO][:3], ego.LENGTH, ego.WIDTH)
            for name, other, shape in self._shapes(pose):
                if geometry.overlap(mine, shape):
                    side = _side(pose[EGO], other, ego.LENGTH, ego.WIDTH)
                    return Contact(time, name, side, at_fault=side != "rear")
        return Contact(time, "unknown", "unknown", at_fault=False)

    def _shapes(self, pose: dict[int, tuple]):
        for vehicle in self._env.road.vehicles:
            if vehicle is not self._env.vehicle and vehicle.whydrive_id in pose:
                state = pose[vehicle.whydrive_id]
                shape = geometry.corners(*state[:3], vehicle.LENGTH, vehicle.WIDTH)
                yield f"car {vehicle.whydrive_id}", state, shape
        for thing in _objects(self._env.road):
            shape = geometry.corners(thing.x, thing.y, thing.heading, thing.length, thing.width)
            yield f"object {thing.id}", (thing.x, thing.y), shape

    def tracks(self, scene: Scene, reach: float) -> Tracks:
        times = np.round(self._start + self._sub_step * np.arange(len(self._states)), 6)
        ego = np.array([state[EGO] for state in self._states]).round(6) + 0.0
        seen = {car.id for car in scene.cars}
        ids = sorted({car for state in self._states for car in state} - {EGO})
        cars = {car: np.array([s.get(car, (math.nan,) * 4) for s in self._states]) for car in ids}
        near = {
            car: _rounded(track)
            for car, track in cars.items()
            if car in seen or np.nanmin(np.hypot(*(track - ego)[:, :2].T)) <= reach
        }
        return Tracks(times, ego, near)


def _rounded(track: np.ndarray) -> np.ndarray:
    """1 mm, 1 mm, 1e-4 rad, 1 mm/s."""
    steps = np.array([1e3, 1e3, 1e4, 1e3])
    return np.round(track * steps) / steps + 0.0


def _carried(state: dict[int, tuple], dt: float) -> dict[int, tuple]:
    return {
        car: (x + v * math.cos(h) * dt, y + v * math.sin(h) * dt, h, v)
        for car, (x, y, h, v) in state.items()
    }


def _side(ego: tuple, other: tuple, length: float, width: float) -> str:
    """Which side of the ego another car's centre lies on, the car's own proportions considered."""
    dx, dy = other[0] - ego[0], other[1] - ego[1]
    ahead = (dx * math.cos(ego[2]) + dy * math.sin(ego[2])) / length
    left = (dy * math.cos(ego[2]) - dx * math.sin(ego[2])) / width
    if abs(ahead) >= abs(left):
        return "front" if ahead > 0 else "rear"
    return "left" if left > 0 else "right"


def _lap_progress(road: roads.Road, ego: np.ndarray) -> float:
    """Laps [fraction] driven along a circuit whose sections follow one another in the road's order."""
    sections = list(road.sections)
    places = []
    for x, y, heading, _ in ego:
        lane = road.closest(x, y, heading)
        s = min(max(lane.frenet(x, y)[0] / lane.length, 0.0), 1.0)
        places.append((sections.index(lane.id[:2]) + s) / len(sections))
    steps = (np.diff(places) + 0.5) % 1 - 0.5
    return float(steps.sum())


# ---------------------------------------------------------------------------------------- overrides


def _override(config: dict, key: str, value, scenario: str) -> None:
    *parents, leaf = key.split(".")
    place = config
    for parent in parents:
        place = place.get(parent) if isinstance(place, dict) else None
    if not isinstance(place, dict) or (leaf not in place and parents != ["action"]):
        known = ", ".join(sorted(k for k in config if k not in ("observation", "action")))
        raise ValueError(f"{scenario!r} has no setting {key!r}; choose from {known}, action.target_speeds")
    if key.split(".")[0] == "observation":
        raise ValueError("the observation cannot be set: a policy perceives a scene")
    _same_kind(key, place.get(leaf), value)
    place[leaf] = value


def _same_kind(key: str, old, new) -> None:
    number = (int, float)
    if isinstance(old, bool) or isinstance(new, bool):
        fits = isinstance(old, bool) and isinstance(new, bool)
    elif isinstance(old, number):
        fits = isinstance(new, number) and math.isfinite(new)
    else:
        fits = old is None or isinstance(new, type(old))
    if not fits:
        raise ValueError(f"{key} is {old!r} by default and cannot be {new!r}")


# -------------------------------------------------------------------------------------------- edits


def _remove(world: World, change: Remove) -> None:
    vehicle = world._vehicle(change.car)
    if change.car == EGO:
        raise ValueError("the ego cannot be removed")
    world._env.road.vehicles.remove(vehicle)


def _move(world: World, change: Move) -> None:
    vehicle = world._vehicle(change.car)
    if not all(map(math.isfinite, (change.x, change.y, change.heading or 0.0))):
        raise ValueError("a car can only be moved to a finite place")
    vehicle.position = np.array([change.x, -change.y])
    if change.heading is not None:
        vehicle.heading = -change.heading
    vehicle.on_state_update()
    if isinstance(vehicle, ControlledVehicle):
        vehicle.target_lane_index = vehicle.lane_index


def _accelerate(world: World, change: Accelerate) -> None:
    vehicle = world._vehicle(change.car)
    if not vehicle.MIN_SPEED <= change.speed <= vehicle.MAX_SPEED:
        raise ValueError(f"a speed lies within {vehicle.MIN_SPEED} and {vehicle.MAX_SPEED} m/s")
    vehicle.speed = change.speed
    if isinstance(vehicle, MDPVehicle):
        vehicle.speed_index = vehicle.speed_to_index(vehicle.speed)
        vehicle.target_speed = vehicle.index_to_speed(vehicle.speed_index)


def _resize(world: World, change: Resize) -> None:
    vehicle = world._vehicle(change.car)
    if not (0 < change.length < 50 and 0 < change.width < 10):
        raise ValueError(f"a car of {change.length} x {change.width} m is impossible")
    vehicle.LENGTH, vehicle.WIDTH = change.length, change.width
    vehicle.diagonal = math.hypot(change.length, change.width)


def _set_grip(world: World, change: Grip) -> None:
    if not (math.isfinite(change.factor) and change.factor > 0):
        raise ValueError(f"grip is a factor above 0, not {change.factor}")
    world._grip = change.factor
    for vehicle in world._env.road.vehicles:
        _limit(vehicle, change.factor)


def _limit(vehicle: Vehicle, grip: float) -> None:
    if not isinstance(vehicle, Slippery):
        vehicle.__class__ = _slippery(type(vehicle))
    vehicle.grip = grip


EDITS = {Remove: _remove, Move: _move, Accelerate: _accelerate, Resize: _resize, Grip: _set_grip}
