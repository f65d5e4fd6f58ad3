"""A GGUF by its parts, each of which can be replaced: sound unless told otherwise."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace

U8, U32, I32, F32, BOOL, STRING, ARRAY, U64 = 0, 4, 5, 6, 7, 8, 9, 10
F32_TENSOR, Q4_0_TENSOR = 0, 2


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def u64(value: int) -> bytes:
    return struct.pack("<Q", value)


def f32(value: float) -> bytes:
    return struct.pack("<f", value)


def text(value: bytes) -> bytes:
    return u64(len(value)) + value


def pair(key: bytes, kind: int, value: bytes) -> bytes:
    return text(key) + u32(kind) + value


def array(kind: int, length: int, items: bytes) -> bytes:
    return u32(kind) + u64(length) + items


def strings(*values: bytes) -> bytes:
    return array(STRING, len(values), b"".join(map(text, values)))


PAIRS = {
    b"general.architecture": (STRING, text(b"llama")),
    b"general.name": (STRING, text("né".encode())),
    b"llama.context_length": (U32, u32(64)),
    b"llama.embedding_length": (U32, u32(8)),
    b"llama.block_count": (U32, u32(1)),
    b"tokenizer.ggml.model": (STRING, text(b"llama")),
    b"tokenizer.ggml.tokens": (ARRAY, strings(b"a", b"bc", b"")),
    b"tokenizer.ggml.scores": (ARRAY, array(F32, 3, bytes(12))),
}


@dataclass(frozen=True)
class Tensor:
    """A tensor's description as it stands in the header."""

    name: bytes = b"a.weight"
    shape: tuple[int, ...] = (32, 2)
    kind: int = F32_TENSOR
    offset: int = 0
    dimensions: int | None = None

    def info(self) -> bytes:
        dimensions = len(self.shape) if self.dimensions is None else self.dimensions
        return text(self.name) + u32(dimensions) + b"".join(map(u64, self.shape)) + u32(self.kind) + u64(self.offset)


@dataclass(frozen=True)
class File:
    """A whole file; `data` is the number of its bytes after the header."""

    magic: bytes = b"GGUF"
    version: int = 3
    pairs: dict[bytes, tuple[int, bytes]] = field(default_factory=lambda: dict(PAIRS))
    tensors: tuple[Tensor, ...] = (Tensor(), Tensor(b"b.weight", (64, 1), Q4_0_TENSOR, 256))
    data: int = 256 + 64
    tensor_count: int | None = None
    pair_count: int | None = None
    more_pairs: bytes = b""

    def with_pair(self, key: bytes, kind: int, value: bytes) -> File:
        return replace(self, pairs={**self.pairs, key: (kind, value)})

    def without(self, key: bytes) -> File:
        return replace(self, pairs={name: value for name, value in self.pairs.items() if name != key})

    def with_raw_pair(self, raw: bytes) -> File:
        """One more pair after all others, as bytes."""
        return replace(self, more_pairs=raw, pair_count=len(self.pairs) + 1)

    def header(self) -> bytes:
        tensors = len(self.tensors) if self.tensor_count is None else self.tensor_count
        pairs = len(self.pairs) if self.pair_count is None else self.pair_count
        head = self.magic + struct.pack("<IQQ", self.version, tensors, pairs)
        body = b"".join(pair(key, kind, value) for key, (kind, value) in self.pairs.items())
        return head + body + self.more_pairs + b"".join(tensor.info() for tensor in self.tensors)

    def bytes(self) -> bytes:
        header = self.header()
        return header + b"\0" * (-len(header) % 32) + b"\0" * self.data


SOUND = File()
