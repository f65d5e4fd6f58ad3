"""Two things measured in turn, so that whatever the machine does meanwhile falls on both alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

First = TypeVar("First")
Second = TypeVar("Second")


def pair(index: int, first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """Measures A B for an even index and B A for an odd one: a drift in temperature or load favours neither side."""
    if index % 2 == 0:
        a, b = first(), second()
    else:
        b, a = second(), first()
    return a, b


def in_turn(
    pairs: int,
    first: Callable[[], First],
    second: Callable[[], Second],
    on_pair: Callable[[int, First, Second], None],
) -> list[tuple[First, Second]]:
    """Measures A B, B A, A B …; `on_pair` is told each finished pair with its index, counted from 0."""
    measured: list[tuple[First, Second]] = []
    for index in range(pairs):
        a, b = pair(index, first, second)
        measured.append((a, b))
        on_pair(index, a, b)
    return measured
