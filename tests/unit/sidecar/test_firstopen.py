"""When a model is opened for trial, and what is remembered of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from localai_sidecar.errors import ProtocolError
from localai_sidecar.gguf.header import Header
from localai_sidecar.kept.cachefolder import CacheFolder
from localai_sidecar.llama.library import Library
from localai_sidecar.trials import firstopen
from localai_sidecar.trials.child import ChildFailed

HEADER = Header("llama", "x", file_bytes=7, modified_ns=8, header_hash="9", metadata={})
MISFIT = {"kind": "model_unsupported", "message": "no such architecture", "hint": "choose another", "data": {"a": 1}}


class Trials:
    """Stands for the throw-away processes: each answers alike."""

    def __init__(self, answer: dict[str, Any] | ChildFailed, start_fails: bool = False) -> None:
        self.count = 0
        self.open = 0
        self._answer = answer
        self._start_fails = start_fails

    def __call__(self, task: str, memory_bytes: int) -> Trials:
        assert (task, memory_bytes >= 1 << 30) == ("open", True)
        if self._start_fails:
            raise ChildFailed("no process to be had")
        self.open += 1
        return self

    def ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any]:
        assert seconds > 0
        if not question:
            return {}
        self.count += 1
        if isinstance(self._answer, ChildFailed):
            raise self._answer
        return self._answer

    def end(self) -> None:
        self.open -= 1


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "build.json").write_text('{"buildId": "1", "variant": "cpu", "triple": "x"}')
    log = SimpleNamespace(warnings=[])
    log.warning = log.warnings.append
    return cast(
        Library, SimpleNamespace(native_folder=tmp_path / "llama", native_log=SimpleNamespace(log=log), variant="v")
    )


def trials(monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any] | ChildFailed, **more: bool) -> Trials:
    made = Trials(answer, **more)
    monkeypatch.setattr(firstopen, "Child", made)
    return made


def check(library: Library, cache: CacheFolder, header: Header = HEADER) -> None:
    firstopen.check_opens(b"/m.gguf", header, 64, library, cache)


def test_a_file_that_opened_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, library: Library, tmp_path: Path
) -> None:
    made, cache = trials(monkeypatch, firstopen.OPENED), CacheFolder(tmp_path / "cache")
    check(library, cache)
    check(library, CacheFolder(tmp_path / "cache"))
    assert (made.count, made.open) == (1, 0)


@pytest.mark.parametrize("change", [{"file_bytes": 1}, {"modified_ns": 1}, {"header_hash": "1"}], ids=str)
def test_another_size_time_or_header_is_another_file(
    monkeypatch: pytest.MonkeyPatch, library: Library, tmp_path: Path, change: dict[str, Any]
) -> None:
    made, cache = trials(monkeypatch, firstopen.OPENED), CacheFolder(tmp_path / "cache")
    check(library, cache)
    check(library, cache, HEADER._replace(**change))
    assert made.count == 2


def test_another_build_tries_again(monkeypatch: pytest.MonkeyPatch, library: Library, tmp_path: Path) -> None:
    made, cache = trials(monkeypatch, firstopen.OPENED), CacheFolder(tmp_path / "cache")
    check(library, cache)
    (tmp_path / "build.json").write_text('{"buildId": "2", "variant": "cpu", "triple": "x"}')
    check(library, cache)
    assert made.count == 2


def test_a_model_in_several_files_is_tried_each_time(
    monkeypatch: pytest.MonkeyPatch, library: Library, tmp_path: Path
) -> None:
    made, cache = trials(monkeypatch, firstopen.OPENED), CacheFolder(tmp_path / "cache")
    for _ in range(2):
        check(library, cache, HEADER._replace(metadata={"split.count": 2}))
    assert made.count == 2


def test_a_refusal_is_passed_on_and_not_remembered(
    monkeypatch: pytest.MonkeyPatch, library: Library, tmp_path: Path
) -> None:
    made, cache = trials(monkeypatch, MISFIT), CacheFolder(tmp_path / "cache")
    for _ in range(2):
        with pytest.raises(ProtocolError) as caught:
            check(library, cache)
        assert caught.value.as_object()["data"] == {"kind": "model_unsupported", "hint": "choose another", "a": 1}
    assert (made.count, made.open) == (2, 0)


def test_a_crash_is_an_invalid_model_with_the_last_words(
    monkeypatch: pytest.MonkeyPatch, library: Library, tmp_path: Path
) -> None:
    made, cache = trials(monkeypatch, ChildFailed("ended by SIGABRT: assertion")), CacheFolder(tmp_path / "cache")
    with pytest.raises(ProtocolError, match="ended by SIGABRT: assertion") as caught:
        check(library, cache)
    assert (caught.value.kind, made.open) == ("model_invalid", 0)


def test_an_answer_that_says_nothing_is_no_success(
    monkeypatch: pytest.MonkeyPatch, library: Library, tmp_path: Path
) -> None:
    made = trials(monkeypatch, {})
    for _ in range(2):
        with pytest.raises(ProtocolError, match="did not say"):
            check(library, CacheFolder(tmp_path / "cache"))
    assert made.count == 2


def test_a_trial_that_runs_out_of_memory_says_so(
    monkeypatch: pytest.MonkeyPatch, library: Library, tmp_path: Path
) -> None:
    trials(monkeypatch, ChildFailed("ended by SIGABRT: terminating due to uncaught exception of type std::bad_alloc"))
    with pytest.raises(ProtocolError) as caught:
        check(library, CacheFolder(tmp_path / "cache"))
    assert caught.value.kind == "out_of_memory"


def test_without_a_process_the_file_is_opened_all_the_same_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, library: Library, tmp_path: Path
) -> None:
    trials(monkeypatch, firstopen.OPENED, start_fails=True)
    check(library, CacheFolder(tmp_path / "cache"))
    (warning,) = library.native_log.log.warnings  # type: ignore[attr-defined]
    assert "no process to be had" in warning
    assert not (tmp_path / "cache").exists()
