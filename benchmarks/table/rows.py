"""One row of the table: what was measured on either side, the goal, and whether it is met."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sidecarkit import intervals
from sidecarkit.intervals import Interval

# A goal is met when the worse end of the interval misses it by no more than this part of it.
TOLERANCE = 0.02


class Sense(StrEnum):
    """Which way is better."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


class Verdict(StrEnum):
    """What the interval says about the goal."""

    MET = "met"
    NOT_MET = "not met"
    TOO_FEW = "too few pairs"
    NO_GOAL = ""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A bound on the judged values, in their unit."""

    sense: Sense
    bound: float

    def met_by(self, interval: Interval) -> bool:
        """Whether the interval's worse end is within TOLERANCE of the bound, or beyond it on the good side."""
        if self.sense is Sense.AT_LEAST:
            return interval.low >= self.bound * (1 - TOLERANCE)
        return interval.high <= self.bound * (1 + TOLERANCE)


def at_least(bound: float) -> Goal:
    """A goal that more is better for."""
    return Goal(sense=Sense.AT_LEAST, bound=bound)


def at_most(bound: float) -> Goal:
    """A goal that less is better for."""
    return Goal(sense=Sense.AT_MOST, bound=bound)


@dataclass(frozen=True, kw_only=True)
class Side:
    """The samples of one side."""

    name: str
    unit: str
    samples: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. `judged` are the values that the goal is about: paired ratios, or what `ours` measured.

    `unit` is theirs, "×" for ratios. `note` says what a reader must know to read the row.
    """

    figure: str
    goal: Goal | None
    ours: Side
    anchor: Side | None = None
    judged: Sequence[float]
    unit: str = "×"
    note: str = ""

    def interval(self) -> Interval | None:
        """Median and exact 95 % interval of what is judged, or None for too few values."""
        return intervals.exact(self.judged) if len(self.judged) >= intervals.fewest() else None

    def verdict(self) -> Verdict:
        """Met, not met, or why there is no verdict."""
        if self.goal is None:
            return Verdict.NO_GOAL
        interval = self.interval()
        if interval is None:
            return Verdict.TOO_FEW
        return Verdict.MET if self.goal.met_by(interval) else Verdict.NOT_MET

    def cells(self) -> list[str]:
        """The row as a person reads it, in the order of results.HEADER."""
        goal = "" if self.goal is None else f"{self.goal.sense} {self.goal.bound:g} {self.unit}"
        anchor = "" if self.anchor is None else f"{middle(self.anchor)} ({self.anchor.name})"
        return [self.figure, goal, middle(self.ours), anchor, self._judged_cell(), self.verdict()]

    def _judged_cell(self) -> str:
        interval = self.interval()
        if interval is None:
            return f"{statistics.median(self.judged):.3f} {self.unit}"
        return f"{interval.median:.3f} [{interval.low:.3f}, {interval.high:.3f}] {self.unit}"


def middle(side: Side) -> str:
    """The median with its unit, e.g. `44.8 tok/s`."""
    value = statistics.median(side.samples)
    digits = 0 if value >= 1000 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {side.unit}"


def ratio_row(
    figure: str,
    goal: Goal | None,
    pairs: Sequence[tuple[float, float]],
    *,
    anchor: str,
    unit: str,
    shown: Callable[[float], float] = lambda value: value,
    note: str = "",
) -> Row:
    """A row judged by ours ÷ anchor of each pair; `shown` turns measured values into what `unit` names."""
    return Row(
        figure=figure,
        goal=goal,
        ours=Side(name="sidecar", unit=unit, samples=[shown(ours) for ours, _ in pairs]),
        anchor=Side(name=anchor, unit=unit, samples=[shown(theirs) for _, theirs in pairs]),
        judged=[ours / theirs for ours, theirs in pairs],
        note=note,
    )


def absolute_row(
    figure: str,
    goal: Goal | None,
    values: Sequence[float],
    *,
    unit: str,
    anchor: Side | None = None,
    note: str = "",
) -> Row:
    """A row judged by what was measured on our side alone."""
    ours = Side(name="sidecar", unit=unit, samples=list(values))
    return Row(figure=figure, goal=goal, ours=ours, anchor=anchor, judged=list(values), unit=unit, note=note)
