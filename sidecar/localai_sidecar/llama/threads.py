"""How many threads compute: one per physical core this process may use, one for a model too small to share."""

import os
from pathlib import Path

# Below this a token takes less time than waking a second thread: 260,000 parameters ran 100 times faster on one.
_TINY_PARAMETERS = 5_000_000


def default_threads(parameters: int) -> int:
    """Threads for a model of that many parameters."""
    return 1 if parameters < _TINY_PARAMETERS else physical_cores()


def physical_cores() -> int:
    """Cores this process may run on, hyper-threads counted once: ggml's barriers gain nothing from them."""
    cpus = os.sched_getaffinity(0)
    return len({_siblings(cpu) for cpu in cpus}) or 1


def _siblings(cpu: int) -> str:
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(cpu)
