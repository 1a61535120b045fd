"""The faithfulness figures of a run's logs: collected log by log, as a table, and in one sentence.

What each figure asks stands in `drive.checking.faithfulness`; docs/faithfulness.md defines them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from drive.checking.faithfulness import FIGURES, Figure, estimate, examine
from drive.checking.verdicts import asked_again
from drive.engine import Engine, Failure, Local
from drive.episodes import log
from drive.measures.statistics import Estimate

Values = dict[str, list[float]]


@dataclass(frozen=True)
class Examined:
    """What the decisions of one or several logs answered."""

    values: Values = field(default_factory=dict)  # figure -> a value for each thing that it counts
    decisions: int = 0  # that were examined
    logged: int = 0  # fewer are examined where a replay differs from its log
    logs: int = 0

    def __add__(self, other: Examined) -> Examined:
        names = {**self.values, **other.values}
        merged = {n: [*self.values.get(n, ()), *other.values.get(n, ())] for n in names}
        return Examined(
            merged,
            self.decisions + other.decisions,
            self.logged + other.logged,
            self.logs + other.logs,
        )


def examine_log(path: Path, progress: Callable[[Iterable], Iterable] = iter) -> Examined:
    """Examine what one log says. ValueError where its policy cannot be asked again.

    progress: is handed the logged steps as they come, to show how far it is.
    """
    episode = log.read(path).episode
    policy, why_not = asked_again(episode.header)
    if policy is None:
        raise ValueError(f"{path.name} cannot be examined: {why_not}")
    values = examine(episode, policy, {}, progress).get("", {})
    return Examined(values, len(values.get("causal locality", ())), len(episode.steps), 1)


def examine_logs(
    paths: Iterable[Path], engine: Engine = Local()
) -> Iterator[tuple[Path, Examined | Failure]]:
    """Every log with what it answered, as they are done; a log that cannot be examined comes with why not."""
    return engine.run(paths, examine_log)


def table(examined: Examined) -> Iterator[str]:
    """One line for each figure that anything was counted for: mean, 95 % interval, n, target."""
    yield f"{'figure':26}{'mean':>7}  {'95 % interval':15}{'n':>6}  target"
    for name, (figure, measured) in _measured(examined).items():
        sign = {"higher": "≥", "lower": "≤"}.get(figure.better, "")
        target = "" if figure.target is None else f"{sign} {figure.target:g}"
        mark = "" if figure.target is None else f"  {standing(figure, measured)}"
        interval = f"{measured.low:.3f} to {measured.high:.3f}"
        line = f"{name:26}{measured.mean:7.3f}  {interval:15}{measured.n:6}  {target}{mark}"
        yield line.rstrip()


def standing(figure: Figure, measured: Estimate) -> str:
    """Is the target reached, missed for certain (outside the interval), or may it still be reached?"""
    if figure.better == "lower":
        reached, possible = measured.mean <= figure.target, measured.low <= figure.target
    else:
        reached, possible = measured.mean >= figure.target, measured.high >= figure.target
    return "reached" if reached else "open" if possible else "missed"


def missed(examined: Examined) -> tuple[str, ...]:
    """The figures whose target lies outside their interval."""
    return tuple(
        name
        for name, (figure, measured) in _measured(examined).items()
        if figure.target is not None and standing(figure, measured) == "missed"
    )


def closing(examined: Examined) -> str:
    """One plain sentence: how many targets are reached, and which are not."""
    of = f"{_count(examined.decisions, 'decision')} of {_count(examined.logs, 'log')}"
    marks = {
        name: standing(figure, measured)
        for name, (figure, measured) in _measured(examined).items()
        if figure.target is not None
    }
    if not marks:
        return f"Nothing that has a target could be counted in {of}."
    words = [f"{list(marks.values()).count('reached')} of {len(marks)} targets are reached"]
    for mark, what in (("missed", "missed"), ("open", "open, for want of decisions")):
        names = [name for name, each in marks.items() if each == mark]
        words += [f"{what}: {', '.join(names)}"] if names else []
    return f"In {of}, {'; '.join(words)}."


def _measured(examined: Examined) -> dict[str, tuple[Figure, Estimate]]:
    return {
        name: (figure, estimate(examined.values[name]))
        for name, figure in FIGURES.items()
        if examined.values.get(name)
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
