"""From records to what is told: what holds, what is out of date, what failed, what cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sidecarkit import source
from sidecarkit.page.stages import Standing
from sidecarkit.page.story import Outcome, TargetStory

Run = Any  # conftest.Run: conftest is no module to import from


def told(run: Run) -> TargetStory:
    (target,) = run.story().targets
    assert isinstance(target, TargetStory)
    return target


def standings(run: Run) -> dict[str, Standing]:
    return {row.name: row.standing for row in told(run).stages}


def test_a_run_in_which_every_stage_holds_has_passed(run: Run) -> None:
    target = told(run)
    assert target.outcome is Outcome.PASSED
    assert target.headline == "every stage passed"
    assert run.story().title == "Every stage passed"
    assert source.short(target.commit) == "0123456"


def test_layers_come_from_the_cache_and_verdicts_are_kept(run: Run) -> None:
    run.stage("native", cached=True)
    run.stage("bench", cached=True)
    assert standings(run)["native"] is Standing.CACHED
    assert standings(run)["bench"] is Standing.KEPT
    assert told(run).outcome is Outcome.PASSED


def test_what_was_made_before_something_it_stands_on_changed_is_of_an_earlier_build(run: Run) -> None:
    run.stage("engine", key="another")
    found = standings(run)
    assert found["native"] is Standing.RAN
    assert found["engine"] is Standing.RAN
    assert found["app"] is Standing.RAN, "no engine is compiled into it"
    later = ("pack", "place", "smoke", "bench", "assemble", "e2e")
    assert {found[name] for name in later} == {Standing.EARLIER}
    assert told(run).outcome is Outcome.INCOMPLETE
    assert [tile.title for tile in told(run).tiles] == [], "a figure of an earlier build is no headline"


def test_a_missing_record_makes_the_run_incomplete_and_names_the_stage(run: Run) -> None:
    (run.build / "e2e.json").unlink()
    assert standings(run)["e2e"] is Standing.MISSING
    assert told(run).headline == "not run: e2e"


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 99}', '{"schema": 1, "unknown": 1}', "\x00"])
def test_a_damaged_or_foreign_record_is_shown_as_such(run: Run, text: str) -> None:
    (run.build / "smoke.json").write_text(text, encoding="utf-8")
    assert standings(run)["smoke"] is Standing.UNREADABLE
    assert "unreadable record: smoke" in told(run).headline
    assert "unreadable record" in run.html()


def test_a_failed_stage_is_where_the_run_stopped(run: Run) -> None:
    run.failed("pack")
    target = told(run)
    assert (target.outcome, target.headline) == (Outcome.FAILED, "stopped at pack")
    assert run.story().title == "Stopped at pack"
    assert target.failure is not None
    assert target.failure.exit_code == 12
    assert standings(run)["place"] is Standing.EARLIER


def test_a_slow_sidecar_is_shown_with_the_figures_that_stopped_it(run: Run) -> None:
    data = run.stage("bench").data
    run.failed("bench", **data | {"figures": [data["figures"][0] | {"verdict": "failed"}]})
    assert [figure.verdict for figure in told(run).figures] == ["failed"]
    html = run.html()
    assert "Dot plot of decode of 128 tokens" in html
    assert "Speed and cost</h3>" in html, "they are this build's"


def test_an_inconclusive_gate_is_said_although_it_stops_nothing(run: Run) -> None:
    data = run.stage("bench").data
    run.stage("bench", data=data | {"figures": [data["figures"][0] | {"verdict": "inconclusive"}]})
    assert told(run).outcome is Outcome.PASSED
    assert told(run).headline == "every stage passed; the gate has no answer about decode of 128 tokens"


def test_stages_share_the_time_one_after_the_other(run: Run) -> None:
    rows = told(run).stages
    assert rows[0].begin == 0
    assert [round(row.begin + row.share, 6) for row in rows[:-1]] == [round(row.begin, 6) for row in rows[1:]]
    assert rows[-1].begin + rows[-1].share == pytest.approx(1)


def test_sizes_stand_beside_the_budgets_of_targets_toml(run: Run) -> None:
    run.stage("engine", data={"summary": "", "bytes": run.target.budget.engine + 1})
    sizes = {each.title: each for each in told(run).sizes}
    assert sizes["engine"].over
    assert not sizes["native libraries"].over
    assert sizes["packed folder"].budget == run.target.budget.pack


def test_a_table_of_another_build_is_said_to_be_one(run: Run) -> None:
    assert told(run).table_is_current
    run.table(buildId="b0")
    assert not told(run).table_is_current
    assert "Measured on an earlier build of the sidecar." in run.html()


def test_figures_of_an_older_toolkit_become_a_remark(run: Run) -> None:
    old = {"name": "decode", "sidecar": 1.0, "llama_bench": 1.0, "ratio": 1.0, "low": 1.0, "high": 1.0}
    run.stage("bench", data={"summary": "decode 1.0 passed", "figures": [old]})
    target = told(run)
    assert target.figures == ()
    assert "the gate's figures cannot be read" in target.remarks[0]


def test_a_table_of_another_schema_becomes_a_remark(run: Run) -> None:
    run.table(schema=2)
    assert "benchmark-table.json cannot be read (its schema is 2, known is 1)" in told(run).remarks


def test_a_picture_that_is_none_is_named(run: Run) -> None:
    (run.build / "screenshots" / "2-broken.png").write_bytes(b"\x89PNG no")
    assert "2-broken.png is no sound picture" in run.html()


def test_without_any_record_the_page_says_how_to_begin(new_run: Callable[[], Run]) -> None:
    run = new_run()
    assert run.story().title == "Nothing built yet"
    assert "python3 noxfile.py" in run.html()


def test_what_is_unverified_stands_on_the_page_with_its_code_marked(run: Run) -> None:
    html = run.html()
    assert "the <code>&lt;b&gt;</code> screen" in html
    assert "<code>run a | b</code>" in html


@pytest.mark.parametrize("text", [None, "no table here", "| a | b |\n| - | - |\n| 1 | 2 |\n"])
def test_an_unreadable_list_of_the_unverified_is_said(run: Run, text: str | None) -> None:
    path = run.root / "ci" / "UNVERIFIED.md"
    path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    assert "<code>ci/UNVERIFIED.md</code> cannot be read." in run.html()
