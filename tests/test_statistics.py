"""Intervals against published and hand-computed values."""

import math

import numpy as np
import pytest

from drive.measures.statistics import (
    bootstrap,
    paired,
    paired_ratio,
    poisson,
    quantile,
    ratio,
    wilson,
)


def test_wilson_gives_the_published_interval_of_3_in_50():
    estimate = wilson([1] * 3 + [0] * 47)  # scipy: binomtest(3, 50).proportion_ci("wilson")
    assert (estimate.mean, estimate.n) == (0.06, 50)
    assert (estimate.low, estimate.high) == pytest.approx((0.0206, 0.1622), abs=1e-4)


def test_no_event_in_fifty_is_not_never():
    estimate = wilson([0] * 50)
    assert estimate.low == 0.0
    assert estimate.high == pytest.approx(0.0713, abs=1e-4)


def test_wilson_mirrors_when_success_and_failure_swap():
    few, many = wilson([1] * 4 + [0] * 16), wilson([0] * 4 + [1] * 16)
    assert few.low == pytest.approx(1 - many.high)
    assert few.high == pytest.approx(1 - many.low)


def test_a_wider_level_gives_a_wider_interval():
    values = [1] * 5 + [0] * 5
    assert wilson(values, 0.99).low < wilson(values, 0.95).low < wilson(values, 0.5).low


def test_missing_values_are_dropped_not_counted_as_zero():
    assert wilson([1, math.nan, 1]).mean == 1.0
    assert wilson([1, math.nan, 1]).n == 2
    assert bootstrap([3.0, math.nan, 5.0]).mean == 4.0


def test_nothing_measured_gives_nan_and_n_0():
    for estimate in (wilson([]), bootstrap([math.nan])):
        assert estimate.n == 0
        assert math.isnan(estimate.mean) and math.isnan(estimate.low) and math.isnan(estimate.high)


def test_one_value_has_a_mean_but_no_interval():
    estimate = bootstrap([7.0])
    assert (estimate.mean, estimate.n) == (7.0, 1)
    assert math.isnan(estimate.low) and math.isnan(estimate.high)


def test_bootstrap_is_close_to_the_normal_interval_for_many_values():
    values = np.random.default_rng(1).normal(10, 2, 400)
    estimate = bootstrap(values)
    reach = 1.96 * values.std(ddof=1) / 20
    assert estimate.low == pytest.approx(values.mean() - reach, abs=0.04)
    assert estimate.high == pytest.approx(values.mean() + reach, abs=0.04)


def test_bootstrap_covers_the_true_mean_about_as_often_as_it_says():
    random = np.random.default_rng(2)
    samples = [bootstrap(random.normal(0, 1, 50)) for _ in range(400)]
    covered = np.mean([estimate.low <= 0 <= estimate.high for estimate in samples])
    assert 0.90 <= covered <= 0.98


def test_the_same_values_always_give_the_same_interval():
    values = np.random.default_rng(3).normal(0, 1, 30)
    assert bootstrap(values) == bootstrap(values)
    assert bootstrap(values) != bootstrap(values, seed=1)


def test_pairing_removes_what_both_policies_share():
    hard = {seed: float(seed) for seed in range(20)}
    estimate = paired(hard, {seed: value + 1 for seed, value in hard.items()})
    assert (estimate.mean, estimate.low, estimate.high, estimate.n) == (1.0, 1.0, 1.0, 20)


def test_pairs_use_only_common_seeds_where_both_have_a_value():
    estimate = paired({1: 1.0, 2: 2.0, 3: math.nan, 4: 9.0}, {1: 3.0, 2: 4.0, 3: 0.0, 5: 0.0})
    assert (estimate.mean, estimate.n) == (2.0, 2)


def test_a_ratio_weighs_long_episodes_by_their_length():
    estimate = ratio(
        [200.0, 10.0, math.nan], [20.0, 0.5, 3.0]
    )  # 10 m/s, and 20 m/s for half a second
    assert (estimate.mean, estimate.n) == (pytest.approx(210 / 20.5), 2)
    assert (estimate.low, estimate.high) == pytest.approx((10.0, 20.0))


def test_ratios_are_compared_in_pairs():
    first = {seed: (10.0 * seed, float(seed)) for seed in range(1, 9)}
    second = {seed: (12.0 * seed, float(seed)) for seed in range(3, 12)}
    estimate = paired_ratio(first, second)
    assert (estimate.mean, estimate.low, estimate.high) == pytest.approx((2.0, 2.0, 2.0))
    assert estimate.n == 6


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (100, 81.36, 121.63)],
)
def test_poisson_gives_garwoods_published_limits(count, low, high):
    estimate = poisson(count)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), rel=1e-3)


def test_quantiles_lie_between_neighbours():
    assert quantile([1.0, 2.0, math.nan, 3.0, 4.0], 0.5) == 2.5
    assert math.isnan(quantile([], 0.5))
