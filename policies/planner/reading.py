"""Infers what other drivers intend from how their cars moved.

Inferred are the lane that a car is steered to, when its driver last thought about changing lane, the speed that the driver
wishes for, and whether the car gives way. highway-env's laws are solved for what they hide: its steering law for the
heading that it asks for, IDM for the wished speed behind the acceleration of the last 0.1 s. Braking that IDM does not
explain is giving way.
"""

from __future__ import annotations

import math

import numpy as np

from drive.kinematics.control import TAU_HEADING, TAU_LATERAL
from drive.kinematics.surroundings import IDM
from drive.roads import Lane, LaneId, Road
from drive.roads.geometry import wrap
from drive.twin import Worlds, on_the_road
from drive.types import GRID, Car, Scene
from policies.planner.settings import Reading

# highway-env: its steering law (ControlledVehicle), IDM (IDMVehicle) and its range of accelerations (ACC_MAX).
HEADING_GAIN = 1.0 / TAU_HEADING  # [1/s]
LARGEST_ASKED = math.pi / 4  # [rad] off the lane that its steering law asks for
THOUGHT = 1.0  # [s] from one thought of a driver about changing lane to the next
COMFORT, EXPONENT = IDM["acceleration"], IDM["exponent"]  # [m/s2], []
# A little below ACC_MAX; an acceleration beyond it does not tell what was wished.
SATURATED = 5.9  # [m/s2]
INSTANT = 1e-3  # [s] a sub-step in which drivers decide and hardly move


def target_lanes(scene: Scene, car: Car, reading: Reading = Reading()) -> tuple[LaneId, ...]:
    """The lane that a car is steered to, by its heading or its drift; its own lane where neither tells.

    Two lanes, the likelier first, for a car that has only begun to turn: it may have given up the change already.
    """
    lane = scene.road.lane(car.lane)
    s, d = lane.frenet(car.x, car.y)
    if not _bends(scene.road, lane, s, reading):
        return _steered_to(scene, car, lane, reading)
    drift = _drift(scene, car, s, d, reading)
    left = drift > 0
    to_centre = max(-d if left else d, 0.0)
    returning = reading.returning * to_centre / TAU_LATERAL  # [m/s]
    if abs(drift) < max(reading.bend_drift, returning + reading.drift):
        return (car.lane,)
    return (_beside(scene, car, left) or car.lane,)


def _steered_to(scene: Scene, car: Car, lane: Lane, reading: Reading) -> tuple[LaneId, ...]:
    """The lane whose centre explains the heading that the car turns to: its own lane, or the one beside.

    A car that gave up a change of lane still drifts the old way, but already turns back.
    """
    x, y, asked, speed = _asked_heading(scene, car)
    asked = wrap(asked - float(lane.heading(lane.frenet(x, y)[0])))
    aim = _beside(scene, car, asked > 0)
    if abs(asked * car.speed) < reading.drift or aim is None:
        return (car.lane,)
    own, other = (
        _heading_to(scene.road.lane(each).frenet(x, y)[1], speed) for each in (car.lane, aim)
    )
    turned, whole = (asked - own) * (other - own), (other - own) ** 2
    if turned <= reading.turned * whole:
        return (car.lane,)
    sure = turned > reading.decided * whole or scene.history.imaginable(car.id) is None
    return (aim,) if sure else (aim, car.lane)


def since_thought(scene: Scene, car: Car, reading: Reading = Reading()) -> float | None:
    """Seconds since a driver last thought about changing lane: since its car began to turn, within its past.

    None where the past does not show the car begin to turn. Drivers think again and again, always after the same time.
    """
    lane, past = scene.road.lane(car.lane), scene.history.imaginable(car.id)
    if past is None or len(past) < 2:
        return None
    if _bends(scene.road, lane, lane.frenet(car.x, car.y)[0], reading):
        return None
    off = np.abs(wrap(np.append(past[:, 3], car.heading) - float(lane.heading(0.0))))
    straight = off < reading.straight
    before = np.append(True, straight[:-1])  # a car straight but once turns from side to side
    begun = np.flatnonzero(before[:-1] & straight[:-1] & ~straight[1:])
    if not len(begun):
        return None
    since = -float(past[begun[-1], 0])
    return since % ((math.floor(THOUGHT / scene.sub_step + 1e-6) + 1) * scene.sub_step)


def _asked_heading(scene: Scene, car: Car) -> tuple[float, float, float, float]:
    """The last state of the car before now: x, y [m], the heading [rad] that was asked of it, and its speed [m/s].

    ControlledVehicle.steering_control: each sub-step makes up the same share of what is missing to the asked heading.
    """
    past = scene.history.imaginable(car.id)
    if past is None or not len(past):
        return car.x, car.y, car.heading, car.speed
    since, x, y, heading, speed = past[np.argmin(np.abs(past[:, 0] + max(scene.sub_step, GRID)))]
    missing = max(0.0, 1.0 - HEADING_GAIN * scene.sub_step) ** (-since / scene.sub_step)
    return x, y, heading + wrap(car.heading - heading) / (1.0 - missing), speed


def _heading_to(offset: float, speed: float) -> float:
    """The heading [rad] that ControlledVehicle asks for at an offset [m] left of a lane's centre."""
    across = min(max(-offset / TAU_LATERAL / max(abs(speed), 0.1), -1.0), 1.0)
    return min(max(math.asin(across), -LARGEST_ASKED), LARGEST_ASKED)


