"""The classic mistakes with a Tauri sidecar: each is told, with what was expected and what was found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sidecarkit import audit, placed
from sidecarkit.audit import Audit, Builder
from sidecarkit.config import Target
from sidecarkit.errors import WrongBinary

Compile = Callable[..., Path]
PROGRAM = "int main(void) { return 0; }\n"
# The tests' own temporary files would be traces of the builder.
NOBODY = Builder(folders=())


@pytest.fixture
def plain(linux: Target) -> Target:
    """A target that has nothing but its program."""
    return replace(linux, project=replace(linux.project, recipe="plain"))


@pytest.fixture
def single_file(compile_c: Compile, plain: Target, tmp_path: Path) -> Path:
    path = tmp_path / plain.single_file_name
    shutil.copyfile(compile_c(plain.zig_target, "-s", source=PROGRAM), path)
    path.chmod(0o755)
    return path


@pytest.fixture
def folder(single_file: Path, plain: Target, tmp_path: Path) -> Path:
    path = tmp_path / plain.folder_name
    path.mkdir()
    path.chmod(0o755)
    shutil.copy(single_file, path / "localai-sidecar")
    say(path, plain.variant, plain.triple)
    return path


def say(folder: Path, variant: str, triple: str) -> None:
    (folder / "build.json").write_text(json.dumps({"variant": variant, "triple": triple}))
    (folder / "build.json").chmod(0o644)


def told(found: Audit) -> str:
    """The only problem, as stage place ends with it."""
    with pytest.raises(WrongBinary) as refusal:
        audit.refuse(found.problems)
    assert (len(found.problems), refusal.value.exit_code) == (1, 7)
    assert refusal.value.hint
    return refusal.value.message


@pytest.mark.usefixtures("folder")
def test_what_belongs_there_passes(single_file: Path, plain: Target) -> None:
    found = placed.examine(single_file.parent, plain, NOBODY)
    assert found.problems == ()
    program = f"{plain.folder_name}/localai-sidecar"
    assert [file.path for file in found.files] == [f"{plain.folder_name}/build.json", program, single_file.name]
    assert found.files[2].as_dict() == {
        "path": single_file.name, "sha256": found.files[1].sha256, "bytes": single_file.stat().st_size,
        "executable": True, "format": "ELF", "machine": "x86_64", "needed": ["libc.so.6"], "glibc": "2.2.5", "isa": [],
        "architectures": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("localai-sidecar", "but Tauri appends the target triple"),
        ("localai-sidecar-x86_64-unknown-linux-gnu", "but Tauri appends the target triple"),
        ("localai-sidecar-cpu-aarch64-unknown-linux-gnu", "which states the triple `aarch64-unknown-linux-gnu`"),
        ("localai-sidecar-vulkan-x86_64-unknown-linux-gnu", "which states the variant `vulkan`"),
        ("localai-sidecar-cpu-x86_64-unknown-linux-gnu.exe", "but programs of this triple have no `.exe`"),
    ],
)
def test_another_name_is_refused(single_file: Path, plain: Target, name: str, reason: str) -> None:
    found = placed.examine_single_file(single_file.rename(single_file.with_name(name)), plain, NOBODY)
    assert f"expected `localai-sidecar-cpu-x86_64-unknown-linux-gnu`, found `{name}`, {reason}" in told(found)


def test_on_windows_a_program_without_its_suffix_is_refused(
    compile_c: Compile, windows: Target, tmp_path: Path
) -> None:
    path = tmp_path / f"localai-sidecar-{windows.name}"
    shutil.copy(compile_c(windows.zig_target, "-shared", "-nostdlib"), path)
    assert "programs of this triple end in `.exe`" in told(placed.examine_single_file(path, windows, NOBODY))


def test_a_windows_program_needs_no_executable_bit(compile_c: Compile, windows: Target, tmp_path: Path) -> None:
    path = tmp_path / windows.single_file_name
    shutil.copy(compile_c(windows.zig_target, "-shared", "-nostdlib"), path)
    path.chmod(0o600)
    assert placed.examine_single_file(path, windows, NOBODY).problems == ()


def test_all_that_is_missing_is_told_with_where_it_was_looked_for(plain: Target, tmp_path: Path) -> None:
    found = placed.examine(tmp_path, plain, NOBODY)
    assert [problem.expected for problem in found.problems] == [
        f"it at `{tmp_path / plain.folder_name}`",
        f"it at `{tmp_path / plain.single_file_name}`",
    ]
    assert {problem.found for problem in found.problems} == {"nothing there"}
    assert "-s 'place(cpu-x86_64-unknown-linux-gnu)'" in found.problems[0].hint


def test_a_script_in_its_place_is_refused(single_file: Path, plain: Target) -> None:
    single_file.write_text("#!/usr/bin/env python3\n")
    found = placed.examine_single_file(single_file, plain, NOBODY)
    assert "program: expected ELF, found a script (#!/usr/bin/env python3)" in told(found)


@pytest.mark.parametrize(
    ("zig_target", "machine"),
    [("aarch64-linux-gnu.2.28", "ELF for aarch64"), ("x86_64-windows-gnu", "PE for x86_64")],
)
def test_a_program_for_another_system_under_the_right_name_is_refused(
    compile_c: Compile, single_file: Path, plain: Target, zig_target: str, machine: str
) -> None:
    shutil.copyfile(compile_c(zig_target, "-shared", "-nostdlib", "-s"), single_file)
    found = placed.examine_single_file(single_file, plain, NOBODY)
    assert f"expected ELF for x86_64, found {machine}" in told(found)


def test_a_program_that_is_not_executable_is_refused(single_file: Path, folder: Path, plain: Target) -> None:
    single_file.chmod(0o644)
    assert "mode: expected 755, found 644, not executable" in told(
        placed.examine_single_file(single_file, plain, NOBODY)
    )
    (folder / "localai-sidecar").chmod(0o640)
    assert "mode: expected 755, found 640, not executable" in told(placed.examine_folder(folder, plain, NOBODY))


def test_a_folder_that_says_it_is_another_target_is_refused(folder: Path, plain: Target) -> None:
    say(folder, "vulkan", plain.triple)
    found = placed.examine_folder(folder, plain, NOBODY)
    assert f"expected `{plain.name}`, found `vulkan-x86_64-unknown-linux-gnu`" in told(found)


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_a_folder_that_does_not_say_what_it_is_is_refused(folder: Path, plain: Target, text: str) -> None:
    (folder / "build.json").write_text(text)
    assert "found none: " in told(placed.examine_folder(folder, plain, NOBODY))


def test_without_its_libraries_a_sidecar_with_llama_cpp_is_refused(folder: Path, linux: Target) -> None:
    text = told(placed.examine_folder(folder, linux, NOBODY))
    assert f"`{linux.folder_name}/llama`: libraries: expected ggml-base, ggml, llama, ggml-cpu-x64" in text
    assert text.endswith("found none of them")


def test_the_fingerprint_changes_with_bytes_names_and_modes(folder: Path) -> None:
    seen = {placed.fingerprint(folder)}
    (folder / "build.json").write_text("{}")
    seen.add(placed.fingerprint(folder))
    (folder / "build.json").chmod(0o600)
    seen.add(placed.fingerprint(folder))
    (folder / "build.json").rename(folder / "other.json")
    seen.add(placed.fingerprint(folder))
    assert len(seen) == 4
