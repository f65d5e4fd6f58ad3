"""Reads a GGUF header from its start, as far as it goes and never past the file's end."""

import os
import struct
from typing import Any

_CHUNK = 1 << 20
# The largest vocabularies take 20 MB; a damaged length must not read gigabytes of weights into memory.
LONGEST_HEADER = 1 << 26
U32, U64 = struct.Struct("<I"), struct.Struct("<Q")


class GgufError(Exception):
    """The file is no usable GGUF: `field` held `found` where `expected` was needed."""

    def __init__(self, field: str, found: object, expected: str) -> None:
        super().__init__(f"{field} is {found}; expected {expected}")
        self.field = field
        self.expected = expected


class Cursor:
    """The file's beginning, read as far as the header goes."""

    def __init__(self, fd: int, size: int) -> None:
        self._fd = fd
        self.size = size
        self.data = bytearray()
        self.at = 0

    def need(self, end: int, field: str) -> None:
        """Have the first `end` bytes in `data`."""
        if end > self.size:
            raise GgufError(field, f"cut off at the file's end ({self.size} bytes)", f"{end} bytes or more")
        if end > LONGEST_HEADER:
            raise GgufError(field, f"{end} bytes from the start", f"a header of at most {LONGEST_HEADER} bytes")
        while len(self.data) < end:
            chunk = os.read(self._fd, max(_CHUNK, end - len(self.data)))
            if not chunk:
                raise GgufError(field, "cut off: the file shrank", f"{end} bytes or more")
            self.data += chunk

    def unpack(self, layout: struct.Struct, field: str) -> Any:
        """The next number."""
        end = self.at + layout.size
        if end > len(self.data):
            self.need(end, field)
        (value,) = layout.unpack_from(self.data, self.at)
        self.at = end
        return value

    def text(self, field: str, longest: int) -> bytes:
        """The next string: its length, at most `longest`, then its bytes."""
        length = self.unpack(U64, f"the length of {field}")
        if length > longest:
            raise GgufError(f"the length of {field}", length, f"at most {longest}")
        end = self.at + length
        self.need(end, field)
        value = bytes(self.data[self.at : end])
        self.at = end
        return value

    def skip(self, length: int, field: str) -> None:
        """Step over `length` bytes."""
        self.need(self.at + length, field)
        self.at += length

    def skip_texts(self, count: int, field: str) -> None:
        """Step over `count` strings: the one loop that is hot, with 100,000 tokens and as many merges."""
        unpack, data, at, loaded = U64.unpack_from, self.data, self.at, len(self.data)
        for _ in range(count):
            if at + 8 > loaded:
                self.need(at + 8, field)
                loaded = len(data)
            at += 8 + unpack(data, at)[0]
            if at > loaded:
                self.need(at, field)
                loaded = len(data)
        self.at = at
