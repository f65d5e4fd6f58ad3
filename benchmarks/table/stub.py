"""The placed sidecar over a library that computes nothing: what is left is the engine's own cost."""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sidebyside.random_model import Shape, write
from benchmarks.sidebyside.sides import LIBRARIES
from sidecarkit.tools import zig

SOURCE = Path(__file__).with_name("stub.c")
LIBRARY = "libllama.so"
REAL = "libllama-real.so"
COMPILE_LIMIT_S = 120
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
    """Copy the folder of the `placed` program by links, put the stub into it, and write a model whose vocabulary is `vocabulary`'s.

    Raises CalledProcessError when the stub does not compile.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(placed.parent, folder / "engine", copy_function=_link)
    libraries = folder / "engine" / LIBRARIES
    (libraries / LIBRARY).rename(libraries / REAL)
    compile_library(folder, libraries / LIBRARY, zig_target)
    model = folder / "stub.gguf"
    write(SHAPE, vocabulary, model)
    return Stub(program=folder / "engine" / placed.name, model=model)


def _link(source: str, destination: str) -> None:
    try:
        os.link(source, destination)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, destination)


def compile_library(folder: Path, destination: Path, zig_target: str) -> None:
    """Link with an empty library that bears the real one's new name: the real one still calls itself libllama.so."""
    compiler: list[str | Path] = [zig.binary(), "cc", *zig.compile_flags(zig_target), "-O2", "-s", "-shared", "-fPIC"]
    empty = folder / "empty.c"
    empty.touch()
    stand_in = folder / REAL
    steps: tuple[list[str | Path], ...] = (
        [*compiler, f"-Wl,-soname,{REAL}", empty, "-o", stand_in],
        [*compiler, "-Wall", "-Wextra", "-Werror", SOURCE, "-Wl,--no-as-needed", stand_in, "-Wl,-rpath,$ORIGIN",
         "-o", destination],
    )  # fmt: skip
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache())}
    for step in steps:
        subprocess.run(step, check=True, cwd=folder, env=environment, timeout=COMPILE_LIMIT_S)


@contextmanager
def stamped(folder: Path, room: int, decode_s: float = 0.0) -> Iterator[tuple[Stamps, dict[str, str]]]:
    """Stamps for one process, and what its environment must hold; decoding takes `decode_s` seconds."""
    stamps = Stamps(folder / "stamps", room)
    try:
        yield stamps, {"STUB_STAMPS": str(stamps.path), "STUB_DECODE_MICROSECONDS": str(round(decode_s * 1e6))}
    finally:
        stamps.path.unlink()
