"""build/report: a page for people, its Markdown twin for CI and the terminal; both from records alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sidecarkit.config import Target
from sidecarkit.job import Stage
from sidecarkit.page import gather, html, markdown
from sidecarkit.report import Report

# GitHub shows this file's Markdown as the job's summary.
_JOB_SUMMARY = "GITHUB_STEP_SUMMARY"


def write(root: Path, targets: tuple[Target, ...], line: tuple[Stage, ...], report: Report) -> None:
    """Write the report of all `targets` that left records below `root`/build, and say its text."""
    folder = root / "build" / "report"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    told = gather.tell(root, targets, line)
    text = markdown.render(told, root)
    (folder / "report.md").write_text(text, encoding="utf-8", newline="\n")
    (folder / "index.html").write_text(html.render(told, root), encoding="utf-8", newline="\n")
    if summary := os.environ.get(_JOB_SUMMARY):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)
    report.say(f"\n{markdown.render(told, root, brief=True)}")
    report.say(f"the page to look at: {(folder / 'index.html').relative_to(root)}")
