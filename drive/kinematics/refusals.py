"""What no edit may ask for, whatever it is applied to: one sentence for each refusal.

The three appliers of edits (of a scene, a world, the twin) call `check` before they change anything. Each adds
a table of its own: what it cannot do at all.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from drive.roads import LaneId, Road, geometry
from drive.types import (
    DEBRIS,
    EGO,
    SIZES,
    Add,
    Brake,
    ChangeLane,
    Edit,
    Hide,
    KeepLane,
    Move,
    Obstruct,
    Remove,
    Resize,
    Send,
    SetSpeed,
    Surface,
    Without,
)

FASTEST = 40.0  # [m/s], highway-env's Vehicle.MAX_SPEED
LONGEST, WIDEST = 50.0, 10.0  # [m]
HARDEST = 20.0  # [m/s2]
ENDLESS = 1e15  # of any number, whatever its unit
OFF_ROAD = 10.0  # [m] from the closest lane's middle, beyond which there is no road

NUMBERS = {  # field of an edit -> (above, at most, what it is); at most None: no limit
    "x": (-math.inf, None, "a place [m]"),
    "y": (-math.inf, None, "a place [m]"),
    "heading": (-math.inf, None, "a heading [rad]"),
    "speed": (0.0, FASTEST, f"a speed from 0 to {FASTEST:g} m/s"),
    "target_speed": (0.0, FASTEST, f"a speed from 0 to {FASTEST:g} m/s"),
    "length": (0.0, LONGEST, f"a length above 0 and up to {LONGEST:g} m"),
    "width": (0.0, WIDEST, f"a width above 0 and up to {WIDEST:g} m"),
    "deceleration": (0.0, HARDEST, f"a deceleration above 0 and up to {HARDEST:g} m/s2"),
    "grip": (0.0, None, "a factor above 0"),
}
MAY_BE_ZERO = ("speed", "target_speed")


@dataclass(frozen=True)
class Body:
    """Where a car or a static object is, and how large."""

    x: float  # [m]
    y: float  # [m]
    heading: float  # [rad]
    length: float  # [m]
    width: float  # [m]
    lane: LaneId
    target_lane: LaneId | None = None  # None: as `lane`
    ghost: bool = False  # for the ego it is not there
    drives_itself: bool = True  # does a traffic driver move it?

    @classmethod
    def of(cls, thing, **more) -> Body:
        """Of anything that has these fields: a Car, an Ego, a Driver, a StaticObject."""
        return cls(thing.x, thing.y, thing.heading, thing.length, thing.width, thing.lane, **more)

    @property
    def corners(self):
        return geometry.corners(self.x, self.y, self.heading, self.length, self.width)

    @property
    def reach(self) -> float:
        return math.hypot(self.length, self.width) / 2


@dataclass
class Stage:
    """The cars and objects of a scene or world, read on demand; `check` notes here what edits would change."""

    road: Road
    cars: Collection[int]  # the ids of all cars, the ego among them where there is one
    body: Callable[[int], Body]  # of a car, as it is now
    objects: Mapping[int, Body]  # static objects by id
    next_car: int  # the id of the next car that is added
    things: dict[int, Body] = field(default_factory=dict)  # static objects that were added
    changed: dict[int, Body | None] = field(default_factory=dict)  # None: removed
    gone: set[int] = field(default_factory=set)  # static objects that were removed
    placed: list[int] = field(default_factory=list)  # cars that stand elsewhere, or are larger

    @property
    def next_object(self) -> int:
        return next_object(each for each in (*self.objects, *self.things) if each not in self.gone)

    def standing(self) -> dict[int, Body]:
        """The static objects that are there now."""
        every = {**self.objects, **self.things}
        return {number: body for number, body in every.items() if number not in self.gone}

    def has(self, car: int) -> bool:
        return self.changed[car] is not None if car in self.changed else car in self.cars

    def now(self, car: int) -> Body:
        return self.changed[car] if car in self.changed else self.body(car)

    def everyone(self) -> list[int]:
        return [car for car in dict.fromkeys((*self.cars, *self.changed)) if self.has(car)]


def check(edits: Sequence[Edit], stage: Stage, cannot: Mapping[type, str]) -> None:
    """ValueError, in one sentence, where an edit cannot be made; `cannot`: what the applier never can, and why."""
    for edit in edits:
        if type(edit) not in ASKS:
            kinds = ", ".join(kind.__name__ for kind in ASKS)
            raise ValueError(f"{edit!r} is no edit; the edits are {kinds}")
        if type(edit) in cannot:
            raise ValueError(cannot[type(edit)])
        check_numbers(edit)
        ASKS[type(edit)](edit, stage)
    for car in stage.placed:
        if stage.has(car):
            _stands_free(car, stage)
    for number in stage.things.keys() & stage.standing().keys():
        _lies_free(number, stage)


def check_numbers(edit: Edit) -> None:
    """ValueError for a number that is none, is not finite, or is out of bounds."""
    for each in fields(edit):
        value = getattr(edit, each.name)
        if each.name not in NUMBERS or (value is None and each.default is None):
            continue
        above, most, what = NUMBERS[each.name]
        number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        fits = number and abs(value) < ENDLESS and (most is None or value <= most)
        if not (fits and (value > above or (each.name in MAY_BE_ZERO and value == above))):
            raise ValueError(f"{each.name} is {what}, not {value!r}")


def size_after(edit: Resize, length: float, width: float) -> tuple[float, float]:
    """Length and width [m] of a car of that size once it is resized."""
    if edit.kind is not None:
        length, width = SIZES[edit.kind]
    return (
        length if edit.length is None else float(edit.length),
        width if edit.width is None else float(edit.width),
    )


def next_object(numbers: Iterable[int]) -> int:
    """The number that the next static object gets: one more than any that is there."""
    return max((0, *numbers)) + 1


def heading_of(edit: Add | Obstruct, road: Road) -> float:
    """The heading [rad] that a car or debris is added with: along the closest lane, unless it says."""
    if edit.heading is not None:
        return float(edit.heading)
    lane = road.closest(float(edit.x), float(edit.y))
    return float(lane.heading(lane.frenet(float(edit.x), float(edit.y))[0]))


def lane_after(edit: ChangeLane, road: Road, lane: LaneId) -> LaneId:
    """The lane that a car on `lane` changes to. ValueError where there is none."""
    if isinstance(edit.lane, tuple):
        return road.lane(edit.lane).id
    if edit.lane not in ("left", "right"):
        raise ValueError(
            f"a car changes to the left, to the right or to a lane, not to {edit.lane!r}"
        )
    side = road.side(lane, edit.lane)
    if side is None:
        raise ValueError(f"there is no lane to the {edit.lane} of car {edit.car}")
    return side.id


def unknown_car(car) -> ValueError:
    return ValueError(f"there is no car {car} here")


# ------------------------------------------------------------------------------- what each edit asks


def _known(edit, stage: Stage) -> Body:
    if isinstance(edit.car, bool) or not isinstance(edit.car, numbers.Integral):
        raise ValueError(f"a car is named by its number, not by {edit.car!r}")
    if not stage.has(edit.car):
        raise unknown_car(edit.car)
    return stage.now(edit.car)


def _other(edit, stage: Stage) -> Body:
    body = _known(edit, stage)
    if edit.car == EGO:
        raise ValueError(f"the ego cannot be {OF_THE_EGO[type(edit)]}")
    return body


OF_THE_EGO = {
    Hide: "hidden from itself",
    Remove: "removed",
    Brake: "made to brake: its policy drives it",
    KeepLane: "held in its lane: its policy drives it",
    ChangeLane: "made to change lane: its policy drives it",
    Send: "sent on a route: its policy drives it",
}


def _driven(edit, stage: Stage) -> Body:
    body = _other(edit, stage)
    if not body.drives_itself:
        raise ValueError(f"car {edit.car} has no driver that could be told what to do")
    return body


def _hide(edit: Hide, stage: Stage) -> None:
    stage.changed[edit.car] = replace(_other(edit, stage), ghost=True)


def _remove(edit: Remove, stage: Stage) -> None:
    if (edit.car is None) == (edit.object is None):
        raise ValueError("one car, or one static object, is removed at a time")
    if edit.car is not None:
        _other(edit, stage)
        stage.changed[edit.car] = None
        return
    if edit.object not in stage.standing():
        raise ValueError(f"there is no object {edit.object} here")
    stage.things.pop(edit.object, None)
    stage.gone.add(edit.object)


def _add(edit: Add, stage: Stage) -> None:
    _on_the_road(edit, stage.road)
    length, width = SIZES[_kind(edit)]
    heading = heading_of(edit, stage.road)
    lane = stage.road.closest(float(edit.x), float(edit.y), heading).id
    stage.changed[stage.next_car] = Body(edit.x, edit.y, heading, length, width, lane)
    stage.placed.append(stage.next_car)
    stage.next_car += 1


def _obstruct(edit: Obstruct, stage: Stage) -> None:
    _on_the_road(edit, stage.road)
    heading = heading_of(edit, stage.road)
    lane = stage.road.closest(float(edit.x), float(edit.y), heading).id
    number = stage.next_object
    stage.gone.discard(number)
    stage.things[number] = Body(edit.x, edit.y, heading, *DEBRIS, lane)


def _move(edit: Move, stage: Stage) -> None:
    body = _known(edit, stage)
    _on_the_road(edit, stage.road)
    heading = body.heading if edit.heading is None else edit.heading
    lane = stage.road.closest(float(edit.x), float(edit.y), float(heading)).id
    stage.changed[edit.car] = replace(
        body, x=edit.x, y=edit.y, heading=heading, lane=lane, target_lane=lane
    )
    stage.placed.append(edit.car)


def _resize(edit: Resize, stage: Stage) -> None:
    body = _known(edit, stage)
    if edit.kind is None and edit.length is None and edit.width is None:
        raise ValueError("a car is resized to a kind, a length or a width")
    if edit.kind is not None:
        _kind(edit)
    length, width = size_after(edit, body.length, body.width)
    stage.changed[edit.car] = replace(body, length=length, width=width)
    stage.placed.append(edit.car)


def _change_lane(edit: ChangeLane, stage: Stage) -> None:
    body = _driven(edit, stage)
    lane = stage.road.lane(lane_after(edit, stage.road, body.lane))
    if not lane.reachable_from(float(body.x), float(body.y)):
        raise ValueError(f"car {edit.car} cannot reach lane {lane.id!r} from where it is")
    stage.changed[edit.car] = replace(body, target_lane=lane.id)


def _send(edit: Send, stage: Stage) -> None:
    body = _driven(edit, stage)
    check_route(edit, stage.road, {body.lane[:2], (body.target_lane or body.lane)[:2]})


def check_route(edit: Send, road: Road, begins: Collection[tuple[str, str]]) -> None:
    """ValueError where a route is none on this road, or does not begin with one of these sections."""
    if not isinstance(edit.route, (tuple, list)):
        raise ValueError(f"a route is a row of sections, not {edit.route!r}")
    route = [tuple(section) for section in edit.route]
    if not route:
        raise ValueError("a route has one section at least")
    for section in route:
        if section not in road.sections:
            raise ValueError(f"there is no section {section!r} on this road")
    for before, after in zip(route, route[1:], strict=False):
        if before[1] != after[0]:
            raise ValueError(f"section {after!r} does not follow section {before!r}")
    if route[0] not in begins:
        raise ValueError(
            f"car {edit.car} is not on section {route[0]!r}, with which its route begins"
        )


def _surface(edit: Surface, stage: Stage) -> None:
    pass


CONDITIONS = ("task", "speed limit", "poor sight")


def _without(edit: Without, stage: Stage) -> None:
    if edit.condition not in CONDITIONS:
        raise ValueError(f"no condition {edit.condition!r}; choose from {', '.join(CONDITIONS)}")


ASKS: dict[type, Callable] = {
    Hide: _hide,
    Remove: _remove,
    Add: _add,
    Obstruct: _obstruct,
    Move: _move,
    SetSpeed: _known,
    Resize: _resize,
    Brake: _driven,
    KeepLane: _driven,
    ChangeLane: _change_lane,
    Send: _send,
    Surface: _surface,
    Without: _without,
}


def _kind(edit: Add | Resize) -> str:
    if not isinstance(edit.kind, str) or edit.kind not in SIZES:
        raise ValueError(f"no kind of car {edit.kind!r}; choose from {', '.join(SIZES)}")
    return edit.kind


def _on_the_road(edit: Add | Obstruct | Move, road: Road) -> None:
    x, y = float(edit.x), float(edit.y)
    if road.closest(x, y).distance(x, y) > OFF_ROAD:
        raise ValueError(f"there is no road at x {x:g} m, y {y:g} m")


def _stands_free(car: int, stage: Stage) -> None:
    mine = stage.now(car)
    others = [(f"car {other}" if other else "the ego", other) for other in stage.everyone()]
    bodies = [(name, stage.now(other)) for name, other in others if other != car]
    things = [(f"object {n}", b) for n, b in stage.standing().items()]
    for name, other in bodies + things:
        unseen = (mine.ghost and name == "the ego") or (car == EGO and other.ghost)
        if not unseen and overlaps(mine, [other]):
            raise ValueError(f"{f'car {car}' if car else 'the ego'} would stand inside {name}")


def _lies_free(number: int, stage: Stage) -> None:
    mine = stage.standing()[number]
    cars = [(f"car {car}" if car else "the ego", stage.now(car)) for car in stage.everyone()]
    others = [(f"object {n}", b) for n, b in stage.standing().items() if n != number]
    for name, other in cars + others:
        if overlaps(mine, [other]):
            raise ValueError(f"the debris would lie inside {name}")


def overlaps(body: Body, others: Iterable[Body]) -> bool:
    """Does a body share ground with one of the others?"""
    return any(
        math.hypot(other.x - body.x, other.y - body.y) < body.reach + other.reach
        and geometry.overlap(body.corners, other.corners)
        for other in others
    )
