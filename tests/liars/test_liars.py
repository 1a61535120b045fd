"""Every liar of the gallery is told from the honest narrator, by the figure that fits it."""

from __future__ import annotations

import functools

import pytest
from gallery import CAUGHT_BY, LIARS

from drive.checking.faithfulness import FIGURES, apart, estimate, examine
from drive.episodes import rollout
from drive.policy import load
from drive.world import World

DRIVEN = (
    ("highway-fast", 3, 20),
    ("highway-fast", 4, 20),
    ("highway-fast", 6, 20),
    ("highway-fast", 7, 20),
    ("merge", 5, 20),
)  # scenario, seed, [s]


@functools.cache
def spoken() -> dict[str, dict[str, list[float]]]:
    """Values by narrator and figure, over real episodes of `rule`."""
    policy, pooled = load("rule"), {}
    for scenario, seed, seconds in DRIVEN:
        episode = rollout.run(World(scenario, {"duration": seconds}), policy, seed)
        for narrator, figures in examine(episode, policy, LIARS).items():
            for figure, values in figures.items():
                pooled.setdefault(narrator, {}).setdefault(figure, []).extend(values)
    return pooled


def test_every_liar_has_a_figure_that_fits_it():
    assert set(LIARS) == set(CAUGHT_BY) and set(CAUGHT_BY.values()) <= set(FIGURES)


@pytest.mark.parametrize("liar", LIARS)
def test_the_report_tells_a_liar_from_the_honest_narrator(liar):
    figure = CAUGHT_BY[liar]
    honest, lie = (estimate(spoken()[narrator][figure]) for narrator in ("", liar))
    assert honest.n > 0 and lie.n > 0
    assert apart(honest, lie), f"{figure}: honest {honest}, {liar} {lie}"
    worse = lie.mean < honest.mean
    assert worse == (FIGURES[figure].better == "higher")


@pytest.mark.parametrize(
    "figure", [name for name, kind in FIGURES.items() if kind.target is not None]
)
def test_the_honest_narrator_reaches_the_target(figure):
    kind, value = FIGURES[figure], estimate(spoken()[""][figure])
    if not value.n:
        # rule foretells only contacts in its way, and here none came up
        assert figure in ("consequences true", "contacts that will come")
        pytest.skip("nothing of the kind is said in these episodes")
    if kind.better == "higher":
        assert value.mean >= kind.target or value.high >= kind.target > value.low, value
    else:
        assert value.mean <= kind.target, value
