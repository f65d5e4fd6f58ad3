"""Intervals of medians: exact ones between two of the values, and bootstrap ones without a random number."""

from __future__ import annotations

import random
import statistics

import pytest

from sidecarkit import bootstrap, intervals
from sidecarkit.intervals import Interval


def test_twelve_values_are_bounded_by_the_third_from_each_end() -> None:
    values = [1.00, 0.91, 1.09, 0.92, 1.08, 0.93, 1.07, 0.94, 1.06, 0.95, 1.05, 0.96]
    assert intervals.exact(values) == Interval(median=0.98, low=0.93, high=1.07, count=12)
    # 1 - 2 (1 + 12 + 66) / 4096, as in the printed tables.
    assert intervals.coverage(12, 3) == pytest.approx(0.9614, abs=5e-5)
    assert intervals.coverage(12, 4) < intervals.CONFIDENCE


def test_six_values_are_bounded_by_their_whole_range_and_five_are_too_few() -> None:
    found = intervals.exact([0.97, 0.99, 1.01, 0.98, 0.96, 1.02])
    assert (found.low, found.high) == (0.96, 1.02)
    assert intervals.fewest() == 6
    with pytest.raises(ValueError, match="5 values cannot give a 95% interval: 6 are the fewest"):
        intervals.exact([1.0] * 5)


@pytest.mark.parametrize("of", [intervals.exact, bootstrap.interval])
def test_one_wild_value_moves_neither_median_nor_interval_of_twelve(of: object) -> None:
    assert callable(of)
    calm = [0.990 + 0.001 * step for step in range(12)]
    assert of([*calm[:-1], 30.0]) == of(calm)


@pytest.mark.parametrize("count", [6, 7, 12, 20])
def test_the_exact_interval_holds_the_true_median_as_often_as_promised(count: int) -> None:
    assert _held(intervals.exact, count) > intervals.CONFIDENCE - _MISS


@pytest.mark.parametrize(("count", "least"), [(8, 0.92), (16, 0.92), (48, 0.93)])
def test_the_bootstrap_interval_holds_the_true_median_nearly_as_often(count: int, least: float) -> None:
    # It is known to be a little short for few values; the gate's confidence was chosen with that in it.
    assert least - _MISS < _held(bootstrap.interval, count) < 0.98


_TRIALS = 1000
# Four standard deviations of a binomial share.
_MISS = 4 * (0.95 * 0.05 / _TRIALS) ** 0.5


def _held(of: object, count: int) -> float:
    assert callable(of)
    source = random.Random(1)
    held = 0
    for _ in range(_TRIALS):
        found = of([source.gauss() for _ in range(count)])
        held += found.low <= 0.0 <= found.high
    return held / _TRIALS


@pytest.mark.parametrize("count", [1, 2, 5, 6, 11, 24])
def test_the_bootstrap_interval_is_what_drawing_resamples_gives(count: int) -> None:
    source = random.Random(2)
    values = [source.gauss(1, 0.1) for _ in range(count)]
    draws = 4000
    medians = sorted(statistics.median(source.choices(values, k=count)) for _ in range(draws))
    found = bootstrap.interval(values, 0.90)
    below = sum(median < found.low for median in medians) / draws
    above = sum(median > found.high for median in medians) / draws
    # No more than a twentieth outside at either end; one value further in, more than a twentieth would be.
    assert max(below, above) < 0.05 + 0.015
    assert sum(median <= found.low for median in medians) / draws > 0.05 - 0.015
    assert sum(median >= found.high for median in medians) / draws > 0.05 - 0.015


def test_the_same_values_in_another_order_give_the_same_interval() -> None:
    values = [1.00, 0.91, 1.09, 0.92, 1.08, 0.93, 1.07, 0.94]
    assert bootstrap.interval(values) == bootstrap.interval(sorted(values))


def test_unpaired_sides_are_resampled_by_themselves() -> None:
    source = random.Random(3)
    before = [source.gauss(100, 2) for _ in range(24)]
    now = [source.gauss(90, 2) for _ in range(16)]
    found = bootstrap.of_ratio(now, before)
    assert found.count == 16
    assert found.median == statistics.median(now) / statistics.median(before)
    assert 0.87 < found.low < 0.90 < found.high < 0.93
    assert bootstrap.of_ratio(now, before) == found


def test_no_values_have_no_interval() -> None:
    with pytest.raises(ValueError, match="no values"):
        bootstrap.interval([])
