"""Signs of life while a request has no text to show: when there is progress, and at least every half second."""

import threading
import time
from collections.abc import Callable
from typing import Any

# The protocol promises one a second; half of that leaves room for a busy machine.
LONGEST_SILENCE_S = 0.5
# News come as often as a bar on a screen can show them.
SHORTEST_SILENCE_S = 0.1


class Heartbeat:
    """Sends the newest progress message now and then, from two threads, from the first news until it is stopped."""

    def __init__(self, post: Callable[[dict[str, Any]], None]) -> None:
        self._post = post
        self._newest: dict[str, Any] | None = None
        self._lock = threading.Lock()
        self._sent_at = time.monotonic()
        self._running = True

    def update(self, newest: dict[str, Any]) -> None:
        """There is progress: sent unless something was sent just now."""
        self._newest = newest
        self._send_after(SHORTEST_SILENCE_S)

    def tick(self) -> None:
        """Repeat the newest message if it has been silent for long."""
        self._send_after(LONGEST_SILENCE_S)

    def _send_after(self, seconds: float) -> None:
        with self._lock:
            now = time.monotonic()
            if self._running and self._newest is not None and now - self._sent_at >= seconds:
                self._sent_at = now
                self._post(self._newest)

    def stop(self, last: dict[str, Any] | None = None) -> None:
        """Send no more, after `last`."""
        with self._lock:
            if self._running and last is not None:
                self._post(last)
            self._running = False
