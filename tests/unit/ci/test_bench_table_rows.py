"""The full benchmarks' rows: when a goal counts as met, how a row reads, and what is kept of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.table import results
from benchmarks.table.measurements import MEASUREMENTS, chosen
from benchmarks.table.rows import Goal, Row, Side, Verdict, absolute_row, at_least, at_most, ratio_row
from sidecarkit import records
from sidecarkit.records import Record
from sidecarkit.stages import benchmarks


def judged(goal: Goal | None, low: float, high: float, count: int = 12) -> Verdict:
    """The verdict on values whose interval reaches from `low` to `high`."""
    step = (high - low) / (count - 5)
    inner = [low + step * at for at in range(count - 4)]
    values = [low] * 2 + inner + [high] * 2 if count >= 12 else inner
    return absolute_row("x", goal, values, unit="ms").verdict()


@pytest.mark.parametrize(("goal", "low", "high", "expected"), [
    (at_least(1.0), 0.981, 1.1, Verdict.MET),
    (at_least(1.0), 0.979, 1.1, Verdict.NOT_MET),
    (at_most(60.0), 40.0, 61.1, Verdict.MET),
    (at_most(60.0), 40.0, 61.3, Verdict.NOT_MET),
    (None, 0.0, 1.0, Verdict.NO_GOAL),
])  # fmt: skip
def test_a_goal_is_met_when_the_worse_end_of_the_interval_misses_it_by_two_hundredths_at_most(
    goal: Goal | None, low: float, high: float, expected: Verdict
) -> None:
    assert judged(goal, low, high) is expected


def test_a_small_ratio_is_given_two_hundredths_of_itself_and_not_of_one() -> None:
    assert judged(at_most(0.02), 0.010, 0.0203) is Verdict.MET
    assert judged(at_most(0.02), 0.010, 0.0390) is Verdict.NOT_MET


def test_five_pairs_give_a_median_and_no_verdict() -> None:
    row = absolute_row("start", at_most(60.0), [50.0, 51.0, 52.0, 53.0, 90.0], unit="ms")
    assert row.verdict() is Verdict.TOO_FEW
    assert row.cells() == ["start", "≤ 60 ms", "52.0 ms", "", "52.000 ms", "too few pairs"]


def test_a_ratio_row_divides_inside_pairs_and_shows_both_sides_in_their_unit() -> None:
    pairs = [(0.5, 1.0), (1.0, 1.0), (3.0, 1.0), (1.0, 2.0), (1.0, 1.0), (1.0, 1.0)]
    row = ratio_row("cold", at_most(1.0), pairs, anchor="llama-server", unit="ms", shown=lambda s: s * 1000)
    assert row.judged == [0.5, 1.0, 3.0, 0.5, 1.0, 1.0]
    assert row.cells() == ["cold", "≤ 1 ×", "1000 ms", "1000 ms (llama-server)", "1.000 [0.500, 3.000] ×", "not met"]


def test_a_measurement_that_is_repeated_replaces_its_rows_and_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / benchmarks.RESULTS
    for name, value in (("cost", 1.0), ("busy", 2.0), ("cost", 3.0)):
        document = results.read(path, "build-1")
        row = Row(
            figure=f"{name} figure", goal=at_most(5.0), ours=Side(name="sidecar", unit="µs", samples=[value] * 6),
            judged=[value] * 6, unit="µs", note=f"about {name}",
        )  # fmt: skip
        document["measurements"][name] = results.of_rows([row], pairs=6, finished="2026-01-01T00:00:00+00:00")
        results.write(path, document)
    text = results.markdown(results.read(path, "build-1"), ["cost", "busy"])
    assert "| cost figure | ≤ 5 µs | 3.00 µs |        | 3.000 [3.000, 3.000] µs | met     |" in text
    assert text.index("cost figure") < text.index("busy figure")
    assert "- busy figure: about busy" in text


def test_the_record_of_the_stage_leaves_its_results_alone(tmp_path: Path) -> None:
    record = Record(
        stage=benchmarks.STAGE.name, target="t", key="k", inputs={}, data={}, seconds=1.0, finished="", cached=False
    )
    assert records.write(tmp_path, record) != tmp_path / benchmarks.RESULTS


def test_figures_of_another_build_are_not_continued(tmp_path: Path) -> None:
    path = tmp_path / benchmarks.RESULTS
    document = results.read(path, "build-1")
    document["measurements"]["cost"] = results.of_failure("no", "2026-01-01T00:00:00+00:00")
    results.write(path, document)
    assert results.read(path, "build-1")["measurements"]
    assert results.read(path, "build-2") == {"schema": results.SCHEMA, "buildId": "build-2", "measurements": {}}


def test_a_measurement_that_failed_is_told_by_its_first_line() -> None:
    failed = results.of_failure("EngineFailed: it ended\n  its log", "2026-01-01T00:00:00+00:00")
    assert results.markdown({"measurements": {"busy": failed}}, ["busy"]) == "- busy failed: EngineFailed: it ended"


def test_what_is_kept_of_a_row_tells_its_interval_and_verdict() -> None:
    kept = results.of_rows([absolute_row("x", at_least(2.0), [3.0] * 6, unit="ms")], 6, "")["rows"][0]
    again = json.loads(json.dumps(kept))
    assert (again["interval"], again["verdict"]) == ({"median": 3.0, "low": 3.0, "high": 3.0, "count": 6}, "met")
    assert results.row_of(again) == absolute_row("x", at_least(2.0), [3.0] * 6, unit="ms")


def test_measurements_are_chosen_by_parts_of_their_names_in_the_order_of_the_table() -> None:
    assert chosen([]) == list(MEASUREMENTS)
    assert chosen(["memory", "decode"]) == ["decode-llama-bench", "decode-llama-server", "memory"]
    with pytest.raises(ValueError, match="no measurement is called like `speed`: choose of decode-llama-bench"):
        chosen(["speed"])
