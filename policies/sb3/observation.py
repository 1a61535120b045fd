"""What highway-env would show of a scene: Kinematics and ExitObservation, by the same configuration.

In highway-env's frame: y points down, angles run clockwise. The other kinds of observation are refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drive.types import Car, Scene, StaticObject

REACH = 200.0  # [m], AbstractEnv.PERCEPTION_DISTANCE
BEHIND = 10.0  # [m], two lengths of a car: how far behind is still shown where cars behind are not
TOP_SPEED, LANE_WIDTH = 40.0, 4.0  # [m/s] Vehicle.MAX_SPEED, [m] AbstractLane.DEFAULT_WIDTH
FEATURES = ("presence", "x", "y", "vx", "vy", "heading", "cos_h", "sin_h", "cos_d", "sin_d",
            "long_off", "lat_off", "ang_off")  # fmt: skip
RELATIVE = ("x", "y", "vx", "vy")  # to the ego, unless the observation is absolute
KINDS = ("Kinematics", "ExitObservation")

_SPACE = {"x": [-100, 100], "y": [-100, 100]}
_WITH_HEADING = ["presence", "x", "y", "vx", "vy", "cos_h", "sin_h"]
_HIGHWAY = {"type": "Kinematics"}
_ROUNDABOUT = {
    "type": "Kinematics", "absolute": True,
    "features_range": {**_SPACE, "vx": [-15, 15], "vy": [-15, 15]},
}  # fmt: skip
_TIMES = {"type": "TimeToCollision"}
DEFAULTS: dict[str, dict] = {  # scenario -> the observation that highway-env gives there
    **dict.fromkeys(
        ("highway", "highway-fast", "highway-fog", "highway-occluded", "dilu-4-2.0", "dilu-5-2.5",
         "dilu-5-3.0", "merge", "merge-generic"), _HIGHWAY,
    ),
    "roundabout": _ROUNDABOUT,
    "roundabout-generic": _ROUNDABOUT,
    "intersection": {
        "type": "Kinematics", "vehicles_count": 15, "features": _WITH_HEADING, "absolute": True,
        "features_range": {**_SPACE, "vx": [-20, 20], "vy": [-20, 20]}, "observe_intentions": False,
    },
    "exit": {
        "type": "ExitObservation", "vehicles_count": 15, "features": _WITH_HEADING, "clip": False,
    },
    "two-way": _TIMES,
    "u-turn": _TIMES,
}  # fmt: skip
# Where the ego starts, on roads of several sections: highway-env scales y once, by the lanes there.
STARTS = {
    "merge": ("a", "b"), "merge-generic": ("a", "b"), "exit": ("0", "1"), "u-turn": ("a", "b"),
    "roundabout": ("ser", "ses"), "roundabout-generic": ("ser", "ses"), "intersection": ("o0", "ir0"),
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """An observation's configuration, as highway-env's, checked."""

    kind: str
    features: tuple[str, ...]
    rows: int  # the ego's among them
    ranges: tuple[
        tuple[str, float, float], ...
    ]  # feature, and what becomes -1 and 1; () by the road
    absolute: bool
    normalize: bool
    clip: bool
    see_behind: bool
    obstacles: bool  # are static objects shown?

    @property
    def size(self) -> int:
        return self.rows * len(self.features)


def shown_by(config: dict) -> Shown:
    """highway-env's observation configuration, checked; ValueError in one sentence for what cannot be rebuilt."""
    kind = config.get("type") if isinstance(config, dict) else None
    if kind not in KINDS:
        raise ValueError(
            f"observations of type {kind!r} cannot be rebuilt from a scene; {' and '.join(KINDS)} can"
        )
    features = config.get("features") or list(FEATURES[:5])
    unknown = (
        [f for f in features if f not in FEATURES] if isinstance(features, list) else [features]
    )
    if unknown:
        raise ValueError(
            f"highway-env shows no feature {unknown[0]!r}; choose from {', '.join(FEATURES)}"
        )
    rows = config.get("vehicles_count", 5)
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 2:
        raise ValueError(f"vehicles_count must be a whole number of 2 or more, not {rows!r}")
    if config.get("order", "sorted") != "sorted":
        raise ValueError("only rows sorted by distance can be rebuilt: order must be 'sorted'")
    flags = {"absolute": False, "normalize": True, "clip": True, "see_behind": False,
             "observe_intentions": False, "include_obstacles": True}  # fmt: skip
    flags = {name: config.get(name, usual) for name, usual in flags.items()}
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false, not {value!r}")
    if flags["observe_intentions"] and {"cos_d", "sin_d"} & set(features):
        raise ValueError(
            "a scene does not tell where the others want to go: observe_intentions must be false"
        )
    exit_only = kind == "ExitObservation"
    return Shown(
        kind, tuple(features), rows, _ranges(config.get("features_range")),
        flags["absolute"], flags["normalize"], flags["clip"], flags["see_behind"],
        flags["include_obstacles"] and not exit_only,
    )  # fmt: skip


def _ranges(config) -> tuple[tuple[str, float, float], ...]:
    try:
        ranges = tuple(
            (str(f), float(low), float(high)) for f, (low, high) in (config or {}).items()
        )
        if all(low < high for _, low, high in ranges):
            return ranges
    except (TypeError, ValueError, AttributeError):
        pass
    raise ValueError(
        f"features_range gives each feature a lower and an upper bound, not {config!r}"
    )


