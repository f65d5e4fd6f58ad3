"""Judges paired speeds: the median ratio, how sure it is, and whether a sidecar may be packaged with it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CONFIDENCE = 0.95
# A user does not feel a twentieth, and an interpreter around the decode loop needs some room.
THRESHOLD = 0.95


class Verdict(StrEnum):
    """What the interval says about the threshold."""

    PASSED = "passed"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """The median of paired ratios (sidecar ÷ anchor, by speed) and its confidence interval."""

    median: float
    low: float
    high: float
    pairs: int

    def verdict(self, threshold: float = THRESHOLD) -> Verdict:
        """Passed or failed only when the whole interval lies on one side of the threshold."""
        if self.low >= threshold:
            return Verdict.PASSED
        return Verdict.FAILED if self.high < threshold else Verdict.INCONCLUSIVE

    def __str__(self) -> str:
        return f"{self.median:.3f} [{self.low:.3f}, {self.high:.3f}]"


def median_ratio(ratios: Sequence[float]) -> Ratio:
    """The median of `ratios` with an exact interval between two of them, whatever their distribution.

    Between the k-th smallest and the k-th greatest of n values lies the true median with probability
    1 - 2 B(k - 1; n, 1/2), B being the binomial distribution; k is the greatest that keeps CONFIDENCE.
    W. J. Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2. Raises ValueError for too few.
    """
    ordered = sorted(ratios)
    rank = _rank(len(ordered))
    return Ratio(median=statistics.median(ordered), low=ordered[rank - 1], high=ordered[-rank], pairs=len(ordered))


def coverage(count: int, rank: int) -> float:
    """How often the interval from the rank-th smallest to the rank-th greatest of `count` holds the median."""
    outside = sum(math.comb(count, below) for below in range(rank))
    return 1 - 2 * outside / 2.0**count


def fewest_pairs() -> int:
    """The smallest number of pairs whose whole range holds the median often enough."""
    return next(count for count in range(1, 100) if coverage(count, 1) >= CONFIDENCE)


def _rank(count: int) -> int:
    fitting = [rank for rank in range(1, count // 2 + 1) if coverage(count, rank) >= CONFIDENCE]
    if not fitting:
        raise ValueError(f"{count} pairs cannot give a {CONFIDENCE:.0%} interval: {fewest_pairs()} are the fewest")
    return fitting[-1]
