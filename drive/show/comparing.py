"""Two policies on the same road and seed, for the player: the other one is driven while this one is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from drive.episodes import log, shelf
from drive.episodes.record import record
from drive.policy import load, offered
from drive.show import viewer
from drive.types import End, Header
from drive.world import World

FIGURES = (  # metric, what the player calls it, factor, decimals, unit
    ("success", "task done", 1.0, 0, ""),
    ("mean speed", "mean speed", 1.0, 1, "m/s"),
    ("minimum TTC", "least time to collision", 1.0, 1, "s"),
    ("headway under 1 s", "closer than 1 s to the car ahead", 100.0, 0, "%"),
    ("hard braking imposed", "times others had to brake hard", 1.0, 0, ""),
    ("lane changes", "changes of lane", 1.0, 0, ""),
)


def messages(
    path: Path, policy: str, wanted: Callable[[], bool], language: str = "en"
) -> Iterator[dict]:
    """What another policy does on a log's road and seed, as it is driven into a run of its own, while wanted.

    ValueError, in one sentence, for what cannot be driven so.
    """
    header = log.read_header(path)
    if policy not in offered():
        raise ValueError(f"no policy {policy!r}; choose from {', '.join(offered())}")
    if header.parent is not None:
        raise ValueError(
            "this drive began in the middle of another; another policy is compared from the start"
        )
    ours = log.read(path).episode.end
    run, before, count = shelf.new_run("page"), None, 0
    world = World(header.scenario, header.overrides, "twin")
    events = record(world, load(policy), header.seed, shelf.root() / run, language, "change")
    theirs = next(events)
    about: Header = log.read_header(theirs)
    yield {"policy": policy, "at": [run, theirs.stem], "from": 0, "steps": []}
    for event in events:
        if not wanted():
            return events.close()
        if isinstance(event, End):
            yield {"from": count, "end": viewer.end_data(event, count, language)["end"]} | {
                "figures": [] if ours is None else figures(ours, event)
            }
        else:
            yield {"from": count, "steps": [viewer.step_data(about, event, before, language)]}
            before, count = event, count + 1


def figures(ours: End, theirs: End) -> list[list[str]]:
    """[what, of the one, of the other] where either has the metric; "–" where one has not."""
    rows = []
    for name, what, factor, decimals, unit in FIGURES:
        values = [end.metrics.get(name) for end in (ours, theirs)]
        if values != [None, None]:
            rows.append([what, *(_said(value, name, factor, decimals, unit) for value in values)])
    return rows


def _said(value: float | None, name: str, factor: float, decimals: int, unit: str) -> str:
    if value is None:
        return "–"
    if name == "success":
        return "yes" if value else "no"
    return f"{value * factor:.{decimals}f} {unit}".strip()
