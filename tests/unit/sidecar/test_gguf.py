"""The header's checks: a sound file passes, and every kind of damage is named by field and expectation."""

import os
import random
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from localai_sidecar import gguf
from localai_sidecar.ggufcursor import LONGEST_HEADER, GgufError

U32, F32, STRING, ARRAY, U64 = 4, 6, 8, 9, 10
F32_TENSOR, Q4_0_TENSOR = 0, 2


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def pair(key: bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def strings(*values: bytes) -> bytes:
    return struct.pack("<IQ", STRING, len(values)) + b"".join(map(text, values))


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


PAIRS = {
    b"general.architecture": (STRING, text(b"llama")),
    b"general.name": (STRING, text("né".encode())),
    b"llama.context_length": (U32, u32(64)),
    b"llama.embedding_length": (U32, u32(8)),
    b"llama.block_count": (U32, u32(1)),
    b"tokenizer.ggml.model": (STRING, text(b"llama")),
    b"tokenizer.ggml.tokens": (ARRAY, strings(b"a", b"bc", b"")),
    b"tokenizer.ggml.scores": (ARRAY, struct.pack("<IQ3f", F32, 3, 0, 0, 0)),
}


@dataclass(frozen=True)
class Tensor:
    name: bytes = b"a.weight"
    shape: tuple[int, ...] = (32, 2)
    kind: int = F32_TENSOR
    offset: int = 0

    def info(self) -> bytes:
        dimensions = struct.pack("<I", len(self.shape)) + b"".join(struct.pack("<Q", n) for n in self.shape)
        return text(self.name) + dimensions + struct.pack("<IQ", self.kind, self.offset)


@dataclass(frozen=True)
class File:
    """A GGUF by its parts; sound unless told otherwise."""

    magic: bytes = b"GGUF"
    version: int = 3
    pairs: dict[bytes, tuple[int, bytes]] = field(default_factory=lambda: dict(PAIRS))
    tensors: tuple[Tensor, ...] = (Tensor(), Tensor(b"b.weight", (64,), Q4_0_TENSOR, 256))
    data: int = 256 + 64
    tensor_count: int | None = None
    pair_count: int | None = None
    more_pairs: bytes = b""

    def with_pair(self, key: bytes, kind: int, value: bytes) -> "File":
        return replace(self, pairs={**self.pairs, key: (kind, value)})

    def without(self, key: bytes) -> "File":
        return replace(self, pairs={name: value for name, value in self.pairs.items() if name != key})

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
Check = Callable[[bytes], gguf.Header]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def check(content: bytes) -> gguf.Header:
        path = tmp_path / "model.gguf"
        path.write_bytes(content)
        return gguf.check(os.fsencode(path))

    return check


def test_a_sound_file_tells_what_it_is(check: Check) -> None:
    header = check(SOUND.bytes())
    assert (header.architecture, header.name, header.file_bytes) == ("llama", "né", len(SOUND.bytes()))
    assert header.number("context_length") == 64
    assert header.number("attention.head_count") == 0


def test_a_header_is_known_again_by_its_hash_whatever_the_weights_are(check: Check) -> None:
    whole = SOUND.bytes()
    header = check(whole)
    assert len(header.header_hash) == 32
    assert header.modified_ns > 0
    assert check(whole[:-1] + b"\1").header_hash == header.header_hash
    assert check(whole.replace(b"n\xc3\xa9", b"abc")).header_hash != header.header_hash


def test_the_demo_model_passes(tiny_model: Path) -> None:
    header = gguf.check(os.fsencode(tiny_model))
    assert (header.name, header.number("context_length")) == ("stories260K", 512)


DAMAGES = {
    "the magic": (replace(SOUND, magic=b"GGML"), "'GGUF'"),
    "the version": (replace(SOUND, version=1), "2 or 3"),
    "the tensor count": (replace(SOUND, tensor_count=2**60), "at most"),
    "the metadata count": (replace(SOUND, pair_count=2**60), "at most"),
    "the type of 'x'": (SOUND.with_pair(b"x", 13, b""), "0 to 12"),
    "the item type of 'x'": (SOUND.with_pair(b"x", ARRAY, struct.pack("<IQ", ARRAY, 0)), "scalar or string"),
    "the length of 'x'": (SOUND.with_pair(b"x", ARRAY, struct.pack("<IQ", U64, 2**61)), "at most"),
    "'general.architecture'": (SOUND.without(b"general.architecture"), "architecture's name"),
    "'llama.context_length'": (SOUND.without(b"llama.context_length"), "1…2147483647"),
    "'llama.block_count'": (SOUND.with_pair(b"llama.block_count", U32, u32(513)), "1…512"),
    "'llama.embedding_length'": (SOUND.with_pair(b"llama.embedding_length", STRING, text(b"8")), "an integer"),
    "'llama.norm_epsilon'": (
        SOUND.with_pair(b"llama.norm_epsilon", F32, struct.pack("<f", float("nan"))),
        "at least 0",
    ),
    "'general.alignment'": (SOUND.with_pair(b"general.alignment", U32, u32(24)), "power of two"),
    "'tokenizer.ggml.model'": (SOUND.without(b"tokenizer.ggml.model"), "tokenizer's name"),
    "'tokenizer.ggml.tokens'": (SOUND.without(b"tokenizer.ggml.tokens"), "the vocabulary"),
    "the length of 'tokenizer.ggml.scores'": (
        SOUND.with_pair(b"tokenizer.ggml.scores", ARRAY, struct.pack("<IQ2f", F32, 2, 0, 0)),
        "3, like the vocabulary's",
    ),
    "metadata key 8": (replace(SOUND, pair_count=9, more_pairs=pair(b"general.name", U32, u32(1))), "of its own"),
    "the name of tensor 0": (replace(SOUND, tensors=(Tensor(name=b"x" * 64),)), "at most 63"),
    "the tensor 'a.weight'": (replace(SOUND, tensors=(Tensor(), Tensor(offset=256)), data=512), "names of their own"),
    "the dimensions of 'a.weight'": (replace(SOUND, tensors=(Tensor(shape=(1,) * 5),)), "1 to 4"),
    "the shape of 'a.weight'": (replace(SOUND, tensors=(Tensor(shape=(2**40, 2**40)),)), "product"),
    "the row length of 'a.weight'": (
        replace(SOUND, tensors=(Tensor(shape=(33,), kind=Q4_0_TENSOR),)),
        "multiple of 32",
    ),
    "the offset of 'b.weight'": (replace(SOUND, tensors=(Tensor(), Tensor(b"b.weight", (64,), 2, 224))), "256"),
    "the file": (replace(SOUND, data=200), "at least"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_named_by_field_and_expectation(check: Check, name: str) -> None:
    file, expected = DAMAGES[name]
    with pytest.raises(GgufError) as caught:
        check(file.bytes())
    assert caught.value.field == name
    assert expected in caught.value.expected


@pytest.mark.parametrize("kind", [4, 31, 36, 38, 43, 1000])
def test_a_tensor_type_that_llama_cpp_does_not_have_is_told_apart(check: Check, kind: int) -> None:
    with pytest.raises(gguf.UnknownTensorType):
        check(replace(SOUND, tensors=(Tensor(kind=kind),)).bytes())


def test_a_file_cut_anywhere_is_refused(check: Check) -> None:
    whole = replace(SOUND, data=256 + 36).bytes()
    check(whole)
    for length in range(len(whole)):
        with pytest.raises(GgufError):
            check(whole[:length])


def test_a_file_with_any_byte_changed_is_checked_or_refused_but_never_trips_it(check: Check) -> None:
    whole = SOUND.bytes()
    dice = random.Random(3)
    refused = 0
    for at in range(len(SOUND.header())):
        damaged = whole[:at] + bytes([whole[at] ^ dice.randint(1, 255)]) + whole[at + 1 :]
        try:
            check(damaged)
        except GgufError:
            refused += 1
    assert refused > 100


def test_a_damaged_length_does_not_read_the_weights_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.gguf"
    content = SOUND.with_pair(b"x", STRING, struct.pack("<Q", 4 * LONGEST_HEADER)).bytes()
    path.write_bytes(content)
    os.truncate(path, 8 * LONGEST_HEADER)  # a hole: it takes no room on the disk
    with pytest.raises(GgufError, match="a header of at most"):
        gguf.check(os.fsencode(path))


def test_what_is_no_regular_file_is_refused_by_its_kind(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, kind in ((tmp_path, "a folder"), (tmp_path / "fifo", "a FIFO"), (Path("/dev/zero"), "a device")):
        with pytest.raises(GgufError, match=kind):
            gguf.check(os.fsencode(path))


def test_a_missing_file_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        gguf.check(os.fsencode(tmp_path / "none.gguf"))


def test_a_vocabulary_of_the_largest_models_is_checked_within_a_second(check: Check) -> None:
    tokens = strings(*(b"token %d" % number for number in range(200_000)))
    file = SOUND.without(b"tokenizer.ggml.scores").with_pair(b"tokenizer.ggml.tokens", ARRAY, tokens)
    started = time.process_time()
    check(file.bytes())
    assert time.process_time() - started < 1.0
