"""Watches one `env.step`: every sub-step's state of every car, and the car that the ego hit."""

from __future__ import annotations

import math

import numpy as np

from drive import roads
from drive.roads import geometry
from drive.types import EGO, Contact, Scene, Tracks
from drive.world.following import Following
from drive.world.values import exact, objects


class Recorder:
    """Watches one `env.step`: every sub-step's state of every car, and the ego's collision."""

    def __init__(self, env, sub_step: float, start: float):
        self._env, self._sub_step, self._start = env, sub_step, start
        self._states: list[dict[int, tuple]] = []
        self.contact: Contact | None = None
        self._note()

    def drive(self, action, following: Following | None = None):
        """`env.step`; where a path is followed, the ego acts by that instead of by the action."""
        road, ego, simulate = self._env.road, self._env.vehicle, self._env.road.step

        def step(dt: float) -> None:
            simulate(dt)
            if following:
                following.settle()
            self._note()

        road.step = step
        if following:
            ego.act = lambda action=None: following.act(len(self._states) - 1)
        try:
            return self._env.step(action)
        finally:
            del road.step
            if following:
                del ego.act

    def _note(self) -> None:
        vehicles = self._env.road.vehicles
        state = {
            v.whydrive_id: (v.position[0], -v.position[1], -v.heading, v.speed) for v in vehicles
        }
        self.note(state, self._env.vehicle.crashed)

    def note(self, state: dict[int, tuple], crashed: bool) -> None:
        """Record a sub-step: (x, y [m], heading [rad], speed [m/s]) by id; has the ego crashed by now?"""
        if crashed and self.contact is None and self._states:
            self.contact = self._find_contact(state)
        self._states.append(state)

    def _find_contact(self, state: dict[int, tuple]) -> Contact:
        """The contact of the ego with another shape: the one that overlaps now, or would have before the push apart."""
        time = exact(self._start + len(self._states) * self._sub_step)
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
            ghost = getattr(vehicle, "ghost", False)
            if vehicle is not self._env.vehicle and not ghost and vehicle.whydrive_id in pose:
                state = pose[vehicle.whydrive_id]
                shape = geometry.corners(*state[:3], vehicle.LENGTH, vehicle.WIDTH)
                yield f"car {vehicle.whydrive_id}", state, shape
        for thing in objects(self._env.road):
            shape = geometry.corners(thing.x, thing.y, thing.heading, thing.length, thing.width)
            yield f"object {thing.id}", (thing.x, thing.y), shape

    def tracks(self, scene: Scene, reach: float) -> Tracks:
        times = np.round(self._start + self._sub_step * np.arange(len(self._states)), 6)
        ego = np.array([state[EGO] for state in self._states]).round(6) + 0.0
        seen = {car.id for car in (*scene.cars, *scene.ghosts)}
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


def lap_progress(road: roads.Road, ego: np.ndarray) -> float:
    """Laps [fraction] driven along a circuit whose sections follow one another in the road's order."""
    sections = list(road.sections)
    places = []
    for x, y, heading, _ in ego:
        lane = road.closest(x, y, heading)
        s = min(max(lane.frenet(x, y)[0] / lane.length, 0.0), 1.0)
        places.append((sections.index(lane.id[:2]) + s) / len(sections))
    steps = (np.diff(places) + 0.5) % 1 - 0.5
    return float(steps.sum())
