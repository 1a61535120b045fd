"""One vocabulary of change: what may be different about a scene, a world or the twin, as frozen values.

Each of the three has one applier, `edited(thing, *edits)`: of a scene in `drive.kinematics.edits` (its past
follows), of a world in `drive.world.edits`, of the twin's worlds in `drive.twin.edits`. What an applier cannot
do it refuses in one sentence, and then nothing is changed; what none can do is said once, in
`drive.kinematics.refusals`. Edits are made one after the other. Ids are those of the scene: cars 1, 2, 3,
...; the ego is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drive.roads import LaneId
from drive.types.scene import Kind

Condition = Literal["task", "speed limit", "poor sight"]


@dataclass(frozen=True)
class Hide:
    """The ego-ghost: a car stays on the road for all others, but the ego neither sees, fears nor hits it."""

    car: int


@dataclass(frozen=True)
class Remove:
    """Take a car, or a static object, away for everyone."""

    car: int | None = None
    object: int | None = None  # id of a static object, where no car is named


@dataclass(frozen=True)
class Add:
    """Put a new car on the road; it gets the next free id and drives as the scenario's traffic does."""

    x: float  # [m]
    y: float  # [m]
    speed: float  # [m/s]
    heading: float | None = None  # [rad]; None: along the lane that is closest
    kind: Kind = "car"
    target_speed: float | None = None  # [m/s]; None: the speed it has


@dataclass(frozen=True)
class Obstruct:
    """Put debris on the road, solid and at rest; it gets the next free number of a static object."""

    x: float  # [m]
    y: float  # [m]
    heading: float | None = None  # [rad]; None: along the lane that is closest


@dataclass(frozen=True)
class Move:
    """Put a car somewhere else; its lane follows from the place."""

    car: int
    x: float  # [m]
    y: float  # [m]
    heading: float | None = None  # [rad]; None keeps it


@dataclass(frozen=True)
class SetSpeed:
    """Give a car another speed; the ego's set-point becomes the nearest of its target speeds."""

    car: int
    speed: float  # [m/s]


@dataclass(frozen=True)
class Resize:
    """Give a car another kind, or another size."""

    car: int
    kind: Kind | None = None  # None keeps it
    length: float | None = None  # [m]; None: the kind's, or as it was
    width: float | None = None  # [m]; likewise


@dataclass(frozen=True)
class Brake:
    """From now on a car brakes at this rate whatever is ahead, down to standstill, and keeps its lane."""

    car: int
    deceleration: float = 6.0  # [m/s2], > 0


@dataclass(frozen=True)
class KeepLane:
    """From now on a car makes no lane change of its own."""

    car: int


@dataclass(frozen=True)
class ChangeLane:
    """A car changes to a lane now, and makes no other lane change of its own."""

    car: int
    lane: LaneId | Literal["left", "right"]


@dataclass(frozen=True)
class Send:
    """A car takes this route: sections (from node, to node), the one that it is on first."""

    car: int
    route: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Surface:
    """The grip of the road from now on: every car's acceleration and braking stay within grip x 9.81 m/s2."""

    grip: float  # > 0; 1 is a dry road


@dataclass(frozen=True)
class Without:
    """Drive without a condition of the scenario: its task, its speed limits, or its poor sight."""

    condition: Condition


Edit = (
    Hide
    | Remove
    | Add
    | Obstruct
    | Move
    | SetSpeed
    | Resize
    | Brake
    | KeepLane
    | ChangeLane
    | Send
    | Surface
    | Without
)
