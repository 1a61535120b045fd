"""Small arithmetic that every part of the kernel shares."""

from __future__ import annotations

from drive.twin.kernel.compiling import compiled, inlined
from drive.twin.kernel.rows import PI, TWO_PI


@inlined
def wrap(a):
    t = a + PI
    if 0.0 <= t < TWO_PI:
        return t - PI
    return t % TWO_PI - PI


@inlined
def not_zero(a):
    if abs(a) > 1e-2:
        return a
    return 1e-2 if a >= 0 else -1e-2


@inlined
def clip(a, low, high):
    return min(max(a, low), high)


@compiled
def sign(a):
    return 1 if a > 0 else (-1 if a < 0 else 0)
