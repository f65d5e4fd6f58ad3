"""Why a layer will be built: what of its key differs between the plan and an entry that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sidecarkit.cache.listing import Listed, ago
from sidecarkit.report import table

_SHOWN_DIGITS = 16
_HASH_DIGITS = 64


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What the plan says of a layer: the key it will have, and the inputs that key is hashed from."""

    layer: str
    target: str
    key: str
    inputs: Mapping[str, str]


def nearest(planned: Planned, listed: Sequence[Listed]) -> Listed | None:
    """The entry to compare with: of the same layer and target with known inputs, as alike and as new as can be."""
    known = [each for each in listed if each.layer == planned.layer and each.origin and each.origin.inputs]

    def likeness(each: Listed) -> tuple[bool, int, float]:
        return planned.target in each.targets, -len(differing(planned, each)), each.created

    return max(known, key=likeness, default=None)


def differing(planned: Planned, entry: Listed) -> list[str]:
    """The names of inputs that the entry had otherwise, or one of both did not have."""
    then = entry.origin.inputs if entry.origin else {}
    return sorted(name for name in then.keys() | planned.inputs.keys() if then.get(name) != planned.inputs.get(name))


def explain(planned: Planned, listed: Sequence[Listed], now: float) -> str:
    """What the plan of one layer has to do with what lies in the cache."""
    for each in listed:
        if each.layer == planned.layer and planned.key.startswith(each.key):
            return f"{planned.layer}: cached as {each.shown}, made {ago(now - each.created)} ago"
    entry = nearest(planned, listed)
    if entry is None:
        return f"{planned.layer}: nothing in the cache says what it was made from, so there is nothing to compare with"
    return compare(planned, entry, now)


def compare(planned: Planned, entry: Listed, now: float) -> str:
    """The inputs of an entry beside those of the plan, where they differ."""
    made = f"{entry.shown}, made {ago(now - entry.created)} ago for {entry.origin.target if entry.origin else '?'}"
    names = differing(planned, entry)
    if not names:
        return f"{planned.layer}: the plan for {planned.target} has the inputs of {made}"
    then = entry.origin.inputs if entry.origin else {}
    cells = [[name, _shown(then.get(name)), _shown(planned.inputs.get(name))] for name in names]
    return f"{planned.layer}: to build; against {made}\n" + table(["input", "then", "now"], cells)


def _shown(value: str | None) -> str:
    if value is None:
        return "-"
    is_hash = len(value) == _HASH_DIGITS and not set(value) - set("0123456789abcdef")
    return f"{value[:_SHOWN_DIGITS]}…" if is_hash else value.replace("\n", " ")[:60]
