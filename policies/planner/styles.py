"""How the planner may drive: each style is a row of settings, which may differ by kind of road.

`planner` drives in the first style, `planner:STYLE` in the one of that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drive.twin import any_priority
from drive.types import Scene
from drive.types.settings import changed
from policies.planner.imagination import junctions
from policies.planner.settings import Settings

# kinds of road, by which a style may differ
OPEN, EXIT, JUNCTION, RIGHT_OF_WAY = KINDS = ("open", "exit", "junction", "right of way")


@dataclass(frozen=True)
class Style:
    """A name, what it is for, and which settings differ from `Settings()`: everywhere, and on some kinds of road."""

    name: str
    about: str
    everywhere: Mapping[str, Any] = field(default_factory=dict)
    on: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def settings(self, kind: str = OPEN) -> Settings:
        """The settings on a kind of road."""
        settings = Settings()
        for name, value in {**self.everywhere, **self.on.get(kind, {})}.items():
            settings = changed(settings, name, value)
        return settings


STYLES = {
    style.name: style
    for style in (
        Style(
            "considerate",
            "margins outrank speed",
            everywhere={
                "margins.ahead_headway": 0.95,
                "prices.ahead_time": 4.5,
                "prices.ahead_gap": 4.5,
                "prices.held": 0.2,
                "reading.baseline": 0.3,
            },
            on={
                EXIT: {
                    "margins.ahead_headway": 1.0,
                    "prices.ahead_time": 6.5,
                    "prices.ahead_gap": 6.5,
                    "prices.held": 0.4,
                    "arriving.worth": 40.0,
                    "arriving.pace": 0.85,
                },
                JUNCTION: {
                    "margins.ahead_headway": 1.0,
                    "prices.held": 0.4,
                    "arriving.worth": 60.0,
                    "common_junction": 2,
                },
                RIGHT_OF_WAY: {
                    "margins.ahead_headway": 0.5,
                    "prices.ahead_time": 0.6,
                    "prices.ahead_gap": 0.6,
                    "prices.held": 1.0,
                    "ways.steering": 0.2,
                    "crossing": 21,
                    "beam": 7,
                    "width": 4,
                },
            },
        ),
        Style("brisk", "as fast as collisions allow, closely where that pays"),
    )
}
USUAL = next(iter(STYLES))


def style_of(name: str) -> Style:
    """The style of that name; ValueError lists the right ones."""
    if name not in STYLES:
        raise ValueError(f"the planner has no style {name!r}; choose from {', '.join(STYLES)}")
    return STYLES[name]


def kind_of(scene: Scene) -> str:
    """The kind of road that a style goes by."""
    if junctions(scene.road):
        return RIGHT_OF_WAY if any_priority(scene.road) else JUNCTION
    return EXIT if scene.task.kind == "exit" else OPEN
