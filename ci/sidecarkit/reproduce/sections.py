"""The parts of a program or library, by which a differing byte is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import lief

# lief tells on stderr what it cannot parse; here that is any file that is no program.
lief.logging.disable()


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the file from `begin`, `size` bytes long, loaded at `address`; None: it is only in the file."""

    name: str
    begin: int
    size: int
    address: int | None

    def place(self, offset: int) -> str:
        """Where byte `offset` of the file is, as people look it up: by the address it is loaded at."""
        if self.address is None:
            return f"{self.name} at byte {offset}"
        return f"section {self.name} at {self.address + offset - self.begin:#x}"


def of(path: Path) -> list[Section]:
    """The sections of an ELF or PE file behind its headers, in the order of the file; nothing for other files."""
    binary = lief.parse(path)
    if isinstance(binary, lief.PE.Binary):
        base = binary.optional_header.imagebase
        found = [
            Section(
                name=str(each.name), begin=each.pointerto_raw_data, size=each.sizeof_raw_data,
                address=base + each.virtual_address,
            )
            for each in binary.sections
        ]  # fmt: skip
    elif isinstance(binary, lief.ELF.Binary):
        found = [
            Section(name=str(each.name), begin=each.file_offset, size=each.size, address=each.virtual_address)
            for each in binary.sections
            if each.type != lief.ELF.Section.TYPE.NOBITS
        ]
    else:
        return []
    found = sorted((each for each in found if each.size), key=lambda each: each.begin)
    headers = min((each.begin for each in found), default=0)
    return [Section(name="the headers", begin=0, size=headers, address=None), *found]
