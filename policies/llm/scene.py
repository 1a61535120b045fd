"""A scene in words, with units and frames, for a language model."""

from __future__ import annotations

import math
from dataclasses import replace

from drive.kinematics.surroundings import Neighbour, View
from drive.types import Car, Scene

NEAREST = (
    5  # cars that are told of; a ghost among them is left out, and no other car takes its place
)
SYSTEM = """You drive a car on a road with others and decide every {period:g} s what to do next, and why.
Units: m, s, m/s. "ahead", "behind", "left" and "right" are seen from my car, along my heading. A gap is \
measured from bumper to bumper along the lane. Lanes are numbered from 1 at the left.
Answer with one JSON object, on one line:
sentence: why, in one short sentence. Call cars "car 4". Use only numbers that you were given.
cited_cars: numbers of the cars without which you would decide otherwise; [] if there are none.
claims: up to two numbers on which this rests: about which car, in which lane, which quantity, its value.
plan: what the car will do with its speed, and to which lane it will go.
decision: one of the allowed actions.
Do not hit anybody. Drive on quickly where there is room."""
ACTIONS = {
    "LANE_LEFT": "change to the lane on the left",
    "IDLE": "keep speed and lane",
    "LANE_RIGHT": "change to the lane on the right",
    "FASTER": "speed up",
    "SLOWER": "slow down",
}
TASKS = {
    "cruise": "drive on for {left:.0f} s without a collision",
    "pass": "get past the junction ahead",
    "exit": "leave the road at the exit, from the rightmost lane",
    "destination": "follow the route to its end",
    "laps": "drive laps",
    "lane keeping": "stay in the lane",
}
PLACES = {
    "mine": "in my lane",
    "left": "in the lane on the left",
    "right": "in the lane on the right",
}


def system(scene: Scene) -> str:
    return SYSTEM.format(period=scene.period)


def told(scene: Scene) -> str:
    """The scene in words: what is said once per decision."""
    ego, task = scene.ego, TASKS[scene.task.kind].format(left=scene.task.deadline - scene.time)
    lanes = len(scene.road.sections[ego.lane[:2]])
    lines = [
        f"Task: {task}.",
        f"I drive {ego.speed:.1f} m/s in lane {ego.lane[2] + 1} of {lanes}; "
        f"I aim at {ego.target_speed:.1f} m/s in lane {ego.target_lane[2] + 1}.",
        "Allowed actions: "
        + "; ".join(f"{name} ({ACTIONS[name]})" for name in scene.legal.meta)
        + ".",
        *_others(scene),
    ]
    return "\n".join(lines)


def told_of(scene: Scene) -> tuple[Car, ...]:
    """The cars that are told of, nearest first; hiding any other changes no word."""
    ghosts = {car.id for car in scene.ghosts}
    return tuple(car for car in _nearest(scene) if car.id not in ghosts)


def _nearest(scene: Scene) -> tuple[Car, ...]:
    """Cars and ghosts alike."""
    near = sorted((*scene.cars, *scene.ghosts), key=lambda car: (_distance(scene, car), car.id))
    return tuple(near[:NEAREST])


def lanes_of(scene: Scene) -> dict[str, tuple[str, str, int]]:
    """What may be called mine, left and right -> the lane."""
    mine = scene.ego.target_lane
    lanes = {"mine": mine}
    for side in ("left", "right"):
        if (beside := scene.road.side(mine, side)) is not None:
            lanes[side] = beside.id
    return lanes


def _others(scene: Scene) -> list[str]:
    view = View(replace(scene, cars=_nearest(scene)))  # a ghost's absence moves no other car
    lines = [f"car {car.id}: {_placed(view, car)}" for car in told_of(scene)]
    for thing in scene.objects:
        if _distance(scene, thing) < 100:
            lines.append(f"object {thing.id}: {_away(scene, thing)}, standing still on the road")
    return lines or ["No other car is near."]


def _placed(view: View, car: Car) -> str:
    for place, lane in lanes_of(view.scene).items():
        for neighbour in view.ahead(lane):
            if neighbour.car == car.id and not neighbour.crossing:
                return _ahead(neighbour, car, PLACES[place])
        for neighbour in view.beside(lane):
            if neighbour.car == car.id:
                return f"beside me {PLACES[place]}, speed {car.speed:.1f} m/s"
        follower = view.follower(lane)
        if follower is not None and follower.car == car.id:
            return f"{PLACES[place]}, gap {follower.gap:.1f} m behind me, speed {car.speed:.1f} m/s"
    return f"{_away(view.scene, car)}, speed {car.speed:.1f} m/s, {_heading(view.scene, car)}"


def _ahead(neighbour: Neighbour, car: Car, place: str) -> str:
    speed, closing = abs(car.speed), neighbour.closing
    if neighbour.gap < 0:
        return f"beside me {place}, speed {speed:.1f} m/s"
    if neighbour.oncoming:
        return f"{place}, oncoming, gap {neighbour.gap:.1f} m ahead, speed {speed:.1f} m/s"
    pace = f"{abs(closing):.1f} m/s {'slower' if closing > 0 else 'faster'} than I am"
    return f"{place}, gap {neighbour.gap:.1f} m ahead, speed {speed:.1f} m/s, {pace}"


def _away(scene: Scene, thing) -> str:
    """Along and across the ego's heading, centre to centre."""
    dx, dy = thing.x - scene.ego.x, thing.y - scene.ego.y
    cos, sin = math.cos(scene.ego.heading), math.sin(scene.ego.heading)
    along, across = dx * cos + dy * sin, dy * cos - dx * sin
    return (
        f"{abs(along):.1f} m {'ahead' if along >= 0 else 'behind'} and "
        f"{abs(across):.1f} m to the {'left' if across >= 0 else 'right'} of me"
    )


def _heading(scene: Scene, car: Car) -> str:
    turn = math.degrees(math.remainder(car.heading - scene.ego.heading, math.tau))
    if abs(turn) < 20:
        return "same direction"
    if abs(turn) > 160:
        return "opposite direction"
    return f"heading {abs(turn):.0f} degrees to the {'left' if turn > 0 else 'right'} of mine"


def _distance(scene: Scene, thing) -> float:
    return math.hypot(thing.x - scene.ego.x, thing.y - scene.ego.y)
