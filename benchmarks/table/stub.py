"""The placed sidecar over a library that computes nothing: what is left is the engine's own cost."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import standin
from benchmarks.sidebyside.random_model import Shape, write

SOURCE = Path(__file__).with_name("stub.c")
# Small enough to load at once, with a context that a long reply fits into.
SHAPE = Shape(name="stub", embedding=64, layers=1, heads=2, kv_heads=2, feed_forward=128, context=8192)

_HEADER = struct.Struct("<qq")
_STAMP = struct.Struct("<qq")


@dataclass(frozen=True)
class Stamp:
    """When a sampled token was handed to the engine, and the process's CPU time then (0: not looked at). Seconds."""

    at: float
    cpu: float


class Stamps:
    """The file in which the stub notes every token it hands out."""

    def __init__(self, path: Path, room: int) -> None:
        path.write_bytes(bytes(_HEADER.size + room * _STAMP.size))
        self.path = path
        self._room = room

    def read(self) -> list[Stamp]:
        """All stamps so far. Raises AssertionError when there was no room for the last ones."""
        with self.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
            count, _ = _HEADER.unpack_from(memory)
            assert count < self._room, f"the stub noted {count} tokens and there was room for {self._room}"
            values = _STAMP.iter_unpack(memory[_HEADER.size : _HEADER.size + count * _STAMP.size])
            return [Stamp(monotonic / 1e9, cpu / 1e9) for monotonic, cpu in values]


@dataclass(frozen=True, kw_only=True)
class Stub:
    """The engine with the stub in place of libllama, and a model for it."""

    program: Path
    model: Path


def make(placed: Path, vocabulary: Path, folder: Path, zig_target: str) -> Stub:
    """Put the stub beside a copy of the `placed` program, and write a model whose vocabulary is `vocabulary`'s.

    Raises CalledProcessError when the stub does not compile.
    """
    program = standin.copy(placed, folder, SOURCE, zig_target)
    model = folder / "stub.gguf"
    write(SHAPE, vocabulary, model)
    return Stub(program=program, model=model)


@contextmanager
def stamped(folder: Path, room: int, decode_s: float = 0.0) -> Iterator[tuple[Stamps, dict[str, str]]]:
    """Stamps for one process, and what its environment must hold; decoding takes `decode_s` seconds."""
    stamps = Stamps(folder / "stamps", room)
    try:
        yield stamps, {"STUB_STAMPS": str(stamps.path), "STUB_DECODE_MICROSECONDS": str(round(decode_s * 1e6))}
    finally:
        stamps.path.unlink()
