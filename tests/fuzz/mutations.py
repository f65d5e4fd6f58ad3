"""Changes a sound GGUF in one to three places: the same seed gives the same files."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator

from tests.fuzz.relaid import Layout
from tests.fuzz.spans import Span, floating, number, parse

_NUMBERS = [0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 513, 65_535, 65_536]
_NUMBERS += [2**bits + more for bits in (24, 30, 31, 32, 40, 61, 62, 63, 64) for more in (-1, 0, 1)]
_FLOATS = [0.0, -0.0, -1.0, 1e-45, 1e38, -1e38, math.inf, -math.inf, math.nan, 0.5]
_LONGEST_SPLICE = 64


class Mutator:
    """Makes damaged copies of one sound file."""

    def __init__(self, sound: bytes) -> None:
        self._sound = sound
        parsed = parse(sound)
        self._spans = [span for span in parsed.spans if span.size]
        self._header_bytes = parsed.end
        self._layout = Layout(sound[: parsed.tensors_at], parsed.tensors)
        self._texts = [sound[span.at : span.at + span.size] for span in self._spans if span.kind == "text"]

    def files(self, seed: str, first: int) -> Iterator[bytes]:
        """The files of this seed, from number `first` on, without end."""
        for index in itertools.count(first):
            yield self.file(random.Random(f"{seed}:{index}"))

    def file(self, dice: random.Random) -> bytes:
        """One damaged copy."""
        if dice.random() < 0.05 and (relaid := self._layout.changed(dice)):
            return relaid
        data = bytearray(self._sound)
        for span in dice.sample(self._spans, dice.choice((1, 1, 1, 2, 3))):
            self._change(data, span, dice)
        if dice.random() < 0.2:
            self._splice(data, dice)
        if dice.random() < 0.05:
            del data[dice.randrange(len(data)) :]
        return bytes(data)

    def _change(self, data: bytearray, span: Span, dice: random.Random) -> None:
        """In place: other fields stay where they are."""
        end = span.at + span.size
        if dice.random() < 0.2:
            at = dice.randrange(span.at, end)
            data[at] ^= 1 << dice.randrange(8)
        elif span.kind == "float":
            data[span.at : end] = floating(dice.choice(_FLOATS), span.size)
        elif span.kind == "number":
            old = int.from_bytes(data[span.at : end], "little")
            new = dice.choice([old - 1, old + 1, old * 2, old // 2, *_NUMBERS])
            data[span.at : end] = number(new, span.size)
        else:
            same_size = [text for text in self._texts if len(text) == span.size]
            data[span.at : end] = dice.choice([*same_size, dice.randbytes(span.size)])

    def _splice(self, data: bytearray, dice: random.Random) -> None:
        at = dice.randrange(self._header_bytes)
        length = dice.randint(1, _LONGEST_SPLICE)
        if dice.random() < 0.5:
            del data[at : at + length]
        else:
            data[at:at] = dice.choice([dice.randbytes(length), bytes(data[at : at + length])])
