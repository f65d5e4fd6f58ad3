"""Stage benchmarks: the whole table of speed, cost and memory on the placed sidecar; asked for by name alone."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from sidecarkit import command, digest, host, made_model
from sidecarkit.job import Job, Stage
from sidecarkit.stages.bench import DEMO_MODEL

MODEL = "1.1b"
# Not the name of the stage's own record, which is written last.
RESULTS = "benchmark-table.json"
_MEASURE_LIMIT_S = 4 * 3600
_PAIRS = 12


def inputs(job: Job) -> dict[str, str]:
    """What measures; nothing is remembered, since results are kept row by row."""
    return {"benchmarks": digest.of_sources(job.root / "benchmarks" / "table")}


def run(job: Job) -> dict[str, Any]:
    """Measure the chosen rows and show all that this build of the sidecar has. Raises StepFailed."""
    results = job.build / RESULTS
    command.run(
        _command(job, results), log=job.log, report=job.report, cwd=job.root,
        title=f"measuring {' '.join(job.options.rows) or 'everything'}, {job.options.pairs or _PAIRS} pairs in turn",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (job.root / "ci", job.root)))},
        timeout_s=_MEASURE_LIMIT_S,
    )  # fmt: skip
    job.report.say(results.with_suffix(".md").read_text(encoding="utf-8"))
    measured = json.loads(results.read_text(encoding="utf-8"))["measurements"]
    verdicts = [row["verdict"] for each in measured.values() for row in each["rows"]]
    return {"summary": f"{verdicts.count('met')} met, {verdicts.count('not met')} not met", "results": str(results)}


def _command(job: Job, results: Path) -> list[str | Path]:
    folder = Path(job.record("place").data["folder"])
    tools = job.record("plugin").data["tools"] | job.record("anchors").data["tools"]
    anchors = [word for name, program in tools.items() for word in (f"--{name}", program)]
    chosen = [word for row in job.options.rows for word in ("-k", row)]
    return [
        sys.executable, "-m", "benchmarks.table",
        "--target", job.target.name,
        "--sidecar", folder / job.target.program_name,
        "--single-file", folder.parent / job.target.single_file_name,
        *anchors,
        "--model", made_model.path(job, MODEL),
        "--tiny-model", job.root / DEMO_MODEL,
        "--threads", str(host.facts().physical_cores),
        "--zig-target", job.target.zig_target,
        "--pairs", str(job.options.pairs or _PAIRS),
        "--json", results,
        *chosen,
    ]  # fmt: skip


STAGE = Stage(
    name="benchmarks",
    summary="measure the whole table",
    needs=("plugin", "place", "anchors"),
    inputs=inputs,
    run=run,
)
