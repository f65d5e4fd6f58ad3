"""The gate's rule: when paired speeds are looked at, what interval they have then, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sidecarkit import bootstrap
from sidecarkit.errors import ConfigError
from sidecarkit.intervals import CONFIDENCE, Interval

# A user does not feel three hundredths, and an interpreter around the decode loop needs some room.
THRESHOLD = 0.97
# Chosen by simulation on recorded pairs: benchmarks/README.md, "When it looks".
LOOKS = (8, 12, 16, 24, 32, 48)


class Verdict(StrEnum):
    """What the interval says about the threshold."""

    PASSED = "passed"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Pairs are measured until the interval at a look is clear of the threshold, or the last look has been."""

    threshold: float = THRESHOLD
    confidence: float = CONFIDENCE
    looks: tuple[int, ...] = LOOKS

    @property
    def most(self) -> int:
        """The greatest number of pairs."""
        return self.looks[-1]

    def up_to(self, pairs: int) -> Rule:
        """The same rule with no more than `pairs` pairs. Raises ConfigError when that is fewer than its first look."""
        if pairs < self.looks[0]:
            raise ConfigError(
                f"{pairs} pairs are too few: the gate first looks at {self.looks[0]}",
                hint=f"ask for {self.looks[0]} to {self.most}: `--pairs {self.most}`",
            )
        last = min(pairs, self.most)
        return replace(self, looks=(*(look for look in self.looks if look < last), last))

    def judge(self, ratios: Sequence[float]) -> tuple[Interval, Verdict]:
        """Interval and verdict of the ratios (sidecar ÷ anchor, by speed) so far. Raises ValueError for none."""
        found = bootstrap.interval(ratios, self.confidence)
        return found, self.verdict(found)

    def verdict(self, interval: Interval) -> Verdict:
        """Passed or failed only where the whole interval lies on one side of the threshold."""
        if interval.low >= self.threshold:
            return Verdict.PASSED
        return Verdict.FAILED if interval.high < self.threshold else Verdict.INCONCLUSIVE

    def is_decided(self, ratios: Sequence[float]) -> bool:
        """Whether no more pairs are needed: at a look with a clear interval, or at the last one."""
        if len(ratios) >= self.most:
            return True
        return len(ratios) in self.looks and self.judge(ratios)[1] is not Verdict.INCONCLUSIVE
