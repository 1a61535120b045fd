"""What can be asked about one decision of a log, as frozen values.

What a question leaves to the scene (where "4 m nearer" is) becomes edits there: `drive.episodes.asking`.
"""

from __future__ import annotations

from dataclasses import dataclass

from drive.types.actions import Meta
from drive.types.edits import Edit


@dataclass(frozen=True)
class Why:
    """Why was this done?"""


@dataclass(frozen=True)
class WhyNot:
    """Why was this not done?"""

    action: Meta


@dataclass(frozen=True)
class Feared:
    """What was the worst that was imagined of what was done?"""


@dataclass(frozen=True)
class WhatIf:
    """What would have been done, had this been different?"""

    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Nearer:
    """What if a car were nearer to me along its lane, its speed as it is?"""

    car: int
    metres: float  # [m]; < 0: farther away


@dataclass(frozen=True)
class Quicker:
    """What if a car were quicker?"""

    car: int
    change: float  # [m/s]; < 0: slower


@dataclass(frozen=True)
class CutIn:
    """What if a car changed into my lane now?"""

    car: int


@dataclass(frozen=True)
class Blocked:
    """What if debris lay ahead of me, on the way that I drive?"""

    metres: float  # [m] from my front to it, >= 0


@dataclass(frozen=True)
class HowNear:
    """How much nearer or farther away must a car be, for another decision?"""

    car: int


Question = Why | WhyNot | Feared | WhatIf | Nearer | Quicker | CutIn | Blocked | HowNear
