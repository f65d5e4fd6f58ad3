"""Lays a GGUF's tensors out anew after one of them got another type or shape: offsets and sizes are right again."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from localai_sidecar.gguf.tensors import BLOCKS
from tests.fuzz.gguf_parts import Tensor

_ALIGNMENT = 32
_MOST_BYTES = 1 << 21


@dataclass(frozen=True)
class Layout:
    """The bytes of a sound file up to its tensors, and the tensors."""

    before: bytes
    tensors: tuple[Tensor, ...]

    def changed(self, dice: random.Random) -> bytes | None:
        """A file with one tensor changed, its weights all zero; None if the change makes no file of sensible size."""
        tensors = [*self.tensors]
        index = dice.randrange(len(tensors))
        tensors[index] = _changed(tensors[index], dice)
        infos, at = b"", 0
        for tensor in tensors:
            elements, block_bytes = BLOCKS[tensor.kind]
            if tensor.shape[0] % elements:
                return None
            infos += replace(tensor, offset=at).info()
            size = math.prod(tensor.shape) // elements * block_bytes
            at += -(-size // _ALIGNMENT) * _ALIGNMENT
        header = self.before + infos
        return header + bytes(-len(header) % _ALIGNMENT + at) if at <= _MOST_BYTES else None


def _changed(tensor: Tensor, dice: random.Random) -> Tensor:
    if dice.random() < 0.5:
        return replace(tensor, kind=dice.choice([*BLOCKS]))
    shape = [*tensor.shape]
    index = dice.randrange(len(shape))
    shape[index] = max(1, dice.choice((1, shape[index] - 1, shape[index] + 1, shape[index] * 2, shape[index] // 2)))
    if dice.random() < 0.2:
        shape.append(dice.choice((1, 2)))
    return replace(tensor, shape=tuple(shape[:4]))
