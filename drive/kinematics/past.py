"""A past that fits: where a car was that is moved, or given another speed, by an edit.

Its new motion is carried back along its lane, as far as it had been seen. A scene's history is rewritten
here, and the tracks of a world, from which later histories are made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from drive.kinematics.history import LENGTH, noise
from drive.roads import LaneId, Road
from drive.types import (
    EGO,
    GRID,
    Car,
    Edit,
    Ego,
    Hide,
    History,
    Move,
    Remove,
    Scene,
    SetSpeed,
    Tracks,
)

FINE = 0.02  # [s] between the states that a past is carried back by


def carried_back(road: Road, lane: LaneId, pose: Sequence[float], times: np.ndarray) -> np.ndarray:
    """Where a car was that has driven as it does now: x, y [m], heading [rad], speed [m/s] at times <= 0 [T, 4].

    pose: x, y, heading, speed now. Its speed, and its heading to its lane, are held; NaN before the lane begins.
    """
    x, y, heading, speed = map(float, pose)
    along = road.lane(lane)
    start = float(along.frenet(x, y)[0])
    turned = heading - float(along.heading(start))  # to its lane

    def course(px: float, py: float) -> float:
        return float(along.heading(along.frenet(px, py)[0])) + turned

    def back(towards: float, dt: float) -> tuple[float, float]:
        return x - speed * math.cos(towards) * dt, y - speed * math.sin(towards) * dt

    states = [(0.0, x, y, heading)]
    for number in range(1, math.ceil(-float(times.min(initial=0.0)) / FINE) + 2):
        x, y = back(course(*back(course(x, y), FINE / 2)), FINE)  # the midpoint rule
        if along.frenet(x, y)[0] < min(0.0, start):
            break
        states.append((-FINE * number, x, y, course(x, y)))
    at, *columns = np.array(states[::-1]).T
    poses = [np.interp(times, at, column, left=np.nan) for column in columns]
    return np.stack([*poses, np.where(np.isnan(poses[0]), np.nan, speed)], -1)


def with_fitting_past(scene: Scene, car: int) -> Scene:
    """The scene with a history that fits a car, be it the ego or a ghost; where it had none, it has none."""
    past = scene.history
    if car == EGO:
        own = _fitting(scene.road, scene.ego, past.ego)
        return replace(scene, history=History(own, past.cars, past.ghosts))
    thing = next(each for each in (*scene.cars, *scene.ghosts) if each.id == car)
    cars, ghosts = dict(past.cars), dict(past.ghosts)
    for tracks in (cars, ghosts):
        rows = _fitting(scene.road, thing, tracks.pop(car)) if car in tracks else ()
        if len(rows):
            tracks[car] = rows
    return replace(scene, history=History(past.ego, cars, ghosts))


def _fitting(road: Road, thing: Car | Ego, rows: np.ndarray) -> np.ndarray:
    """The rows of a history [T, 5] at the same times, as far back as the lane of the car goes."""
    pose = thing.x, thing.y, thing.heading, thing.speed
    states = carried_back(road, thing.lane, pose, rows[:, 0])
    fits = np.concatenate([rows[:, :1], states], -1)[~np.isnan(states).any(1)].round(6) + 0.0
    fits.setflags(write=False)
    return fits


def with_edited_past(tracks: Sequence[Tracks], scene: Scene, edits: Sequence[Edit]) -> list[Tracks]:
    """The tracks recorded so far; cars whose motion was edited have a past that fits, cars that were removed none.

    scene: what the ego perceived after these edits; tracks: one per decision before it. A world, and a reader of its
    log, rebuild the same history so.
    """
    moved = {edit.car for edit in edits if isinstance(edit, (Move, SetSpeed))}
    things = {car.id: car for car in (*scene.cars, *scene.ghosts) if car.id in moved}
    if EGO in moved:
        things[EGO] = scene.ego
    gone = {edit.car for edit in edits if isinstance(edit, Remove) and edit.car is not None}
    now = tracks[-1].times[-1] if tracks else 0.0
    if not things and not gone:
        return list(tracks)
    return [
        _refitted(track, things, gone, scene, now)
        if track.times[-1] > now - LENGTH - GRID
        else track
        for track in tracks
    ]


def _refitted(
    track: Tracks, things: dict[int, Car | Ego], gone: set[int], scene: Scene, now: float
) -> Tracks:
    states = {
        car: carried_back(scene.road, thing.lane, _true_pose(thing, car, scene), track.times - now)
        for car, thing in things.items()
        if car in track.cars or car == EGO
    }
    ego = states.pop(EGO, track.ego)
    kept = {car: rows for car, rows in track.cars.items() if car not in gone}
    return Tracks(track.times, ego, kept | states)


def _true_pose(thing: Car | Ego, car: int, scene: Scene) -> tuple[float, float, float, float]:
    """Where a car truly is, what perception added taken off again: histories add it to the tracks."""
    _, dx, dy, _, dv = noise(scene.perception, scene.seed, scene.step, car) if car else (0.0,) * 5
    return thing.x - dx, thing.y - dy, thing.heading, thing.speed - dv


def hidden_by(edits: Sequence[Sequence[Edit]]) -> frozenset[int]:
    """The cars that these edits, of one decision after the other, have hidden: their past is a ghost's, seen or not."""
    return frozenset(edit.car for some in edits for edit in some if isinstance(edit, Hide))
