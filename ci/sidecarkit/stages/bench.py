"""Stage bench: the placed sidecar's speed beside its anchor's, and the gate that a slow one does not pass."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sidecarkit import baseline, bootstrap, command, devices, digest, figures, gate, host, intervals, made_model
from sidecarkit.baseline import Baseline, Change
from sidecarkit.devices import Device
from sidecarkit.errors import GateInconclusive, SlowerThanGate, ToolkitError
from sidecarkit.figures import Figure
from sidecarkit.gate import Rule, Verdict
from sidecarkit.job import Job, Stage

BENCHMARKS = Path("benchmarks")
DEMO_MODEL = Path("tauri-app", "src-tauri", "models", "stories260K.gguf")
_JUDGES = (gate, bootstrap, intervals, figures, baseline, devices)
_MEASURE_LIMIT_S = 3600


def inputs(job: Job) -> dict[str, str]:
    """What is measured, how, on which machine, and the code that judges; the sidecar counts by `place`'s key."""
    compared = job.options.compare
    return {
        "benchmarks": digest.of_sources(job.root / BENCHMARKS, ("*.py", "sidebyside/*.py")),
        "driver": digest.of_sources(Path(gate.__file__).parent, ("sidecar_client.py", "sidecar_wire.py")),
        "gate": digest.of_mapping({each.__name__: digest.of_file(Path(str(each.__file__))) for each in _JUDGES}),
        "stage": digest.of_file(Path(__file__)),
        "model": made_model.key(job, job.options.model),
        "software rasterisers": str(job.options.software),
        "rule": str(rule(job)),
        "strict": str(job.options.strict),
        "compared with": digest.of_file(compared) if compared and compared.is_file() else str(compared),
        "machine": str(host.facts()),
    }


def rule(job: Job) -> Rule:
    """The gate's rule with the number of pairs that was asked for. Raises ConfigError for too few."""
    return Rule() if job.options.pairs is None else Rule().up_to(job.options.pairs)


def run(job: Job) -> dict[str, Any]:
    """Measure pairs until the gate is clear, and judge them.

    Raises SlowerThanGate, GateInconclusive where `--strict` asks for an answer, and ConfigError, before anything is
    measured, for a file that cannot be compared with.
    """
    before = _baseline(job)
    data = measure(job, Path(job.record("place").data["folder"]), job.build / "bench.pytest-benchmark.json")
    try:
        _judge(job, data, before)
    except ToolkitError as error:
        error.data = data
        raise
    return data


