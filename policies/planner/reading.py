"""What is read of other drivers in what was seen of them.

The lane they steer to, when they last thought about changing it, the speed they wish for, who gives way.

highway-env's laws, solved for what they hide: its steering law for the heading that it asks for, IDM for the wished speed
behind the acceleration of the last 0.1 s; braking that IDM does not explain is giving way.
"""

from __future__ import annotations

import math

import numpy as np

from drive.roads import Lane, LaneId, Road
from drive.roads.geometry import wrap
from drive.twin import Worlds, on_the_road
from drive.twin import kernel as k
from drive.types import Car, Scene

INTERVAL = 0.1  # [s] between two states of the history
TAU_LATERAL = 0.6  # [s], the law by which drivers return to a lane's centre
TURNED = 0.15  # of the way from the heading that keeps the lane to the one that changes it; seen late, it is less
DECIDED = 0.5  # of the same way, from which it is sure; below, a change may just as well have been given up at once
STRAIGHT = 0.005  # [rad] off the lane's heading at most, where a car is not turning
THOUGHT = 1.0  # [s] since a driver's last thought about changing lane, after which the next is due
HEADING_GAIN = 5.0  # [1/s], the law by which drivers turn to the heading that this asks for
BEND_DRIFT = (
    1.0  # [m/s] across the lane, in bends and where lanes join, from which a car may be changing it
)
NEAR_JOINT = 10.0  # [m]
DRIFT = 0.15  # [m/s] the same elsewhere
WISH = 0.8  # of the speed limit, the most that traffic is expected to wish for unless seen faster
NO_LIMIT = 30.0  # [m/s] taken for the limit where none stands
FASTER_THAN_SEEN = 1.1
STANDING = 0.5  # [m/s]
CRAWLING = 0.2  # of the speed limit
UNEXPLAINED, BRAKING = (
    2.5,
    2.0,
)  # [m/s2] beyond what IDM asks for, and at least, from which braking is giving way
TREMBLING = 0.1  # [m/s] in 0.1 s: whoever gives way at rest is told to brake and to drive by turns


def target_lanes(scene: Scene, car: Car) -> tuple[LaneId, ...]:
    """The lane a car drives to: where it is steered to, or as its drift tells; its own where neither tells.

    Two, the likelier first, where it has only begun to turn: it may have given that up already.
    """
    lane = scene.road.lane(car.lane)
    s, d = lane.frenet(car.x, car.y)
    if not _bends(scene.road, lane, s):
        return _steered_to(scene, car, lane)
    drift = _drift(scene, car, s, d)
    left = drift > 0
    to_centre = max(-d if left else d, 0.0)
    if abs(drift) < max(BEND_DRIFT, 2.0 * to_centre / TAU_LATERAL + DRIFT):
        return (car.lane,)
    return (_beside(scene, car, left) or car.lane,)


def _steered_to(scene: Scene, car: Car, lane: Lane) -> tuple[LaneId, ...]:
    """The lane whose centre explains the heading that the car turns to: its own, or the one beside.

    A car that gave up a change of lane still drifts the old way, but turns to the new one already.
    """
    x, y, asked, speed = _asked_heading(scene, car)
    asked = wrap(asked - float(lane.heading(lane.frenet(x, y)[0])))
    aim = _beside(scene, car, asked > 0)
    if abs(asked * car.speed) < DRIFT or aim is None:
        return (car.lane,)
    own, other = (
        _heading_to(scene.road.lane(each).frenet(x, y)[1], speed) for each in (car.lane, aim)
    )
    turned, whole = (asked - own) * (other - own), (other - own) ** 2
    if turned <= TURNED * whole:
        return (car.lane,)
    sure = turned > DECIDED * whole or scene.history.imaginable(car.id) is None
    return (aim,) if sure else (aim, car.lane)


def since_thought(scene: Scene, car: Car) -> float | None:
    """Seconds since a driver last thought about changing lane: since its car began to turn, within what was seen.

    None where it was not seen to begin. Drivers think again and again, always after the same time.
    """
    lane, past = scene.road.lane(car.lane), scene.history.imaginable(car.id)
    if past is None or len(past) < 2 or _bends(scene.road, lane, lane.frenet(car.x, car.y)[0]):
        return None
    straight = (
        np.abs(wrap(np.append(past[:, 3], car.heading) - float(lane.heading(0.0)))) < STRAIGHT
    )
    before = np.append(True, straight[:-1])  # else it only turns from one side to the other
    begun = np.flatnonzero(before[:-1] & straight[:-1] & ~straight[1:])
    if not len(begun):
        return None
    since = -float(past[begun[-1], 0])
    return since % ((math.floor(THOUGHT / scene.sub_step + 1e-6) + 1) * scene.sub_step)


def _asked_heading(scene: Scene, car: Car) -> tuple[float, float, float, float]:
    """Where the car just was, x, y [m], the heading [rad] that was asked of it there, and its speed [m/s].

    ControlledVehicle.steering_control: each sub-step makes up the same share of what is missing to the asked heading.
    """
    past = scene.history.imaginable(car.id)
    if past is None or not len(past):
        return car.x, car.y, car.heading, car.speed
    since, x, y, heading, speed = past[
        np.argmin(np.abs(past[:, 0] + max(scene.sub_step, INTERVAL)))
    ]
    missing = max(0.0, 1.0 - HEADING_GAIN * scene.sub_step) ** (-since / scene.sub_step)
    return x, y, heading + wrap(car.heading - heading) / (1.0 - missing), speed


