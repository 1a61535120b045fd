"""Always FASTER: a null policy for roads that are driven by meta-actions."""

from __future__ import annotations

from drive.types import Choice, Legal, Meta, Option, Scene, Term

ALWAYS = Term("always", 0.0, "", "for")


class Faster:
    """Chooses the next higher speed; keeps the fastest, where FASTER is no longer legal."""

    name = "faster"
    tie = "post hoc"

    @staticmethod
    def applies(legal: Legal) -> bool:
        return bool(legal.meta)

    def decide(self, scene: Scene) -> Choice:
        action = Meta("FASTER" if "FASTER" in scene.legal.meta else "IDLE")
        return Choice(action, (Option(action, (ALWAYS,)),))
