"""Was the action driven that the log names? The scene after it tells, where driving it again leads elsewhere.

An action of a person that a log passes off as the policy's, or hides, is told so. A person's action that is the policy's
own cannot be told from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drive.checking.decisions import Check
from drive.episodes.branch import Stage, branched
from drive.episodes.replay import SAME, difference
from drive.types import Episode, Meta, Scene


def driven_otherwise(episode: Episode, number: int) -> Iterator[Check]:
    """A check that is false where another meta-action than the logged one leads from a step to the next scene.

    number: the step after which the episode, driven again, differs from its log.
    """
    after = _scene_after(episode, number)
    if after is None:
        return
    step = episode.steps[number]
    stage = Stage(replace(episode, steps=episode.steps[: number + 1], end=None), "highway-env")
    for name in step.scene.legal.meta:
        if Meta(name) == step.driven:
            continue
        with branched(stage.at(number)) as world:
            world.step(Meta(name))
            if difference(world.scene, after) <= SAME:
                why = f"{name} was driven, as the next scene shows, and the log says {step.driven}"
                yield Check(number, "choice", "false", why)
                return


def _scene_after(episode: Episode, number: int) -> Scene | None:
    """The scene that a step led to; None where the log has none, or edited it."""
    if number < 0:
        return None
    if number + 1 < len(episode.steps):
        later = episode.steps[number + 1]
        return None if later.edits else later.scene
    return None if episode.end is None or episode.end.edits else episode.end.final
