"""`python3 noxfile.py`: when the main job stops at a stage, the report is made all the same, and the code stays."""

from __future__ import annotations

from pathlib import Path

import pytest

import noxfile
from sidecarkit.errors import INTERRUPTED


class Nox:
    """Stands in for the processes that noxfile starts: the first leaves `code` and fails."""

    def __init__(self, code_file: Path) -> None:
        self.code = 6
        self.started: list[list[str]] = []
        self._code_file = code_file

    def ended(self, command: list[str]) -> int:
        self.started.append(command)
        if len(self.started) == 1:
            self._code_file.write_text(str(self.code), encoding="utf-8")
        return 1


@pytest.fixture
def nox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Nox:
    made = Nox(tmp_path / "exit-code")
    monkeypatch.setattr(noxfile, "ended", made.ended)
    monkeypatch.setattr(noxfile, "locked_python", lambda *_: Path("python"))
    monkeypatch.setattr(noxfile, "EXIT_CODE_FILE", tmp_path / "exit-code")
    return made


def test_the_main_job_that_stops_is_followed_by_the_report(nox: Nox) -> None:
    assert noxfile.main([]) == 6
    main_job, report = nox.started
    assert main_job[-2:] == ["report", "--"]
    assert report[-2:] == ["--sessions", "report"]
    assert "doctor" not in report


def test_an_interrupted_one_ends_at_once(nox: Nox) -> None:
    nox.code = INTERRUPTED
    assert noxfile.main([]) == INTERRUPTED
    assert len(nox.started) == 1


def test_a_single_session_that_fails_is_not_followed(nox: Nox) -> None:
    assert noxfile.main(["-s", "lint"]) == 6
    assert len(nox.started) == 1
