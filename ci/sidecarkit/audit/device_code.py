"""Which graphics processors a library has code for: the fat binaries that nvcc puts into it, read header by header.

What stands in a header is documented nowhere; it was read off files of CUDA 13.0 made for known architectures, and the
tests compile such files again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from sidecarkit.audit import compiled
from sidecarkit.audit.problems import Problem
from sidecarkit.errors import WrongBinary

# An ELF's section, and a PE's, whose names end after eight letters.
SECTIONS = (".nv_fatbin", ".nv_fatb")
_MAGIC = 0xBA55ED50
# magic, version, bytes of this header, bytes of all entries
_CONTAINER = struct.Struct("<IHHQ")
# kind, version, bytes of this header, bytes of the code, …, architecture, …, flags
_ENTRY = struct.Struct("<HHIQ12xI8xI")
_KINDS = {1: "virtual", 2: "real"}
# Code for one processor alone, or for its family alone, is written `120a` and `120f`.
_SUFFIXES = {0x100000: "a", 0x200000: "f"}
_ALIGNED = 8


def architectures(section: bytes) -> frozenset[str]:
    """The architectures in the section, in CMake's words: `86-real` (machine code), `90-virtual` (PTX).

    Raises WrongBinary when it is no sequence of fat binaries.
    """
    return frozenset(_entries(section))


def used_by(path: Path) -> frozenset[str]:
    """The architectures in a library; empty for one without such code. Raises WrongBinary for what is none."""
    section = compiled.section(path, SECTIONS)
    return architectures(section) if section else frozenset()


def problems(file: str, found: frozenset[str], promised: frozenset[str]) -> Iterator[Problem]:
    """Architectures that are missing: their owners' cards would be passed over. And additional ones: larger for nobody.

    `promised` is what the file is to have code for, and nothing else.
    """
    if found == promised:
        return
    missing, more = promised - found, found - promised
    told = [f"no {', '.join(named(missing))}"] if missing else []
    told += [f"{', '.join(named(more))} besides"] if more else []
    yield Problem(
        file=file, what="GPU architectures", expected=", ".join(named(promised)) or "none", found=" and ".join(told),
        hint="build it again, and compare `architectures` in the targets file with what the compiler was told",
    )  # fmt: skip


def named(found: frozenset[str]) -> list[str]:
    """Sorted as people count: 75 before 120."""
    return sorted(found, key=lambda name: (int("".join(filter(str.isdigit, name))), name))


def _entries(section: bytes) -> Iterator[str]:
    at = 0
    try:
        while at < len(section):
            magic, _, header, size = _CONTAINER.unpack_from(section, at)
            end = at + header + size
            if magic != _MAGIC or end > len(section):
                raise _damaged(at)
            yield from _architectures_until(end, section, at + header)
            at = end + -end % _ALIGNED
    except struct.error as error:
        raise _damaged(at) from error


def _architectures_until(end: int, section: bytes, at: int) -> Iterator[str]:
    while at < end:
        kind, _, header, size, architecture, flags = _ENTRY.unpack_from(section, at)
        if kind not in _KINDS or not header:
            raise _damaged(at)
        suffix = "".join(letter for bit, letter in _SUFFIXES.items() if flags & bit)
        yield f"{architecture}{suffix}-{_KINDS[kind]}"
        at += header + size


def _damaged(at: int) -> WrongBinary:
    return WrongBinary(
        f"the code for graphics processors cannot be read at byte {at} of its section",
        hint="the file is damaged, or a newer CUDA writes it otherwise: compare `device_code.py` with cuobjdump",
    )
