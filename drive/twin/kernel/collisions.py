"""Collisions, and the push that follows (highway-env's vehicle/objects.py and utils.are_polygons_intersecting)."""

from __future__ import annotations

import math

import numpy as np

from drive.twin.kernel.compiling import compiled, inlined
from drive.twin.kernel.related import never_repeat
from drive.twin.kernel.rows import (
    CHECKS,
    CRASHED,
    DIAGONAL,
    GHOST,
    IMPACT_X,
    IMPACT_Y,
    KIND,
    LENGTH,
    OBSTACLE,
    SPEED,
    STRUCK,
    TOUCHED,
    WIDTH,
    X,
    Y,
)


@compiled
def corners(f, own, i, out):
    c = own[0, i]
    s = own[1, i]
    half_length = f[LENGTH, i] / 2
    half_width = f[WIDTH, i] / 2
    for k in range(4):
        a = -half_length if k < 2 else half_length
        b = -half_width if k in (0, 3) else half_width
        out[k, 0] = c * a - s * b + f[X, i]
        out[k, 1] = s * a + c * b + f[Y, i]


@compiled
def span(polygon, nx, ny):
    low = polygon[0, 0] * nx + polygon[0, 1] * ny
    high = low
    for k in range(1, 4):
        d = polygon[k, 0] * nx + polygon[k, 1] * ny
        low = min(low, d)
        high = max(high, d)
    return low, high


@compiled
def apart(low_a, high_a, low_b, high_b):
    return low_b - high_a if low_a < low_b else low_a - high_b


@compiled
def surely_apart(f, own, i, j, dt):
    """A cheap separating axis: across car i. True only where the exact test has to say neither now nor next."""
    c = own[0, i]
    s = own[1, i]
    dx = f[X, j] - f[X, i]
    dy = f[Y, j] - f[Y, i]
    across = abs(-dx * s + dy * c)
    cj = own[0, j]
    sj = own[1, j]
    half = f[LENGTH, j] / 2 * abs(-s * cj + c * sj) + f[WIDTH, j] / 2 * abs(s * sj + c * cj)
    swept = abs(f[SPEED, j] * dt * (-s * cj + c * sj))
    return across - f[WIDTH, i] / 2 - half - swept > 1e-6


@compiled
def collide(f, g, own, polygons, i, j, dt):
    """RoadObject.handle_collisions for one pair, i before j in the road's order. Did they meet, or will they next?"""
    dx = f[X, j] - f[X, i]
    dy = f[Y, j] - f[Y, i]
    if math.sqrt(dx * dx + dy * dy) > (f[DIAGONAL, i] + f[DIAGONAL, j]) / 2 + f[SPEED, i] * dt:
        return False
    if surely_apart(f, own, i, j, dt):
        return False
    a = polygons[0]
    b = polygons[1]
    corners(f, own, i, a)
    corners(f, own, j, b)
    moved_x = f[SPEED, i] * own[0, i] * dt - f[SPEED, j] * own[0, j] * dt
    moved_y = f[SPEED, i] * own[1, i] * dt - f[SPEED, j] * own[1, j] * dt
    now = True
    soon = True
    least = np.inf
    axis_x = 0.0
    axis_y = 0.0
    for k in range(
        8
    ):  # opposite edges share an axis, but not the distance along it where one span holds the other
        polygon = polygons[k // 4]
        e = k % 4
        after = (e + 1) % 4
        nx = -polygon[after, 1] + polygon[e, 1]
        ny = polygon[after, 0] - polygon[e, 0]
        size = math.sqrt(nx * nx + ny * ny)
        nx /= size
        ny /= size
        low_a, high_a = span(a, nx, ny)
        low_b, high_b = span(b, nx, ny)
        if apart(low_a, high_a, low_b, high_b) > 0:
            now = False
        swept = nx * moved_x + ny * moved_y
        if swept < 0:
            low_a += swept
        else:
            high_a += swept
        d = apart(low_a, high_a, low_b, high_b)
        if d > 0:
            soon = False
        if not now and not soon:
            return False
        if abs(d) < least:
            least = abs(d)
            cx = (a[0, 0] + a[1, 0] + a[2, 0] + a[3, 0]) / 4 - (
                b[0, 0] + b[1, 0] + b[2, 0] + b[3, 0]
            ) / 4
            cy = (a[0, 1] + a[1, 1] + a[2, 1] + a[3, 1]) / 4 - (
                b[0, 1] + b[1, 1] + b[2, 1] + b[3, 1]
            ) / 4
            side = 1.0 if cx * nx + cy * ny > 0 else -1.0
            axis_x = side * nx
            axis_y = side * ny
    if soon:
        share = 1.0 if g[KIND, j] == OBSTACLE else 0.5
        f[IMPACT_X, i] = least * axis_x * share
        f[IMPACT_Y, i] = least * axis_y * share
        g[STRUCK, i] = 1
        if g[KIND, j] != OBSTACLE:
            f[IMPACT_X, j] = -least * axis_x * share
            f[IMPACT_Y, j] = -least * axis_y * share
            g[STRUCK, j] = 1
    if now:
        g[CRASHED, i] = 1
        g[CRASHED, j] = 1
    return now or soon


@inlined
def within(f, i, j, reach):
    return (abs(f[X, j] - f[X, i]) <= reach) & (abs(f[Y, j] - f[Y, i]) <= reach)


@inlined
def collide_all(f, g, own, polygons, cars, slots, ego, notes, dt):
    """Road.step's pairs, in its order, less those too far apart, and those that did not meet in the world before either."""
    near = notes.near
    longest = 0.0
    fastest = 0.0
    for i in range(slots):
        longest = max(longest, f[DIAGONAL, i])
        fastest = max(fastest, abs(f[SPEED, i]))
        near[i] = False
    reach = longest + fastest * dt
    some = False
    for i in range(slots):
        if not notes.computed[i]:
            continue
        close = 0
        for j in range(slots):
            close += within(f, i, j, reach)
        if close > 1:  # more than itself
            some = True
            for j in range(slots):
                near[j] |= within(f, i, j, reach)
    if not some:
        return
    for i in range(cars):
        if not near[i]:
            continue
        reach = (f[DIAGONAL, i] + longest) / 2 + f[SPEED, i] * dt
        for j in range(i + 1, slots):
            if (
                not near[j]
                or not (notes.computed[i] or notes.computed[j])
                or not within(f, i, j, reach)
            ):
                continue
            if not (g[CHECKS, i] or g[CHECKS, j]):
                continue
            if (i == ego and g[GHOST, j]) or (j == ego and g[GHOST, i]):
                continue
            if not collide(f, g, own, polygons, i, j, dt):
                continue
            never_repeat(notes, i)
            never_repeat(notes, j)
            if i == ego or j == ego:
                g[TOUCHED, i] = 1
                g[TOUCHED, j] = 1
