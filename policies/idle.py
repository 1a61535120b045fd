"""Always IDLE, or wheels straight where the road is steered: a null policy."""

from __future__ import annotations

from drive.types import Choice, Control, Legal, Meta, Option, Scene, Term

ALWAYS = Term("always", 0.0, "", "for")


class Idle:
    """Does nothing, ever."""

    name = "idle"
    tie = "post hoc"

    @staticmethod
    def applies(legal: Legal) -> bool:
        return True

    def decide(self, scene: Scene) -> Choice:
        action = Meta("IDLE") if scene.legal.meta else Control(0.0, 0.0)
        return Choice(action, (Option(action, (ALWAYS,)),))
