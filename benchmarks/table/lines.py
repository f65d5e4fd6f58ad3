"""Whole lines from a pipe, each with the time it was read: nothing else happens between two of them."""

from __future__ import annotations

import os
import select
import time
from typing import IO

_CHUNK = 1 << 20

TimedLine = tuple[float, bytes]


class Lines:
    """The lines of `pipe`, read by the one thread that waits for them."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._fd = pipe.fileno()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._rest = b""

    def read(self, limit_s: float) -> list[TimedLine]:
        """The next whole lines, without LF; `time.perf_counter()` when they were read.

        Raises TimeoutError when nothing comes in time, EOFError at the end.
        """
        if not self._poll.poll(limit_s * 1000):
            raise TimeoutError
        chunk = os.read(self._fd, _CHUNK)
        at = time.perf_counter()
        if not chunk:
            raise EOFError
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [(at, line) for line in lines]
