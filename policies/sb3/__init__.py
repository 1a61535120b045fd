"""An agent of Stable-Baselines3 (DQN, PPO or A2C with an MlpPolicy), exported to safetensors; a black box to explain.

It is shown what highway-env would show it, rebuilt from the scene, and does what it would do there: the action of the
highest value or probability, and where that one is not available, IDLE. docs/bring_your_own.md tells how to export one.
"""

from __future__ import annotations

from pathlib import Path

from drive.types import Choice, Legal, Meta, Option, Scene, Term
from policies.sb3.model import VALUES, fitting, outputs, read
from policies.sb3.observation import Shown, default, in_rows, observe

ENDINGS = (".safetensors", ".zip")  # that may be left away, the harmless one first
UNAVAILABLE = Term("unavailable", 0.0, "", "against")


class StableBaselines:
    """The agent of `sb3:FILE.safetensors`.

    ValueError where the file is none; a zip is a pickle and is never opened here.
    """

    tie = "post hoc"

    def __init__(self, file: str):
        place = at(Path(file))
        if place.suffix == ".zip":
            raise ValueError(
                f"{place} is a pickle, which can run any program when it is opened: only "
                "`whydrive run`, `evaluate` and `export-sb3` open it, with --trust-pickle"
            )
        self.name = f"sb3:{file}"
        self._model = read(place)
        self.weights = self._model.digest
        self._kind = "value" if self._model.about.algorithm in VALUES else "preference"

    @staticmethod
    def applies(legal: Legal) -> bool:
        return bool(legal.meta)

    def decide(self, scene: Scene) -> Choice:
        if not scene.legal.meta:
            raise ValueError(
                f"it knows meta-actions only, and {scene.scenario} is driven by steering"
            )
        scores = outputs(self._model, observe(scene, self.shown(scene)))
        options = tuple(
            self._option(name, score, name in scene.legal.meta)
            for name, score in zip(self._model.actions(scene.scenario), scores, strict=True)
        )
        best = max(options, key=lambda option: option.score).action
        return Choice(best if scene.legal.allows(best) else Meta("IDLE"), options)

    def could_matter(self, scene: Scene, choice: Choice) -> tuple[int, ...]:
        """The cars that have a row: hiding any other changes no number."""
        rows = in_rows(scene, self.shown(scene))
        return tuple(thing.id for _, thing in rows if thing in scene.cars)

    def shown(self, scene: Scene) -> Shown:
        """What it is shown: its own observation, or the scenario's if that fits."""
        return self._model.shown or fitting(
            default(scene.scenario), self._model.inputs, self._model.about.shape
        )

    def _option(self, name: str, score: float, available: bool) -> Option:
        term = Term(self._kind, score, "", "for" if score > 0 else "against", worth=score)
        return Option(Meta(name), (term,) if available else (term, UNAVAILABLE), score)


def at(path: Path) -> Path:
    """The file of that name, where its ending may have been left away, as Stable-Baselines3 allows."""
    named = (path.with_name(path.name + ending) for ending in ENDINGS)
    return path if path.is_file() else next((p for p in named if p.is_file()), path)
