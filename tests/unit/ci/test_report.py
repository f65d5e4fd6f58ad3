"""What people read: durations, sizes, tables, and steps that never stay silent."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sidecarkit import final_report, records, report
from sidecarkit.config import load_targets
from sidecarkit.errors import ToolkitError
from sidecarkit.records import Record
from sidecarkit.stages import LINE

CI = Path(__file__).resolve().parents[3] / "ci"


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


def test_the_final_report_shows_every_stage_the_speeds_and_the_pictures(tmp_path: Path) -> None:
    targets = load_targets(CI / "targets.toml")
    build = tmp_path / "build" / targets[0].name
    figure = {
        "name": "decode", "sidecar": 99.0, "llama_bench": 100.0, "ratio": 0.99, "low": 0.97, "high": 1.01,
        "verdict": "pass",
    }  # fmt: skip
    for stage in LINE:
        data = {"summary": f"did {stage.name}"} | ({"figures": [figure]} if stage.name == "bench" else {})
        records.write(build, Record(
            stage=stage.name, target=targets[0].name, key="k", inputs={}, data=data, seconds=61, cached=False,
            finished="2026-11-23T05:00:00+00:00",
        ))  # fmt: skip
    (build / "screenshots").mkdir()
    (build / "screenshots" / "answer.png").write_bytes(b"png")
    stream = io.StringIO()
    final_report.write(tmp_path, targets, LINE, report.Report(stream))
    text = (tmp_path / "build" / "report" / "report.md").read_text(encoding="utf-8")
    for stage in LINE:
        assert f"did {stage.name}" in text
    assert "0.970 … 1.010" in text
    assert f"![answer]({targets[0].name}/answer.png)" in text
    assert (tmp_path / "build" / "report" / targets[0].name / "answer.png").read_bytes() == b"png"
    assert "did e2e" in stream.getvalue()
    assert "![" not in stream.getvalue()
