"""Ctrl-C and its kin: a request to end becomes KeyboardInterrupt, and moments that must not be torn apart wait."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# CI systems and nox ask with SIGTERM, a terminal that is closed with SIGHUP.
_REQUESTS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def listen() -> None:
    """From now on every request to end raises KeyboardInterrupt in the main thread, as Ctrl-C does."""
    for number in _REQUESTS:
        # What was started with `nohup` or in the background is to live on.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


@contextmanager
def held() -> Iterator[None]:
    """Let requests to end wait until the block is through; then the first of them raises KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    before = {number: signal.getsignal(number) for number in _REQUESTS}
    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, lambda found, _: waiting.append(found))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if waiting:
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's form
    raise KeyboardInterrupt
