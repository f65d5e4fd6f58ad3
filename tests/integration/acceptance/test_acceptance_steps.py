"""The steps of a card's acceptance with the real engine and the real llama-bench, the processor in the card's place."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.acceptance import blanks, steps, weights
from benchmarks.acceptance.kit import Kit
from benchmarks.acceptance.outcome import Verdict
from sidecarkit import config, host, records
from sidecarkit.config import Target

ROOT = Path(__file__).resolve().parents[3]


def host_target() -> Target:
    name = f"cpu-{host.target_triple()}"
    return next(each for each in config.load_targets(ROOT / "ci" / "targets.toml") if each.name == name)


@pytest.fixture(scope="session")
def llama_bench() -> Path:
    """The tool that stage plugin laid out beside the placed sidecar's libraries."""
    record = records.read(ROOT / "build" / host_target().name, "plugin")
    assert record is not None, "run `python3 noxfile.py` first: it builds what is measured beside"
    return Path(record.data["tools"]["llama-bench"])


@pytest.fixture(scope="session")
def random_model(slow_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The slow model, blanked and filled again, as the archive brings it."""
    path = tmp_path_factory.mktemp("blank") / "random-slow.gguf"
    blanks.make(slow_model, path)
    weights.fill(path, json.loads(path.with_suffix(".json").read_text()))
    return path


@pytest.fixture
def kit(tmp_path: Path, llama_bench: Path, tiny_model: Path, random_model: Path) -> Kit:
    target = host_target()
    program = ROOT / target.project.placed / target.folder_name / target.program_name
    return Kit(
        program=program, llama_bench=llama_bench, tiny=tiny_model, large=random_model,
        cache=tmp_path, used=resident(str(program)), tokens=512, pairs=1,
    )  # fmt: skip


def resident(program: str) -> Callable[[], int]:
    """Bytes that processes of the engine hold: they come back as a card's memory does."""

    def used() -> int:
        found = 0
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if str((process / "exe").readlink()).removesuffix(" (deleted)") == program:
                    found += int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            except OSError:  # it ended meanwhile
                continue
        return found

    return used


def test_the_processor_is_proven_writes_text_and_can_be_stopped(kit: Kit) -> None:
    assert steps.proven(steps.backends(kit), "CPU").verdict is Verdict.PASSED
    text = steps.text(kit, "CPU")
    assert (text.verdict, text.figures["same"]) == (Verdict.PASSED, True)
    assert steps.stopped(kit, "CPU").verdict is Verdict.PASSED


def test_a_reply_is_measured_in_turn_with_llama_bench(kit: Kit) -> None:
    outcome = steps.ratio(replace(kit, tokens=48), "CPU")
    assert [len(outcome.figures[side]) for side in ("engine", "llama_bench")] == [1, 1]
    # The gate's own figure is a benchmark's; ten times off would be another thing measured.
    assert 0.1 < outcome.figures["ratio"] < 10


def test_a_log_without_graphs_is_told_as_such(kit: Kit) -> None:
    outcome = steps.graphs(kit, "CPU")
    assert (outcome.verdict, outcome.said) == (Verdict.FAILED, "ggml's log does not speak of them")


def test_memory_is_back_after_every_kill_in_mid_answer(kit: Kit) -> None:
    outcome = steps.killed(kit, "CPU", kills=2)
    assert outcome.verdict is Verdict.PASSED, outcome.said
    assert "in 2 kills in mid-answer" in outcome.said
    assert max(outcome.figures["seconds_until_back"]) <= 1.0


def test_memory_that_nobody_took_proves_nothing(kit: Kit) -> None:
    outcome = steps.killed(replace(kit, used=lambda: 0), "CPU", kills=1)
    assert (outcome.verdict, "nothing was seen" in outcome.said) == (Verdict.FAILED, True)
