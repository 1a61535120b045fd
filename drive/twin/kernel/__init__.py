"""highway-env 1.12's traffic physics, compiled by numba.

Frame: highway-env's own, y DOWN, angles clockwise as drawn. `drive.twin.worlds` flips at the border; nothing here does.
What it does not know: landmarks (not solid, never a neighbour), several egos, parking, PolyLane.

`rows` says how a world is laid out in memory, and all its names stand here as well; `advance` drives worlds. Each other
module is one idea; tests/test_layers.py holds the order in which they build on one another.
"""

from drive.twin.kernel import compiling
from drive.twin.kernel.advance import advance, legal
from drive.twin.kernel.compiling import reported
from drive.twin.kernel.rows import *  # noqa: F403
from drive.twin.kernel.workspace import workspace

__all__ = ["advance", "compiling", "legal", "reported", "workspace"]
