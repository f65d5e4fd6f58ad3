"""Whether other programs computed while something was measured: the machine's CPU time beside that of our processes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

try:
    import resource
except ImportError:  # not on Windows, where nothing is recognised: there is no /proc/stat either
    resource = None  # type: ignore[assignment]

_STAT = Path("/proc/stat")
# Columns of a `cpuN` line of proc(5) that count as busy: user, nice, system, irq, softirq and steal. Steal is what
# the machine below a virtual one gave to others. Guests' time is contained in the first two.
_BUSY = (0, 1, 2, 5, 6, 7)
# In three quarters of the recorded pairs others had less than 0.013: that is the quiet machine itself. A program that
# takes more slows spinning threads by more than its share, since each waits for the others at every barrier.
MOST_OTHERS = 0.03


@dataclass(frozen=True, kw_only=True)
class Load:
    """One measurement: how long it lasted, on how many cores, and the CPU seconds of our processes and of others."""

    wall_s: float
    cores: int
    own_cpu_s: float
    other_cpu_s: float

    @property
    def others(self) -> float:
        """The part of the cores' time that others had."""
        return self.other_cpu_s / (self.wall_s * self.cores)

    @property
    def is_disturbed(self) -> bool:
        """Whether others had so much that the measurement should be repeated."""
        return self.others > MOST_OTHERS


class Watch:
    """Becomes `load` when the watched block has ended, or stays None where the system does not tell."""

    load: Load | None = None


@contextmanager
def watched() -> Iterator[Watch]:
    """Watch a block in which processes are started and waited for: only what has ended counts as ours."""
    watch = Watch()
    if resource is None or not _STAT.exists():
        yield watch
        return
    cores = os.sched_getaffinity(0)
    started, busy, own = time.perf_counter(), _busy_s(cores), _own_s()
    yield watch
    own_cpu_s = _own_s() - own
    watch.load = Load(
        wall_s=time.perf_counter() - started,
        cores=len(cores),
        own_cpu_s=own_cpu_s,
        other_cpu_s=max(0.0, _busy_s(cores) - busy - own_cpu_s),
    )


def busy_ticks(stat: str, cores: set[int]) -> int:
    """The busy ticks of these cores in the text of /proc/stat."""
    lines = (line.split() for line in stat.splitlines() if line.startswith("cpu"))
    per_core = {name[3:]: [int(value) for value in values] for name, *values in lines}
    return sum(per_core[str(core)][column] for core in cores for column in _BUSY)


def _busy_s(cores: set[int]) -> float:
    return busy_ticks(_STAT.read_text(encoding="utf-8"), cores) / os.sysconf("SC_CLK_TCK")


def _own_s() -> float:
    """This process and its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
