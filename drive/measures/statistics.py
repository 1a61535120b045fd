"""Figures with their intervals: rates, means, ratios and counts. Pure functions of numbers; numpy only.

Every function drops NaN first (a missing value is missing, not 0) and answers NaN where there is
too little left. Intervals are two-sided, 95 % unless said otherwise.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

RESAMPLES = 2000
SEED = 20000  # of the resampling, so that a table is the same each time it is printed


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval and the number of values behind it; NaN where there is none."""

    mean: float
    low: float
    high: float
    n: int


def present(values) -> np.ndarray:
    """The values that are not NaN, as a flat array."""
    array = np.asarray(values, dtype=float).ravel()
    return array[~np.isnan(array)]


def wilson(values, level: float = 0.95) -> Estimate:
    """A rate from zeros and ones, with Wilson's score interval (Wilson 1927, JASA 22, 209-212).

    Honest at the edges: 0 of 50 is not "never", its upper bound is 7.1 %.
    """
    array = present(values)
    n = len(array)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    rate, z = float(array.mean()), NormalDist().inv_cdf((1 + level) / 2)
    centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * math.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    return Estimate(rate, max(0.0, centre - reach), min(1.0, centre + reach), n)


def bootstrap(values, level: float = 0.95, seed: int = SEED) -> Estimate:
    """A mean with its percentile bootstrap interval (Efron 1979); NaN bounds below two values."""
    array = present(values)
    n = len(array)
    return _resampled(array[:, None], lambda sums: sums[:, 0] / n, level, seed)


def paired(first: dict, second: dict, level: float = 0.95, seed: int = SEED) -> Estimate:
    """The mean of second minus first over the keys (seeds) that both have, bootstrapped in pairs.

    Two policies that drove the same seeds met the same traffic, so what a seed makes hard for both cancels.
    """
    common = [key for key in first if key in second]
    return bootstrap([second[key] - first[key] for key in common], level, seed)


def ratio(over, under, level: float = 0.95, seed: int = SEED) -> Estimate:
    """All of one over all of the other, bootstrapped over the pairs that have both."""
    array = _pairs(over, under)
    return _resampled(array, lambda sums: sums[:, 0] / sums[:, 1], level, seed)


def paired_ratio(first: dict, second: dict, level: float = 0.95, seed: int = SEED) -> Estimate:
    """The second's ratio minus the first's, bootstrapped over common keys; values: (over, under)."""
    common = [key for key in first if key in second]
    array = np.array([(*first[key], *second[key]) for key in common], float).reshape(-1, 4)
    array = array[~np.isnan(array).any(1)]
    return _resampled(array, lambda s: s[:, 2] / s[:, 3] - s[:, 0] / s[:, 1], level, seed)


def poisson(count: int, level: float = 0.95) -> Estimate:
    """The expected number of rare events where `count` were seen, with Garwood's exact interval.

    (Garwood 1936, Biometrika 28, 437-442.) Seeing none still allows for up to 3.69.
    """
    tail = (1 - level) / 2
    low = _mean_where(count - 1, 1 - tail) if count else 0.0
    return Estimate(float(count), low, _mean_where(count, tail), count)


def quantile(values, share: float) -> float:
    """The value below which this share lies (linear between neighbours); NaN without values."""
    array = present(values)
    return float(np.quantile(array, share)) if len(array) else math.nan


def _pairs(over, under) -> np.ndarray:
    array = np.stack([np.asarray(over, float), np.asarray(under, float)], -1)
    return array[~np.isnan(array).any(1)]


def _resampled(array: np.ndarray, figure: Callable, level: float, seed: int) -> Estimate:
    """A figure of column sums, with its percentile interval over resampled rows of an array [n, k]."""
    n = len(array)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    mean = float(figure(array.sum(0)[None])[0])
    if n == 1:
        return Estimate(mean, math.nan, math.nan, 1)
    counts = _draws(n, seed)
    low, high = np.quantile(figure(counts @ array), [(1 - level) / 2, (1 + level) / 2])
    return Estimate(mean, float(low), float(high), n)


@functools.lru_cache(maxsize=64)
def _draws(n: int, seed: int) -> np.ndarray:
    """How often each of n rows is drawn, in every resample [RESAMPLES, n]."""
    picks = np.random.default_rng([seed, n]).integers(0, n, (RESAMPLES, n))
    rows = np.repeat(np.arange(RESAMPLES), n)
    return (
        np.bincount(rows * n + picks.ravel(), minlength=RESAMPLES * n).reshape(-1, n).astype(float)
    )


def _mean_where(count: int, probability: float) -> float:
    """The Poisson mean with P(X <= count) = probability, by bisection (the sum falls with it)."""
    low, high = 0.0, 10.0 * (count + 10)
    while high - low > 1e-9 * (1 + high):
        middle = (low + high) / 2
        terms = (k * math.log(middle) - middle - math.lgamma(k + 1) for k in range(count + 1))
        above = math.fsum(map(math.exp, terms)) > probability
        low, high = (middle, high) if above else (low, middle)
    return (low + high) / 2
