"""Drive and explain from Python as the commands do: `from drive import run, explain`."""

from __future__ import annotations

from pathlib import Path

from drive.episodes import log, rollout
from drive.episodes.record import finished, record
from drive.language import explanation
from drive.policy import load, prepare
from drive.types import Episode, Policy, Step
from drive.world import World


def run(
    scenario: str,
    policy: str | Policy = "planner",
    seed: int = 0,
    out: str | Path | None = None,
    overrides: dict | None = None,
) -> Episode:
    """Drive one episode and return it, every decision with its rationale and metrics in its end.

    out: a folder; the log is written there as it goes. ValueError for what does not exist.
    """
    driver = load(policy) if isinstance(policy, str) else policy
    prepare(driver)
    world = World(scenario, overrides)
    if out is None:
        return finished(rollout.run(world, driver, seed))
    path, *_ = record(world, driver, seed, Path(out))
    return log.read(path).episode


def explain(episode: Episode | Step | str | Path, step: int = 0) -> str:
    """Why the policy did what it did at a step, in words: rationale, options and terms.

    episode: an episode, a single step of one, or the path of a log. ValueError where the step
    does not exist.
    """
    if isinstance(episode, Step):
        return explanation(episode)
    if not isinstance(episode, Episode):
        episode = log.read(episode).episode
    return explanation(the_step(episode, step))


def the_step(episode: Episode, number: int) -> Step:
    """The step of that number; ValueError says which there are."""
    if not 0 <= number < len(episode.steps):
        count = len(episode.steps)
        there = f"steps 0 to {count - 1}" if count else "no steps"
        raise ValueError(f"no step {number}; this episode has {there}")
    return episode.steps[number]
