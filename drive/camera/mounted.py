"""The cameras of a policy that sees pictures only: where they sit, what they draw, and the batch that draws it.

Grey pictures of many worlds in one call (`draw`); `pictures_of` draws what a Scene shows. A picture is an inverse
perspective look-up of the painted ground (`drive.camera.ground`), with cars as boxes cast column by column
(`drive.camera.caster`); cameras have no pitch, so that every wall is a vertical span.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drive.camera import caster
from drive.camera.driverseye import MOTORCYCLE, TALL, TRUCK
from drive.camera.ground import ground_of
from drive.camera.view import BRAKING
from drive.roads import Lane, Road, Straight
from drive.types import Scene

SIZE = (96, 32)  # [px] width, height
MOMENTS = (0.0, 0.4, 1.0)  # [s] ago: what a policy is shown of each camera
LAMPS_OVER = 0.2  # [s] over which a car's braking is judged
HORIZON = 0.3  # of a picture's height, from its top
REACH = 140.0  # [m] before a camera: what is drawn
HAZE = 1.1  # the range of perception times this: where things have the colour of the haze
OBJECT_TALL = 1.0  # [m] of what stands on the road
DECIMALS = 6  # of metres and radians: a scene and a twin's world draw the same pixels


@dataclass(frozen=True)
class Camera:
    """Where a camera sits on the ego, and what it looks at."""

    name: str
    forward: float  # [m] before the ego's middle
    left: float  # [m]
    height: float  # [m] above the road
    yaw: float  # [rad] counter-clockwise from straight ahead
    field: float  # [rad] from left to right


CAMERAS = (
    Camera("front", 0.5, 0.0, 1.5, 0.0, math.radians(120)),
    Camera("tele", 0.5, 0.0, 1.5, 0.0, math.radians(32)),
    Camera("left rear", -0.5, 0.9, 1.3, math.radians(145), math.radians(110)),
    Camera("right rear", -0.5, -0.9, 1.3, math.radians(-145), math.radians(110)),
)
LOOKS = {"car": 0, "braking": 1, "wreck": 2, "object": 3}  # how a box is painted


@dataclass(frozen=True, eq=False)
class Bodies:
    """Everything that stands on the road, in W worlds at T moments; road frame.

    poses: [W, T, N, 3] x, y [m], heading [rad]; NaN: not there, or not seen. looks: int8 [W, T, N] of LOOKS. sizes:
    [W, N, 3] length, width, height [m]. ego: [W] the slot that the cameras sit on.
    """

    poses: np.ndarray
    looks: np.ndarray
    sizes: np.ndarray
    ego: np.ndarray


def draw(
    road: Road,
    bodies: Bodies,
    sight: float = 200.0,
    size: tuple[int, int] = SIZE,
    cameras: tuple[Camera, ...] = CAMERAS,
    out: np.ndarray | None = None,
    chosen: np.ndarray | None = None,
) -> np.ndarray:
    """Pictures uint8 [W, C, T, height, width].

    sight: [m] range of perception, at which the haze hides everything. out, chosen: draw into this array, the worlds
    [W] bool that are chosen only. ValueError where an ego is not there now (at the first moment); at a moment that the
    ego has no pose of, its picture is that of the moment before.
    """
    worlds, moments = bodies.poses.shape[:2]
    shape = (worlds, len(cameras), moments, size[1], size[0])
    out = np.zeros(shape, np.uint8) if out is None else out
    chosen = np.ones(worlds, bool) if chosen is None else chosen
    poses = np.round(bodies.poses, DECIMALS)
    if np.isnan(poses[np.arange(worlds), 0, bodies.ego][chosen]).any():
        raise ValueError("an ego that is nowhere sees nothing")
    mounts = np.array([(c.forward, c.left, c.height, c.yaw, c.field, HORIZON) for c in cameras])
    ground = ground_of(road)
    caster.cast(
        out, chosen, poses, bodies.looks, np.ascontiguousarray(bodies.sizes), bodies.ego, mounts,
        ground.texels, ground.levels, ground.frame, REACH, HAZE * sight,
    )  # fmt: skip
    return out


def warm() -> None:
    """Compile what draws, or load it from the cache: one picture of an empty road."""
    lane = Lane(("0", "1", 0), Straight((0.0, 0.0), (100.0, 0.0)), 4.0, 30.0)
    alone = np.zeros((1, 1, 1, 3)), np.zeros((1, 1, 1), np.int8), np.ones((1, 1, 3))
    draw(Road((lane,)), Bodies(*alone, np.zeros(1, np.int64)), cameras=CAMERAS[:1])


def pictures_of(
    scene: Scene,
    moments: tuple[float, ...] = MOMENTS,
    size: tuple[int, int] = SIZE,
    cameras: tuple[Camera, ...] = CAMERAS,
) -> np.ndarray:
    """What the cameras see of a scene, now and in its past: uint8 [C, T, height, width]."""
    sight = scene.perception.range
    return draw(scene.road, bodies_of(scene, moments), sight, size, cameras)[0]


def bodies_of(scene: Scene, moments: tuple[float, ...] = MOMENTS) -> Bodies:
    """The one world of a scene, the ego in slot 0: what is seen now, at each moment where its past is known."""
    cars, things = scene.cars, scene.objects
    pasts = [scene.history.ego, *(scene.history.cars.get(car.id) for car in cars)]
    solids = (scene.ego, *cars)
    count = len(solids) + len(things)
    poses = np.full((1, len(moments), count, 3), np.nan)
    looks = np.zeros((1, len(moments), count), np.int8)
    for slot, (solid, past) in enumerate(zip(solids, pasts, strict=True)):
        now = (solid.x, solid.y, solid.heading, solid.speed)
        for k, ago in enumerate(moments):
            at, before = state_at(now, past, ago), state_at(now, past, ago + LAMPS_OVER)
            if at is None:
                continue
            poses[0, k, slot] = at[:3]
            slower = before is not None and before[3] - at[3] > BRAKING * LAMPS_OVER
            looks[0, k, slot] = LOOKS["wreck" if solid.crashed else "braking" if slower else "car"]
    for slot, thing in enumerate(things, len(solids)):
        poses[0, :, slot] = thing.x, thing.y, thing.heading
        looks[0, :, slot] = LOOKS["object"]
    sizes = [(s.length, s.width, float(tall(s.length))) for s in solids]
    sizes += [(thing.length, thing.width, OBJECT_TALL) for thing in things]
    return Bodies(poses, looks, np.array([sizes], float), np.zeros(1, np.int64))


def tall(length: np.ndarray) -> np.ndarray:
    """Heights [m] of cars by their lengths [m]."""
    longer = np.where(length > TRUCK, TALL["truck"], TALL["car"])
    return np.where(length < MOTORCYCLE, TALL["motorcycle"], longer)


def state_at(now, past: np.ndarray | None, ago: float):
    """(x, y, heading, speed) so many seconds ago, on the grid of the history; None where it is not known."""
    if ago <= 0:
        return now
    if past is None or not len(past):
        return None
    row = int(np.argmin(abs(past[:, 0] + ago)))
    return past[row, 1:5] if abs(past[row, 0] + ago) < 1e-6 else None
