"""How busy others are, read off the kernel's counters: this process's own work and idle time do not count."""

import os
import time
from pathlib import Path

import pytest

from localai_sidecar.machine import cpuload
from localai_sidecar.machine.cpuload import CpuLoad

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Clock:
    """Time, the machine's counters and this process's, all set by hand."""

    def __init__(self, stat: Path) -> None:
        self._stat = stat
        self.now = self.own = 0.0
        self.busy = [0.0, 0.0]

    def write(self, running: int = 1) -> None:
        lines = [
            f"cpu{number} {round(busy * TICKS_PER_S)} 0 0 {round(self.now * TICKS_PER_S)} 77 0 0 0 0 0"
            for number, busy in enumerate(self.busy)
        ]
        total = "cpu  99999 0 0 0 0 0 0 0 0 0"
        self._stat.write_text("\n".join([total, *lines, "intr 1 2 3", f"procs_running {running}", ""]))


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(tmp_path / "stat")
    clock.write()
    monkeypatch.setattr(cpuload, "_STAT", tmp_path / "stat")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(time, "process_time", lambda: clock.own)
    return clock


def test_what_others_use_is_the_busy_time_less_our_own(clock: Clock) -> None:
    load = CpuLoad()
    clock.now, clock.own, clock.busy = 2.0, 1.5, [2.0, 1.0]
    clock.write()
    assert load.others() == pytest.approx(0.75)


def test_each_call_tells_of_the_time_since_the_last(clock: Clock) -> None:
    load = CpuLoad()
    clock.now, clock.busy = 1.0, [1.0, 1.0]
    clock.write()
    assert load.others() == pytest.approx(2.0)
    clock.now = 2.0
    clock.write()
    assert load.others() == 0.0


def test_a_look_too_short_to_mean_anything_says_nothing_and_loses_nothing(clock: Clock) -> None:
    load = CpuLoad()
    clock.now = 0.05
    assert load.others() is None
    clock.now, clock.busy = 1.0, [0.5, 0.0]
    clock.write()
    assert load.others() == pytest.approx(0.5)


def test_processors_that_are_not_ours_do_not_count(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1})
    load = CpuLoad()
    clock.now, clock.busy = 1.0, [1.0, 0.25]
    clock.write()
    assert load.others() == pytest.approx(0.25)
    assert load.cpus == 1


@pytest.mark.parametrize(("running", "others"), [(1, 0), (2, 1), (4, 3)])
def test_what_wants_to_run_now_is_counted_without_ourselves(clock: Clock, running: int, others: int) -> None:
    load = CpuLoad()
    clock.write(running)
    assert load.others_now() == others


def test_the_real_counters_can_be_read() -> None:
    load = CpuLoad()
    assert load.cpus >= 1
    assert load.others_now() >= 0
