"""The one door to highway-env: reset, step, snapshot, restore, edit; perceives truth into a Scene.

Nothing else imports highway_env. Frames are converted here, once: highway-env's y points down and
its angles run clockwise; ours are mirrored. What is perceived is rounded to 1e-6, so that a scene
equals its logged copy and last-bit differences between processors change nothing.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import gymnasium
import highway_env  # noqa: F401  (registers the environments)
import numpy as np
from highway_env import utils

from drive import roads
from drive.kinematics import tracker
from drive.kinematics.edits import (
    with_clear_sight,
    without_limits,
    without_task,
)
from drive.kinematics.history import history
from drive.kinematics.past import hidden_by, with_edited_past
from drive.scenarios import Scenario
from drive.scenarios import scenario as named
from drive.types import (
    EGO,
    Action,
    Condition,
    Contact,
    Control,
    Edit,
    Follow,
    Meta,
    Perception,
    Scene,
    Task,
    Tracks,
    Truth,
)
from drive.world import blame
from drive.world.config import configuration
from drive.world.edits import edited, limit_grip
from drive.world.following import Following
from drive.world.perception import perceive
from drive.world.recorder import Recorder, lap_progress
from drive.world.task import ending, periods_within, task_of, times_itself
from drive.world.twin import TwinPhysics
from drive.world.values import PARAMETERS, legal, plain, read_road, read_truth

__all__ = ["Outcome", "PHYSICS", "Snapshot", "World"]

PHYSICS = {"highway-env": lambda: Recorder, "twin": TwinPhysics}  # name -> what makes recorders

BROKEN = (KeyError, TypeError, AttributeError, AssertionError, IndexError, ValueError,
          ZeroDivisionError, ModuleNotFoundError)  # fmt: skip


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

    overrides: configuration by key ("lanes_count", "action.target_speeds"). physics: what moves the
    cars between decisions, "highway-env" or "twin", which does the same many times faster. ValueError
    where highway-env does not know a key or cannot build the road with its value, and for other physics.
    """

    def __init__(
        self,
        scenario: Scenario | str,
        overrides: dict | None = None,
        physics: str = "highway-env",
    ):
        if physics not in PHYSICS:
            raise ValueError(f"no physics {physics!r}; choose from {', '.join(PHYSICS)}")
        self.physics = physics
        self._recorder = PHYSICS[physics]()  # drives a step, and watches it
        self.scenario = named(scenario) if isinstance(scenario, str) else scenario
        self.overrides = dict(overrides or {})
        self._env = self._build()
        self._seed = None
        self._lifted: frozenset[Condition] = frozenset()

    # -- what it is

    @property
    def config(self) -> dict:
        """The full configuration that highway-env drives with."""
        return copy.deepcopy(self._env.config)

    @property
    def period(self) -> float:
        """Seconds between decisions: as many sub-steps as highway-env drives, whole ones only."""
        config = self._env.config
        frames = int(config["simulation_frequency"] // config["policy_frequency"])
        return frames / config["simulation_frequency"]

    @property
    def sub_step(self) -> float:
        """Seconds between simulated states."""
        return 1 / self._env.config["simulation_frequency"]

    @property
    def road(self) -> roads.Road:
        return self._road

    @property
    def task(self) -> Task:
        """The scenario's task, as this world (reset) is configured for it, unless it was lifted."""
        return without_task(self._task) if "task" in self._lifted else self._task

    @property
    def perception(self) -> Perception:
        """What the scenario lets the ego perceive, unless that was lifted."""
        perception = self.scenario.perception
        return with_clear_sight(perception) if "poor sight" in self._lifted else perception

    @property
    def laps(self) -> float:
        """Laps driven, on a circuit; 0 elsewhere."""
        return self._laps

    def driver_parameters(self) -> dict:
        """The traffic's effective IDM and MOBIL parameters, by name, before any driver's own draw."""
        kind = utils.class_from_path(self._env.config["other_vehicles_type"])
        return {name: plain(getattr(kind, name)) for name in PARAMETERS if hasattr(kind, name)}

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
        self._seed, self._step, self.last_id, self._laps = seed, 0, 0, 0.0
        self._lifted = frozenset()
        self._tracks: list[Tracks] = []
        self._seen: list[frozenset[int]] = []
        self._edits: list[tuple[Edit, ...]] = [()]  # before each decision, the present one included
        self._road = read_road(self._env.road.network)
        self.number_cars()
        duration = self.overrides.get("duration", self.scenario.duration)
        self._task = task_of(self.scenario, self._env, duration, self.period)
        self._most = periods_within(self._env.config, duration)
        self._timed = times_itself(self._env)
        self._start = self.truth()
        return self._look()

    @property
    def scene(self) -> Scene:
        """What the ego perceives now."""
        return self._scene

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits made since the last step, in their order."""
        return self._edits[-1]

    def step(self, action: Action) -> Outcome:
        """Drive one decision period with this action.

        ValueError where the action is not legal now, and for a path that cannot be followed from here.
        """
        if not self._scene.legal.allows(action):
            raise ValueError(f"the action {action} is not legal here")
        following = self._following(action) if isinstance(action, Follow) else None
        recorder = self._recorder(self._env, self.sub_step, self._step * self.period)
        native = self._native(self._in_place_of(following) if following else action)
        _, reward, terminated, truncated, _ = recorder.drive(native, following)
        self._step += 1
        self.number_cars()
        tracks = recorder.tracks(self._scene, self.perception.range)
        self._tracks.append(tracks)
        self._edits.append(())
        self._laps += (
            lap_progress(self._road, tracks.ego) if self.scenario.task.kind == "laps" else 0
        )
        self._look()
        over = ending(self._scene, self._env, terminated, truncated, self._most, self._timed)
        contact = recorder.contact and replace(recorder.contact, unavoidable=self._was_lost())
        return Outcome(tracks, float(reward), over, contact)

    def truth(self) -> Truth:
        """The privileged state. Never hand it to a policy."""
        return read_truth(self._env.road, self._step, self._step * self.period)

    # -- time travel and intervention

    def snapshot(self) -> Snapshot:
        """Everything that a later `restore` needs, hidden state and random generators included."""
        return Snapshot(self._copied(self.__dict__))

    def restore(self, snapshot: Snapshot) -> Scene:
        """Go back; what follows is identical to what followed the snapshot."""
        self.__dict__.update(self._copied(snapshot.state))
        return self._scene

    def edit(self, *edits: Edit) -> Scene:
        """Change the world, for everyone in it (`drive.world.edits`); returns what the ego perceives now."""
        return edited(self, *edits).scene

    # -- for the edits

    @property
    def native(self):
        """highway-env's own environment."""
        return self._env

    def lift(self, condition: Condition) -> None:
        """Drive without a condition of the scenario until the next reset."""
        self._lifted |= {condition}
        if condition == "speed limit":
            self._road = without_limits(self._road)

    def number_cars(self) -> None:
        """Give new cars the next ids, and the grip of the road that they are on."""
        road = self._env.road
        for vehicle in road.vehicles:
            if vehicle is self._env.vehicle:
                vehicle.whydrive_id = EGO
            elif not hasattr(vehicle, "whydrive_id"):
                self.last_id += 1
                vehicle.whydrive_id = self.last_id
                if hasattr(road, "whydrive_grip"):
                    limit_grip(vehicle, road.whydrive_grip)
        for number, thing in enumerate(road.objects, 1):
            if not hasattr(thing, "whydrive_id"):
                thing.whydrive_id = number

    def look_again(self, edits: tuple[Edit, ...]) -> None:
        """Perceive anew; the recorded past of cars whose motion was edited is made to fit."""
        self._edits[-1] += edits
        self._seen.pop()
        self._look(edits)

    # -- inside

    def _was_lost(self) -> bool:
        """Was the collision of the last step lost from the start? Not asked late, nor once edited."""
        kinds, count = self._env.action_type, self._step
        if count > blame.DECISIONS or any(self._edits):
            return False
        if blame.overlaps(self._start):
            return True
        frames = round(self.period / self.sub_step)
        meta = hasattr(kinds, "actions")
        return meta and blame.unavoidable(
            self._road,
            self._start,
            (kinds.longitudinal, kinds.lateral),
            count,
            frames,
            self.sub_step,
        )

    def _build(self):
        kind = gymnasium.envs.registration.load_env_creator(
            gymnasium.spec(self.scenario.env).entry_point
        )
        config = configuration(self.scenario, kind.default_config(), self.overrides)
        try:
            return kind(config=config)
        except BROKEN as error:
            raise ValueError(self._refusal(error)) from error

    def _refusal(self, error: Exception) -> str:
        changed = ", ".join(f"{key}={value}" for key, value in self.overrides.items())
        what = f" with {changed}" if changed else ""
        return f"highway-env cannot build {self.scenario.name!r}{what}: {error or type(error).__name__}"

    def _copied(self, state: dict) -> dict:
        mutable = {"_env": copy.deepcopy(state["_env"])}
        return {k: list(v) if isinstance(v, list) else v for k, v in state.items()} | mutable

    def _following(self, action: Follow) -> Following:
        if why := tracker.refusal(action.trajectory, self._scene.ego):
            raise ValueError(f"the ego cannot follow {why}")
        legal = self._scene.legal
        return Following(self._env.vehicle, action.trajectory, legal, self.sub_step)

    def _in_place_of(self, following: Following) -> Meta | Control:
        """What highway-env takes for the action while a path is followed: only its reward looks at it."""
        return Meta("IDLE") if self._scene.legal.meta else following.control(0)

    def _native(self, action: Meta | Control):
        kinds = self._env.action_type
        if isinstance(action, Meta):
            return kinds.actions_indexes[action.name]
        scaled = {
            "longitudinal": utils.lmap(action.acceleration, kinds.acceleration_range, [-1, 1]),
            "lateral": utils.lmap(-action.steering, kinds.steering_range, [-1, 1]),
        }
        return np.array([scaled[axis] for axis in scaled if getattr(kinds, axis)])

    def _look(self, edits: tuple[Edit, ...] = ()) -> Scene:
        scene = perceive(
            self.truth(),
            self._road,
            self.scenario.name,
            self.task,
            self.perception,
            legal(self._env.action_type),
            self._seed,
            self.period,
            self.sub_step,
        )
        self._seen.append(frozenset(car.id for car in (*scene.cars, *scene.ghosts)))
        self._tracks = with_edited_past(self._tracks, scene, edits)
        ghosts = hidden_by(self._edits)
        past = history(self._tracks, self._seen, self.perception, self._seed, ghosts)
        self._scene = replace(scene, history=past)
        return self._scene
