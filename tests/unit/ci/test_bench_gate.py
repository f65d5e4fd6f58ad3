"""The gate's statistics: exact intervals, and verdicts only where the interval is clear of the threshold."""

from __future__ import annotations

import random
import statistics

import pytest

from sidecarkit import gate
from sidecarkit.gate import Ratio, Verdict, median_ratio


@pytest.mark.parametrize(("low", "high", "expected"), [
    (0.950, 0.990, Verdict.PASSED),
    (0.949, 0.990, Verdict.INCONCLUSIVE),
    (0.900, 0.950, Verdict.INCONCLUSIVE),
    (0.900, 0.949, Verdict.FAILED),
])  # fmt: skip
def test_a_verdict_needs_the_whole_interval_on_one_side(low: float, high: float, expected: Verdict) -> None:
    assert Ratio(median=(low + high) / 2, low=low, high=high, pairs=12).verdict() is expected


def test_twelve_pairs_are_bounded_by_the_third_from_each_end() -> None:
    ratios = [1.00, 0.91, 1.09, 0.92, 1.08, 0.93, 1.07, 0.94, 1.06, 0.95, 1.05, 0.96]
    assert median_ratio(ratios) == Ratio(median=0.98, low=0.93, high=1.07, pairs=12)
    # 1 - 2 (1 + 12 + 66) / 4096, as in the printed tables.
    assert gate.coverage(12, 3) == pytest.approx(0.9614, abs=5e-5)
    assert gate.coverage(12, 4) < gate.CONFIDENCE


def test_six_pairs_are_bounded_by_their_whole_range_and_five_are_too_few() -> None:
    found = median_ratio([0.97, 0.99, 1.01, 0.98, 0.96, 1.02])
    assert (found.low, found.high) == (0.96, 1.02)
    assert gate.fewest_pairs() == 6
    with pytest.raises(ValueError, match="5 pairs cannot give a 95% interval: 6 are the fewest"):
        median_ratio([1.0] * 5)


def test_one_wild_pair_moves_neither_median_nor_interval_of_twelve() -> None:
    calm = [0.990 + 0.001 * step for step in range(12)]
    wild = [*calm[:-1], 30.0]
    assert median_ratio(wild) == median_ratio(calm)


@pytest.mark.parametrize("count", [6, 7, 12, 20])
def test_the_interval_holds_the_true_median_as_often_as_promised(count: int) -> None:
    source = random.Random(1)
    trials = 2000
    true_median = statistics.NormalDist().inv_cdf(0.5)
    held = 0
    for _ in range(trials):
        found = median_ratio([source.gauss() for _ in range(count)])
        held += found.low <= true_median <= found.high
    # Four standard deviations of a binomial count below the promise.
    assert held / trials > gate.CONFIDENCE - 4 * (0.95 * 0.05 / trials) ** 0.5


def test_a_sidecar_at_nine_tenths_fails_and_one_at_par_passes() -> None:
    source = random.Random(2)
    noise = [source.gauss(0, 0.01) for _ in range(12)]
    assert median_ratio([0.90 + each for each in noise]).verdict() is Verdict.FAILED
    assert median_ratio([1.00 + each for each in noise]).verdict() is Verdict.PASSED
