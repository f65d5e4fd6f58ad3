"""A sidecar that waits for a question costs nothing: its threads sleep, though they spin while they compute."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from benchmarks.sidebyside.sides import Placed, Work
from sidecarkit.sidecar_client import SidecarClient

# Several looks, because a sidecar may tidy up once after an answer; one that spins is busy in all of them.
LOOKS = 3
LOOK_S = 1.0
# A twentieth of one core: far below a spinning thread, above the ticks in which the kernel counts.
MOST_BUSY_S = 0.05


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the kernel's accounting is read from /proc")
def test_an_idle_sidecar_uses_no_processor_time(placed: Placed, work: Work) -> None:
    with SidecarClient([placed.program], cwd=placed.program.parent) as sidecar:
        sidecar.initialize()
        sidecar.request("model/load", {"path": str(work.model), "threads": work.threads}, timeout_s=120)
        sidecar.request("generate", {"prompt": "Once", "maxTokens": 16, "temperature": 0}, timeout_s=120)
        assert min(_busy_during_a_look(sidecar.process.pid) for _ in range(LOOKS)) < MOST_BUSY_S


def _busy_during_a_look(pid: int) -> float:
    before = _busy_s(pid)
    # Not to wait for something: this second is what is observed.
    time.sleep(LOOK_S)
    return _busy_s(pid) - before


def _busy_s(pid: int) -> float:
    """Processor seconds of a process and all its threads: utime and stime of proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
