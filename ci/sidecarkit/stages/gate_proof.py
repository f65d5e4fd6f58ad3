"""Stage gate-proof: the gate's rule on recorded pairs, and a sidecar that is really slow in front of the real gate."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from sidecarkit import command, digest, host, made_model
from sidecarkit.errors import SlowerThanGate, ToolkitError
from sidecarkit.figures import of_record
from sidecarkit.job import Job, Stage
from sidecarkit.stages import bench

# Far more than the rule is promised to find: a sidecar may be faster than its anchor, and must fall behind it.
SLOWED_BY_PERCENT = 40
_RECORDED_PAIRS = 48
_LIMIT_S = 3600


def inputs(job: Job) -> dict[str, str]:
    """What proves; nothing is remembered."""
    return {"proof": digest.of_sources(job.root / bench.BENCHMARKS / "gateproof")}


def run(job: Job) -> dict[str, Any]:
    """Record pairs if `-k record` asks for it; else simulate, then measure a slow sidecar.

    Raises StepFailed when the rule breaks its promises, ToolkitError when the slow sidecar is let through.
    """
    if "record" in job.options.rows:
        return _record(job)
    simulated = job.build / "gate-simulation.md"
    _proof(job, "simulating 1,000 runs of the gate on the recorded pairs", "simulate", "--markdown", simulated)
    job.report.say(simulated.read_text(encoding="utf-8"))
    data = bench.measure(
        job, _slow_folder(job), job.build / "gate-proof.pytest-benchmark.json",
        {"SLOWED_BY_PERCENT": str(SLOWED_BY_PERCENT)},
    )  # fmt: skip
    try:
        bench.stop_if_slow(job.target.name, of_record(data), data["anchor"])
    except SlowerThanGate as stopped:
        job.report.say(f"   as it must: exit code {stopped.exit_code}, {stopped.message}")
        return {"summary": f"slowed by {SLOWED_BY_PERCENT} %: {data['summary']}", "figures": data["figures"]}
    raise ToolkitError(
        f"the gate let a sidecar through that was slowed by {SLOWED_BY_PERCENT} %: {data['summary']}",
        hint="close whatever else computes on this machine and repeat; `inconclusive` means that it was too noisy",
    )


def _slow_folder(job: Job) -> Path:
    folder = job.build / "slowed"
    _proof(
        job, "making a slow sidecar", "slow",
        "--sidecar", _program(job), "--folder", folder, "--zig-target", job.target.zig_target,
    )  # fmt: skip
    return folder / "engine"


def _record(job: Job) -> dict[str, Any]:
    pairs = job.options.pairs or _RECORDED_PAIRS
    _proof(
        job, f"recording {pairs} pairs of the sidecar beside itself", "record",
        "--target", job.target.name, "--sidecar", _program(job), "--model", made_model.path(job, job.options.model),
        "--threads", str(host.facts().physical_cores), "--pairs", str(pairs),
    )  # fmt: skip
    return {"summary": f"{pairs} pairs recorded in benchmarks/recorded"}


def _program(job: Job) -> Path:
    return Path(job.record("place").data["folder"]) / job.target.program_name


def _proof(job: Job, title: str, *words: str | Path) -> None:
    command.run(
        [sys.executable, "-m", "benchmarks.gateproof", *words],
        log=job.log, report=job.report, title=title, cwd=job.root, env=os.environ | bench.python_path(job.root),
        timeout_s=_LIMIT_S,
    )  # fmt: skip


STAGE = Stage(
    name="gate-proof",
    summary="show that the gate can be believed",
    needs=("plugin", "place"),
    inputs=inputs,
    run=run,
)
