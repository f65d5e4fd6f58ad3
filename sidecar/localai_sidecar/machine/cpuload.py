"""How many cores other programs use, by /proc/stat: total busy time less this process's own."""

import os
import time
from pathlib import Path
from typing import NamedTuple

_STAT = Path("/proc/stat")
# The kernel counts in ticks of 10 ms: a shorter look says nothing.
_SHORTEST_LOOK_S = 0.1
_LOOKS, _BETWEEN_LOOKS_S = 3, 0.002


class _Look(NamedTuple):
    at: float
    busy_s: float
    own_s: float


class CpuLoad:
    """Looks at the processors this process may run on."""

    def __init__(self) -> None:
        self._cpus = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._last = self._look()

    @property
    def cpus(self) -> int:
        """How many processors there are for this process."""
        return len(self._cpus)

    def others(self) -> float | None:
        """Cores that other programs used on average since the last call; None if that is too short ago."""
        look, last = self._look(), self._last
        seconds = look.at - last.at
        if seconds < _SHORTEST_LOOK_S:
            return None
        self._last = look
        return max((look.busy_s - last.busy_s - (look.own_s - last.own_s)) / seconds, 0.0)

    def seconds_since_last(self) -> float:
        """The age of what `others` would tell."""
        return time.monotonic() - self._last.at

    def others_now(self) -> int:
        """Threads of others that want to run at this moment; the fewest of a few looks, as most run for a blink."""
        self._last = self._look()
        found = _running() - 1
        for _ in range(_LOOKS - 1):
            if found <= 0:
                return 0
            time.sleep(_BETWEEN_LOOKS_S)
            found = min(found, _running() - 1)
        return max(found, 0)

    def _look(self) -> _Look:
        busy = 0
        for line in _STAT.read_text().splitlines():
            name, *ticks = line.split()
            if not name.startswith("cpu"):
                break
            if name in self._cpus:
                user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
                busy += user + nice + system + irq + softirq + steal
        return _Look(time.monotonic(), busy / self._ticks_per_s, time.process_time())


def _running() -> int:
    """Threads that run or could, this one among them."""
    lines = _STAT.read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("procs_running")), 1)
