"""Two policies on the same road and seed, for the player: the other one is driven while this one is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from drive.episodes import log, shelf
from drive.episodes.record import record
from drive.policy import load, offered
from drive.show import viewer
from drive.show.sheet import sheet
from drive.types import End, Header
from drive.world import World


def messages(
    path: Path,
    policy: str,
    wanted: Callable[[], bool],
    language: str = "en",
    into: Callable[[], str] = partial(shelf.new_run, "page"),
) -> Iterator[dict]:
    """What another policy does on a log's road and seed, as it is driven into a run of its own, while wanted.

    into: names the run.

    ValueError, in one sentence, for what cannot be driven so.
    """
    header = log.read_header(path)
    if policy not in offered():
        raise ValueError(f"no policy {policy!r}; choose from {', '.join(offered())}")
    if header.parent is not None:
        raise ValueError(
            "this drive began in the middle of another; another policy is compared from the start"
        )
    if header.by_hand:
        raise ValueError(
            "a person took part in this drive; another policy is compared with a policy's"
        )
    ours = log.read(path).episode.end
    run, before, count = into(), None, 0
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
                "figures": sheet(ours, event, language=language)
            }
        else:
            yield {"from": count, "steps": [viewer.step_data(about, event, before, language)]}
            before, count = event, count + 1
