"""A compiled, batched, exact copy of highway-env 1.12's traffic physics. Imports neither gymnasium nor highway_env.

Its worlds are changed by `drive.twin.edits.edited`.
"""

from drive.twin.entry import (
    Hypothesis,
    any_priority,
    from_scene,
    from_truth,
    on_the_road,
    sampled,
    warm,
)
from drive.twin.suppositions import AS_IT_IS, Suppositions, supposed
from drive.twin.worlds import (
    CODES,
    META_ACTIONS,
    NO_ACTION,
    NOMINAL,
    RISK_COLUMNS,
    STAND_STILL,
    Drive,
    Worlds,
    concatenate,
    sees_less,
)

__all__ = [
    "AS_IT_IS",
    "CODES",
    "META_ACTIONS",
    "NOMINAL",
    "NO_ACTION",
    "RISK_COLUMNS",
    "STAND_STILL",
    "Drive",
    "Hypothesis",
    "Suppositions",
    "Worlds",
    "any_priority",
    "concatenate",
    "from_scene",
    "from_truth",
    "on_the_road",
    "sampled",
    "sees_less",
    "supposed",
    "warm",
]
