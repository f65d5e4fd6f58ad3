"""A folder of records as a run leaves it, in the shapes that the stages write."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sidecarkit import page, records
from sidecarkit.config import Target, load_targets
from sidecarkit.failures import Failure
from sidecarkit.page import fulltable, gather
from sidecarkit.page.story import Story
from sidecarkit.records import Record
from sidecarkit.report import Report
from sidecarkit.stages import LINE

CHECKOUT = Path(__file__).resolve().parents[4]
TARGETS = load_targets(CHECKOUT / "ci" / "targets.toml")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SPEEDS = {"sidecar": [99.0, 101.0, 98.0, 100.0], "anchor": [100.0, 100.0, 101.0, 99.0]}
LOG = [f"[{step}/240] compiling" for step in range(1, 20)] + ["error: <no> such & thing"]


def figure(**changed: Any) -> dict[str, Any]:
    pairs = zip(SPEEDS["sidecar"], SPEEDS["anchor"], strict=True)
    return {
        "name": "decode", "title": "decode of 128 tokens", "unit": "tok/s", "better": "higher", "gated": True,
        "sidecar": 99.5, "anchor": 100.0, "ratio": 0.99, "low": 0.975, "high": 1.02, "pairs": 4, "repeated": 1,
        "disturbed": 0, "verdict": "passed",
        "samples": {**SPEEDS, "ratios": [ours / theirs for ours, theirs in pairs]},
    } | changed  # fmt: skip


DATA: dict[str, dict[str, Any]] = {
    "native": {"summary": "17 libraries, 26.4 MB", "bytes": 26_400_000},
    "plugin": {"summary": "the variant has none", "bytes": 0},
    "engine": {"summary": "program and Python, 15.4 MB", "bytes": 15_400_000},
    "pack": {"summary": "packed", "folder_bytes": 42_000_000, "single_file_bytes": 42_100_000, "build_id": "b1"},
    "place": {"summary": "both layouts", "sha256": {"sidecar.dist": "a" * 64, "sidecar": "b" * 64}},
    "smoke": {"summary": "both layouts gave the recorded text"},
    "bench": {
        "summary": "decode 0.990 passed", "anchor": "llama-bench", "rule": {"threshold": 0.97},
        "machine": {"cpu": "Some CPU", "physical_cores": 2, "memory_bytes": 2**33, "system": "Linux"},
        "figures": [figure()],
    },
    "app": {"summary": "localaiapp, 7.1 MB", "program": "/x/localaiapp", "bytes": 7_100_000, "sha256": "d" * 64},
    "assemble": {"summary": "app.deb, 18.5 MB", "deb": "/x/app.deb", "bytes": 18_500_000, "sha256": "c" * 64},
    "e2e": {"summary": "6 scenarios passed", "scenarios": {"one": 1.0, "two": 2.0}},
}  # fmt: skip
ROW = {
    "figure": "start → first token", "goal": {"sense": "≤", "bound": 1}, "judged": [0.9, 1.1, 1.0], "unit": "×",
    "ours": {"name": "sidecar", "unit": "ms", "samples": [90.0, 110.0, 100.0]},
    "anchor": {"name": "llama-server", "unit": "ms", "samples": [100.0, 100.0, 100.0]},
    "note": "", "interval": {"median": 1.0, "low": 0.9, "high": 1.1, "pairs": 3}, "verdict": "not met",
}  # fmt: skip


class Run:
    """A root folder and its records, each as if the one before had been made just now."""

    def __init__(self, root: Path, target: Target) -> None:
        self.root, self.target = root, target
        self.build = root / "build" / target.name

    def stage(self, name: str, **changed: Any) -> Record:
        stage = next(stage for stage in LINE if stage.name == name)
        record = Record(
            stage=name, target=self.target.name, key=f"key of {name}", data=DATA[name], seconds=61.0, cached=False,
            inputs={f"stage {need}": f"key of {need}" for need in stage.needs}, commit=COMMIT,
            finished="2026-11-23T05:00:00+00:00",
        )  # fmt: skip
        record = replace(record, **changed)
        records.write(self.build, record)
        return record

    def all_stages(self) -> None:
        for stage in LINE:
            self.stage(stage.name)

    def table(self, **changed: Any) -> None:
        measurement = {"pairs": 3, "finished": "2026-11-23T05:00:00+00:00", "rows": [ROW]}
        document = {"schema": 1, "buildId": "b1", "measurements": {"start": measurement}} | changed
        (self.build / fulltable.FILE).write_text(json.dumps(document), encoding="utf-8")

    def screen(self, name: str = "1-answer-dark.png") -> None:
        (self.build / "screenshots").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 5), "teal").save(self.build / "screenshots" / name)

    def failed(self, stage: str, **data: Any) -> None:
        """As the runner leaves it: no record of the failed stage, those after it as they were."""
        failure = Failure(
            stage=stage, target=self.target.name, message="`ninja` ended with exit code 1; its last lines:\n…",
            hint="read the log", exit_code=12, log=f"{self.build}/logs/{stage}.log", last_lines=LOG, seconds=3.0,
            finished="2026-11-23T06:00:00+00:00", commit=COMMIT, data=data,
        )  # fmt: skip
        records.remove(self.build, stage)
        records.write_json(self.build / f"{stage}.failed.json", asdict(failure))

    def story(self) -> Story:
        return gather.tell(self.root, TARGETS, LINE)

    def written(self) -> str:
        """The text that was said; the files lie in build/report."""
        said = io.StringIO()
        page.write(self.root, TARGETS, LINE, Report(said))
        return said.getvalue()

    def html(self) -> str:
        self.written()
        return (self.root / "build" / "report" / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def new_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Run]:
    """A root that holds the file of what is unverified, and no record."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "UNVERIFIED.md").write_text(
        "# Not seen\n\n| what | why | command |\n| --- | --- | --- |\n| the `<b>` screen | no GPU | `run a \\| b` |\n",
        encoding="utf-8",
    )
    return lambda: Run(tmp_path, TARGETS[0])


@pytest.fixture
def run(new_run: Callable[[], Run]) -> Run:
    """A run in which everything passed, with a full table and a screenshot."""
    made = new_run()
    made.all_stages()
    made.table()
    made.screen()
    return made
