"""What a policy perceives that sees pictures only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Pictures:
    """What the cameras on the ego see, and what the ego knows of itself. No list of cars, no ids, no lane of others.

    seen: uint8 [cameras, moments, rows, columns], of `drive.camera.mounted`. own: float32 [NUMBERS], the ego's motion and
    set-points. legal: names of the meta-actions that are offered.
    """

    seen: np.ndarray
    own: np.ndarray
    legal: tuple[str, ...]
