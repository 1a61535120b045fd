"""What an option leads to, driven out in the real highway-env from the truth of a logged moment.

A future starts from a snapshot of the replayed world, hidden intentions and random generators
included, so it is what would have happened: an oracle, for checking claims only. Other cars react
to the ego as highway-env makes them. Knows no words and no policy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from drive.episodes.branch import branched
from drive.episodes.rollout import drive_unexplained
from drive.kinematics import control, tracker
from drive.kinematics.foresight import roll_out
from drive.roads import Lane
from drive.roads.geometry import corners, overlap
from drive.types import (
    GRID,
    HORIZON,
    Action,
    Car,
    Choice,
    Claim,
    Contact,
    Control,
    Follow,
    Meta,
    Option,
    Scene,
    Tracks,
    Trajectory,
)
from drive.world import World

ALONG, ACROSS = 1.0, 0.3  # [m] by which a car "in my way" is widened, at each end and on each side
DOUBT = 0.5  # [m/s] by which the ends grow with time where a car is only forecast
USUAL, RISE = 0.75, 3.0  # of the speed limit; [m/s2]: how highway-env's drivers pick up speed
CUT_SHORT = ("collision", "off road")  # what ends a future before its time


@dataclass(frozen=True, eq=False)
class Future:
    """What was driven after an option, at every simulated sub-step."""

    times: np.ndarray  # [S] [s] after the decision; the first is 0
    ego: np.ndarray  # [S, 4] x, y [m], heading [rad], speed [m/s]
    cars: dict[int, np.ndarray]  # id -> [S, 4], NaN where absent
    sizes: dict[int, tuple[float, float]]  # id -> length, width [m]; 0 is the ego
    target_speed: float  # [m/s] that the option aims for; NaN of a control
    ended: str | None  # "collision" or "off road", where that cut it short
    contact: Contact | None

    def until(self, seconds: float) -> int:
        """How many rows lie within these seconds."""
        return int(np.searchsorted(self.times, seconds + 1e-9, side="right"))


def drive_out(
    world: World,
    option: Action,
    continuation: Action | None = None,
    seconds: float = HORIZON,
) -> Future:
    """A branch whose policy is fixed: it takes an option for one period, then its continuation.

    The world stands afterwards where it stood. continuation: IDLE unless given; on a road that is
    steered, the lane is followed; a path goes on to be followed. ValueError where the option is
    not legal here.
    """
    start, fixed = world.scene, Fixed(option, continuation, world.scene.step)
    periods = math.ceil(seconds / world.period - 1e-9)
    tracks, targets = [], []
    with branched(world):
        for outcome in islice(drive_unexplained(world, fixed), periods):
            tracks.append(outcome.tracks)
            targets.append(world.scene.ego.target_speed)
            if outcome.ended in CUT_SHORT:
                break
        sizes = {d.id: (d.length, d.width) for d in world.truth().drivers}
    times, ego, cars = _joined(start, tracks)
    ended = outcome.ended if outcome.ended in CUT_SHORT else None
    contact = outcome.contact if ended else None
    aim = _aim(option, targets[0])
    return Future(times, ego, cars, sizes, aim, ended, contact)


def _aim(option: Action, set_point: float) -> float:
    """The speed [m/s] that an option aims for: its set-point, or its path's last speed; else NaN."""
    if isinstance(option, Follow):
        return float(option.trajectory.speed[-1])
    return set_point if isinstance(option, Meta) else math.nan


@dataclass(frozen=True)
class Fixed:
    """A policy that takes an option at one step and its continuation at all later ones."""

    option: Action
    continuation: Action | None
    step: int  # at which the option is taken
    name = "fixed"
    tie = "post hoc"

    def decide(self, scene: Scene) -> Choice:
        later = (scene.step - self.step) * scene.period
        action = _onward(scene, self.option, self.continuation, later) if later else self.option
        return Choice(action, (Option(action),))


def _onward(scene: Scene, option: Action, continuation: Action | None, later: float) -> Action:
    """What follows the option `later` seconds after it was given."""
    if isinstance(option, Follow) and continuation is None:
        rest = tracker.remaining(option.trajectory, later)
        if not tracker.refusal(rest, scene.ego):
            return Follow(rest)
    if scene.legal.meta:
        wanted = continuation or Meta("IDLE")
        return wanted if scene.legal.allows(wanted) else Meta(scene.legal.meta[0])
    lane, ego = scene.road.lane(scene.ego.lane), scene.ego
    wheel = control.steering_towards(lane, control.state_of(ego), ego.length)
    pedal = control.acceleration_towards(ego.speed, ego.target_speed)
    return Control(
        control.clipped(pedal, scene.legal.acceleration),
        control.clipped(wheel, scene.legal.steering),
    )


def _joined(start: Scene, tracks: list[Tracks]):
    """Times, the ego's states and the other cars', over all periods."""
    rows = [slice(0 if k == 0 else 1, None) for k in range(len(tracks))]
    times = np.concatenate([t.times[r] for t, r in zip(tracks, rows, strict=True)]) - start.time
    ego = np.concatenate([t.ego[r] for t, r in zip(tracks, rows, strict=True)])
    cars: dict[int, np.ndarray] = {}
    at = 0
    for track, row in zip(tracks, rows, strict=True):
        count = len(track.times[row])
        for car, states in track.cars.items():
            cars.setdefault(car, np.full((len(times), 4), math.nan))[at : at + count] = states[row]
        at += count
    return times, ego, cars


