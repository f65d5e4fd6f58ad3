"""A model of a true shape, whose random weights are written on the spot: in an archive they would be most of it.

The archive carries the model with all weights 0, which takes no room packed, and where each matrix lies. Every block of
Q4_0 is a scale of two bytes, which stays, and 16 bytes of weights.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

BLOCK_BYTES, SCALE_BYTES = 18, 2
# Two weights of 0 each, which is 8 above the lowest.
BLANK = b"\x88"
# A nibble of 0 means -8, which nothing balances: it becomes a weight of 0.
_BALANCED = bytes((low or 8) | (high or 8) << 4 for high in range(16) for low in range(16))
_AT_ONCE = BLOCK_BYTES << 20

Matrices = Sequence[Sequence[int]]


def fill(model: Path, matrices: Matrices, seed: int = 1) -> None:
    """Write random weights into the file; `matrices` are offset and length of each, in bytes. Raises ValueError."""
    source = random.Random(seed)
    with model.open("r+b") as file:
        for offset, length in matrices:
            for at in range(offset, offset + length, _AT_ONCE):
                size = min(_AT_ONCE, offset + length - at)
                file.seek(at)
                blocks = _filled(file.read(size), source)
                file.seek(at)
                file.write(blocks)


def blank(model: Path, matrices: Matrices) -> None:
    """Write weights of 0 into the file, which `fill` takes back. Raises ValueError."""
    with model.open("r+b") as file:
        for offset, length in matrices:
            for at in range(offset, offset + length, _AT_ONCE):
                size = min(_AT_ONCE, offset + length - at)
                file.seek(at)
                blocks = _with_scales_of(file.read(size), bytearray(BLANK * size))
                file.seek(at)
                file.write(blocks)


def _filled(blocks: bytes, source: random.Random) -> bytearray:
    return _with_scales_of(blocks, bytearray(source.randbytes(len(blocks)).translate(_BALANCED)))


def _with_scales_of(blocks: bytes, made: bytearray) -> bytearray:
    if len(blocks) % BLOCK_BYTES:
        raise ValueError(f"{len(blocks)} bytes are no whole number of blocks of {BLOCK_BYTES}")
    for at in range(SCALE_BYTES):
        made[at::BLOCK_BYTES] = blocks[at::BLOCK_BYTES]
    return made
