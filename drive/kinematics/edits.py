"""Edits of a scene: `edited(scene, *edits) -> Scene`, its past included.

The scene that is given stays as it is. A car that is moved, or given another speed, brings a past that fits:
its new motion carried back along its lane, as far as the ego had seen it. A car that is added brings none: it
has not been seen before. What a driver will do is not part of a scene, so edits of drivers are refused.
ValueError, in one sentence, for what cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from drive.kinematics.control import Route
from drive.kinematics.past import with_fitting_past
from drive.kinematics.refusals import Body, Stage, check, heading_of, next_object, size_after
from drive.roads import LaneId, Road, shortest
from drive.types import (
    DEBRIS,
    EGO,
    SIZES,
    Add,
    Brake,
    Car,
    ChangeLane,
    Condition,
    Edit,
    Ego,
    Hide,
    History,
    KeepLane,
    Legal,
    Move,
    Obstruct,
    Perception,
    Remove,
    Resize,
    Scene,
    Send,
    SetSpeed,
    StaticObject,
    Surface,
    Task,
    Without,
)

CANNOT = {  # edit -> why a scene cannot be edited so
    Brake: "a scene shows where a car is, not whether it is about to brake",
    KeepLane: "a scene shows where a car is, not whether it means to keep its lane",
    ChangeLane: "a scene shows where a car is, not which lane it means to change to",
    Send: "a scene shows where a car is, not which way it means to go",
}


def edited(scene: Scene, *edits: Edit) -> Scene:
    """The scene as the ego would perceive it had these edits been made, one after the other."""
    check(edits, _stage(scene), CANNOT)
    for edit in edits:
        scene = EDITS[type(edit)](scene, edit)
    return scene


def conditions_of(scene: Scene) -> tuple[Condition, ...]:
    """The conditions that a scene has, and could be without."""
    has = {
        "task": scene.task.kind != "cruise",
        "speed limit": any(lane.speed_limit is not None for lane in scene.road.lanes),
        "poor sight": with_clear_sight(scene.perception) != scene.perception,
    }
    return tuple(name for name, present in has.items() if present)


def _stage(scene: Scene) -> Stage:
    bodies = {EGO: (scene.ego, False)}
    bodies |= {car.id: (car, False) for car in scene.cars}
    bodies |= {car.id: (car, True) for car in scene.ghosts}

    def body(car: int) -> Body:
        thing, ghost = bodies[car]
        return Body.of(thing, ghost=ghost)

    objects = {thing.id: Body.of(thing) for thing in scene.objects}
    return Stage(scene.road, bodies, body, objects, _next_id(scene))


def _next_id(scene: Scene) -> int:
    """One more than any that the scene tells of."""
    told = (car.id for car in (*scene.cars, *scene.ghosts))
    return max((EGO, *told, *scene.history.cars, *scene.history.ghosts)) + 1


# --------------------------------------------------------------------------------------- each edit


def _hide(scene: Scene, edit: Hide) -> Scene:
    gone = tuple(car for car in scene.cars if car.id == edit.car)
    seen, unseen = dict(scene.history.cars), dict(scene.history.ghosts)
    if edit.car in seen:
        unseen[edit.car] = seen.pop(edit.car)
    return replace(
        scene,
        cars=tuple(car for car in scene.cars if car.id != edit.car),
        ghosts=scene.ghosts + gone,
        history=History(scene.history.ego, seen, unseen),
    )


def _remove(scene: Scene, edit: Remove) -> Scene:
    if edit.car is None:
        rest = tuple(thing for thing in scene.objects if thing.id != edit.object)
        return replace(scene, objects=rest)
    past = scene.history
    cars, ghosts = (
        {car: rows for car, rows in tracks.items() if car != edit.car}
        for tracks in (past.cars, past.ghosts)
    )
    return replace(
        scene,
        cars=tuple(car for car in scene.cars if car.id != edit.car),
        ghosts=tuple(car for car in scene.ghosts if car.id != edit.car),
        history=History(past.ego, cars, ghosts),
    )


def _add(scene: Scene, edit: Add) -> Scene:
    if edit.target_speed is not None:
        raise ValueError("a scene shows how fast a car is, not how fast it means to be")
    heading = heading_of(edit, scene.road)
    lane = scene.road.closest(float(edit.x), float(edit.y), heading).id
    place = (_exact(value) for value in (edit.x, edit.y, heading, edit.speed))
    car = Car(_next_id(scene), *place, *SIZES[edit.kind], lane, kind=edit.kind)
    return replace(scene, cars=(*scene.cars, car))


def _obstruct(scene: Scene, edit: Obstruct) -> Scene:
    heading = heading_of(edit, scene.road)
    lane = scene.road.closest(float(edit.x), float(edit.y), heading).id
    place = (_exact(value) for value in (edit.x, edit.y, heading))
    number = next_object(thing.id for thing in scene.objects)
    return replace(scene, objects=(*scene.objects, StaticObject(number, *place, *DEBRIS, lane)))


def _move(scene: Scene, edit: Move) -> Scene:
    def moved(thing: Car | Ego) -> Car | Ego:
        heading = thing.heading if edit.heading is None else edit.heading
        lane = scene.road.closest(float(edit.x), float(edit.y), float(heading)).id
        place = {"x": _exact(edit.x), "y": _exact(edit.y), "heading": _exact(heading)}
        if isinstance(thing, Ego):
            place |= {"target_lane": lane, "route": route_from(thing.route, lane, scene.road)}
        return replace(thing, lane=lane, **place)

    return with_fitting_past(_changed(scene, edit.car, moved), edit.car)


def _set_speed(scene: Scene, edit: SetSpeed) -> Scene:
    def at(thing: Car | Ego) -> Car | Ego:
        speed = _exact(edit.speed)
        if isinstance(thing, Ego):
            return replace(thing, speed=speed, target_speed=nearest(speed, thing.target_speeds))
        return replace(thing, speed=speed)

    return with_fitting_past(_changed(scene, edit.car, at), edit.car)


def _resize(scene: Scene, edit: Resize) -> Scene:
    def resized(thing: Car | Ego) -> Car | Ego:
        length, width = size_after(edit, thing.length, thing.width)
        return replace(thing, length=length, width=width, kind=edit.kind or thing.kind)

    return _changed(scene, edit.car, resized)


def _surface(scene: Scene, edit: Surface) -> Scene:
    return replace(scene, grip=float(edit.grip))


def _without(scene: Scene, edit: Without) -> Scene:
    if edit.condition not in conditions_of(scene):
        raise ValueError(LACKS[edit.condition])
    return CONDITIONS[edit.condition](scene)


LACKS = {
    "task": "there is no task here but to drive on",
    "speed limit": "there is no speed limit here",
    "poor sight": "sight is not poor here",
}


def _without_task(scene: Scene) -> Scene:
    return replace(scene, task=without_task(scene.task))


def _without_limits(scene: Scene) -> Scene:
    return replace(scene, road=without_limits(scene.road))


def _with_clear_sight(scene: Scene) -> Scene:
    return replace(scene, perception=with_clear_sight(scene.perception))


CONDITIONS: dict[Condition, Callable[[Scene], Scene]] = {
    "task": _without_task,
    "speed limit": _without_limits,
    "poor sight": _with_clear_sight,
}


def lifted(scene: Scene, edits: Sequence[Edit]) -> Scene:
    """The scene without the conditions that these edits lift; all else that they change stands in it already."""
    for edit in edits:
        if isinstance(edit, Without):
            scene = CONDITIONS[edit.condition](scene)
    return scene


def without_task(task: Task) -> Task:
    """Nothing to reach; the deadline stays."""
    return Task("cruise", deadline=task.deadline)


def without_limits(road: Road) -> Road:
    """The same road, with no speed limit anywhere."""
    return Road(tuple(replace(lane, speed_limit=None) for lane in road.lanes))


def with_clear_sight(perception: Perception) -> Perception:
    """As far as highway-env sees, and through cars; what is measured stays as noisy as it was."""
    return replace(perception, range=Perception().range, occlusion=False)


EDITS: dict[type, Callable[[Scene, Edit], Scene]] = {
    Hide: _hide,
    Remove: _remove,
    Add: _add,
    Obstruct: _obstruct,
    Move: _move,
    SetSpeed: _set_speed,
    Resize: _resize,
    Surface: _surface,
    Without: _without,
}


def _changed(scene: Scene, car: int, change: Callable) -> Scene:
    """The scene with one car changed, be it the ego, a car that is seen, or a ghost; what is legal follows the ego."""
    if car == EGO:
        ego = change(scene.ego)
        return replace(scene, ego=ego, legal=legal_for(ego, scene))
    cars, ghosts = (
        tuple(change(each) if each.id == car else each for each in some)
        for some in (scene.cars, scene.ghosts)
    )
    return replace(scene, cars=cars, ghosts=ghosts)


def route_from(route: Sequence[tuple[str, str]], lane: LaneId, road: Road) -> Route:
    """A route to the same end once the car is on this lane: what is left of it, or the shortest way there."""
    sections = tuple(tuple(section[:2]) for section in route)
    if not sections:
        return ()
    if lane[:2] in sections:
        return sections[sections.index(lane[:2]) :]
    return shortest(road, lane, sections[-1][1])


def nearest(speed: float, speeds: tuple[float, ...]) -> float:
    """The target speed closest to a speed (`MDPVehicle.speed_to_index`); the speed itself where there are none."""
    if not speeds:
        return speed
    last = len(speeds) - 1
    share = (speed - speeds[0]) / (speeds[-1] - speeds[0])
    return speeds[min(max(round(share * last), 0), last)]


def legal_for(ego: Ego, scene: Scene) -> Legal:
    """What is legal for the ego once it is like this, where `scene` says what was before (`DiscreteMetaAction`)."""
    before = scene.legal.meta
    if not before:
        return scene.legal
    sides = _reachable_sides(scene.road, ego)
    if _reachable_sides(scene.road, scene.ego) and not {"LANE_LEFT", "LANE_RIGHT"} & set(before):
        sides = set()  # here the ego may only choose its speed
    speeds = ego.target_speeds
    faster, slower = ego.target_speed < speeds[-1], ego.target_speed > speeds[0]
    legal = sides | {"IDLE"} | ({"FASTER"} if faster else set()) | ({"SLOWER"} if slower else set())
    return replace(scene.legal, meta=tuple(name for name in _order(scene) if name in legal))


def _reachable_sides(road: Road, ego: Ego) -> set[str]:
    lanes = {"LANE_LEFT": road.side(ego.lane, "left"), "LANE_RIGHT": road.side(ego.lane, "right")}
    return {name for name, lane in lanes.items() if lane and lane.reachable_from(ego.x, ego.y)}


def _order(scene: Scene) -> tuple[str, ...]:
    """The order in which highway-env lists the meta-actions here; where only the speed is chosen, it is another."""
    before = scene.legal.meta
    sections = scene.road.sections.values()
    if before[-1] == "SLOWER" or any(len(lanes) > 1 for lanes in sections):
        return "LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER"
    return "SLOWER", "IDLE", "FASTER"


def _exact(value: float) -> float:
    return round(float(value), 6) + 0.0
