"""The classic mistakes with a Tauri sidecar: each is refused, with what was expected and what was found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit import placed
from sidecarkit.config import Target
from sidecarkit.errors import WrongBinary

Compile = Callable[..., Path]
PROGRAM = "int main(void) { return 0; }\n"


@pytest.fixture
def single_file(compile_c: Compile, linux: Target, tmp_path: Path) -> Path:
    path = tmp_path / linux.single_file_name
    shutil.copy(compile_c(linux.zig_target, source=PROGRAM), path)
    return path


@pytest.fixture
def folder(compile_c: Compile, linux: Target, tmp_path: Path) -> Path:
    path = tmp_path / linux.folder_name
    (path / "llama").mkdir(parents=True)
    shutil.copy(compile_c(linux.zig_target, source=PROGRAM), path / "localai-sidecar")
    shutil.copy(compile_c(linux.zig_target, "-shared", "-nostdlib"), path / "llama" / "libllama.so")
    (path / "build.json").write_text(json.dumps({"variant": linux.variant, "triple": linux.triple}))
    return path


def test_what_belongs_there_passes(single_file: Path, folder: Path, linux: Target) -> None:
    placed.check_single_file(single_file, linux)
    placed.check_folder(folder, linux)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("localai-sidecar", "Tauri appends the target triple"),
        ("localai-sidecar-x86_64-unknown-linux-gnu", "Tauri appends the target triple"),
        ("localai-sidecar-cpu-aarch64-unknown-linux-gnu", "it states the triple `aarch64-unknown-linux-gnu`"),
        ("localai-sidecar-vulkan-x86_64-unknown-linux-gnu", "it states the variant `vulkan`"),
        ("localai-sidecar-cpu-x86_64-unknown-linux-gnu.exe", "programs of this triple have no `.exe`"),
    ],
)
def test_another_name_is_refused(single_file: Path, linux: Target, name: str, reason: str) -> None:
    with pytest.raises(WrongBinary) as refusal:
        placed.check_single_file(single_file.rename(single_file.with_name(name)), linux)
    assert f"is named `{name}`, expected `localai-sidecar-cpu-x86_64-unknown-linux-gnu`: {reason}" in str(refusal.value)
    assert refusal.value.hint


def test_on_windows_a_program_without_its_suffix_is_refused(single_file: Path, windows: Target) -> None:
    path = single_file.rename(single_file.with_name(f"localai-sidecar-{windows.name}"))
    with pytest.raises(WrongBinary, match=r"programs of this triple end in `\.exe`"):
        placed.check_single_file(path, windows)


def test_a_windows_program_needs_no_executable_bit(compile_c: Compile, windows: Target, tmp_path: Path) -> None:
    path = tmp_path / windows.single_file_name
    shutil.copy(compile_c(windows.zig_target, "-shared", "-nostdlib"), path)
    path.chmod(0o644)
    placed.check_single_file(path, windows)


def test_a_missing_file_is_told_with_where_it_was_looked_for(linux: Target, tmp_path: Path) -> None:
    path = tmp_path / linux.single_file_name
    with pytest.raises(WrongBinary) as refusal:
        placed.check_single_file(path, linux)
    assert f"is missing: looked for `{path}`" in str(refusal.value)
    assert "-s 'place(cpu-x86_64-unknown-linux-gnu)'" in refusal.value.hint


def test_a_script_in_its_place_is_refused(single_file: Path, linux: Target) -> None:
    single_file.write_text("#!/usr/bin/env python3\n")
    with pytest.raises(WrongBinary, match=r"found a script \(#!/usr/bin/env python3\)"):
        placed.check_single_file(single_file, linux)


@pytest.mark.parametrize(
    ("zig_target", "found"), [("aarch64-linux-gnu.2.28", "ELF for aarch64"), ("x86_64-windows-gnu", "PE for x86_64")]
)
def test_a_program_for_another_system_under_the_right_name_is_refused(
    compile_c: Compile, single_file: Path, linux: Target, zig_target: str, found: str
) -> None:
    shutil.copy(compile_c(zig_target, "-shared", "-nostdlib"), single_file)
    with pytest.raises(WrongBinary, match=f"expected ELF for x86_64, found {found}"):
        placed.check_single_file(single_file, linux)


def test_a_program_that_is_not_executable_is_refused(single_file: Path, folder: Path, linux: Target) -> None:
    single_file.chmod(0o644)
    with pytest.raises(WrongBinary, match="is not executable: its mode is 644, expected 755"):
        placed.check_single_file(single_file, linux)
    (folder / "localai-sidecar").chmod(0o640)
    with pytest.raises(WrongBinary, match="its mode is 640"):
        placed.check_folder(folder, linux)


def test_a_folder_that_says_it_is_another_target_is_refused(folder: Path, linux: Target) -> None:
    (folder / "build.json").write_text(json.dumps({"variant": "vulkan", "triple": linux.triple}))
    with pytest.raises(WrongBinary, match="says `vulkan-x86_64-unknown-linux-gnu`, expected `cpu-"):
        placed.check_folder(folder, linux)


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_a_folder_that_does_not_say_what_it_is_is_refused(folder: Path, linux: Target, text: str) -> None:
    (folder / "build.json").write_text(text)
    with pytest.raises(WrongBinary, match="does not say what was built"):
        placed.check_folder(folder, linux)


def test_a_folder_without_libraries_is_refused(folder: Path, linux: Target) -> None:
    (folder / "llama" / "libllama.so").unlink()
    with pytest.raises(WrongBinary, match="holds no libraries"):
        placed.check_folder(folder, linux)


def test_a_library_for_another_machine_is_refused(compile_c: Compile, folder: Path, linux: Target) -> None:
    shutil.copy(compile_c("aarch64-linux-gnu.2.28", "-shared", "-nostdlib"), folder / "llama" / "libggml.so")
    with pytest.raises(WrongBinary, match=r"`libggml\.so` does not fit"):
        placed.check_folder(folder, linux)


def test_the_fingerprint_changes_with_bytes_names_and_modes(folder: Path) -> None:
    seen = {placed.fingerprint(folder)}
    (folder / "build.json").write_text("{}")
    seen.add(placed.fingerprint(folder))
    (folder / "build.json").chmod(0o600)
    seen.add(placed.fingerprint(folder))
    (folder / "build.json").rename(folder / "other.json")
    seen.add(placed.fingerprint(folder))
    assert len(seen) == 4
