"""Pairs measured until the gate's rule needs no more; one that another load disturbed is measured again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.sidebyside.sides import CPU, Placed, Sample, Work
from sidecarkit.gate import Rule


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A sample of either side, measured one right after the other."""

    sidecar: Sample
    anchor: Sample

    @property
    def ratio(self) -> float:
        """How many times as fast as the anchor the sidecar was."""
        return self.sidecar.timed.rate / self.anchor.timed.rate

    @property
    def is_disturbed(self) -> bool:
        """Whether another load had too much of the machine during either side."""
        return any(side.load is not None and side.load.is_disturbed for side in (self.sidecar, self.anchor))


@dataclass(frozen=True, kw_only=True)
class Series:
    """The pairs that count, in the order they were measured, and those that were set aside and repeated."""

    pairs: tuple[Pair, ...]
    set_aside: tuple[Pair, ...]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """All pairs of one session on one device, by phase."""

    placed: Placed
    work: Work
    series: Mapping[str, Series]

    def figure(self, name: str, title: str) -> dict[str, str]:
        """What the figure `name` is called on this device: on the CPU just that."""
        device = self.work.device
        if device == CPU:
            return {"figure": name, "title": title, "device": device}
        return {"figure": f"{name}-{device}", "title": f"{title} on {device}", "device": device}


def measure(rule: Rule, pair_of: Callable[[int], Pair], tell: Callable[[str], None]) -> Series:
    """Measure pairs by their index until `rule` has decided.

    As many disturbed pairs are repeated as the rule's first look has pairs. On a machine that is never quiet the
    rest counts as it is: both sides suffer alike, the interval grows, and the verdict tends to inconclusive.
    """
    counted: list[Pair] = []
    set_aside: list[Pair] = []
    while not rule.is_decided([pair.ratio for pair in counted]):
        pair = pair_of(len(counted))
        repeat = pair.is_disturbed and len(set_aside) < rule.looks[0]
        (set_aside if repeat else counted).append(pair)
        tell(_said(pair, repeat, len(counted), rule))
    return Series(pairs=tuple(counted), set_aside=tuple(set_aside))


def _said(pair: Pair, repeat: bool, counted: int, rule: Rule) -> str:
    if repeat:
        return f"another load disturbed a pair (ratio {pair.ratio:.3f}): it is measured again"
    disturbed = ", though disturbed" if pair.is_disturbed else ""
    return f"pair {counted} of {rule.most} at most: ratio {pair.ratio:.3f}{disturbed}"