# ------------------------------------------------------------------------------------ measuring


class Unmeasured(Exception):
    """What a future cannot tell, and why."""


def measure(scene: Scene, claim: Claim, future: Future) -> float:
    """What the future holds of the quantity that a claim foresees. Unmeasured where it tells nothing."""
    return MEASURES[claim.quantity](scene, claim, future)


def _speed(scene: Scene, claim: Claim, future: Future) -> float:
    """The speed at the horizon [m/s]; where none is said, the one that the option aims for."""
    if claim.horizon is None and not math.isnan(future.target_speed):
        return future.target_speed
    if future.ended:
        raise Unmeasured(f"{future.ended} after {future.times[-1]:.1f} s")
    return float(future.ego[future.until(claim.horizon or HORIZON) - 1, 3])


def _car(claim: Claim, future: Future) -> np.ndarray:
    if not claim.cars:
        raise Unmeasured("the claim names no car")
    if claim.cars[0] not in future.cars:
        raise Unmeasured(f"car {claim.cars[0]} is not there")
    return future.cars[claim.cars[0]]


def _contact_after(scene: Scene, claim: Claim, future: Future) -> float:
    """Seconds until the cited car is in the ego's way: their shapes, widened, overlap."""
    car, own = _car(claim, future), future.sizes[0]
    size = future.sizes.get(claim.cars[0], (5.0, 2.0))
    for row, (x, y, heading, _) in enumerate(future.ego):
        if math.isnan(car[row, 0]):
            continue
        wide = corners(x, y, heading, own[0] + 2 * ALONG, own[1] + 2 * ACROSS)
        if overlap(wide, corners(*car[row, :3], *size)):
            return float(future.times[row])
    return math.inf


def possible_contacts(scene: Scene, claim: Claim, option: Option) -> list[float]:
    """When [s] the cited car would be in the ego's way on each way on, keeping or picking up speed.

    The ego drives the option as its own controller would. Its shape is as in `_contact_after`, and
    grows by DOUBT at each end. A wreck stays where it is.
    """
    car = next((car for car in scene.cars if car.id == claim.cars[0]), None)
    if car is None:
        raise Unmeasured(f"no car {claim.cars[0]} in the scene")
    own = roll_out(scene, option)
    speed = 0.0 if car.crashed else abs(car.speed)
    usual = USUAL * (scene.road.lane(car.lane).speed_limit or 0.0)
    tops = {speed} if car.crashed else {speed, max(speed, usual)}
    return [
        _first_overlap(scene, own, car, way, (speed, top))
        for way in _ways_on(scene, car, max(tops))
        for top in tops
    ]


def _ways_on(scene: Scene, car: Car, speed: float) -> list[list[tuple[Lane, float]]]:
    """Every sequence of lanes that the car could follow at a speed [m/s], with its stations."""
    first = scene.road.lane(car.lane)
    reach = float(first.frenet(car.x, car.y)[0]) + speed * HORIZON
    done, open_ways = [], [[(first, 0.0)]]
    while open_ways:
        way = open_ways.pop()
        lane, begin = way[-1]
        end = begin + lane.length
        onward = [] if end > reach else scene.road.continuations(lane.id)
        onward = [other for other in onward if other not in (part for part, _ in way)]
        open_ways += [[*way, (other, end)] for other in onward]
        if not onward:
            done.append(way)
    return done


def _first_overlap(
    scene: Scene,
    own: Trajectory,
    car: Car,
    way: list[tuple[Lane, float]],
    speeds: tuple[float, float],
) -> float:
    """The time [s] of the first overlap, where the car rises from the first speed to the second."""
    (speed, top), ego = speeds, scene.ego
    s, d = way[0][0].frenet(car.x, car.y)
    for k, (x, y, heading) in enumerate(zip(own.x, own.y, own.heading, strict=True)):
        t = GRID * (k + 1)
        rise = min(t, (top - speed) / RISE)
        at = s + speed * t + RISE * (rise * t - rise**2 / 2)
        lane, begin = next((part for part in reversed(way) if part[1] <= at), way[0])
        place = lane.point(at - begin, d)
        shape = corners(*place, float(lane.heading(at - begin)), car.length, car.width)
        length = ego.length + 2 * (ALONG + DOUBT * t)
        if overlap(corners(x, y, heading, length, ego.width + 2 * ACROSS), shape):
            return round(t, 1)
    return math.inf


MEASURES: dict[str, Callable[[Scene, Claim, Future], float]] = {
    "speed": _speed,
    "predicted contact": _contact_after,
}
# how far what happens may be from what is said: absolute, in the claim's unit, and as a share of it
TOLERANCES: dict[str, tuple[float, float]] = {
    "speed": (0.05, 0.0),  # [m/s] the ego's own law: nothing but rounding
    "predicted contact": (0.5, 0.1),  # [s]
}
