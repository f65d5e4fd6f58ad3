"""The page reads what the gate and the full benchmarks really write: their code makes the data here."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.table import results
from benchmarks.table.rows import absolute_row, at_most, ratio_row
from sidecarkit import figures
from sidecarkit.gate import Rule
from sidecarkit.page import fulltable, gatefigures

SPEEDS = [98.0, 99.0, 100.0, 101.0, 102.0, 103.0]


def test_the_gates_figures_with_their_samples() -> None:
    entry = {
        "figure": "decode", "title": "decode of 128 tokens", "unit": "tok/s", "better": "higher", "repeated": 0,
        "disturbed": 0, "ratios": [each / 100 for each in SPEEDS],
    }  # fmt: skip
    sides = {"sidecar": SPEEDS, "anchor": [100.0] * len(SPEEDS)}
    start = entry | {"figure": "start", "title": "start", "unit": "ms", "better": "lower", "ratios": None}
    document = {"benchmarks": [{"extra_info": entry | {"side": side, "samples": sides[side]}} for side in sides]}
    document["benchmarks"].append({"extra_info": start | {"side": "sidecar", "samples": SPEEDS}})
    found = figures.read(document, Rule())
    data = {"anchor": "llama-bench", "rule": asdict(Rule()), "figures": [asdict(each) for each in found]}
    decode, alone = gatefigures.figures(data)
    assert decode.title == "decode of 128 tokens"
    assert [side.name for side in decode.sides] == ["sidecar", "llama-bench"]
    assert decode.sides[0].samples == tuple(SPEEDS)
    assert (decode.unit, decode.sense, decode.bound) == ("×", "≥", Rule().threshold)
    assert decode.median == pytest.approx(1.005)
    assert decode.verdict == found[0].verdict
    assert (alone.unit, alone.bound, alone.verdict) == ("ms", None, "")
    assert alone.judged == tuple(SPEEDS)


def test_the_full_tables_rows_and_what_could_not_be_measured(tmp_path: Path) -> None:
    pairs = [(each, 100.0) for each in SPEEDS]
    rows = [
        ratio_row("first token", at_most(1), pairs, anchor="llama-server", unit="ms"),
        absolute_row("cost", None, SPEEDS, unit="µs", note="with a stub"),
    ]
    document = results.read(tmp_path / "none.json", "b1")
    document["measurements"] = {
        "start": results.of_rows(rows, 6, "2026-11-23T05:00:00+00:00"),
        "memory": results.of_failure("RuntimeError: no memory\nmore", "2026-11-23T05:00:00+00:00"),
    }
    results.write(tmp_path / fulltable.FILE, document)
    table = fulltable.read(tmp_path)
    assert table is not None
    assert table.build_id == "b1"
    start, memory = table.measurements
    first, cost = start.figures
    assert (first.title, first.sense, first.bound, first.unit) == ("first token", "≤", 1.0, "×")
    assert first.verdict == rows[0].verdict()
    assert (first.low, first.high) == (0.98, 1.03)
    assert [side.name for side in first.sides] == ["sidecar", "llama-server"]
    assert (cost.bound, cost.note, cost.unit) == (None, "with a stub", "µs")
    assert memory.failed == "RuntimeError: no memory"
