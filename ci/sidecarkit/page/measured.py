"""A measured figure with its samples, wherever it comes from: what is drawn and put into tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Side:
    """The samples of one side, and their median in `unit`."""

    name: str
    unit: str
    samples: tuple[float, ...]
    median: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One figure: ours, the anchors beside it, and what is judged (paired ratios, or ours alone).

    `unit` is that of what is judged, "×" for ratios. `low` and `high` are None where there are too few samples,
    `bound` where there is no goal. `sense` is "≥" or "≤", `verdict` as the measurement's own code says it.
    """

    title: str
    sides: tuple[Side, ...]
    judged: tuple[float, ...]
    unit: str
    median: float
    low: float | None
    high: float | None
    sense: str
    bound: float | None
    verdict: str
    note: str = ""

    @property
    def is_ratio(self) -> bool:
        """Whether pairs are judged, and not what our side measured alone."""
        return self.unit == "×" and len(self.sides) > 1


# More than any unit here can reach; an axis that long could not be drawn.
_GREATEST = 1e15


class Unreadable(Exception):
    """A file has another shape than this toolkit writes; the text says which part."""


def number(value: object, what: str) -> float:
    """`value` as a number that something measured. Raises Unreadable naming `what`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _GREATEST:
        raise Unreadable(f"{what} is no measured number: {value!r:.40}")
    return float(value)


def numbers(value: object, what: str) -> tuple[float, ...]:
    """`value` as numbers, at least one. Raises Unreadable naming `what`."""
    if not isinstance(value, list) or not value:
        raise Unreadable(f"{what} has no samples")
    return tuple(number(each, what) for each in value)


def text(value: object) -> str:
    """`value` as a text without the control characters that neither HTML nor SVG may contain."""
    return "".join(character if character.isprintable() else " " for character in str(value))


def value(amount: float, unit: str) -> str:
    """A figure as precise as a reader can use: `44.8 tok/s`, `1.021 ×`."""
    if unit == "×":
        return f"{amount:.3f} ×"
    digits = 0 if abs(amount) >= 1000 else 1 if abs(amount) >= 10 else 2
    return f"{amount:,.{digits}f} {unit}"


def interval(figure: Measured) -> str:
    """The interval with its unit, or an empty text where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{value(figure.low, figure.unit).partition(' ')[0]} … {value(figure.high, figure.unit)}"


def goal(figure: Measured) -> str:
    """The bound in words of mathematics, e.g. `≥ 0.97 ×`; empty without one."""
    return "" if figure.bound is None else f"{figure.sense} {figure.bound:g} {figure.unit}"
