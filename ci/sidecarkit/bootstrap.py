"""The median's bootstrap interval, computed exactly: as if the values had been resampled infinitely often."""

from __future__ import annotations

import math
import random
import statistics
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from itertools import accumulate

from sidecarkit.intervals import CONFIDENCE, Interval

_SEED = 1
_DRAWS = 20_000


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """The median of `values` and its percentile bootstrap interval. Raises ValueError without values.

    B. Efron and R. Tibshirani, An Introduction to the Bootstrap, section 13.3. A median's bootstrap distribution
    needs no random numbers: a resample's median lies between two of the values, and how often it lies between
    which two depends on nothing but their number. So the same values give the same interval, every time.
    """
    medians, weights = _resampled(values)
    reached = list(accumulate(weights))
    tail = (1 - confidence) / 2
    return Interval(
        median=statistics.median(values),
        low=medians[bisect_left(reached, tail)],
        high=medians[min(bisect_left(reached, 1 - tail), len(medians) - 1)],
        count=len(values),
    )


def of_ratio(ours: Sequence[float], theirs: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """median(ours) ÷ median(theirs) for values that were not taken in pairs: both sides are resampled by themselves.

    20,000 draws of a seeded generator; `count` is that of the shorter side. Raises ValueError without values.
    """
    source = random.Random(_SEED)
    above, below = ([*source.choices(*_resampled(side), k=_DRAWS)] for side in (ours, theirs))
    ratios = sorted(a / b for a, b in zip(above, below, strict=True))
    cut = round((1 - confidence) / 2 * _DRAWS)
    return Interval(
        median=statistics.median(ours) / statistics.median(theirs),
        low=ratios[cut],
        high=ratios[-cut - 1],
        count=min(len(ours), len(theirs)),
    )


def _resampled(values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Every median that a resample can have, ascending, and how likely each is."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("there are no values to resample")
    weighted = sorted(((ordered[i] + ordered[j]) / 2, weight) for i, j, weight in _middles(len(ordered)))
    return [median for median, _ in weighted], [weight for _, weight in weighted]


@cache
def _middles(count: int) -> tuple[tuple[int, int, float], ...]:
    """Which two of `count` ordered values are the middle ones of a resample (one and the same, if odd), how likely."""
    half = (count + 1) // 2
    at_most = [_reaches(count, below / count, half) for below in range(count + 1)]
    alone = [at_most[i + 1] - at_most[i] for i in range(count)]
    if count % 2:
        return tuple((i, i, alone[i]) for i in range(count))
    # Exactly half of the draws end with the i-th value, and the other half begin with the j-th.
    ends = [((i + 1) / count) ** half - (i / count) ** half for i in range(count)]
    apart = {
        (i, j): math.comb(count, half) * ends[i] * ends[count - 1 - j]
        for i in range(count)
        for j in range(i + 1, count)
    }
    same = {(i, i): max(0.0, alone[i] - sum(apart[i, j] for j in range(i + 1, count))) for i in range(count)}
    return tuple((i, j, weight) for (i, j), weight in (same | apart).items())


def _reaches(count: int, chance: float, least: int) -> float:
    """How likely `least` of `count` draws or more hit something of this chance."""
    return sum(
        math.comb(count, hits) * chance**hits * (1 - chance) ** (count - hits) for hits in range(least, count + 1)
    )
