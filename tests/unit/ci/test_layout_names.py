"""One target, one set of file names; a name tells its target back."""

from __future__ import annotations

import pytest

from sidecarkit import layout

PROGRAM = "localai-sidecar"
LINUX = "cpu-x86_64-unknown-linux-gnu"
WINDOWS = "cpu-x86_64-pc-windows-msvc"


def test_the_single_file_has_the_name_that_tauri_s_external_bin_wants() -> None:
    assert layout.single_file_name(PROGRAM, LINUX) == "localai-sidecar-cpu-x86_64-unknown-linux-gnu"


def test_on_windows_the_suffix_follows_the_triple() -> None:
    assert layout.single_file_name(PROGRAM, WINDOWS) == "localai-sidecar-cpu-x86_64-pc-windows-msvc.exe"
    assert layout.program_name(PROGRAM, "x86_64-pc-windows-msvc") == "localai-sidecar.exe"


def test_the_folder_s_name_has_no_program_suffix() -> None:
    assert layout.folder_name(PROGRAM, WINDOWS) == "localai-sidecar-cpu-x86_64-pc-windows-msvc.dist"


@pytest.mark.parametrize("target", [LINUX, WINDOWS, "vulkan-aarch64-apple-darwin"])
def test_a_single_file_s_name_tells_variant_and_triple_back(target: str) -> None:
    assert layout.target_of(PROGRAM, layout.single_file_name(PROGRAM, target)) == tuple(target.split("-", 1))


@pytest.mark.parametrize(
    "name",
    [
        "localai-sidecar",
        "localai-sidecar-x86_64-unknown-linux-gnu",
        "localai-sidecar-cpu-x86_64-unknown-linux-gnu.exe",
        "localai-sidecar-cpu-x86_64-pc-windows-msvc",
        "localai-sidecar-cpu-x86_64-unknown-linux-gnu.dist",
        "other-cpu-x86_64-unknown-linux-gnu",
    ],
)
def test_a_name_that_tauri_would_not_find_is_no_name(name: str) -> None:
    assert layout.target_of(PROGRAM, name) is None
