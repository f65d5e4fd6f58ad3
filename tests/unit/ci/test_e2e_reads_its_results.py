"""Stage e2e's reading of its tests' results: which scenarios passed, and which failed the package."""

from __future__ import annotations

from pathlib import Path

from sidecarkit.stages import e2e

RESULTS = """<?xml version="1.0"?>
<testsuites><testsuite name="pytest">
<testcase classname="a" name="test_opens" time="4.25"/>
<testcase classname="a" name="test_stops" time="1.5"><failure message="x">trace</failure></testcase>
<testcase classname="a" name="test_starts" time="0.5"><error message="x">trace</error></testcase>
<testcase classname="a" name="test_of_another_variant" time="0.0"><skipped message="x">why</skipped></testcase>
</testsuite></testsuites>
"""


def test_failures_and_errors_are_named_and_the_duration_of_all_that_ran_is_read(tmp_path: Path) -> None:
    results = tmp_path / "results.xml"
    results.write_text(RESULTS, encoding="utf-8")
    assert e2e.failed(results) == ["test_stops", "test_starts"]
    assert e2e.durations(results) == {"test_opens": 4.25, "test_stops": 1.5, "test_starts": 0.5}


def test_without_results_nothing_is_named(tmp_path: Path) -> None:
    assert e2e.failed(tmp_path / "never-written.xml") == []
