"""Hands durations measured elsewhere to pytest-benchmark, which then keeps and shows them like its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Pedantic(Protocol):
    """The part of pytest-benchmark's fixture that is used here."""

    extra_info: dict[str, Any]
    group: str

    def pedantic(self, target: Any, *, teardown: Any = None, rounds: int = 1) -> Any:
        """Calls `target` `rounds` times and keeps how long each call took; `teardown` is not timed."""


class ReplayClock:
    """A timer on which time passes only while a recorded duration is played."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        return self._now

    def play(self, benchmark: Pedantic, durations: Sequence[float]) -> None:
        """Makes each of `durations` (seconds) one round of `benchmark`, whose timer this clock is."""
        left = iter(durations)

        def round_() -> None:
            self._now += next(left)

        benchmark.pedantic(round_, rounds=len(durations))
