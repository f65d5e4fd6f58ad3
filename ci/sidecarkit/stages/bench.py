"""Stage bench: the placed sidecar's speed beside llama-bench's, and the gate that a slow one does not pass."""

from __future__ import annotations

import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from sidecarkit import command, digest, gate, host, made_model
from sidecarkit.errors import ConfigError, SlowerThanGate
from sidecarkit.gate import Verdict
from sidecarkit.job import Job, Stage
from sidecarkit.report import table

BENCHMARKS = Path("benchmarks")
DEMO_MODEL = Path("tauri-app", "src-tauri", "models", "stories260K.gguf")
PHASES = ("prefill", "decode")
_MEASURE_LIMIT_S = 3600


def inputs(job: Job) -> dict[str, str]:
    """What is measured, how, on which machine, and the code that judges; the sidecar counts by `place`'s key."""
    return {
        "benchmarks": digest.of_sources(job.root / BENCHMARKS, ("**/*.py",)),
        "driver": digest.of_sources(Path(gate.__file__).parent, ("sidecar_client.py", "sidecar_wire.py")),
        "gate": digest.of_file(Path(gate.__file__)),
        "stage": digest.of_file(Path(__file__)),
        "model": made_model.key(job, job.options.model),
        "pairs": str(job.options.pairs),
        "machine": str(host.facts()),
    }


def run(job: Job) -> dict[str, Any]:
    """Measure the pairs and judge them. Raises SlowerThanGate naming ratio and interval."""
    if job.options.pairs < gate.fewest_pairs():
        raise ConfigError(
            f"{job.options.pairs} pairs cannot give a {gate.CONFIDENCE:.0%} interval",
            hint=f"ask for {gate.fewest_pairs()} or more: `--pairs 12`",
        )
    results = _measure(job)
    document = json.loads(results.read_text(encoding="utf-8"))
    figures = [figure(document, phase) for phase in PHASES]
    starts = start_medians(document)
    job.report.say(figures_table(figures))
    job.report.say("   " + ", ".join(f"{name} after {seconds * 1000:.0f} ms" for name, seconds in starts.items()))
    stop_if_slow(job.target.name, figures)
    return {
        "summary": ", ".join(f"{each['name']} {each['ratio']:.3f} {each['verdict']}" for each in figures),
        "figures": figures,
        "start_seconds": starts,
        "model": job.options.model,
        "results": str(results),
    }


def figure(document: dict[str, Any], phase: str) -> dict[str, Any]:
    """One phase's speeds (medians, tokens per second), ratio, interval and verdict out of pytest-benchmark's JSON."""
    sides = {
        entry["extra_info"]["side"]: entry["extra_info"]
        for entry in document["benchmarks"]
        if entry["extra_info"].get("phase") == phase
    }
    ratio = gate.median_ratio(sides["sidecar"]["ratios"])
    return {
        "name": phase,
        "sidecar": statistics.median(sides["sidecar"]["tokens_per_second"]),
        "llama_bench": statistics.median(sides["llama-bench"]["tokens_per_second"]),
        "ratio": ratio.median,
        "low": ratio.low,
        "high": ratio.high,
        "pairs": ratio.pairs,
        "verdict": str(ratio.verdict()),
    }


def start_medians(document: dict[str, Any]) -> dict[str, float]:
    """What a fresh sidecar reaches, and the median seconds until then."""
    return {
        entry["extra_info"]["reached"]: entry["stats"]["median"]
        for entry in document["benchmarks"]
        if "reached" in entry["extra_info"]
    }


def figures_table(figures: list[dict[str, Any]]) -> str:
    """The speeds as a person reads them."""
    header = ["", "sidecar tok/s", "llama-bench tok/s", "median ratio", f"{gate.CONFIDENCE:.0%} interval", "gate"]
    rows = [
        [
            each["name"],
            f"{each['sidecar']:.1f}",
            f"{each['llama_bench']:.1f}",
            f"{each['ratio']:.3f}",
            f"{each['low']:.3f} … {each['high']:.3f}",
            each["verdict"],
        ]
        for each in figures
    ]
    return table(header, rows)


def stop_if_slow(target: str, figures: list[dict[str, Any]]) -> None:
    """Raises SlowerThanGate when the whole interval of a phase lies below the gate."""
    slow = [each for each in figures if each["verdict"] == Verdict.FAILED]
    if slow:
        said = ", ".join(f"{each['name']} {each['ratio']:.3f} [{each['low']:.3f}, {each['high']:.3f}]" for each in slow)
        raise SlowerThanGate(
            f"the sidecar of `{target}` is slower than llama-bench: {said}; the gate asks for {gate.THRESHOLD}",
            hint="close whatever else computes on this machine and repeat with `--again bench`; "
            "if it stays, look for what was added around the decode loop",
        )


def _measure(job: Job) -> Path:
    results = job.build / "bench.pytest-benchmark.json"
    folder = Path(job.record("place").data["folder"])
    results.unlink(missing_ok=True)
    command.run(
        [
            sys.executable, "-m", "pytest", job.root / BENCHMARKS,
            "--target", job.target.name,
            "--sidecar", folder / job.target.program_name,
            "--llama-bench", job.record("native").data["tools"]["llama-bench"],
            "--model", made_model.path(job, job.options.model),
            "--demo-model", job.root / DEMO_MODEL,
            "--threads", str(host.facts().physical_cores),
            "--pairs", str(job.options.pairs),
            "--benchmark-json", results,
            # One fixture measures all pairs: the suite's limit per test is too short for it.
            "--timeout", "0", "-o", "log_cli=true", "-o", "log_cli_level=INFO", "-o", "log_cli_format=%(message)s",
        ],
        log=job.log, report=job.report, title=f"measuring {job.options.pairs} pairs in turn", cwd=job.root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (job.root / "ci", job.root)))},
        timeout_s=_MEASURE_LIMIT_S,
    )  # fmt: skip
    return results


STAGE = Stage(
    name="bench",
    summary="hold the sidecar's speed against llama-bench's, in turn",
    needs=("native", "place"),
    after=("smoke",),
    inputs=inputs,
    run=run,
    remembers=True,
    intact=lambda record: Path(record.data["results"]).is_file(),
)
