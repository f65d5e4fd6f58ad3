"""One file, looked at once: what a release says of it, and what the checks need to know."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sidecarkit import digest
from sidecarkit.audit import compiled, device_code, instructions
from sidecarkit.audit.compiled import CompiledFacts
from sidecarkit.audit.instructions import InstructionSets


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """One file of a release. `path` is relative to the folder that holds the sidecars; `bytes` is its size.

    What does not apply is None: `format` and `machine` of what is not compiled, `glibc` of what needs none,
    `isa` (instruction sets beyond the baseline) of what is no x86-64 code or holds data among it. `architectures`: of
    graphics processors that it has code for.
    """

    path: str
    sha256: str
    bytes: int
    executable: bool
    format: str | None = None
    machine: str | None = None
    needed: tuple[str, ...] = ()
    glibc: str | None = None
    isa: tuple[str, ...] | None = None
    architectures: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The facts as JSON has them."""
        isa = None if self.isa is None else list(self.isa)
        return {**asdict(self), "needed": list(self.needed), "isa": isa, "architectures": list(self.architectures)}


@dataclass(frozen=True, kw_only=True)
class Examined:
    """A file with its facts; `compiled` is None for what is not, `used` for what is no x86-64 code."""

    path: Path
    facts: FileFacts
    compiled: CompiledFacts | None = None
    used: InstructionSets | None = None


def examine(path: Path, name: str) -> Examined:
    """Look at one file, which is called `name` in the release. Raises OSError when it cannot be read."""
    binary = compiled.read(path) if compiled.is_binary(path) else None
    used = instructions.used_by(path) if binary and binary.machine == "x86_64" else None
    facts = FileFacts(
        path=name,
        sha256=digest.of_file(path),
        bytes=path.stat().st_size,
        executable=bool(path.stat().st_mode & 0o100),
        format=binary.format if binary else None,
        machine=binary.machine if binary else None,
        needed=binary.needed if binary else (),
        glibc=binary.glibc if binary else None,
        isa=tuple(sorted(used.features)) if used and used.readable else None,
        architectures=tuple(device_code.named(device_code.used_by(path))) if binary else (),
    )
    return Examined(path=path, facts=facts, compiled=binary, used=used)


def examine_all(path: Path) -> list[Examined]:
    """A file, or every file in a folder, sorted by path. Raises OSError for one that cannot be read."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return [examine(file, file.relative_to(path.parent).as_posix()) for file in files]


def facts_of(path: Path) -> list[FileFacts]:
    """The facts of a file, or of every file in a folder, sorted by path. Raises OSError for one that cannot be read."""
    return [examined.facts for examined in examine_all(path)]
