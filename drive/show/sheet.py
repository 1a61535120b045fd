"""An episode's figures as an instructor would note them, for the page: what, and how much with its unit."""

from __future__ import annotations

from drive.language import said_number, say_page, words_of
from drive.types import End

SHARE = "share"  # a unit: of the time
FIGURES = (  # metric, decimals, unit; what the page calls it stands in `drive.language.page`
    ("success", 0, ""),
    ("mean speed", 1, "m/s"),
    ("minimum TTC", 1, "s"),
    ("headway under 1 s", 0, SHARE),
    ("TTC under 2 s", 0, SHARE),
    ("hard braking imposed", 0, ""),
    ("oncoming lane", 1, "s"),
    ("lane changes", 0, ""),
)
NONE = "–"
WHERE_ANY = ("oncoming lane",)  # told only where there is any


def sheet(*ends: End | None, language: str = "en") -> list[list[str]]:
    """[what, of the first, of the next, ...] of every figure that one of them has; NONE where an episode has not."""
    rows = []
    for name, decimals, unit in FIGURES:
        values = [None if end is None else end.metrics.get(name) for end in ends]
        if any(values) or (name not in WHERE_ANY and values != [None] * len(ends)):
            said = [_said(value, name, decimals, unit, language) for value in values]
            rows.append([say_page(f"sheet.{name}", language), *said])
    return rows


def _said(value: float | None, name: str, decimals: int, unit: str, language: str) -> str:
    if value is None:
        return NONE
    if name == "success":
        return say_page("yes" if value else "no", language)
    words = words_of(language)
    if unit == SHARE:
        number = said_number(100.0 * value, words.decimal, decimals)
        return say_page("sheet.share", language, number=number)
    return said_number(value, words.decimal, decimals) + words.units[unit]
