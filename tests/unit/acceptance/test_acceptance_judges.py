"""The acceptance of a card: what is judged how, what is only told, and what is unverified where a machine lacks it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.acceptance import __main__ as program
from benchmarks.acceptance import card, steps
from benchmarks.acceptance.kit import Kit
from benchmarks.acceptance.outcome import Outcome, Verdict, as_json, judged, table, unverified, worst

PASSED, FAILED, UNVERIFIED = Verdict.PASSED, Verdict.FAILED, Verdict.UNVERIFIED
READY = {"name": "CUDA", "state": "ready", "devices": [{"id": "CUDA0", "description": "NVIDIA H100"}]}
NO_LOADER = {"name": "Vulkan", "state": "unavailable", "reason": "libvulkan.so.1 is not installed", "devices": []}
WRONG = {"name": "Vulkan", "state": "unavailable", "reason": "wrong numbers, NMSE 0.2", "devices": []}


def kit(tmp_path: Path, **changed: Any) -> Kit:
    values: dict[str, Any] = {"used": lambda: 0, "tokens": 32, "pairs": 3, **changed}
    paths = {name: tmp_path / name for name in ("program", "llama_bench", "tiny", "large", "cache")}
    return Kit(**(paths | values))


def answers(tmp_path: Path, script: str) -> Path:
    """A program that answers as the engine or llama-bench would."""
    path = tmp_path / "answers"
    path.write_text(f"#!{sys.executable}\nimport json, sys\n{script}")
    path.chmod(0o755)
    return path


def test_one_failed_step_fails_all_and_one_that_could_not_be_tried_leaves_it_open() -> None:
    good, bad, open_ = judged("a", holds=True, said=""), judged("b", holds=False, said=""), unverified("c", "no cuBLAS")
    assert worst([good]) is PASSED
    assert worst([good, open_]) is UNVERIFIED
    assert worst([good, open_, bad]) is FAILED


def test_the_result_is_read_by_programs_and_by_people() -> None:
    outcomes = [judged("speed", holds=True, said="0.99 | of it", ratio=0.99), unverified("cuBLAS", "not found")]
    result = json.loads(json.dumps(as_json(outcomes, {"card": "H100"})))
    assert (result["verdict"], result["facts"]) == ("unverified", {"card": "H100"})
    assert result["steps"][0]["figures"] == {"ratio": 0.99}
    assert table(outcomes).splitlines()[2:] == [
        "| speed | passed | 0 s | 0.99 / of it |", "| cuBLAS | unverified | 0 s | not found |"
    ]  # fmt: skip


@pytest.mark.parametrize(("backends", "device", "verdict", "said"), [
    ([READY], "CUDA0", PASSED, "NVIDIA H100"),
    ([READY], "CUDA1", FAILED, "ready: no reason given"),
    ([READY], "Vulkan0", FAILED, "the engine has no backend Vulkan"),
    ([READY, WRONG], "Vulkan0", FAILED, "unavailable: wrong numbers, NMSE 0.2"),
    ([READY, NO_LOADER], "Vulkan0", UNVERIFIED, "unavailable: libvulkan.so.1 is not installed"),
])  # fmt: skip
def test_a_device_is_taken_by_the_engines_own_word(
    backends: list[dict[str, Any]], device: str, verdict: Verdict, said: str
) -> None:
    outcome = steps.proven(backends, device)
    assert (outcome.verdict, outcome.said) == (verdict, said)


def test_a_device_that_is_not_proven_is_not_tried_any_further(tmp_path: Path) -> None:
    names = [name for name, _ in program.planned(kit(tmp_path), [READY, NO_LOADER], kills=1)]
    assert names == [
        "CUDA0: proven by the engine", "CUDA0: text", "CUDA0: speed", "CUDA0: stop", "CUDA0: kills", "CUDA0: graphs",
        "Vulkan0: proven by the engine",
    ]  # fmt: skip


@pytest.mark.parametrize(("engine", "verdict"), [(97.0, PASSED), (96.9, FAILED)])
def test_long_replies_must_reach_97_of_100_of_llama_bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: float, verdict: Verdict
) -> None:
    monkeypatch.setattr(steps, "_engine_rate", lambda *_: engine)
    monkeypatch.setattr(steps, "_llama_bench_rate", lambda *_: 100.0)
    outcome = steps.ratio(kit(tmp_path), "CUDA0")
    assert (outcome.verdict, len(outcome.figures["engine"])) == (verdict, 3)


def test_a_slow_card_is_measured_fewer_times_but_once_at_least(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_engine_rate", lambda *_: 1.0)
    monkeypatch.setattr(steps, "_llama_bench_rate", lambda *_: 1.0)
    monkeypatch.setattr(steps, "_NO_MORE_PAIRS_S", 0.0)
    assert len(steps.ratio(kit(tmp_path), "CUDA0").figures["engine"]) == 1


@pytest.mark.parametrize(("log", "verdict"), [
    ("ggml_cuda: CUDA graph warmup complete", PASSED),
    ("ggml_cuda: CUDA graph warmup reset", FAILED),
    ("disabling CUDA graphs due to GPU architecture", FAILED),
    ("", FAILED),
])  # fmt: skip
def test_graphs_are_on_when_ggml_says_that_it_warmed_one_up(tmp_path: Path, log: str, verdict: Verdict) -> None:
    bench = answers(tmp_path, f"print({log!r}, file=sys.stderr)")
    assert steps.graphs(kit(tmp_path, llama_bench=bench), "CUDA0").verdict is verdict


@pytest.mark.parametrize(("report", "verdict"), [
    ({"ok": True, "device": "CUDA0", "text": "Once", "error": None}, PASSED),
    ({"ok": True, "device": "CPU", "text": "Once", "error": None}, FAILED),
    ({"ok": False, "device": "CUDA0", "text": None, "error": {"kind": "device_unavailable"}}, FAILED),
])  # fmt: skip
def test_text_from_another_device_than_the_one_asked_for_does_not_pass(
    tmp_path: Path, report: dict[str, Any], verdict: Verdict
) -> None:
    engine = answers(tmp_path, f"print(json.dumps({report!r}))")
    outcome = steps.text(kit(tmp_path, program=engine), "CUDA0")
    assert outcome.verdict is verdict
    assert outcome.figures == {"same": True}


def test_a_step_that_ends_early_is_a_finding_and_not_the_end() -> None:
    def missing() -> Outcome:
        raise FileNotFoundError("no such program")

    outcome = program.timed("CUDA0: speed", missing)
    assert (outcome.step, outcome.verdict) == ("CUDA0: speed", FAILED)
    assert outcome.said == "FileNotFoundError: no such program"


def test_cublas_is_found_where_both_libraries_lie_and_where_wheels_put_them(tmp_path: Path) -> None:
    half, whole = tmp_path / "half", tmp_path / "venv" / "nvidia" / "cu13" / "lib"
    for folder, names in ((half, card.CUBLAS[:1]), (whole, card.CUBLAS)):
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).touch()
    assert card.find_cublas([tmp_path / "none", half, whole]) == whole
    assert card.find_cublas([half]) is None
    assert tmp_path / "lib64" in list(card.usual_folders({"CUDA_HOME": str(tmp_path)}))


def test_without_cublas_it_is_said_what_stays_untried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: Callable[[], list[Path]] = lambda: [tmp_path]  # noqa: E731
    monkeypatch.setattr(card, "usual_folders", found)
    (tmp_path / "engine").mkdir()
    outcome = program.cublas(tmp_path / "engine")
    assert (outcome.verdict, "F16" in outcome.said) == (UNVERIFIED, True)
    for name in card.CUBLAS:
        (tmp_path / name).write_text("library")
    for _ in range(2):
        assert program.cublas(tmp_path / "engine").verdict is PASSED
    assert (tmp_path / "engine" / card.CUBLAS[0]).read_text() == "library"


def test_a_machine_without_a_card_fails_with_its_reason_and_leaves_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(card, "_NVML", "libno-such-driver.so.1")
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "build.json").write_text('{"variant": "cuda"}')
    assert program.main(["--folder", str(tmp_path)]) == 1
    result = json.loads((tmp_path / "result.json").read_text())
    assert "there is no NVIDIA driver: libno-such-driver.so.1" in result["steps"][0]["said"]
    assert "| a card | failed |" in capsys.readouterr().out
