"""Waiting for a condition, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

# A look at the page costs some milliseconds of the processor that the app is computing on.
_LOOK_EVERY_S = 0.05


def until(what: str, look: Callable[[], Value | None], timeout_s: float) -> Value:
    """Looks until the value is true and returns it; raises AssertionError naming `what` and the last value seen."""
    deadline = time.monotonic() + timeout_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:g} s for this: {what}; last seen: {seen!r}")
        time.sleep(_LOOK_EVERY_S)