def default(scenario: str) -> Shown:
    """What highway-env shows in a scenario; ValueError where that cannot be rebuilt or is not known."""
    if scenario not in DEFAULTS:
        raise ValueError(f"nothing is known of what {scenario!r} shows; give --observation FILE")
    return shown_by(DEFAULTS[scenario])


def observe(scene: Scene, shown: Shown) -> np.ndarray:
    """[rows, features]: the ego, then the nearest along its lane, then rows of zeros.

    A ghost keeps its row, which is then zeros: no other car moves up. `KinematicObservation.observe`.
    """
    table = np.zeros((shown.rows, len(shown.features)))
    ghosts = {car.id for car in scene.ghosts}
    own = _features(scene, scene.ego)
    seen = [own | _to_exit(scene) if shown.kind == "ExitObservation" else own]
    nearest = [other for _, other in in_rows(scene, shown)]
    for other in nearest:
        row = _features(scene, other)
        seen.append(row if shown.absolute else row | {f: row[f] - own[f] for f in RELATIVE})
    ranges = _scaling(scene, shown)
    for place, row in enumerate(seen):
        table[place] = [_scaled(row[f], ranges.get(f), shown.clip) for f in shown.features]
    for place, other in enumerate(nearest, 1):
        if isinstance(other, Car) and other.id in ghosts:
            table[place] = 0.0
    return table


def in_rows(scene: Scene, shown: Shown) -> list[tuple[float, Car | StaticObject]]:
    """The cars and objects that have a row, ghosts as well, after the distance along the ego's lane [m]: `Road.close_objects_to`.

    Where two are equally far (cars on a crossing road), highway-env orders them by its rounding
    errors; here they stand in the order of creation.
    """
    ego, lane = scene.ego, scene.road.lane(scene.ego.lane)
    here = lane.frenet(ego.x, ego.y)[0]
    rows = []
    for other in (*scene.cars, *scene.ghosts, *(scene.objects if shown.obstacles else ())):
        ahead = lane.frenet(other.x, other.y)[0] - here
        sighted = ahead > -BEHIND or (isinstance(other, Car) and shown.see_behind)
        if sighted and math.hypot(other.x - ego.x, other.y - ego.y) < REACH:
            rows.append(
                (round(abs(ahead), 6) + 0.0, isinstance(other, StaticObject), other.id, other)
            )
    rows.sort(key=lambda each: each[:3])
    return [(distance, other) for distance, *_, other in rows[: shown.rows - 1]]


def _features(scene: Scene, thing) -> dict[str, float]:
    """`Vehicle.to_dict`; of a static object, what highway-env does not tell is not a number."""
    solid = isinstance(thing, StaticObject)
    cos, sin = math.cos(thing.heading), -math.sin(thing.heading)
    speed = 0.0 if solid else thing.speed
    row = {
        "presence": 1.0, "x": thing.x, "y": -thing.y, "vx": speed * cos, "vy": speed * sin,
        "cos_h": cos, "sin_h": sin, "cos_d": 0.0, "sin_d": 0.0,
        **dict.fromkeys(("heading", "long_off", "lat_off", "ang_off"), math.nan),
    }  # fmt: skip
    if solid:
        return row
    lane = scene.road.lane(thing.lane)
    along, across = lane.frenet(thing.x, thing.y)
    turn = math.remainder(thing.heading - float(lane.heading(along)), math.tau)
    row |= {"heading": -thing.heading, "long_off": along, "lat_off": -across, "ang_off": -turn}
    if thing is scene.ego:
        row["cos_d"], row["sin_d"] = _destination(scene)
    return row


def _destination(scene: Scene) -> tuple[float, float]:
    """Cosine and sine of the direction to where the ego's route ends; 0 where it has none."""
    if not scene.ego.route:
        return 0.0, 0.0
    last = scene.road.sections[scene.ego.route[-1]][0]
    x, y = last.point(last.length, 0.0)
    dx, dy = float(x) - scene.ego.x, -(float(y) - scene.ego.y)
    distance = math.hypot(dx, dy)
    return (dx / distance, dy / distance) if distance else (0.0, 0.0)


def _to_exit(scene: Scene) -> dict[str, float]:
    """ExitObservation tells the ego's place along the lane that leads to the exit."""
    lane = scene.road.sections["1", "2"][-1]
    return {"x": lane.frenet(scene.ego.x, scene.ego.y)[0]}


def _scaling(scene: Scene, shown: Shown) -> dict[str, tuple[float, float]]:
    if not shown.normalize:
        return {}
    if shown.ranges:
        return {feature: (low, high) for feature, low, high in shown.ranges}
    sections = scene.road.sections
    lanes = len(sections[STARTS.get(scene.scenario, scene.ego.lane[:2])])
    reach = {"x": 5 * TOP_SPEED, "y": LANE_WIDTH * lanes, "vx": 2 * TOP_SPEED, "vy": 2 * TOP_SPEED}
    return {feature: (-far, far) for feature, far in reach.items()}


def _scaled(value: float, bounds: tuple[float, float] | None, clip: bool) -> float:
    if bounds is None:
        return value
    low, high = bounds
    value = (value - low) * 2 / (high - low) - 1
    return min(max(value, -1.0), 1.0) if clip else value
