"""What a compiled file is (format, machine, needed libraries, GLIBC version, search path), held against its triple."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import lief

from sidecarkit.errors import WrongBinary

# lief tells on stderr what it cannot parse; every such file becomes a WrongBinary of ours.
lief.logging.disable()

_ELF_MACHINES = {lief.ELF.ARCH.X86_64: "x86_64", lief.ELF.ARCH.AARCH64: "aarch64", lief.ELF.ARCH.I386: "i686"}
_PE_MACHINES = {
    lief.PE.Header.MACHINE_TYPES.AMD64: "x86_64",
    lief.PE.Header.MACHINE_TYPES.ARM64: "aarch64",
    lief.PE.Header.MACHINE_TYPES.I386: "i686",
}


@dataclass(frozen=True, kw_only=True)
class BinaryFacts:
    """`format` is `ELF` or `PE`; `glibc` is the newest GLIBC version it needs, None when it needs none."""

    format: str
    machine: str
    needed: tuple[str, ...]
    soname: str | None = None
    glibc: str | None = None
    search_path: tuple[str, ...] = ()


def read(path: Path) -> BinaryFacts:
    """The facts of a compiled file. Raises WrongBinary, saying what it found, when it is something else."""
    binary = lief.parse(str(path)) if path.is_file() else None
    if isinstance(binary, lief.ELF.Binary):
        return _elf_facts(binary)
    if isinstance(binary, lief.PE.Binary):
        return _pe_facts(binary)
    raise WrongBinary(
        f"`{path}` is no compiled program or library: found {_description(path)}",
        hint="build it again: `python3 noxfile.py`",
    )


def soname(path: Path) -> str | None:
    """The name other libraries ask for this one by; None when it states none."""
    return read(path).soname


def is_binary(path: Path) -> bool:
    """Whether the file's first bytes are those of a compiled ELF or PE file."""
    return lief.is_elf(str(path)) or lief.is_pe(str(path))


def check(path: Path, *, triple: str, glibc_floor: str | None = None) -> BinaryFacts:
    """Hold a compiled file against `triple`, and against the newest GLIBC it may need.

    Raises WrongBinary naming expected and found: another format or machine, a newer GLIBC, or a search
    path outside the file's own folder, which exists on the build machine only.
    """
    facts = read(path)
    expected = expected_format(triple), triple.partition("-")[0]
    if (facts.format, facts.machine) != expected:
        raise WrongBinary(
            f"`{path.name}` does not fit `{triple}`: expected {' for '.join(expected)}, "
            f"found {facts.format} for {facts.machine}",
            hint="build it for that target: `python3 noxfile.py --target NAME`",
        )
    if glibc_floor and facts.glibc and _version(facts.glibc) > _version(glibc_floor):
        raise WrongBinary(
            f"`{path.name}` needs GLIBC {facts.glibc}, but the target promises to run from GLIBC {glibc_floor} on",
            hint="look for a flag that made the compiler build for this machine instead of the target",
        )
    foreign = [entry for entry in facts.search_path if not entry.startswith("$ORIGIN")]
    if foreign:
        raise WrongBinary(
            f"`{path.name}` looks for libraries in {', '.join(foreign)}: expected only $ORIGIN",
            hint="a folder of the build machine would be searched on the user's machine",
        )
    return facts


def expected_format(triple: str) -> str:
    """The executable format of a triple's operating system."""
    return "PE" if "-windows-" in triple else "ELF"


def _elf_facts(binary: lief.ELF.Binary) -> BinaryFacts:
    entries = list(binary.dynamic_entries)
    sonames = [entry.name for entry in entries if isinstance(entry, lief.ELF.DynamicSharedObject)]
    versions = [
        version.removeprefix("GLIBC_")
        for requirement in binary.symbols_version_requirement
        for auxiliary in requirement.get_auxiliary_symbols()
        if (version := str(auxiliary.name)).startswith("GLIBC_") and version[6:7].isdigit()
    ]
    return BinaryFacts(
        format="ELF",
        machine=_ELF_MACHINES.get(binary.header.machine_type, f"machine {binary.header.machine_type}"),
        needed=tuple(str(name) for name in binary.libraries),
        soname=str(sonames[0]) if sonames else None,
        glibc=max(versions, key=_version, default=None),
        search_path=tuple(part for entry in entries for part in _search_path(entry) if part),
    )


def _search_path(entry: lief.ELF.DynamicEntry) -> list[str]:
    if isinstance(entry, lief.ELF.DynamicEntryRpath | lief.ELF.DynamicEntryRunPath):
        return str(entry.rpath if isinstance(entry, lief.ELF.DynamicEntryRpath) else entry.runpath).split(":")
    return []


def _pe_facts(binary: lief.PE.Binary) -> BinaryFacts:
    return BinaryFacts(
        format="PE",
        machine=_PE_MACHINES.get(binary.header.machine, f"machine {binary.header.machine}"),
        needed=tuple(str(name) for name in binary.libraries),
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _description(path: Path) -> str:
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
