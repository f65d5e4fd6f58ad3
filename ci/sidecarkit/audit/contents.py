"""A folder as packages carry it: modes, links, and how much it may weigh."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from sidecarkit.audit.problems import Problem
from sidecarkit.config import Budget
from sidecarkit.report import size

PROGRAM_MODE, FOLDER_MODE, FILE_MODE = 0o755, 0o755, 0o644


def mode_problems(path: Path, *, file: str, program: bool) -> Iterator[Problem]:
    """A mode other than packages need: readable by everybody, written by the owner, executable where it is run."""
    expected = FOLDER_MODE if path.is_dir() else PROGRAM_MODE if program else FILE_MODE
    found = path.stat().st_mode & 0o7777
    if found != expected and os.name != "nt":
        yield Problem(
            file=file, what="mode", expected=f"{expected:o}", found=_described(found, expected),
            hint=f"`chmod {expected:o} {path}`; copying through a file system without modes loses them",
        )  # fmt: skip


def _described(found: int, expected: int) -> str:
    if expected & 0o111 and not found & 0o100:
        return f"{found:o}, not executable"
    if found & 0o002:
        return f"{found:o}, writable by everybody"
    return f"{found:o}"


def link_problems(folder: Path) -> Iterator[Problem]:
    """Links that lead out of `folder`, to what is not on the user's machine."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            yield Problem(
                file=path.relative_to(folder.parent).as_posix(), what="link", expected="one within the folder",
                found=str(path.readlink()), hint="copy the file itself",
            )  # fmt: skip


def size_problems(found: Mapping[str, int], budget: Budget) -> Iterator[Problem]:
    """Layers over their budget; `found` is in bytes by the layer's name."""
    allowed = asdict(budget)
    for layer, count in found.items():
        if count > allowed[layer]:
            yield Problem(
                file=layer, what="size", expected=f"at most {size(allowed[layer])}", found=size(count),
                hint="find out what was added; if it is worth it, raise `budget` in the targets file",
            )  # fmt: skip
