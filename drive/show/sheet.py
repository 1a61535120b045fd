"""An episode's figures as an instructor would note them, for the page: what, and how much with its unit."""

from __future__ import annotations

from drive.types import End

FIGURES = (  # metric, what the page calls it, factor, decimals, unit
    ("success", "task done", 1.0, 0, ""),
    ("mean speed", "mean speed", 1.0, 1, "m/s"),
    ("minimum TTC", "least time to collision", 1.0, 1, "s"),
    ("headway under 1 s", "closer than 1 s to the car ahead", 100.0, 0, "% of the time"),
    ("TTC under 2 s", "less than 2 s to a collision", 100.0, 0, "% of the time"),
    ("hard braking imposed", "times others had to brake hard", 1.0, 0, ""),
    ("oncoming lane", "in the oncoming lane", 1.0, 1, "s"),
    ("lane changes", "changes of lane", 1.0, 0, ""),
)
NONE = "–"
WHERE_ANY = ("oncoming lane",)  # told only where there is any


def sheet(*ends: End | None) -> list[list[str]]:
    """[what, of the first, of the next, ...] of every figure that one of them has; NONE where an episode has not."""
    rows = []
    for name, what, factor, decimals, unit in FIGURES:
        values = [None if end is None else end.metrics.get(name) for end in ends]
        if any(values) or (name not in WHERE_ANY and values != [None] * len(ends)):
            rows.append([what, *(_said(value, name, factor, decimals, unit) for value in values)])
    return rows


def _said(value: float | None, name: str, factor: float, decimals: int, unit: str) -> str:
    if value is None:
        return NONE
    if name == "success":
        return "yes" if value else "no"
    return f"{value * factor:.{decimals}f} {unit}".strip()