def _beside(scene: Scene, car: Car, left: bool) -> LaneId | None:
    aim = scene.road.side(car.lane, "left" if left else "right")
    return aim.id if aim is not None and aim.reachable_from(car.x, car.y) else None


def _bends(road: Road, lane: Lane, s: float, reading: Reading) -> bool:
    """Is the lane bent here, or may a bend begin or end within a few metres? Steering then lags, which is no intent."""
    near = reading.near_joint
    joined = s < near or (s > lane.length - near and bool(road.continuations(lane.id)))
    return (joined and len(road.sections) > 1) or abs(float(lane.curvature(s))) > reading.bent


def _drift(scene: Scene, car: Car, s: float, d: float, reading: Reading) -> float:
    """Speed of a car across its lane [m/s], to the left: from its past, else from its heading and slip."""
    lane = scene.road.lane(car.lane)
    past = scene.history.imaginable(car.id)
    if past is not None and len(past):
        before = lane.frenet(float(past[-1, 1]), float(past[-1, 2]))[1]
        if (row := _baseline(past, reading)) is not None:
            earlier = lane.frenet(float(row[1]), float(row[2]))[1]
            return (before - earlier) / float(past[-1, 0] - row[0])
        return (d - before) / -float(past[-1, 0])
    slip = math.asin(min(max(car.length / 2 * float(lane.curvature(s)), -0.6), 0.6))
    # In a bend, the body of a car that follows the lane points outwards by its slip.
    off = wrap(car.heading - float(lane.heading(s)))
    return car.speed * math.sin(min(off, off + slip, key=abs))


def _baseline(past: np.ndarray, reading: Reading) -> np.ndarray | None:
    """The row of a past [T, 5] that changes are told from, up to its last row; None: up to what is seen now.

    What is seen at one decision is off by the same noise throughout, so differences within the past are free of it.
    """
    rows = round(reading.baseline / GRID)
    return past[max(-1 - rows, -len(past))] if rows and len(past) > 1 else None


def unhindered(nominal: Worlds) -> np.ndarray:
    """The acceleration [m/s2] of each slot of the one world [N], if its driver wished for the nominal speed."""
    probe = nominal.copy()
    probe.step(None, 1, INSTANT)
    return probe.acceleration[0]


def gained(scene: Scene, car: Car, reading: Reading = Reading()) -> float | None:
    """A car's acceleration lately [m/s2]; None where its past does not tell."""
    past = scene.history.imaginable(car.id)
    if past is None or not len(past) or car.crashed:
        return None
    if (row := _baseline(past, reading)) is not None:
        return float((past[-1, 4] - row[4]) / (past[-1, 0] - row[0]))
    return (car.speed - float(past[-1, 4])) / -float(past[-1, 0])


def wish(
    scene: Scene, nominal: Worlds, expected: np.ndarray, reading: Reading = Reading()
) -> np.ndarray:
    """Speeds that each driver may wish for [3, N] [m/s]: the likely one (IDM solved for it), the least, the most.

    Where right of way rules, a car that has given way drives on as fast as is allowed, whatever it drove before.
    """
    wishes, regulated = np.tile(nominal.target_speed[0], (3, 1)), nominal.regulated
    to_the_limit = len(scene.road.sections) > 1
    for slot, (car, _) in enumerate(on_the_road(scene), 1):
        past, change = scene.history.imaginable(car.id), gained(scene, car, reading)
        limit = scene.road.lane(car.lane).speed_limit or reading.no_limit
        seen = max(car.speed, float(past[:, 4].max()) if past is not None and len(past) else 0.0)
        if regulated and seen < reading.crawling * limit:
            seen = reading.usual * limit
        most = max(seen * reading.faster_than_seen, reading.usual * limit)
        wanted = seen
        if change is not None:
            reference = float(nominal.target_speed[0, slot])
            wanted = _solved(car.speed, change, reference, float(expected[slot]), reading)
        likely = min(max(wanted, seen), max(most, limit) if to_the_limit else most)
        wishes[:, slot] = likely, seen, max(most, likely)
    return wishes


def giving_way(scene: Scene, expected: np.ndarray, reading: Reading = Reading()) -> list[int]:
    """Slots of the cars that give way: they brake harder than IDM explains, or stand and tremble."""
    return [
        slot
        for slot, (car, _) in enumerate(on_the_road(scene), 1)
        if _gives_way(scene, car, float(expected[slot]), reading)
    ]


def _gives_way(scene: Scene, car: Car, expected: float, reading: Reading) -> bool:
    change = gained(scene, car, reading)
    if change is None:
        return False
    states = max(1, round(reading.lately / GRID))
    lately = scene.history.imaginable(car.id)[-states:, 4]
    stands = abs(car.speed) < reading.standing and np.abs(lately).max() < reading.standing
    now = () if reading.baseline else (car.speed,)
    if stands and len(lately) > 1 and np.ptp(np.diff((*lately, *now))) > reading.trembling:
        return True
    hard = change < min(expected - reading.unexplained, -reading.braking)
    return hard and car.speed > -reading.standing


def _solved(
    speed: float, gained: float, reference: float, expected: float, reading: Reading
) -> float:
    """The wish [m/s] with which IDM gives `gained` [m/s2], where `reference` gives `expected`; inf: any."""
    if speed < reading.slowest or abs(expected) > SATURATED or gained < -SATURATED:
        return 0.0
    share = (speed / reference) ** EXPONENT - (gained - expected) / COMFORT
    return speed / share ** (1 / EXPONENT) if share > 1e-3 else math.inf