def _heading_to(offset: float, speed: float) -> float:
    """The heading [rad] that ControlledVehicle asks for at an offset [m] left of a lane's centre."""
    across = min(max(-offset / TAU_LATERAL / max(abs(speed), 0.1), -1.0), 1.0)
    return min(max(math.asin(across), -math.pi / 4), math.pi / 4)


def _beside(scene: Scene, car: Car, left: bool) -> LaneId | None:
    aim = scene.road.side(car.lane, "left" if left else "right")
    return aim.id if aim is not None and aim.reachable_from(car.x, car.y) else None


def _bends(road: Road, lane: Lane, s: float) -> bool:
    """Is the lane bent here, or may a bend begin or end within a few metres? Steering then lags, which is no intent."""
    joined = s < NEAR_JOINT or (s > lane.length - NEAR_JOINT and bool(road.continuations(lane.id)))
    return (joined and len(road.sections) > 1) or abs(float(lane.curvature(s))) > 1e-3


def _drift(scene: Scene, car: Car, s: float, d: float) -> float:
    """Speed across its lane [m/s], to the left: from where it just was, else from its heading and slip."""
    lane = scene.road.lane(car.lane)
    past = scene.history.imaginable(car.id)
    if past is not None and len(past):
        before = lane.frenet(float(past[-1, 1]), float(past[-1, 2]))[1]
        return (d - before) / -float(past[-1, 0])
    slip = math.asin(min(max(car.length / 2 * float(lane.curvature(s)), -0.6), 0.6))
    off = wrap(
        car.heading - float(lane.heading(s))
    )  # in a bend, a body that follows it points out by its slip
    return car.speed * math.sin(min(off, off + slip, key=abs))


def unhindered(nominal: Worlds) -> np.ndarray:
    """What each slot of the one world [N] would accelerate by [m/s2] if it wished for its nominal speed."""
    probe = nominal.copy()
    probe.step(None, 1, 1e-3)
    return probe.f[0, k.ACCELERATION]


def gained(scene: Scene, car: Car) -> float | None:
    """A car's acceleration over the last 0.1 s [m/s2]; None where it was not seen."""
    past = scene.history.imaginable(car.id)
    if past is None or not len(past) or car.crashed:
        return None
    return (car.speed - float(past[-1, 4])) / -float(past[-1, 0])


def wish(scene: Scene, nominal: Worlds, expected: np.ndarray) -> np.ndarray:
    """What each car may wish to drive [3, N] [m/s]: the most likely (IDM solved for it), the least, the most.

    Where right of way rules, whoever has given way drives on as fast as is allowed, whatever it drove before.
    """
    wishes, regulated = np.tile(nominal.f[0, k.TARGET_SPEED], (3, 1)), nominal.net.regulated
    to_the_limit = len(scene.road.sections) > 1
    for slot, (car, _) in enumerate(on_the_road(scene), 1):
        past, change = scene.history.imaginable(car.id), gained(scene, car)
        limit = scene.road.lane(car.lane).speed_limit or NO_LIMIT
        seen = max(car.speed, float(past[:, 4].max()) if past is not None and len(past) else 0.0)
        if regulated and seen < CRAWLING * limit:
            seen = WISH * limit
        most = max(seen * FASTER_THAN_SEEN, WISH * limit)
        wanted = seen
        if change is not None:
            wanted = _solved(
                car.speed, change, float(nominal.f[0, k.TARGET_SPEED, slot]), float(expected[slot])
            )
        likely = min(max(wanted, seen), max(most, limit) if to_the_limit else most)
        wishes[:, slot] = likely, seen, max(most, likely)
    return wishes


def giving_way(scene: Scene, expected: np.ndarray) -> list[int]:
    """Slots of the cars that brake harder than IDM explains, or stand and tremble: they give way to somebody."""
    return [
        slot
        for slot, (car, _) in enumerate(on_the_road(scene), 1)
        if _gives_way(scene, car, float(expected[slot]))
    ]


def _gives_way(scene: Scene, car: Car, expected: float) -> bool:
    change = gained(scene, car)
    if change is None:
        return False
    lately = scene.history.imaginable(car.id)[-5:, 4]
    if (
        abs(car.speed) < STANDING
        and np.abs(lately).max() < STANDING
        and np.ptp(np.diff(lately, append=car.speed)) > TREMBLING
    ):
        return True
    return car.speed > -STANDING and change < min(expected - UNEXPLAINED, -BRAKING)


def _solved(speed: float, gained: float, reference: float, expected: float) -> float:
    """The wish [m/s] with which IDM gives `gained` [m/s2], where `reference` gives `expected`; inf: any."""
    comfort, delta = 3.0, 4.0
    if speed < 1.0 or abs(expected) > 5.9 or gained < -5.9:
        return 0.0
    share = (speed / reference) ** delta - (gained - expected) / comfort
    return speed / share ** (1 / delta) if share > 1e-3 else math.inf
