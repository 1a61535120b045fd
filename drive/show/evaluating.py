"""An evaluation that a visitor of the page asks for: few episodes of one policy, told of as they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

from drive.engine import Processes
from drive.episodes import shelf
from drive.episodes.api import drivers_of
from drive.evaluation import evaluating
from drive.evaluation.results import Record
from drive.evaluation.summary import is_failure
from drive.scenarios import SCENARIOS
from drive.show import session

MOST = 20  # episodes of one evaluation
PHYSICS, CAUSES = "twin", "change"  # the same episodes in less time


def messages(
    scenario: str,
    policy: str,
    episodes: int,
    wanted: Callable[[], bool],
    language: str = "en",
    into: Callable[[], str] = partial(shelf.new_run, "evaluation"),
) -> Iterator[dict]:
    """How far an evaluation is, at its beginning and after every episode, while it is wanted.

    Every message tells all: what is driven, how many episodes are driven and of how many, and how many tasks were not
    done. The episode that is being driven is driven to its end. into: names the run. ValueError in one sentence for what cannot be driven.
    """
    count = checked(scenario, policy, episodes)
    run, done, failed = into(), 0, 0
    told = {"run": run, "scenario": scenario, "policy": policy, "of": count}
    yield told | {"done": done, "failed": failed}
    events = evaluating(
        scenario, [policy], count, engine=Processes(1), out=shelf.root() / run, language=language,
        physics=PHYSICS, causes=CAUSES,
    )  # fmt: skip
    with closing(events):
        for event in events:
            if not wanted():
                return
            if isinstance(event, Record):
                done, failed = done + 1, failed + is_failure(event)
                yield told | {"done": done, "failed": failed, "over": done == count}


def checked(scenario: str, policy: str, episodes: int) -> int:
    """How many episodes. ValueError for a scenario or a policy that does not ship, and for too many."""
    if scenario not in SCENARIOS:
        raise ValueError(f"no scenario {scenario!r}; choose from {', '.join(SCENARIOS)}")
    if policy not in drivers_of(scenario):
        names = ", ".join(drivers_of(scenario))
        raise ValueError(f"no policy {policy!r} for {scenario}; choose from {names}")
    count = session.whole(episodes)
    if not 1 <= count <= MOST:
        raise ValueError(f"an evaluation from the page has 1 to {MOST} episodes, not {count}")
    return count
