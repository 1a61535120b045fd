"""The compiled part of the mounted cameras: one call draws all pictures of all worlds.

A pinhole without pitch: a point at depth d [m], r [m] to the right and z [m] above the road lies at column
w / 2 + f r / d and row h_0 + f (z_c - z) / d, with f = w / 2 / tan(field / 2), z_c the camera's height and h_0 the horizon.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

ACROSS = 3  # rays per column: the sides of boxes are smooth
MOST_TAPS = 4  # looks at the ground per pixel, along the line of sight
SKY, HAZE, GRASS = 200.0, 160.0, 120.0  # grey values
REAR, FRONT, SIDE, TOP = 25.0, 245.0, 45.0, 90.0
OBJECT, LAMP = 105.0, 255.0
NEAR = 0.15  # [m] nearer walls are not drawn
UNDER = 0.1  # [m] above the road: where a box begins
LAMPS = (0.55, 0.95)  # [m] above the road: the lower and upper edge of lit lamps
BRAKING, WRECK, OBSTACLE = 1, 2, 3  # of LOOKS
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "arcp", "nsz"}}
X, Y, COS, SIN, LONG, WIDE, TALL, LOOK, FIRST, LAST = range(10)  # columns of what a camera may see


def _compiled(function):
    try:
        return njit(**OPTIONS, cache=True)(function)
    except RuntimeError:  # nowhere to keep the compiled code
        return njit(**OPTIONS)(function)


@_compiled
def _add_row(line, texels, begin, rows, columns, until, u, v, du, dv, share, fade):
    """Add a line of looks at the ground to a line of pixels; u, v: the first place [texels], then in steps of du, dv.

    Between the four nearest texels; beyond the map's edge it goes on as at the edge. until: up to this column the map is
    repeated; 0: it is not.
    """
    last_u, last_v, wide = columns - 1.001, rows - 1.001, float(columns)
    for n in range(len(line)):
        fv = min(max(v, 0.0), last_v)
        iv = int(fv)
        if until > 0:
            fu = u - wide * math.floor(u / wide)
            iu = int(fu)
            beside = iu + 1 if iu + 1 < columns else 0
        else:
            fu = min(max(u, 0.0), last_u)
            iu = int(fu)
            beside = iu + 1
        au, av = fu - iu, fv - iv
        lower, upper = begin + iv * columns, begin + (iv + 1) * columns
        near = texels[lower + iu] * (1 - au) + texels[lower + beside] * au
        far = texels[upper + iu] * (1 - au) + texels[upper + beside] * au
        grey = near + (far - near) * av
        if until > 0 and (u < -0.5 or u > until):
            grey = GRASS
        line[n] += (grey + (HAZE - grey) * fade) * share
        u += du
        v += dv


@_compiled
def _paint_ground(picture, px, py, ca, sa, focal, height, horizon, texels, levels, frame, haze):
    rows, columns = picture.shape
    middle = columns / 2
    for v in range(rows):
        below = (v + 1.0 - horizon) / focal
        if below * haze <= height:  # beyond the haze
            picture[v] = SKY if v + 0.5 < horizon else HAZE
            continue
        picture[v] = 0.0
        slope, upper = (v + 0.5 - horizon) / focal, (v - horizon) / focal
        depth = min(height / slope, haze) if slope > 0 else haze
        end = min(height / upper, haze) if upper > 0 else haze
        across = (
            depth / focal * frame[3]
        )  # texels that a pixel covers, across and along the line of sight
        along = (end - height / below) * frame[3]
        level = 0
        while level < len(levels) - 1 and max(across, along / MOST_TAPS) > 1.5:
            across *= 0.5
            along *= 0.5
            level += 1
        taps = min(max(int(math.ceil(along / max(across, 1.0))), 1), MOST_TAPS)
        share, scale = 1.0 / taps, 1.0 / (1 << level)
        across_u, across_v = frame[2] * scale, frame[3] * scale
        for tap in range(taps):
            slope = (v + (tap + 0.5) / taps - horizon) / focal
            d = height / slope if slope > 0 else 2 * haze
            if d >= haze:
                picture[v] += (SKY if slope <= 0 else HAZE) * share
                continue
            right = (0.5 - middle) / focal * d
            x, y = px + ca * d + sa * right, py + sa * d - ca * right
            _add_row(
                picture[v], texels, levels[level, 0], levels[level, 1], levels[level, 2], frame[4] * across_u,
                (x - frame[0]) * across_u - 0.5, (y - frame[1]) * across_v - 0.5,
                sa * d / focal * across_u, -ca * d / focal * across_v, share, (d / haze) ** 2,
            )  # fmt: skip


@_compiled
def _in_sight(seen, poses, looks, sizes, ego, px, py, ca, sa, focal, columns, reach):
    """What may be in a picture, with the columns that it may cover; how many there are."""
    count = 0
    for n in range(len(poses)):
        if n == ego or not math.isfinite(poses[n, 0]):
            continue
        x, y = poses[n, 0] - px, poses[n, 1] - py
        long, wide = sizes[n, 0] / 2, sizes[n, 1] / 2
        depth = ca * x + sa * y
        if depth < -(long + wide) or depth > reach:
            continue
        c, s = math.cos(poses[n, 2]), math.sin(poses[n, 2])
        first, last, behind, before = 1e9, -1e9, False, False
        for corner in range(4):
            a = long if corner < 2 else -long
            b = wide if corner == 0 or corner == 3 else -wide
            cx, cy = x + a * c - b * s, y + a * s + b * c
            d, right = ca * cx + sa * cy, sa * cx - ca * cy
            if d < NEAR:
                behind = True
                continue
            before = True
            u = columns / 2 + focal * right / d
            first, last = min(first, u), max(last, u)
        if not before:
            continue
        if behind:  # it reaches past the camera: to the edge, on the side where it stands
            first, last = 0.0, float(columns)
        if last < 0 or first >= columns:
            continue
        row = seen[count]
        row[X], row[Y], row[COS], row[SIN] = x, y, c, s
        row[LONG], row[WIDE], row[TALL], row[LOOK] = long, wide, sizes[n, 2], looks[n]
        row[FIRST], row[LAST] = max(math.floor(first), 0.0), min(math.floor(last), columns - 1.0)
        count += 1
    return count


@_compiled
def _meet(row, rx, ry):
    """Where a ray from the camera along (rx, ry) enters and leaves a box, by depth [m]; and through which wall."""
    c, s = row[COS], row[SIN]
    ox, oy = -(c * row[X] + s * row[Y]), s * row[X] - c * row[Y]
    dx, dy = c * rx + s * ry, c * ry - s * rx
    dx = dx if abs(dx) > 1e-9 else 1e-9
    dy = dy if abs(dy) > 1e-9 else 1e-9
    along_in, along_out = (-row[LONG] - ox) / dx, (row[LONG] - ox) / dx
    if along_in > along_out:
        along_in, along_out = along_out, along_in
    aside_in, aside_out = (-row[WIDE] - oy) / dy, (row[WIDE] - oy) / dy
    if aside_in > aside_out:
        aside_in, aside_out = aside_out, aside_in
    wall = 0 if aside_in >= along_in else 1 if dx > 0 else 2  # side, rear, front
    return max(along_in, aside_in), min(along_out, aside_out), wall


@_compiled
def _span(column, top, bottom, grey):
    """Blend a vertical span [px] of a grey value into a column."""
    for v in range(max(int(math.floor(top)), 0), min(int(math.floor(bottom)), len(column) - 1) + 1):
        covered = min(v + 1.0, bottom) - max(float(v), top)
        if covered > 0:
            column[v] += (grey - column[v]) * covered


@_compiled
def _paint_box(column, row, enters, leaves, wall, focal, height, horizon, haze):
    look = int(row[LOOK])
    grey = REAR if wall == 1 else FRONT if wall == 2 else SIDE
    if look == OBSTACLE:
        grey = OBJECT
    fade = min(1.0, enters / haze)
    grey += (HAZE - grey) * fade
    tall = row[TALL]
    top = horizon + focal * (height - tall) / enters
    _span(column, top, horizon + focal * (height - UNDER) / enters, grey)
    if tall < height:
        _span(column, horizon + focal * (height - tall) / leaves, top, TOP + (HAZE - TOP) * fade)
    if (look == BRAKING and wall == 1) or look == WRECK or look == OBSTACLE:
        low, high = (0.55, 0.95) if look != OBSTACLE else (0.4, 0.7)
        lamp = LAMP + (HAZE - LAMP) * fade
        _span(
            column,
            horizon + focal * (height - high) / enters,
            horizon + focal * (height - low) / enters,
            lamp,
        )


@_compiled
def _paint_boxes(picture, seen, count, ca, sa, focal, height, horizon, haze, order, hits, column):
    rows, columns = picture.shape
    for u in range(columns):
        some = False
        for n in range(count):
            some = some or (seen[n, FIRST] <= u <= seen[n, LAST])
        if not some:
            continue
        for v in range(rows):
            column[1, v] = 0.0
        for ray in range(ACROSS):
            right = (u + (ray + 0.5) / ACROSS - columns / 2) / focal
            rx, ry = ca + sa * right, sa - ca * right
            met = 0
            for n in range(count):
                if not (seen[n, FIRST] <= u <= seen[n, LAST]):
                    continue
                enters, leaves, wall = _meet(seen[n], rx, ry)
                if enters >= leaves or enters < NEAR:
                    continue
                place = met  # the farthest first
                while place > 0 and hits[place - 1, 0] < enters:
                    for part in range(3):
                        hits[place, part] = hits[place - 1, part]
                    order[place] = order[place - 1]
                    place -= 1
                hits[place, 0], hits[place, 1], hits[place, 2] = enters, leaves, wall
                order[place] = n
                met += 1
            for v in range(rows):
                column[0, v] = picture[v, u]
            for hit in range(met):
                _paint_box(
                    column[0], seen[order[hit]], hits[hit, 0], hits[hit, 1], int(hits[hit, 2]),
                    focal, height, horizon, haze,
                )  # fmt: skip
            for v in range(rows):
                column[1, v] += column[0, v] / ACROSS
        for v in range(rows):
            picture[v, u] = column[1, v]


@_compiled
def cast(out, chosen, poses, looks, sizes, ego, mounts, texels, levels, frame, reach, haze):
    """Draw into out, uint8 [W, C, T, rows, columns]; arguments as in `mounted.draw`."""
    worlds, cameras, moments, rows, columns = out.shape
    bodies = poses.shape[2]
    picture = np.empty((rows, columns))
    seen = np.empty((bodies, 10))
    order, hits, column = np.empty(bodies, np.int64), np.empty((bodies, 3)), np.empty((2, rows))
    for w in range(worlds):
        if not chosen[w]:
            continue
        for moment in range(moments):
            own = poses[w, moment, ego[w]]
            if not math.isfinite(own[0]):
                for camera in range(cameras):
                    out[w, camera, moment] = out[w, camera, moment - 1]
                continue
            c, s = math.cos(own[2]), math.sin(own[2])
            for camera in range(cameras):
                forward, left, height, yaw, field, share = mounts[camera]
                focal, horizon = columns / 2 / math.tan(field / 2), share * rows
                px, py = own[0] + forward * c - left * s, own[1] + forward * s + left * c
                ca, sa = math.cos(own[2] + yaw), math.sin(own[2] + yaw)
                _paint_ground(
                    picture, px, py, ca, sa, focal, height, horizon, texels, levels, frame, haze
                )
                count = _in_sight(
                    seen, poses[w, moment], looks[w, moment], sizes[w], ego[w], px, py, ca, sa,
                    focal, columns, reach,
                )  # fmt: skip
                if count:
                    _paint_boxes(
                        picture,
                        seen,
                        count,
                        ca,
                        sa,
                        focal,
                        height,
                        horizon,
                        haze,
                        order,
                        hits,
                        column,
                    )
                for v in range(rows):
                    for u in range(columns):
                        grey = min(max(picture[v, u], 0.0), 255.0)
                        out[w, camera, moment, v, u] = np.uint8(grey + 0.5)
