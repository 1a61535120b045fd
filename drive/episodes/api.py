"""Drive and explain from Python as the commands do: `from drive import run, explain`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from drive.episodes import log, rollout
from drive.episodes.record import finished, record
from drive.language import explanation, words_of
from drive.policy import able, load, prepare
from drive.types import Episode, Policy, Step
from drive.world import World


def run(
    scenario: str,
    policy: str | Policy = "planner",
    seed: int = 0,
    out: str | Path | None = None,
    overrides: dict | None = None,
    language: str = "en",
    causes: str = "every",
) -> Episode:
    """Drive one episode and return it, every decision with its rationale and metrics in its end.

    out: a folder; the log is written there as it goes. causes: at which decisions the policy is
    asked again what they depend on: "every" one, those that "change" something, or "never".
    ValueError for what does not exist.
    """
    words_of(language)
    driver = load(policy) if isinstance(policy, str) else policy
    prepare(driver)
    world = World(scenario, overrides)
    if out is None:
        return finished(rollout.run(world, driver, seed, language, causes))
    path, *_ = record(world, driver, seed, Path(out), language, causes)
    return log.read(path).episode


@cache
def drivers_of(scenario: str) -> tuple[str, ...]:
    """The shipped policies that have an action on a scenario's road. ValueError for no such scenario."""
    return able(World(scenario).reset(0).legal)


def explain(
    episode: Episode | Step | str | Path, step: int = 0, language: str | None = None
) -> str:
    """Why the policy did what it did at a step, in words: rationale, options and terms.

    episode: an episode, a single step of one, or the path of a log. language: another than it was
    driven in; a policy's own words stay as they are. ValueError where a step or language does not
    exist.
    """
    if isinstance(episode, str | Path):
        episode = log.read(episode).episode
    chosen = episode if isinstance(episode, Step) else log.the_step(episode, step)
    return explanation(chosen, language or chosen.rationale.language)
