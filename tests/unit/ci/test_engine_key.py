"""What decides the engine's key: contents of everything that goes in; never a time, a path or a variant."""

from __future__ import annotations

import io
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecarkit import config
from sidecarkit.cache import Cache
from sidecarkit.job import Job, Options
from sidecarkit.report import Report
from sidecarkit.stages import engine

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("ci/locks", "sidecar/localai_sidecar"):
        shutil.copytree(ROOT / name, tmp_path / "checkout" / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "checkout"


def job(root: Path, **changes: Any) -> Job:
    report = Report(io.StringIO())
    return Job(
        stage="engine", root=root, options=Options(), report=report, cache=Cache(root / "cache", report),
        target=replace(config.load_targets(ROOT / "ci" / "targets.toml")[0], **changes),
        toolchain=config.load_toolchain(ROOT / "ci" / "toolchain.toml"), keys={}, records={},
    )  # fmt: skip


def test_the_same_contents_elsewhere_and_later_give_the_same_inputs(checkout: Path) -> None:
    for path in checkout.rglob("*"):
        os.utime(path, (1, 1))
    (checkout / "sidecar" / "localai_sidecar" / "__pycache__").mkdir()
    (checkout / "sidecar" / "localai_sidecar" / "__pycache__" / "rpc.cpython-313.pyc").touch()
    assert engine.inputs(job(checkout)) == engine.inputs(job(ROOT))


def test_variants_of_one_triple_share_the_engine(checkout: Path) -> None:
    assert engine.inputs(job(checkout, variant="vulkan")) == engine.inputs(job(checkout, variant="cpu"))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("sidecar/localai_sidecar/protocol/rpc.py", "sidecar"),
        ("sidecar/localai_sidecar/llama/library.py", "sidecar"),
        ("ci/locks/engine.txt", "engine.txt"),
        ("ci/locks/engine-build.txt", "engine-build.txt"),
    ],
)
def test_a_changed_file_changes_its_input_alone(checkout: Path, name: str, key: str) -> None:
    before = engine.inputs(job(checkout))
    with (checkout / name).open("a") as file:
        file.write("# changed\n")
    after = engine.inputs(job(checkout))
    assert [name for name in before if before[name] != after[name]] == [key]


def test_another_glibc_promise_is_another_engine(checkout: Path) -> None:
    before, after = engine.inputs(job(checkout)), engine.inputs(job(checkout, engine_glibc_floor="2.36"))
    assert after["zig target"] == "x86_64-linux-gnu.2.36"
    assert [name for name in before if before[name] != after[name]] == ["zig target", "glibc floor"]
