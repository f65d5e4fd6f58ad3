"""`python3 noxfile.py`: when the main job stops at a stage, the report is made all the same, and the code stays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import noxfile


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What noxfile started, in order; the first nox leaves the exit code of a slow sidecar and fails."""
    started: list[list[str]] = []
    code_file = tmp_path / "exit-code"

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        started.append(command)
        if len(started) == 1:
            code_file.write_text("6", encoding="utf-8")
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(noxfile, "locked_python", lambda *_: Path("python"))
    monkeypatch.setattr(noxfile, "EXIT_CODE_FILE", code_file)
    return started


def test_the_main_job_that_stops_is_followed_by_the_report(ran: list[list[str]]) -> None:
    assert noxfile.main([]) == 6
    assert ran[0][-2:] == ["report", "--"]
    assert ran[1][-2:] == ["--sessions", "report"]
    assert "doctor" not in ran[1]


def test_a_single_session_that_fails_is_not(ran: list[list[str]]) -> None:
    assert noxfile.main(["-s", "lint"]) == 6
    assert len(ran) == 1
