"""The hashes of the engine's files, as `assemble` packs them and the app reads them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sidecarkit import engine_manifest
from sidecarkit.stages import assemble

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "tests" / "contract" / "engine-manifest.json"
PROGRAM = "localai-sidecar"


def _engine(folder: Path) -> Path:
    """The engine that the example is of: the app's tests make the same one."""
    (folder / "llama").mkdir(parents=True)
    (folder / PROGRAM).write_bytes(b"program\n")
    (folder / "llama" / "libllama.so").write_bytes(b"library\n")
    return folder


def test_the_manifest_of_the_example_is_the_example(tmp_path: Path) -> None:
    written = engine_manifest.write(tmp_path / "manifest.json", _engine(tmp_path / "engine"), PROGRAM)
    assert written.read_text(encoding="utf-8") == EXAMPLE.read_text(encoding="utf-8")


def test_a_changed_an_added_and_a_renamed_file_each_change_it(tmp_path: Path) -> None:
    folder = _engine(tmp_path)
    seen = [engine_manifest.of_folder(folder, PROGRAM)]
    (folder / "llama" / "libllama.so").write_bytes(b"librarz\n")
    seen.append(engine_manifest.of_folder(folder, PROGRAM))
    (folder / "new.so").write_bytes(b"")
    seen.append(engine_manifest.of_folder(folder, PROGRAM))
    (folder / "new.so").rename(folder / "llama" / "new.so")
    seen.append(engine_manifest.of_folder(folder, PROGRAM))
    assert all(one != other for index, one in enumerate(seen) for other in seen[index + 1 :])


def test_a_folder_without_the_program_has_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no program `another`"):
        engine_manifest.of_folder(_engine(tmp_path), "another")


def test_the_package_carries_the_manifest_beside_the_engine_and_not_in_it(tmp_path: Path) -> None:
    core, build = tmp_path / "tauri-app" / "src-tauri", tmp_path / "build" / "target"
    placed = _engine(core / "bin" / "engine.dist")
    build.mkdir(parents=True)
    (core / "tauri.bundle.conf.json").write_text('{"bundle": {"resources": {"bin/x/": "engine/"}}}', encoding="utf-8")
    job: Any = SimpleNamespace(
        build=build,
        target=SimpleNamespace(program_name=PROGRAM),
        record=lambda _: SimpleNamespace(data={"folder": str(placed)}),
    )
    overlay = json.loads(assemble._overlay(job, core).read_text(encoding="utf-8"))
    resources = overlay["bundle"]["resources"]
    assert resources["bin/engine.dist/"] == "engine/"
    assert resources["../../build/target/engine-manifest.json"] == "engine-manifest.json"
    assert json.loads((build / engine_manifest.NAME).read_text(encoding="utf-8"))["program"] == PROGRAM
    assert str(tmp_path) not in json.dumps(overlay)
