"""Always SLOWER: a null policy for roads that are driven by meta-actions."""

from __future__ import annotations

from drive.types import Choice, Legal, Meta, Option, Scene, Term

ALWAYS = Term("always", 0.0, "", "for")


class Slower:
    """Chooses the next lower speed; keeps the slowest, where SLOWER is no longer legal."""

    name = "slower"
    tie = "post hoc"

    @staticmethod
    def applies(legal: Legal) -> bool:
        return bool(legal.meta)

    def decide(self, scene: Scene) -> Choice:
        action = Meta("SLOWER" if "SLOWER" in scene.legal.meta else "IDLE")
        return Choice(action, (Option(action, (ALWAYS,)),))
