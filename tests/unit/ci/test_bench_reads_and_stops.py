"""Stage bench: what it reads out of pytest-benchmark's JSON, and when it stops the line."""

from __future__ import annotations

from typing import Any

import pytest

from sidecarkit.errors import SlowerThanGate
from sidecarkit.stages import bench

SLOW = [0.80, 0.81, 0.82, 0.83, 0.84, 0.85]
LEVEL = [0.99, 1.00, 1.00, 1.01, 1.01, 1.02]
DOUBTFUL = [0.90, 0.94, 0.97, 0.99, 1.01, 1.02]


def document(**ratios: list[float]) -> dict[str, Any]:
    entries = [
        {"extra_info": {"phase": phase, "side": side, "ratios": values, "tokens_per_second": speeds}}
        for phase, values in ratios.items()
        for side, speeds in (("sidecar", [100.0 * each for each in values]), ("llama-bench", [100.0] * len(values)))
    ]
    return {"benchmarks": [{"extra_info": {}}, *entries]}


def figures(**ratios: list[float]) -> list[dict[str, Any]]:
    return [bench.figure(document(**ratios), phase) for phase in ratios]


def test_a_figure_holds_both_speeds_the_ratio_its_interval_and_the_verdict() -> None:
    (found,) = figures(decode=LEVEL)
    assert found == {
        "name": "decode",
        "sidecar": pytest.approx(100.5),
        "llama_bench": 100.0,
        "ratio": pytest.approx(1.005),
        "low": 0.99,
        "high": 1.02,
        "pairs": 6,
        "verdict": "passed",
    }


def test_one_slow_phase_stops_the_line_with_ratio_interval_and_target() -> None:
    with pytest.raises(SlowerThanGate, match=r"`cpu-x`.*decode 0\.825 \[0\.800, 0\.850\].*0\.95") as caught:
        bench.stop_if_slow("cpu-x", figures(prefill=LEVEL, decode=SLOW))
    assert caught.value.exit_code == 6
    assert "prefill" not in caught.value.message


def test_a_doubtful_phase_passes_and_the_table_says_inconclusive() -> None:
    found = figures(prefill=DOUBTFUL, decode=LEVEL)
    bench.stop_if_slow("cpu-x", found)
    said = bench.figures_table(found)
    assert "inconclusive" in said
    assert "0.900 … 1.020" in said


def test_the_start_is_told_in_median_seconds() -> None:
    entry = {"extra_info": {"reached": "initialized"}, "stats": {"median": 0.0625}}
    assert bench.start_medians({"benchmarks": [entry, *document(decode=LEVEL)["benchmarks"]]}) == {
        "initialized": 0.0625
    }
