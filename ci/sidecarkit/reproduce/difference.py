"""One place where two builds differ, and the bytes around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

_BEFORE, _SHOWN = 8, 32
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where two builds differ. `path` names the file, through archives: `app.deb » data.tar.gz » usr/bin/app`.

    `where` is the place in it, `left` and `right` what stands there.
    """

    path: str
    where: str
    left: str
    right: str

    def __str__(self) -> str:
        return f"{self.path}: {self.where}\n   first:  {self.left}\n   second: {self.right}"


def first_difference(left: BinaryIO, right: BinaryIO) -> int | None:
    """The offset of the first byte in which two streams differ, also by ending there; None when they are the same."""
    offset = 0
    while True:
        ours, theirs = left.read(_CHUNK), right.read(_CHUNK)
        if ours != theirs:
            shorter = min(len(ours), len(theirs))
            return offset + next((i for i in range(shorter) if ours[i] != theirs[i]), shorter)
        if not ours:
            return None
        offset += len(ours)


def shown(file: BinaryIO, offset: int) -> str:
    """The bytes around `offset`, as hex and as text; what differs begins behind the bar."""
    start = max(0, offset - _BEFORE)
    file.seek(start)
    data = file.read(offset - start + _SHOWN)
    before, after = data[: offset - start], data[offset - start :]
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
    return f"{before.hex(' ')} | {after.hex(' ') or 'its end'}  `{text}`".strip()
