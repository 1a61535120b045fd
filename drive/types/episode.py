"""What happened: steps, and the episodes that they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from drive.roads import Road
from drive.types.actions import Action
from drive.types.choice import Attribution, Choice, Takeover
from drive.types.edits import Edit
from drive.types.said import Rationale, Tie
from drive.types.scene import Perception, Scene, Task
from drive.types.trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class Tracks:
    """Where all cars were during one decision period: the state before it and after each sub-step.

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
    unavoidable: bool = False  # it came whatever the ego did from the start on


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
    edits: tuple[
        Edit, ...
    ] = ()  # made before the decision; the scene is what was perceived after them
    takeover: Takeover | None = None  # None: the policy's choice was driven

    @property
    def driven(self) -> Action:
        """The action that was driven: the choice's, unless something took over."""
        return self.takeover.action if self.takeover else self.choice.action

    @property
    def trajectory(self) -> Trajectory:
        """Where the policy would go, foreseen at the decision: the chosen option's."""
        return self.choice.chosen.trajectory


@dataclass(frozen=True)
class Parent:
    """The episode that a branch left, and where: the parent's steps before `step` stand in the branch too."""

    digest: str  # of the parent episode
    step: int  # the first decision that is the branch's own
    policy: str  # the policy that drove the parent up to there
    weights: str  # digest of that policy's weights; "" where it has none
    parent: Parent | None = None  # of the parent, where the parent is a branch itself


@dataclass(frozen=True)
class Header:
    """What an episode was: enough to drive it again, with the actions and edits of its steps."""

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
    physics: str = "highway-env"  # what moved the cars: "highway-env" or "twin"
    parent: Parent | None = None  # None where the episode is no branch
    settings: str = ""  # digest of the policy's tunable numbers; "" where it has none
    # what could take over from the policy; each step says where it did
    takeovers: Literal["", "person", "monitor", "person, monitor"] = ""

    @property
    def by_hand(self) -> bool:
        """Could a person take over?"""
        return "person" in self.takeovers

    def policy_at(self, step: int) -> tuple[str, str]:
        """Name and weights of the policy that decided at a step; a branch begins with its parents' steps."""
        source: Header | Parent = self
        while source.parent and step < source.parent.step:
            source = source.parent
        return source.policy, source.weights


@dataclass(frozen=True)
class End:
    """How an episode ended."""

    reason: Literal["collision", "off road", "arrived", "time is up", "policy failed"]
    final: Scene
    contact: Contact | None = None
    laps: float = 0.0  # laps driven, where the road is a circuit
    message: str = ""  # the policy's failure in words
    metrics: dict[str, float] = field(default_factory=dict)  # name -> value; missing is absent
    edits: tuple[Edit, ...] = ()  # made after the last step: a policy failed at an edited scene


@dataclass(frozen=True)
class Episode:
    """One run of a policy in a scenario. `end` is None where the run was cut short."""

    header: Header
    steps: tuple[Step, ...]
    end: End | None
