"""What a compiled file is: format, machine, needed libraries, GLIBC version, search path and machine code."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sidecarkit.errors import WrongBinary

_Found = TypeVar("_Found")


@dataclass(frozen=True, kw_only=True)
class CompiledFacts:
    """`format` is `ELF` or `PE`; `glibc` is the newest GLIBC version it needs, None when it needs none."""

    format: str
    machine: str
    needed: tuple[str, ...]
    soname: str | None = None
    glibc: str | None = None
    search_path: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Code:
    """The bytes of one executable section, and the address at which the first of them is loaded."""

    section: str
    address: int
    content: bytes


def read(path: Path) -> CompiledFacts:
    """The facts of a compiled file. Raises WrongBinary, saying what it found, when it is something else."""
    from sidecarkit.audit import by_lief  # LIEF takes longer to load than a plan to be made

    return _there(by_lief.facts(path) if path.is_file() else None, path)


def code(path: Path) -> tuple[Code, ...]:
    """The machine code of a compiled file, section by section. Raises WrongBinary when it is something else."""
    from sidecarkit.audit import by_lief

    return _there(by_lief.code(path) if path.is_file() else None, path)


def section(path: Path, names: Collection[str]) -> bytes:
    """The first section of one of these names, empty without one. Raises WrongBinary when it is something else."""
    from sidecarkit.audit import by_lief

    return _there(by_lief.section(path, names) if path.is_file() else None, path)


def is_binary(path: Path) -> bool:
    """Whether the file's first bytes are those of a compiled ELF or PE file."""
    from sidecarkit.audit import by_lief

    return by_lief.is_binary(path)


def soname(path: Path) -> str | None:
    """The name other libraries ask for this one by; None when it states none."""
    return read(path).soname


def as_numbers(version: str) -> tuple[int, ...]:
    """`2.34` as (2, 34), which compares as versions do."""
    return tuple(int(part) for part in version.split("."))


def _there(found: _Found | None, path: Path) -> _Found:
    if found is None:
        raise WrongBinary(
            f"`{path}` is no compiled program or library: found {description(path)}",
            hint="build it again: `python3 noxfile.py`",
        )
    return found


def description(path: Path) -> str:
    """What lies at `path` when it is no compiled file, as a message says it."""
    if path.is_dir():
        return "a folder"
    if not path.exists():
        return "nothing there"
    start = path.read_bytes()[:64]
    if not start:
        return "an empty file"
    if start.startswith(b"#!"):
        return f"a script ({start.splitlines()[0].decode('utf-8', errors='replace')})"
    return f"a file that begins with the bytes {start[:4].hex(' ')}"
