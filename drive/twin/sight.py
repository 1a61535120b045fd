"""What the mounted cameras see of a fleet: the same pixels as of each world's scene."""

from __future__ import annotations

import numpy as np

from drive.camera import mounted
from drive.camera.mounted import BRAKING, LAMPS_OVER, LOOKS, MOMENTS, Bodies, Camera
from drive.twin import kernel as k
from drive.twin.fleet import PAST_STEP, Fleet


def pictures(
    fleet: Fleet,
    moments: tuple[float, ...] = MOMENTS,
    size: tuple[int, int] = mounted.SIZE,
    cameras: tuple[Camera, ...] = mounted.CAMERAS,
    out: np.ndarray | None = None,
    chosen: np.ndarray | None = None,
) -> np.ndarray:
    """What every ego sees, now and in its past: uint8 [W, C, T, height, width].

    out, chosen: draw into this array, the chosen worlds [W] only (bool; None: those that run).
    """
    chosen = fleet.running if chosen is None else chosen
    return mounted.draw(
        fleet.road, bodies(fleet, moments), fleet.setting.sight, size, cameras, out, chosen
    )


def bodies(fleet: Fleet, moments: tuple[float, ...] = MOMENTS) -> Bodies:
    """The worlds of a fleet for the cameras; ValueError for a moment that the fleet does not keep."""
    worlds = fleet.worlds
    solid = fleet.perceived | worlds.objects
    now = np.stack([worlds.row(row) for row in (k.X, k.Y, k.HEADING, k.SPEED)], -1)
    kept = np.concatenate([now[:, None], fleet.past], 1)
    kept[~solid[:, None].repeat(kept.shape[1], 1)] = np.nan
    rows = [_row(ago, kept.shape[1]) for ago in moments]
    lamps = [_row(ago + LAMPS_OVER, kept.shape[1]) for ago in moments]
    states, before = kept[:, rows], kept[:, lamps].round(mounted.DECIMALS)
    slower = before[..., 3] - states[..., 3].round(mounted.DECIMALS) > BRAKING * LAMPS_OVER
    looks = np.where(slower, LOOKS["braking"], LOOKS["car"])
    looks = np.where(worlds.crashed[:, None], LOOKS["wreck"], looks)
    things = worlds.objects
    looks = np.where(things[:, None], LOOKS["object"], looks).astype(np.int8)
    poses = np.where(things[:, None, :, None], now[:, None, :, :3], states[..., :3])
    long, wide = worlds.f[:, k.LENGTH], worlds.f[:, k.WIDTH]
    tall = np.where(things, mounted.OBJECT_TALL, mounted.tall(long))
    return Bodies(poses, looks, np.stack([long, wide, tall], -1), worlds.ego_slot.astype(np.int64))


def _row(ago: float, rows: int) -> int:
    row = round(ago / PAST_STEP)
    if abs(row * PAST_STEP - ago) > 1e-9 or row >= rows:
        raise ValueError(f"a fleet does not keep what was {ago} s ago")
    return row
