"""The benchmarks' driver: whole lines with their times, the end of a pipe, silence, and the machine's own floor."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from benchmarks.table import floor
from benchmarks.table.lines import Lines
from sidecarkit import config, host

CI = Path(__file__).resolve().parents[3] / "ci"


@pytest.fixture
def pipe() -> Iterator[tuple[IO[bytes], int]]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as end:
        yield end, writing


def test_a_line_that_comes_in_two_pieces_has_the_time_of_the_second(pipe: tuple[IO[bytes], int]) -> None:
    end, writing = pipe
    lines = Lines(end)
    os.write(writing, b"one\ntw")
    ((first, line),) = lines.read(1.0)
    assert line == b"one"
    between = time.perf_counter()
    os.write(writing, b"o\nthree\n")
    (second, two), (third, three) = lines.read(1.0)
    os.close(writing)
    assert (two, three) == (b"two", b"three")
    assert first < between < second == third


def test_silence_and_the_end_of_a_pipe_are_told_apart(pipe: tuple[IO[bytes], int]) -> None:
    end, writing = pipe
    lines = Lines(end)
    with pytest.raises(TimeoutError):
        lines.read(0.01)
    os.close(writing)
    with pytest.raises(EOFError):
        lines.read(1.0)


def test_the_floor_of_a_transport_is_measured_on_the_same_clock(tmp_path: Path) -> None:
    targets = {target.triple: target for target in config.load_targets(CI / "targets.toml")}
    writer = floor.bare_writer(tmp_path, targets[host.target_triple()].zig_target)
    started = time.perf_counter()
    delays = floor.transport_ms(writer, 20, 0.001)
    elapsed_ms = (time.perf_counter() - started) * 1000
    assert len(delays) == 20
    # Two clocks would differ by the machine's uptime.
    assert all(0 < delay < elapsed_ms for delay in delays)