def measure(
    job: Job, folder: Path, results: Path, environment: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """Measure the sidecar in `folder` on every device, say the figures, and return the data, whatever it says.

    pytest-benchmark writes `results`; `environment` is what the measured programs find beside this process's own.
    """
    anchor, there = _anchor(job), devices.ask(folder / job.target.program_name)
    measured = there.to_measure(software=job.options.software)
    absent = there.without(measured)
    for device in measured:
        job.report.say(f"   {device.id}: {device.description}")
    for backend, reason in absent.items():
        job.report.say(f"   {backend}: nothing to measure: {reason}")
    _run_benchmarks(job, folder, measured, results, environment)
    by = rule(job)
    found = figures.read(json.loads(results.read_text(encoding="utf-8")), by)
    job.report.say(figures.shown(found, anchor, by))
    return {
        "summary": ", ".join(f"{each.name} {each.ratio:.3f} {each.verdict}" for each in found if each.gated),
        "verdict": str(_worst(found)),
        "anchor": anchor,
        "model": job.options.model,
        "machine": asdict(host.facts()),
        "devices": [asdict(each) for each in measured],
        "absent": absent,
        "rule": asdict(by),
        "results": str(results),
        "figures": [asdict(each) for each in found],
    }


def _judge(job: Job, data: dict[str, Any], before: Baseline | None) -> None:
    found = figures.of_record(data)
    stop_if_slow(job.target.name, found, data["anchor"])
    stop_if_unclear(job, found)
    if before is not None:
        changes = baseline.changes(found, before, rule(job))
        job.report.say(
            f"\n{baseline.shown(changes, rule(job))}\n   not measured in turn: the machine's drift counts too"
        )
        stop_if_worse(job.target.name, changes, before)


def stop_if_slow(target: str, found: Sequence[Figure], anchor: str) -> None:
    """Raises SlowerThanGate when the whole interval of a gated figure lies below the gate."""
    slow = [each for each in found if each.verdict is Verdict.FAILED]
    if slow:
        raise SlowerThanGate(
            f"the sidecar of `{target}` is slower than {anchor}: {_said(slow)}; the gate asks for {gate.THRESHOLD}",
            hint="close whatever else computes on this machine and repeat with `--again bench`; "
            "if it stays, look for what was added around the decode loop",
        )


def stop_if_unclear(job: Job, found: Sequence[Figure]) -> None:
    """Says that the gate could not tell, or raises GateInconclusive where an answer was asked for."""
    unclear = [each for each in found if each.verdict is Verdict.INCONCLUSIVE]
    if not unclear:
        return
    what = f"the gate cannot tell whether the sidecar of `{job.target.name}` is fast enough: {_said(unclear)}"
    if job.options.strict:
        raise GateInconclusive(
            f"{what}; it asks for {gate.THRESHOLD}",
            hint=f"close whatever else computes on this machine, or allow more pairs (up to `--pairs {Rule().most}`)",
        )
    job.report.say(f"   {what}; it passes (`--strict` stops here)")


def stop_if_worse(target: str, changes: Sequence[Change], before: Baseline) -> None:
    """Raises SlowerThanGate when a gated figure is worse than it was, by the gate's threshold."""
    worse = [each for each in changes if each.verdict is Verdict.FAILED]
    if worse:
        said = ", ".join(f"{each.figure.name} {each.interval}" for each in worse)
        raise SlowerThanGate(
            f"the sidecar of `{target}` is slower than in `{before.path}`: {said}; the gate asks for {gate.THRESHOLD}",
            hint="measure the earlier release again: the two were not measured in turn, and machines drift",
        )


def _baseline(job: Job) -> Baseline | None:
    if job.options.compare is None:
        return None
    return baseline.read(job.options.compare, baseline.circumstances(job.target.name, job.options.model, host.facts()))


def python_path(root: Path) -> dict[str, str]:
    """What a Python of its own needs in its environment to find the benchmarks and this toolkit."""
    return {"PYTHONPATH": os.pathsep.join(map(str, (root / "ci", root)))}


def _worst(found: Sequence[Figure]) -> Verdict:
    said = {each.verdict for each in found}
    return next(each for each in (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.PASSED) if each in said)


def _said(found: Sequence[Figure]) -> str:
    return ", ".join(each.said for each in found)


def _anchor(job: Job) -> str:
    """The tool that stands beside the sidecar: the first that the native build made."""
    tools: dict[str, str] = job.record("plugin").data["tools"]
    return next(iter(tools))


def _run_benchmarks(
    job: Job, folder: Path, measured: Sequence[Device], results: Path, environment: Mapping[str, str]
) -> None:
    anchor = _anchor(job)
    results.unlink(missing_ok=True)
    command.run(
        [
            sys.executable, "-m", "pytest", job.root / BENCHMARKS,
            "--target", job.target.name,
            "--sidecar", folder / job.target.program_name,
            f"--{anchor}", job.record("plugin").data["tools"][anchor],
            "--model", made_model.path(job, job.options.model),
            "--demo-model", job.root / DEMO_MODEL,
            "--threads", str(host.facts().physical_cores),
            *(word for device in measured for word in ("--device", device.id)),
            "--pairs", str(rule(job).most),
            "--benchmark-json", results,
            # One fixture measures all pairs: the suite's limit per test is too short for it.
            "--timeout", "0", "-o", "log_cli=true", "-o", "log_cli_level=INFO", "-o", "log_cli_format=%(message)s",
        ],
        log=job.log, report=job.report, title=f"measuring in turn, {rule(job).most} pairs at most", cwd=job.root,
        env=os.environ | python_path(job.root) | dict(environment),
        timeout_s=_MEASURE_LIMIT_S,
    )  # fmt: skip


STAGE = Stage(
    name="bench",
    summary="hold the sidecar's speed against its anchor's, in turn",
    needs=("plugin", "place"),
    after=("smoke",),
    inputs=inputs,
    run=run,
    remembers=True,
    intact=lambda record: Path(record.data["results"]).is_file(),
)
