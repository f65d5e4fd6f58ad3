"""ELF and PE files as LIEF reads them, put into our words; None for any other file."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import lief

from sidecarkit.audit.compiled import Code, CompiledFacts, as_numbers

# lief tells on stderr what it cannot parse; every such file becomes a WrongBinary of ours.
lief.logging.disable()

_ELF_MACHINES = {lief.ELF.ARCH.X86_64: "x86_64", lief.ELF.ARCH.AARCH64: "aarch64", lief.ELF.ARCH.I386: "i686"}
_PE_MACHINES = {
    lief.PE.Header.MACHINE_TYPES.AMD64: "x86_64",
    lief.PE.Header.MACHINE_TYPES.ARM64: "aarch64",
    lief.PE.Header.MACHINE_TYPES.I386: "i686",
}


def is_binary(path: Path) -> bool:
    """Whether the file's first bytes are those of a compiled ELF or PE file."""
    return lief.is_elf(str(path)) or lief.is_pe(str(path))


def facts(path: Path) -> CompiledFacts | None:
    """What the file is and needs."""
    binary = lief.parse(str(path))
    if isinstance(binary, lief.ELF.Binary):
        return _elf_facts(binary)
    return _pe_facts(binary) if isinstance(binary, lief.PE.Binary) else None


def code(path: Path) -> tuple[Code, ...] | None:
    """Its executable sections."""
    binary = lief.parse(str(path))
    return tuple(_code(binary)) if isinstance(binary, lief.ELF.Binary | lief.PE.Binary) else None


def section(path: Path, names: Collection[str]) -> bytes | None:
    """What is in the first section of one of these names; empty when there is none."""
    binary = lief.parse(str(path))
    if not isinstance(binary, lief.ELF.Binary | lief.PE.Binary):
        return None
    return next((bytes(each.content) for each in binary.sections if each.name in names), b"")


def _code(binary: lief.ELF.Binary | lief.PE.Binary) -> Iterator[Code]:
    for section in binary.sections:
        if isinstance(section, lief.ELF.Section):
            executable = section.has(lief.ELF.Section.FLAGS.EXECINSTR)
        else:
            executable = section.has_characteristic(lief.PE.Section.CHARACTERISTICS.MEM_EXECUTE)
        if executable:
            yield Code(section=str(section.name), address=section.virtual_address, content=bytes(section.content))


def _elf_facts(binary: lief.ELF.Binary) -> CompiledFacts:
    entries = list(binary.dynamic_entries)
    sonames = [entry.name for entry in entries if isinstance(entry, lief.ELF.DynamicSharedObject)]
    versions = [
        version.removeprefix("GLIBC_")
        for requirement in binary.symbols_version_requirement
        for auxiliary in requirement.get_auxiliary_symbols()
        if (version := str(auxiliary.name)).startswith("GLIBC_") and version[6:7].isdigit()
    ]
    return CompiledFacts(
        format="ELF",
        machine=_ELF_MACHINES.get(binary.header.machine_type, f"machine {binary.header.machine_type}"),
        needed=tuple(str(name) for name in binary.libraries),
        soname=str(sonames[0]) if sonames else None,
        glibc=max(versions, key=as_numbers, default=None),
        search_path=tuple(part for entry in entries for part in _search_path(entry) if part),
    )


def _search_path(entry: lief.ELF.DynamicEntry) -> list[str]:
    if isinstance(entry, lief.ELF.DynamicEntryRpath | lief.ELF.DynamicEntryRunPath):
        return str(entry.rpath if isinstance(entry, lief.ELF.DynamicEntryRpath) else entry.runpath).split(":")
    return []


def _pe_facts(binary: lief.PE.Binary) -> CompiledFacts:
    return CompiledFacts(
        format="PE",
        machine=_PE_MACHINES.get(binary.header.machine, f"machine {binary.header.machine}"),
        needed=tuple(str(name) for name in binary.libraries),
    )
