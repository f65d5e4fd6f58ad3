"""Where the numbers and texts of a sound GGUF's header lie, so that a mutation can hit one of them."""

from __future__ import annotations

import struct
from typing import NamedTuple

from tests.fuzz.gguf_parts import ARRAY, STRING, Tensor

SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
FLOATS = (6, 12)


class Span(NamedTuple):
    """A field of the header: where, how many bytes, and whether they are a "number", a "float" or "text"."""

    at: int
    size: int
    kind: str


class Sound(NamedTuple):
    """The fields of a sound header in the file's order (of long arrays only the first and the last items)."""

    spans: list[Span]
    tensors: tuple[Tensor, ...]
    tensors_at: int
    end: int


def parse(data: bytes) -> Sound:
    """Walks through a sound header."""
    return _Walk(data).header()


class _Walk:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 4
        self._found: list[Span] = []

    def header(self) -> Sound:
        self._number(4)
        tensors, pairs = self._number(8), self._number(8)
        for _ in range(pairs):
            self._text()
            kind = self._number(4)
            if kind == ARRAY:
                self._array()
            else:
                self._value(kind)
        tensors_at = self._at
        found = tuple(self._tensor() for _ in range(tensors))
        return Sound(self._found, found, tensors_at, self._at)

    def _tensor(self) -> Tensor:
        name = self._text()
        shape = tuple(self._number(8) for _ in range(self._number(4)))
        return Tensor(name, shape, kind=self._number(4), offset=self._number(8))

    def _array(self) -> None:
        kind, length = self._number(4), self._number(8)
        for index in range(length):
            known = len(self._found)
            self._value(kind)
            if 8 <= index < length - 8:
                del self._found[known:]

    def _value(self, kind: int) -> None:
        if kind == STRING:
            self._text()
        else:
            self._number(SCALAR_BYTES[kind], "float" if kind in FLOATS else "number")

    def _text(self) -> bytes:
        size = self._number(8)
        at = self._add(size, "text")
        return self._data[at : at + size]

    def _number(self, size: int, kind: str = "number") -> int:
        at = self._add(size, kind)
        return int.from_bytes(self._data[at : at + size], "little")

    def _add(self, size: int, kind: str) -> int:
        at = self._at
        self._found.append(Span(at, size, kind))
        self._at += size
        return at


def number(value: int, size: int) -> bytes:
    """`value` in `size` bytes, cut to fit."""
    return (value % (1 << 8 * size)).to_bytes(size, "little")


def floating(value: float, size: int) -> bytes:
    """`value` as a float of 4 or 8 bytes."""
    return struct.pack("<f" if size == 4 else "<d", value)
