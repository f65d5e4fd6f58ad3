"""zig out of the hash-locked ziglang wheel: the one C and C++ compiler, the same on every machine."""

from __future__ import annotations

import importlib.util
import shlex
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import platformdirs

from sidecarkit.errors import MissingTool

_PACKAGE = "ziglang"


@dataclass(frozen=True, kw_only=True)
class Wrappers:
    """Programs that behave like a C toolchain made for one target; CMake wants each as one file."""

    cc: Path
    cxx: Path
    ar: Path
    ranlib: Path


def binary() -> Path:
    """The compiler's program. Raises MissingTool when the environment lacks its wheel."""
    spec = importlib.util.find_spec(_PACKAGE)
    folder = Path(spec.origin).parent if spec and spec.origin else Path(_PACKAGE)
    program = folder / "zig"
    if not program.is_file():
        raise MissingTool(
            f"zig is missing: looked for `{program}`",
            hint="run through `python3 noxfile.py`, which installs the locked toolkit",
        )
    return program


def version() -> str:
    """The version of the installed wheel, which names zig's own."""
    try:
        return metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise MissingTool(
            f"the package `{_PACKAGE}` is not installed beside the toolkit",
            hint="run through `python3 noxfile.py`, which installs the locked toolkit",
        ) from error


def shared_cache() -> Path:
    """Where zig keeps what it makes of its own sources (C libraries for a target), checked by content."""
    return Path(platformdirs.user_cache_dir("localaiapp", appauthor=False)) / "zig"


def compile_flags(zig_target: str) -> tuple[str, ...]:
    """What makes zig compile for `zig_target`, e.g. `x86_64-linux-gnu.2.28`, and not for this machine."""
    return ("-target", zig_target)


def write_wrappers(folder: Path, zig_target: str) -> Wrappers:
    """Write `cc`, `c++`, `ar` and `ranlib` for `zig_target` into `folder`, which is made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    flags = compile_flags(zig_target)
    return Wrappers(
        cc=_write(folder / "cc", "cc", *flags),
        cxx=_write(folder / "c++", "c++", *flags),
        ar=_write(folder / "ar", "ar"),
        ranlib=_write(folder / "ranlib", "ranlib"),
    )


def _write(path: Path, *words: str) -> Path:
    path.write_text(f'#!/bin/sh\nexec {shlex.join([str(binary()), *words])} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path
