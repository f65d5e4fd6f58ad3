"""Real compiled files for any target, made by the pinned zig, and a target to hold them against."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sidecarkit import config
from sidecarkit.config import Target
from sidecarkit.tools import zig

CI = Path(__file__).resolve().parents[4] / "ci"
LIMIT_S = 100.0

Compile = Callable[..., Path]
# The second function is what a Windows library must have when no C library is linked.
LIBRARY_SOURCE = "int answer(void) { return 42; }\nint DllMainCRTStartup(void *m, int r, void *p) { return 1; }\n"


@pytest.fixture(scope="session")
def compile_c(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """`compile_c("x86_64-linux-gnu.2.28", "-shared", source="…")`: each different file is made once."""
    made: dict[tuple[str, ...], Path] = {}

    def compile_c(zig_target: str, *flags: str, source: str = LIBRARY_SOURCE) -> Path:
        key = (zig_target, source, *flags)
        if key not in made:
            folder = tmp_path_factory.mktemp("compiled")
            (folder / "source.c").write_text(source)
            subprocess.run(
                [zig.binary(), "cc", *zig.compile_flags(zig_target), "-O1", *flags, "source.c", "-o", "made"],
                cwd=folder, check=True, timeout=LIMIT_S,
            )  # fmt: skip
            made[key] = folder / "made"
        return made[key]

    return compile_c


@pytest.fixture
def linux() -> Target:
    return config.load_targets(CI / "targets.toml")[0]


@pytest.fixture
def windows(linux: Target) -> Target:
    return replace(linux, triple="x86_64-pc-windows-msvc", zig_target="x86_64-windows-gnu")
