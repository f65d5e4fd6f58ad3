"""Stage bench: the figures it reads out of pytest-benchmark's JSON, and when it stops the line."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from sidecarkit import baseline, config, figures, host
from sidecarkit.cache import Cache
from sidecarkit.errors import ConfigError, GateInconclusive, SlowerThanGate
from sidecarkit.figures import Figure
from sidecarkit.gate import Rule, Verdict
from sidecarkit.job import Job, Options
from sidecarkit.records import Record
from sidecarkit.report import Report
from sidecarkit.stages import bench

ROOT = Path(__file__).resolve().parents[3]
SLOW = [0.80, 0.81, 0.82, 0.83, 0.84, 0.85]
LEVEL = [0.99, 1.00, 1.00, 1.01, 1.01, 1.02]
DOUBTFUL = [0.90, 0.94, 0.97, 0.99, 1.01, 1.02]
MACHINE = asdict(host.facts())


def document(**ratios: list[float]) -> dict[str, Any]:
    entries = [
        {
            "extra_info": {
                "figure": name,
                "title": f"{name} of some tokens",
                "side": side,
                "unit": "tok/s",
                "better": "higher",
                "samples": speeds,
                "ratios": values,
                "repeated": 1,
                "disturbed": 0,
            }
        }
        for name, values in ratios.items()
        for side, speeds in (("sidecar", [100.0 * each for each in values]), ("anchor", [100.0] * len(values)))
    ]
    start = {"figure": "start", "title": "start until it speaks", "side": "sidecar", "unit": "ms", "better": "lower"}
    return {"benchmarks": [{"extra_info": {}}, {"extra_info": start | {"samples": [50.0, 51.0, 52.0]}}, *entries]}


def read(**ratios: list[float]) -> list[Figure]:
    return figures.read(document(**ratios), Rule())


@pytest.fixture
def job(tmp_path: Path) -> Job:
    report = Report(io.StringIO())
    (target,) = (
        each for each in config.load_targets(ROOT / "ci" / "targets.toml") if each.name == f"cpu-{host.target_triple()}"
    )
    return Job(
        stage="bench", root=tmp_path, target=target, toolchain=config.load_toolchain(ROOT / "ci" / "toolchain.toml"),
        options=Options(), report=report, cache=Cache(tmp_path / "cache", report), keys={}, records={},
    )  # fmt: skip


def test_a_gated_figure_holds_both_speeds_the_ratio_its_interval_the_verdict_and_every_sample() -> None:
    found = read(decode=LEVEL)[0]
    assert (found.name, found.unit, found.gated, found.verdict) == ("decode", "tok/s", True, Verdict.PASSED)
    assert [found.sidecar, found.anchor, found.ratio] == pytest.approx([100.5, 100.0, 1.005])
    assert 0.99 <= found.low <= 1.005 <= found.high <= 1.02
    assert (found.pairs, found.repeated, found.disturbed) == (6, 1, 0)
    assert found.samples.ratios == LEVEL


def test_what_has_no_anchor_has_an_interval_of_its_own_values_and_no_verdict() -> None:
    found = read(decode=LEVEL)[-1]
    assert (found.name, found.gated, found.verdict, found.anchor, found.ratio) == ("start", False, None, None, None)
    assert (found.sidecar, found.low, found.high, found.pairs) == (51.0, 50.0, 52.0, 3)


def test_a_record_gives_back_the_figures_it_was_made_of() -> None:
    found = read(prefill=DOUBTFUL, decode=LEVEL)
    kept = json.loads(json.dumps({"figures": [asdict(each) for each in found]}))
    assert figures.of_record(kept) == found


def test_one_slow_phase_stops_the_line_with_ratio_interval_target_and_anchor() -> None:
    with pytest.raises(SlowerThanGate, match=r"`cpu-x` is slower than llama-bench: decode 0\.825 .*0\.97") as caught:
        bench.stop_if_slow("cpu-x", read(prefill=LEVEL, decode=SLOW), "llama-bench")
    assert caught.value.exit_code == 6
    assert "prefill" not in caught.value.message


def test_a_doubtful_phase_passes_and_is_told(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    found = read(prefill=DOUBTFUL, decode=LEVEL)
    stream = io.StringIO()
    bench.stop_if_slow("cpu-x", found, "llama-bench")
    bench.stop_if_unclear(replace(job, report=Report(stream)), found)
    assert "cannot tell" in stream.getvalue()
    assert "prefill 0.980" in stream.getvalue()
    assert "inconclusive" in figures.shown(found, "llama-bench", Rule())
    assert capsys.readouterr().out == ""


def test_a_doubtful_phase_stops_the_line_where_an_answer_is_asked_for(job: Job) -> None:
    strict = replace(job, options=replace(job.options, strict=True))
    bench.stop_if_unclear(strict, read(prefill=LEVEL, decode=LEVEL))
    with pytest.raises(GateInconclusive, match=r"prefill 0\.980") as caught:
        bench.stop_if_unclear(strict, read(prefill=DOUBTFUL, decode=LEVEL))
    assert caught.value.exit_code == 11


def earlier(path: Path, found: list[Figure], **changed: Any) -> Path:
    data = {"model": "135m", "machine": MACHINE, "figures": [asdict(each) for each in found]} | changed
    path.write_text(json.dumps({"stage": "bench", "target": "cpu-x", "data": data}), encoding="utf-8")
    return path


def here() -> dict[str, Any]:
    return baseline.circumstances("cpu-x", "135m", host.facts())


def test_a_sidecar_that_got_slower_than_an_earlier_one_stops_the_line(tmp_path: Path) -> None:
    before = baseline.read(earlier(tmp_path / "old.json", read(prefill=LEVEL, decode=LEVEL)), here())
    changes = baseline.changes(read(prefill=LEVEL, decode=SLOW), before, Rule())
    assert [each.verdict for each in changes] == [Verdict.PASSED, Verdict.FAILED, None]
    with pytest.raises(SlowerThanGate, match=r"slower than in `.*old\.json`: decode 0\.8"):
        bench.stop_if_worse("cpu-x", changes, before)
    bench.stop_if_worse("cpu-x", baseline.changes(read(prefill=LEVEL, decode=LEVEL), before, Rule()), before)


def test_a_later_start_counts_as_worse_though_its_number_is_greater(tmp_path: Path) -> None:
    before = baseline.read(earlier(tmp_path / "old.json", read(decode=LEVEL)), here())
    start = read(decode=LEVEL)[-1]
    late = replace(start, samples=replace(start.samples, sidecar=[100.0, 102.0, 104.0]))
    (change,) = baseline.changes([late], before, Rule())
    assert change.interval.median == pytest.approx(0.5)
    assert "0.500" in baseline.shown([change], Rule())


def test_another_machine_is_refused_with_what_differs(tmp_path: Path) -> None:
    other = MACHINE | {"cpu": "Other 9000", "physical_cores": 64}
    old = earlier(tmp_path / "old.json", read(decode=LEVEL), machine=other)
    with pytest.raises(ConfigError, match=r"cpu was 'Other 9000' and is .*; physical_cores was 64 and is ") as caught:
        baseline.read(old, here())
    assert "memory_bytes" not in caught.value.message


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"target": "cpu-x", "data": {"figures": []}}'])
def test_what_is_no_record_is_refused_before_anything_is_measured(tmp_path: Path, job: Job, text: str) -> None:
    old = tmp_path / "old.json"
    old.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="is no record of stage bench"):
        bench.run(replace(job, options=replace(job.options, compare=old)))


def test_a_gate_that_stops_the_line_hands_its_figures_to_the_report(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"anchor": "llama-bench", "figures": [asdict(each) for each in read(prefill=LEVEL, decode=SLOW)]}
    monkeypatch.setattr(bench, "measure", lambda *_: measured)
    placed = Record(
        stage="place", target=job.target.name, key="", inputs={}, data={"folder": "placed"}, seconds=0, finished="",
        cached=False,
    )  # fmt: skip
    with pytest.raises(SlowerThanGate) as caught:
        bench.run(replace(job, records={"place": placed}))
    assert caught.value.data == measured
