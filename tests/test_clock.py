"""The recorded clock is held against distances and speeds, in every log."""

from dataclasses import replace

import digests
import numpy as np
import pytest

from drive import policy
from drive.checking.clock import clock_fault
from drive.checking.verdicts import Verifier
from drive.episodes.rollout import run
from drive.policy import load
from drive.scenarios import SCENARIOS
from drive.world import World


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_clock_of_every_episode_fits_what_was_driven(scenario):
    for name in policy.names():
        episode = digests.episode(scenario, name)
        if episode is not None:
            faults = [clock_fault(episode, k) for k in range(len(episode.steps))]
            assert not any(faults), (name, faults)


@pytest.mark.parametrize("frequencies", [(15, 2), (15, 4), (10, 3)])
@pytest.mark.parametrize("physics", ["highway-env", "twin"])
def test_also_where_periods_are_no_whole_sub_steps(frequencies, physics):
    simulated, decided = frequencies
    overrides = {"simulation_frequency": simulated, "policy_frequency": decided, "duration": 6}
    episode = run(World("highway-fast", overrides, physics), load("rule"), 3, causes="never")
    assert not any(clock_fault(episode, k) for k in range(len(episode.steps)))
    assert episode.steps[1].scene.time == pytest.approx(simulated // decided / simulated, abs=1e-6)


def stretched(step, factor):
    times = step.scene.time + factor * (step.tracks.times - step.scene.time)
    return replace(step, tracks=replace(step.tracks, times=times))


def forged(kind):
    """An episode whose clock is wrong in one of the ways in which a recorder may be."""
    episode = digests.episode("highway-fast", "rule")
    first, second, *rest = episode.steps
    if kind == "a longer period":  # 1 / policy_frequency instead of what was driven
        return replace(episode, steps=(stretched(first, 1.07), second, *rest))
    if kind == "a jump":
        late = replace(second, scene=replace(second.scene, time=second.scene.time + 0.03))
        return replace(episode, steps=(first, late, *rest))
    if kind == "another speed":
        ego = first.tracks.ego * np.array([1, 1, 1, 0.9])
        return replace(
            episode, steps=(replace(first, tracks=replace(first.tracks, ego=ego)), second, *rest)
        )
    header = replace(episode.header, sub_step=episode.header.sub_step * 1.07)
    steps = tuple(stretched(s, 1.07) for s in episode.steps)
    return replace(episode, header=header, steps=steps)


@pytest.mark.parametrize("kind", ["a longer period", "a jump", "another speed", "all of it slower"])
def test_a_clock_that_is_wrong_is_noticed(kind):
    assert clock_fault(forged(kind), 0)


def test_verify_says_so():
    episode = forged("another speed")
    findings = [f for step in Verifier(episode, None, "nobody to ask").findings() for f in step]
    (fault,) = [f for f in findings if f.test == "clock"]
    assert (
        fault.step == 0 and fault.verdict.result == "false" and "are recorded" in fault.verdict.why
    )
