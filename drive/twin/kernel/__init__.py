"""highway-env 1.12's traffic physics, compiled by numba.

Frame: highway-env's own, y DOWN, angles clockwise as drawn. `drive.twin.worlds` flips at the border; nothing here does.
What it does not know: landmarks (not solid, never a neighbour), several egos, parking, PolyLane.

`rows` says how a world is laid out in memory and stands here whole; `advance` drives worlds. The other modules are one idea
each, in the order in which they build on one another: see tests/test_layers.py.
"""

from drive.twin.kernel.advance import advance, legal
from drive.twin.kernel.compiling import reported
from drive.twin.kernel.rows import *  # noqa: F403  the layout is what every caller needs
from drive.twin.kernel.workspace import workspace

__all__ = ["advance", "legal", "reported", "workspace"]
