"""A copy of the placed folder in which a library of ours takes libllama's place and forwards to the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from benchmarks.sidebyside.sides import LIBRARIES
from sidecarkit.tools import zig

LIBRARY = "libllama.so"
REAL = "libllama-real.so"
COMPILE_LIMIT_S = 120


def copy(program: Path, folder: Path, source: Path, zig_target: str) -> Path:
    """Copy the folder of the placed `program` by links to `folder`/engine, put what `source` compiles to into it, and
    return the copied program.

    Raises CalledProcessError when the library does not compile.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(program.parent, folder / "engine", copy_function=_link)
    libraries = folder / "engine" / LIBRARIES
    (libraries / LIBRARY).rename(libraries / REAL)
    compile_library(source, folder, libraries / LIBRARY, zig_target)
    return folder / "engine" / program.name


def compile_library(source: Path, folder: Path, destination: Path, zig_target: str) -> None:
    """Link with an empty library that bears the real one's new name: the real one still calls itself libllama.so."""
    compiler: list[str | Path] = [zig.binary(), "cc", *zig.compile_flags(zig_target), "-O2", "-s", "-shared", "-fPIC"]
    empty = folder / "empty.c"
    empty.touch()
    stand_in = folder / REAL
    steps: tuple[list[str | Path], ...] = (
        [*compiler, f"-Wl,-soname,{REAL}", empty, "-o", stand_in],
        [*compiler, "-Wall", "-Wextra", "-Werror", source, "-Wl,--no-as-needed", stand_in, "-Wl,-rpath,$ORIGIN",
         "-o", destination],
    )  # fmt: skip
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache())}
    for step in steps:
        subprocess.run(step, check=True, cwd=folder, env=environment, timeout=COMPILE_LIMIT_S)


def _link(source: str, destination: str) -> None:
    try:
        os.link(source, destination)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, destination)
