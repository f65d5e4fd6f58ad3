"""How much memory this process uses, and how much the machine has left, in bytes."""

import os
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit


def resident_bytes() -> int:
    """The process's resident set."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def available_bytes() -> int:
    """What Linux would give without swapping, and what this process's own limit leaves, if it has one."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)
    limit = getrlimit(RLIMIT_AS)[0]
    return free if limit == RLIM_INFINITY else max(min(free, limit - _address_space_bytes()), 0)


def _address_space_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
