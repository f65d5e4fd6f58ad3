"""Stage e2e: the packaged app, unpacked from its .deb, used under a virtual screen as a person would use it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sidecarkit import command, digest, made_model
from sidecarkit.errors import E2eFailed, StepFailed
from sidecarkit.job import Job, Stage

TESTS = Path("tests", "e2e")
# Slow enough to be stopped in mid-answer, and small enough to be made in seconds.
MODEL_SHAPE = "135m"
_UNPACK_LIMIT_S = 120
_TESTS_LIMIT_S = 1200
_TEST_LIMIT_S = 240
_SCREEN = ("dbus-run-session", "--", "xvfb-run", "--auto-servernum", "--server-args=-screen 0 1280x1024x24")


def inputs(job: Job) -> dict[str, str]:
    """The tests and the model they use; the package counts by `assemble`'s key."""
    return {
        "tests": digest.of_sources(job.root / TESTS, ("**/*.py",)),
        "model": made_model.key(job, MODEL_SHAPE),
        "scenarios": " or ".join(job.options.rows) or "all",
        "stage": digest.of_file(Path(__file__)),
    }


def run(job: Job) -> dict[str, Any]:
    """Unpack the package and run the tests on it. Raises E2eFailed; log and pictures are kept."""
    chosen = " or ".join(job.options.rows)
    results, screenshots = play(job, job.root / TESTS, "-k", chosen, test_limit_s=_TEST_LIMIT_S, limit_s=_TESTS_LIMIT_S)
    passed = durations(results)
    return {
        "summary": f"{len(passed)} scenarios passed",
        "scenarios": passed,
        "screenshots": sorted(str(path) for path in screenshots.glob("*.png")),
    }


def play(job: Job, tests: Path, *options: str, test_limit_s: int, limit_s: int) -> tuple[Path, Path]:
    """Run `tests` on the package as it unpacks: the JUnit file, and the folder of pictures. Raises E2eFailed."""
    unpacked, screenshots = job.build / "unpacked", job.build / "screenshots"
    for folder in (unpacked, screenshots):
        shutil.rmtree(folder, ignore_errors=True)
    model = made_model.path(job, MODEL_SHAPE)
    command.run(
        ["dpkg-deb", "-x", job.record("assemble").data["deb"], unpacked],
        log=job.log, report=job.report, title="unpacking the package", timeout_s=_UNPACK_LIMIT_S,
    )  # fmt: skip
    results = job.build / f"{job.stage}.junit.xml"
    results.unlink(missing_ok=True)
    words: list[str | Path] = [
        *_SCREEN, sys.executable, "-m", "pytest", tests,
        "--app", unpacked / "usr" / "bin" / "localaiapp", "--variant", job.target.variant,
        "--slow-model", model, "--screenshots", screenshots, "--junitxml", results,
        "--timeout", str(test_limit_s), *options,
    ]  # fmt: skip
    try:
        command.run(
            words, log=job.log, report=job.report, title="using the packaged app", cwd=job.root,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (job.root / "ci", job.root / TESTS)))},
            timeout_s=limit_s,
        )  # fmt: skip
    except StepFailed as error:
        raise _failure(error, results, screenshots) from error
    return results, screenshots


def durations(results: Path) -> dict[str, float]:
    """The tests in a JUnit file that ran, and the seconds each took."""
    cases = ElementTree.parse(results).iter("testcase")
    return {case.attrib["name"]: float(case.attrib["time"]) for case in cases if case.find("skipped") is None}


def failed(results: Path) -> list[str]:
    """The tests in a JUnit file that failed; none when there is no such file."""
    if not results.exists():
        return []
    cases = ElementTree.parse(results).iter("testcase")
    return [case.attrib["name"] for case in cases if case.find("failure") is not None or case.find("error") is not None]


def _failure(error: StepFailed, results: Path, screenshots: Path) -> E2eFailed:
    names = failed(results)
    said = f"the packaged app failed {', '.join(names)}" if names else "the tests of the packaged app could not run"
    return E2eFailed(
        f"{said}: {error.message}", hint=f"pictures of failed windows: {screenshots / 'failed'}", log=error.log
    )


STAGE = Stage(
    name="e2e",
    summary="use the packaged app as a person would",
    needs=("assemble",),
    inputs=inputs,
    run=run,
    remembers=True,
    intact=lambda record: all(Path(picture).is_file() for picture in record.data["screenshots"]),
)
