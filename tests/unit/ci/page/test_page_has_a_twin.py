"""The Markdown: the page's facts in the terminal, in build/report, and in the summary of a CI job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecarkit.stages import LINE

Run = Any


def test_the_twin_has_the_facts_and_no_picture(run: Run) -> None:
    said = run.written()
    text = (run.root / "build" / "report" / "report.md").read_text(encoding="utf-8")
    for stage in LINE:
        assert f"| {stage.name} " in text
    facts = (
        "commit 0123456", "0.975 … 1.020 ×", "(llama-server)", "26.4 MB", "32.0 MB", "c" * 64,
        "1 measured again: another load disturbed them",
    )  # fmt: skip
    assert [fact for fact in facts if fact not in text] == []
    assert "![" not in text
    assert "| the `<b>` screen | no GPU | `run a \\| b` |" in " ".join(text.split())
    shared, _, _ = text.partition("## Built, but not seen working")
    assert shared in said
    assert "Built, but not seen working (1): `ci/UNVERIFIED.md`" in said
    assert "build/report/index.html" in said


def test_a_failure_is_told_with_hint_and_log(run: Run) -> None:
    run.failed("smoke")
    said = run.written()
    for text in ("**smoke failed** (exit code 12): `ninja` ended with exit code 1", "hint: read the log", "[1/240]"):
        assert text in said


def test_the_job_summary_is_appended_to(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("what an earlier step said\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    run.written()
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("what an earlier step said\n")
    assert text.endswith((run.root / "build" / "report" / "report.md").read_text(encoding="utf-8"))


def test_a_cell_cannot_break_its_table(run: Run) -> None:
    run.stage("native", data={"summary": "one | two\nthree"})
    assert "one \\| two three" in run.written()
