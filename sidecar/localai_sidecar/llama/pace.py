"""Adapts the threads of a context between decode calls to what else the machine is doing."""

import math
import time
from collections.abc import Callable

from localai_sidecar.machine.cpuload import CpuLoad
from localai_sidecar.machine.threadpolicy import ThreadPolicy

# Four looks a second: two agree within half of one, and each costs some 50 µs.
_LOOK_S = 0.25
# What was measured longer ago says nothing about now.
_STALE_S = 2.0


class Pace:
    """Looks at the tokens' times and the machine's load, and sets the threads through `use`."""

    def __init__(self, most: int, use: Callable[[int], None]) -> None:
        self._use = use
        self._threads = most
        self._load = CpuLoad()
        self._policy = ThreadPolicy(most, self._load.cpus)
        self._looked_at = 0.0
        self._tokens = 0

    def begin(self) -> None:
        """A request begins: nothing is known of its tokens yet."""
        others = self._load.others() if self._load.seconds_since_last() < _STALE_S else self._load.others_now()
        self._set(self._policy.threads if others is None else self._policy.begin(others))

    def piece(self) -> None:
        """A piece of the prompt was computed."""
        others = self._load.others()
        if others is not None:
            self._set(self._policy.begin(others))

    def first_token(self, now: float) -> float:
        """Decoding begins; when to call `look` first. Times in seconds of `time.perf_counter()`."""
        self._load.others()
        self._looked_at, self._tokens = now, 0
        return now + _LOOK_S

    def look(self, now: float, tokens: int) -> float:
        """`tokens` were decoded so far; when to call this again."""
        others = self._load.others()
        if others is not None:
            rate = (tokens - self._tokens) / (now - self._looked_at)
            self._set(self._policy.decide(now, rate, others))
            self._looked_at, self._tokens = time.perf_counter(), tokens
        return now + _LOOK_S

    def _set(self, threads: int) -> None:
        if threads != self._threads:
            self._threads = threads
            self._use(threads)


class FixedPace:
    """Threads that the driver chose, or that there is only one of."""

    def begin(self) -> None:
        """Nothing to adapt."""

    def piece(self) -> None:
        """Nothing to adapt."""

    def first_token(self, _now: float) -> float:
        """Never look."""
        return math.inf

    def look(self, _now: float, _tokens: int) -> float:
        """Never look again."""
        return math.inf
