"""Drive one episode into a log: every step on disk as it is done, the metrics with the end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from drive.episodes import log
from drive.episodes.rollout import drive, header
from drive.measures.metrics import measure
from drive.types import End, Episode, Policy, Step
from drive.world import World


def record(
    world: World,
    policy: Policy,
    seed: int,
    folder: Path,
    language: str = "en",
    causes: str | bool = "every",
) -> Iterator[Path | Step | End]:
    """Drive and write: first the log's path, then every Step, at last the End with its metrics."""
    events = drive(world, policy, language, causes)
    world.reset(seed)
    about = header(world, policy, seed)
    steps: list[Step] = []
    path = Path(folder) / log.file_name(about)
    with log.Writer(path, about) as writer:
        yield path
        for event in events:
            if isinstance(event, End):
                event = finished(Episode(about, tuple(steps), event)).end
                writer.end(event)
            else:
                steps.append(event)
                writer.step(event)
            yield event


def finished(episode: Episode) -> Episode:
    """The episode with its metrics in its end; what does not apply is absent."""
    measured = {name: float(value) for name, value in measure(episode).items()}
    finite = {name: value for name, value in measured.items() if math.isfinite(value)}
    return replace(episode, end=replace(episode.end, metrics=finite))
