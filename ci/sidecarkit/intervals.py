"""A median and how sure it is, when as many values were taken as had been decided before."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The median of `count` values and the ends of its confidence interval, all in the values' unit."""

    median: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.median:.3f} [{self.low:.3f}, {self.high:.3f}]"


def exact(values: Sequence[float]) -> Interval:
    """The median of `values` with an interval between two of them, exact whatever their distribution.

    Between the k-th smallest and the k-th greatest of n values lies the true median with probability
    1 - 2 B(k - 1; n, 1/2), B being the binomial distribution; k is the greatest that keeps CONFIDENCE.
    W. J. Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2. Raises ValueError for too few.
    """
    ordered = sorted(values)
    rank = _rank(len(ordered))
    return Interval(median=statistics.median(ordered), low=ordered[rank - 1], high=ordered[-rank], count=len(ordered))


def coverage(count: int, rank: int) -> float:
    """How often the interval from the rank-th smallest to the rank-th greatest of `count` holds the median."""
    outside = sum(math.comb(count, below) for below in range(rank))
    return 1 - 2 * outside / 2.0**count


def fewest() -> int:
    """The smallest number of values whose whole range holds the median often enough."""
    return next(count for count in range(1, 100) if coverage(count, 1) >= CONFIDENCE)


def _rank(count: int) -> int:
    fitting = [rank for rank in range(1, count // 2 + 1) if coverage(count, rank) >= CONFIDENCE]
    if not fitting:
        raise ValueError(f"{count} values cannot give a {CONFIDENCE:.0%} interval: {fewest()} are the fewest")
    return fitting[-1]
