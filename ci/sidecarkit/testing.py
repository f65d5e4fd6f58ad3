"""Session `tests`: every check in the order of its cost. Builds come from the cache, verdicts never."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sidecarkit import command, doctor, records, runner
from sidecarkit.errors import StepFailed, ToolkitError
from sidecarkit.job import Job, Stage
from sidecarkit.report import Report, duration, table
from sidecarkit.tools import cargo, node

_STEP_LIMIT_S = 1800
# The gate's first look: a minute on two cores.
_MOST_PAIRS = 8
_PYTHON_SOURCES = ("ci", "sidecar", "benchmarks", "tests", "noxfile.py")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One row of the final table. Without a success of one that `gates`, the ones after it mean nothing."""

    name: str
    run: Callable[[], None]
    gates: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a check ended; `error` is None when it passed."""

    name: str
    seconds: float
    error: ToolkitError | None


def run(job: Job, line: tuple[Stage, ...], vulkan: Job | None) -> None:
    """Run all checks, show a table, and raise the first failure there was.

    `vulkan` is the job of the same machine's Vulkan target, None where there is none that can be built.
    """
    outcomes: list[Outcome] = []
    for check in _checks(job, line, vulkan):
        outcome = _outcome(check, job.report)
        outcomes.append(outcome)
        if outcome.error and check.gates:
            break
    _show(outcomes, job.report)
    failures = [outcome.error for outcome in outcomes if outcome.error]
    if failures:
        raise failures[0]


def _checks(job: Job, line: tuple[Stage, ...], vulkan: Job | None) -> list[Check]:
    tool = _Tools(job)
    verdicts = frozenset({"bench", "e2e"})
    quick = replace(job, options=replace(job.options, pairs=job.options.pairs or _MOST_PAIRS, again=verdicts))
    return [
        Check(name="machine", run=lambda: doctor.run(job.root, job.target.project, job.report), gates=True),
        Check(name="lint", run=tool.lint),
        Check(name="types", run=tool.types),
        Check(name="units", run=lambda: tool.pytest("units", "tests/unit", "tests/architecture")),
        Check(
            name="sidecar builds",
            run=lambda: _asked(line, job, "native", "plugin", "engine", "pack", "place"),
            gates=True,
        ),
        *([_vulkan_builds(vulkan, line)] if vulkan else []),
        Check(
            name="contract and integration", run=lambda: tool.pytest("sidecar", "tests/contract", "tests/integration")
        ),
        Check(name="smoke and gate", run=lambda: _asked(line, quick, "smoke", "bench")),
        Check(name="page", run=tool.page),
        Check(name="Rust", run=tool.rust),
        Check(name="packaged app", run=lambda: _asked(line, quick, "assemble", "e2e")),
        *([_vulkan_in_the_app(vulkan, line)] if vulkan else []),
    ]


def _vulkan_builds(job: Job, line: tuple[Stage, ...]) -> Check:
    return Check(name="Vulkan builds", run=lambda: _asked(line, job, "plugin", "pack", "place"))


def _vulkan_in_the_app(job: Job, line: tuple[Stage, ...]) -> Check:
    """The one scenario that differs from the CPU's; its sidecar's speed is no question of the sources."""
    one = replace(job, options=replace(job.options, rows=("device",), again=frozenset({"e2e"})))
    return Check(name="packaged app, Vulkan", run=lambda: _asked(line, one, "assemble", "e2e", verdicts=False))


def _asked(line: tuple[Stage, ...], job: Job, *stages: str, verdicts: bool = True) -> None:
    runner.run(runner.line_until(line, stages[-1], verdicts=verdicts), job, asked=stages)


def _outcome(check: Check, report: Report) -> Outcome:
    started = time.monotonic()
    error: ToolkitError | None = None
    with report.section(f"tests · {check.name}"):
        try:
            check.run()
        except ToolkitError as failure:
            report.error(failure)
            error = failure
    return Outcome(name=check.name, seconds=time.monotonic() - started, error=error)


def _show(outcomes: list[Outcome], report: Report) -> None:
    rows = [[each.name, "failed" if each.error else "passed", duration(each.seconds)] for each in outcomes]
    report.say("\n" + table(["check", "result", "time"], rows))
    failed = sum(1 for outcome in outcomes if outcome.error)
    report.say(f"\n{len(outcomes) - failed} passed, {failed} failed")


class _Tools:
    """The programs that check the sources, each with its log in build/logs."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._root = job.root
        self._logs = job.root / "build" / "logs"

    def lint(self) -> None:
        """ruff's rules and its formatting."""
        self._python("lint", "checking the rules", "ruff", "check", *_PYTHON_SOURCES)
        self._python("lint", "checking the formatting", "ruff", "format", "--check", *_PYTHON_SOURCES)

    def types(self) -> None:
        """mypy, strict."""
        self._python("types", "checking the types", "mypy", *_PYTHON_SOURCES)

    def pytest(self, name: str, *folders: str) -> None:
        """pytest on `folders`; its own summary is shown."""
        self._python(name, f"running {' and '.join(folders)}", "pytest", *folders)
        self._job.report.say(f"   {_last_line(self._logs / f'{name}.log')}")

    def page(self) -> None:
        """TypeScript: types, lint, unit tests."""
        package = self._root / "tauri-app"
        log = self._logs / "page.log"
        log.unlink(missing_ok=True)
        node.install(package, log=log, report=self._job.report)
        for script, title in (("check", "checking TypeScript"), ("test", "running the page's tests")):
            command.run(
                [node.npm(), "run", script], log=log, report=self._job.report, title=title, cwd=package,
                env=node.environment(), timeout_s=_STEP_LIMIT_S,
            )  # fmt: skip

    def rust(self) -> None:
        """Formatting, clippy with warnings as errors, and the tests against the real engine."""
        placed = records.read(self._job.build, "place")
        if placed is None:
            raise StepFailed("the Rust tests need the placed sidecar", hint="run the session `place` first")
        environment = cargo.environment(self._root) | {"LOCALAI_TEST_ENGINE": placed.data["folder"]}
        log = self._logs / "rust.log"
        log.unlink(missing_ok=True)
        for words, title in (
            (["fmt", "--all", "--check"], "checking Rust's formatting"),
            (["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], "running clippy"),
            (["test", "--workspace", "--locked"], "running the Rust tests"),
        ):
            command.run(
                ["cargo", *words], log=log, report=self._job.report, title=title,
                cwd=self._root / "tauri-app" / "src-tauri", env=environment, timeout_s=_STEP_LIMIT_S,
            )  # fmt: skip

    def _python(self, name: str, title: str, module: str, *words: str) -> None:
        paths = os.pathsep.join(str(self._root / folder) for folder in ("ci", "sidecar"))
        log = self._logs / f"{name}.log"
        log.unlink(missing_ok=True)
        command.run(
            [sys.executable, "-m", module, *words], log=log, report=self._job.report, title=title, cwd=self._root,
            env=dict(os.environ) | {"PYTHONPATH": paths}, timeout_s=_STEP_LIMIT_S,
        )  # fmt: skip


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].strip("= ") if lines else ""
