"""Running programs: logs, failures that can be read, time limits, no survivors."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from sidecarkit import command
from sidecarkit.errors import DiskFull, MissingTool, StepFailed
from sidecarkit.report import Report


def run_python(code: str, log: Path, timeout_s: float = 60) -> str:
    stream = io.StringIO()
    command.run([sys.executable, "-c", code], log=log, report=Report(stream), title="working", timeout_s=timeout_s)
    return stream.getvalue()


def test_output_goes_to_the_log_behind_the_command_line(tmp_path: Path) -> None:
    said = run_python("print('compiled')", tmp_path / "logs" / "native.log")
    lines = (tmp_path / "logs" / "native.log").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("$ ")
    assert lines[-1] == "compiled"
    assert "✓ working" in said


def test_a_failure_shows_the_exit_code_the_last_lines_and_the_log(tmp_path: Path) -> None:
    log = tmp_path / "native.log"
    with pytest.raises(StepFailed) as failure:
        run_python("import sys; [print(i) for i in range(100)]; sys.exit(3)", log)
    assert "exit code 3" in failure.value.message
    assert "\n99" in failure.value.message
    assert "\n79" not in failure.value.message
    assert failure.value.log == log


def test_a_failure_by_signal_is_named(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="signal SIGKILL"):
        run_python("import os; os.kill(os.getpid(), 9)", tmp_path / "log")


def test_a_full_disk_is_told_apart_from_other_failures(tmp_path: Path) -> None:
    with pytest.raises(DiskFull):
        run_python("import sys; sys.exit('write: No space left on device')", tmp_path / "log")


def test_what_an_earlier_command_wrote_is_not_taken_for_this_ones_failure(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("No space left on device\n", encoding="utf-8")
    with pytest.raises(StepFailed):
        run_python("raise SystemExit(1)", log)


def test_a_program_over_its_limit_is_stopped_with_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "child"
    code = (
        "import pathlib, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(marker)!r}).write_text(str(child.pid))\n"
        "child.wait()"
    )
    with pytest.raises(StepFailed, match="stopped after its limit"):
        run_python(code, tmp_path / "log", timeout_s=3)
    state = Path(f"/proc/{marker.read_text(encoding='utf-8')}/stat")
    assert not state.exists() or ") Z " in state.read_text(encoding="utf-8")


def test_a_log_that_another_run_replaces_disturbs_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"import pathlib, sys; pathlib.Path({str(log)!r}).unlink(); print('the reason'); sys.exit(1)"
    with pytest.raises(StepFailed, match="the reason"):
        run_python(code, log)


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingTool, match="no-such-compiler"):
        command.run(["no-such-compiler"], log=tmp_path / "log", report=Report(io.StringIO()), title="compiling")
