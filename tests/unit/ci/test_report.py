"""What people read: durations, sizes, tables, and steps that never stay silent."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sidecarkit import report
from sidecarkit.errors import ToolkitError


@pytest.mark.parametrize(("seconds", "text"), [(0.44, "0.4 s"), (12.2, "12 s"), (185, "3 min 05 s")])
def test_durations_are_as_precise_as_a_reader_can_use(seconds: float, text: str) -> None:
    assert report.duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(512, "512 B"), (31_400_000, "31.4 MB"), (2_000_000_000, "2.00 GB")])
def test_sizes_use_decimal_units(count: int, text: str) -> None:
    assert report.size(count) == text


def test_an_error_shows_what_hint_and_log() -> None:
    stream = io.StringIO()
    report.Report(stream).error(ToolkitError("it broke", hint="mend it", log=Path("build/x.log")))
    assert stream.getvalue().splitlines() == ["error: it broke", "hint: mend it", "log: build/x.log"]


def test_a_long_step_gives_signs_of_life_in_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_HEARTBEAT_INTERVAL_S", 0.01)
    heard = io.StringIO()
    with report.Report(heard).step("compiling") as step:
        step.progress = "[1/2] ops.cpp"
        while "[1/2] ops.cpp" not in heard.getvalue():
            assert step.seconds < 30, "no sign of life"
    assert "✓ compiling" in heard.getvalue()
