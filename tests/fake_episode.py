"""Hand-made episodes for tests of the page: they need no simulator and no policy."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from drive import types as t
from drive.roads import Arc, Lane, Road, Straight

PERIOD, SUB_STEPS = 1.0, 15


def straight_road(lanes: int = 4, length: float = 1000.0, width: float = 4.0) -> Road:
    def lane(k):
        y = -k * width
        return Lane(
            id=("0", "1", k),
            curve=Straight((0.0, y), (length, y)),
            width=width,
            speed_limit=30.0,
            left_line="continuous" if k == 0 else "striped",
            right_line="continuous" if k == lanes - 1 else "none",
        )

    return Road(tuple(map(lane, range(lanes))))


def ring_road(radius: float = 30.0) -> Road:
    """Two lanes in a circle, counter-clockwise, in two half circles."""

    def lane(k, half):
        start = half * math.pi - math.pi / 2
        return Lane(
            id=("ab"[half], "ba"[half], k),
            curve=Arc((0.0, radius), radius + 4.0 * k, start, start + math.pi, 1),
            width=4.0,
            speed_limit=10.0,
            left_line="continuous" if k == 0 else "striped",
            right_line="continuous" if k == 1 else "none",
        )

    return Road(tuple(lane(k, half) for half in (0, 1) for k in (0, 1)))


def pose(road: Road, k: int, s: float) -> tuple[float, float, float, t.LaneId]:
    """x, y, heading and lane after s metres in the k-th lane from the left, over all sections."""
    lanes = [lane for lane in road.lanes if lane.id[2] == k]
    total = sum(lane.length for lane in lanes)
    s = s % total
    for lane in lanes:
        if s < lane.length:
            x, y = lane.point(s)
            return float(x), float(y), float(lane.heading(s)), lane.id
        s -= lane.length
    raise AssertionError


def trajectory(road: Road, k: int, s: float, speed: float, acceleration: float) -> t.Trajectory:
    times = np.arange(1, t.WAYPOINTS + 1) * t.GRID
    speeds = np.clip(speed + acceleration * times, 0.0, None)
    along = s + np.cumsum(speeds) * t.GRID
    poses = [pose(road, k, a) for a in along]
    x, y, heading = (np.array([p[i] for p in poses]) for i in range(3))
    return t.Trajectory(
        x,
        y,
        heading,
        speeds,
        np.full(64, acceleration),
        np.zeros(64),
        "roll-out without interaction",
    )


SPEEDS = {0: 25.0, 1: 18.0, 2: 22.0, 3: 24.0, 4: 20.0, 5: 23.0}  # [m/s] by car
STARTS = {0: (1, 40.0), 1: (1, 95.0), 2: (0, 60.0), 3: (0, 18.0), 4: (2, 130.0), 5: (3, 75.0)}


SIZE = {"length": 5.0, "width": 2.0}  # [m]


def _state(road: Road, car: int, time: float, scale: float):
    k, s = STARTS[car]
    k = min(k, max(lane.id[2] for lane in road.lanes))
    travelled = SPEEDS[car] * scale * time
    if car == t.EGO:  # it brakes at 0.5 m/s2 for 8 s, then follows
        travelled -= 0.25 * min(time, 8.0) ** 2 * scale + max(time - 8.0, 0.0) * 4.0 * scale
    return k, s + travelled


def _speed(car: int, time: float, scale: float) -> float:
    slower = 0.5 * min(time, 8.0) if car == t.EGO else 0.0
    return (SPEEDS[car] - slower) * scale


def _scene(road: Road, step: int, time: float, scale: float, duration: float) -> t.Scene:
    def body(car):
        k, s = _state(road, car, time, scale)
        x, y, heading, lane = pose(road, k, s)
        speed = _speed(car, time, scale)
        return {"x": x, "y": y, "heading": heading, "speed": speed, "lane": lane} | SIZE

    ego = body(t.EGO)
    return t.Scene(
        scenario="fake",
        seed=7,
        step=step,
        time=time,
        period=PERIOD,
        sub_step=PERIOD / SUB_STEPS,
        ego=t.Ego(
            **ego, target_lane=ego["lane"], target_speed=25.0, target_speeds=(20.0, 25.0, 30.0)
        ),
        cars=tuple(t.Car(id=car, **body(car)) for car in SPEEDS if car),
        objects=(),
        task=t.Task("cruise", deadline=duration),
        perception=t.Perception(),
        legal=t.Legal(meta=("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER")),
        road=road,
        history=t.History(np.zeros((0, 5))),
    )


def _choice(road: Road, scene: t.Scene, scale: float) -> t.Choice:
    k, s = _state(road, t.EGO, scene.time, scale)
    gap = 50.0 - scene.step

    def option(name, k, acceleration, *terms):
        path = trajectory(road, max(k, 0), s, scene.ego.speed, acceleration)
        return t.Option(t.Meta(name), terms, score=float(acceleration), trajectory=path)

    lead = t.Term("gap ahead", gap, "m", "against", cars=(1,))
    behind = t.Term("gap behind", 6.1, "m", "against", cars=(3,))
    slower = scene.step % 4 != 3
    return t.Choice(
        t.Meta("SLOWER" if slower else "IDLE"),
        (
            option("SLOWER", k, -1.0, t.Term("time gap", 2.4, "s", "for", 2.0, (1,))),
            option("IDLE", k, 0.0, lead, t.Term("time gap", 1.1, "s", "against", 2.0, (1,))),
            option("LANE_LEFT", k - 1, 0.0, behind),
            option("FASTER", k, 1.5, lead),
        ),
    )


def _rationale(choice: t.Choice, text: str | None) -> t.Rationale:
    lead = t.Claim("observation", "time gap", 1.1, "s", cars=(1,), measured=1.13, threshold=2.0)
    behind = t.Claim("observation", "gap behind", 6.1, "m", cars=(3,), measured=6.12)
    said = (
        "Slow down and keep lane 2: keeping speed would leave 1.1 s to car 1, 18.3 m ahead and "
        "5.6 m/s slower (I keep 2.0 s). Changing left is blocked: car 3 is 6.1 m behind on that "
        "side, closing at 4.0 m/s."
        if str(choice.action) == "SLOWER"
        else "Keep speed and lane 2: the lane ahead is free for 2.4 s behind car 1."
    )
    return t.Rationale(
        t.Decision("lead following", "lane keeping"),
        (lead, behind),
        t.Meta("LANE_LEFT"),
        "shares evidence",
        said if text is None else text,
    )


def _tracks(road: Road, scene: t.Scene, scale: float) -> t.Tracks:
    times = scene.time + np.arange(SUB_STEPS + 1) * scene.sub_step

    def rows(car):
        poses = [pose(road, *_state(road, car, time, scale))[:3] for time in times]
        return np.array(
            [[*p, _speed(car, time, scale)] for p, time in zip(poses, times, strict=True)]
        )

    return t.Tracks(times, rows(t.EGO), {car: rows(car) for car in SPEEDS if car})


def fake_episode(
    road: Road | None = None, steps: int = 12, scale: float = 1.0, text: str | None = None
) -> t.Episode:
    """An episode with five cars; `text` replaces every rationale's text."""
    road = road or straight_road()
    duration = steps * PERIOD

    def step(k):
        scene = _scene(road, k, k * PERIOD, scale, duration)
        choice = _choice(road, scene, scale)
        return t.Step(
            scene,
            choice,
            _rationale(choice, text),
            _tracks(road, scene, scale),
            reward=0.8,
            timing={"decide": 0.001},
        )

    driven = tuple(map(step, range(steps)))
    final = _scene(road, steps, duration, scale, duration)
    header = t.Header(
        scenario="fake",
        seed=7,
        policy="rule",
        weights="",
        tie="shares evidence",
        config={},
        overrides={},
        road=road,
        task=t.Task("cruise", deadline=duration),
        perception=t.Perception(),
        period=PERIOD,
        sub_step=PERIOD / SUB_STEPS,
        drivers={},
        versions={},
    )
    return t.Episode(header, driven, t.End("time is up", final))


def crash(episode: t.Episode) -> t.Episode:
    """The same episode, ended by a collision with car 1 in its last decision."""
    final = episode.end.final
    wrecked = replace(
        final,
        ego=replace(final.ego, crashed=True),
        cars=tuple(replace(car, crashed=car.id == 1) for car in final.cars),
    )
    contact = t.Contact(final.time - 0.5, "car 1", "front", True)
    return replace(episode, end=t.End("collision", wrecked, contact))


def fallen_back(episode: t.Episode, steps=(1,), notes=()) -> t.Episode:
    """The episode in which a fallback chose at some steps, with notes, and the metric that counts them."""

    def step(k, one):
        return (
            replace(one, choice=replace(one.choice, answered=False, notes=notes))
            if k in steps
            else one
        )

    driven = tuple(step(k, one) for k, one in enumerate(episode.steps))
    share = 1.0 - len(steps) / len(driven)
    metrics = episode.end.metrics | {"decisions answered": share}
    return replace(episode, steps=driven, end=replace(episode.end, metrics=metrics))
