"""Kinds of malformed GGUF files, by name: the file, the field that the check names, and what it expected instead."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from tests.fuzz.gguf_parts import (
    ARRAY,
    BOOL,
    F32,
    I32,
    Q4_0_TENSOR,
    SOUND,
    STRING,
    U8,
    U32,
    U64,
    File,
    Tensor,
    array,
    f32,
    pair,
    strings,
    text,
    u32,
    u64,
)


class Kind(NamedTuple):
    """One way in which a file is malformed."""

    name: str
    content: bytes
    field: str
    expected: str


def kinds() -> list[Kind]:
    """All of them; every name is there once."""
    found = [*_no_gguf(), *_counts(), *_keys(), *_values(), *_arrays(), *_alignments(), *_model(), *_experts()]
    return [*found, *_vocabulary(), *_tensors(), *_layout()]


def unusable_types() -> list[tuple[str, bytes]]:
    """Files that may be sound, with types that this llama.cpp does not have, or does not compute with there."""
    unknown = (4, 5, 31, 32, 33, 36, 37, 38, 43, 1000, 2**31, 2**32 - 1)
    tensors = [(f"tensor type {number}", Tensor(kind=number)) for number in unknown]
    tensors += [
        (f"weights of type {number}", Tensor(shape=(256, 2), kind=number)) for number in (9, 15, *range(24, 29))
    ]
    tensors += [(f"a vector of type {number}", Tensor(shape=(256,), kind=number)) for number in (1, 2, 14, 26, 30)]
    tensors += [("a state in half precision", Tensor(name=b"blk.0.ssm_a", kind=1))]
    return [(name, replace(SOUND, tensors=(tensor,)).bytes()) for name, tensor in tensors]


def _kind(name: str, file: File, field: str, expected: str) -> Kind:
    return Kind(name, file.bytes(), field, expected)


def _no_gguf() -> Iterator[Kind]:
    yield Kind("an empty file", b"", "the magic", "4 bytes or more")
    yield Kind("three bytes", b"GGU", "the magic", "4 bytes or more")
    yield Kind("nothing but the magic", b"GGUF", "the version", "8 bytes or more")
    yield Kind("zeros", bytes(4096), "the magic", "'GGUF'")
    for name, magic in {
        "an old GGML file": b"lmgg",
        "a GGJT file": b"tjgg",
        "a byte-swapped magic": b"FUGG",
        "a magic in small letters": b"gguf",
        "a zip file": b"PK\x03\x04",
        "a safetensors file": b"\x40\0\0\0",
        "a page of HTML": b"<!DO",
    }.items():
        yield _kind(name, replace(SOUND, magic=magic), "the magic", "'GGUF'")
    for version in (0, 1, 4, 0x03000000, 2**32 - 1):
        yield _kind(f"version {version}", replace(SOUND, version=version), "the version", "2 or 3")


def _counts() -> Iterator[Kind]:
    for count in (0, 65_536, 2**31, 2**60, 2**63, 2**64 - 1):
        expected = "1 to" if count == 0 else "at most"
        yield _kind(f"{count} tensors", replace(SOUND, tensor_count=count), "the tensor count", expected)
        yield _kind(f"{count} pairs", replace(SOUND, pair_count=count), "the metadata count", expected)
    many = replace(SOUND, data=24 * 70_000)
    yield _kind("70,000 tensors", replace(many, tensor_count=70_000), "the tensor count", "1 to 65535")
    yield _kind("70,000 pairs", replace(many, pair_count=70_000), "the metadata count", "1 to 65535")
    yield _kind("one tensor more than there are", replace(SOUND, tensor_count=3), "the name of tensor 2", "a name")
    # What follows the pairs is read as one: the tensor's name as its key, its dimensions as the type of its value.
    extra = replace(SOUND, pair_count=9, tensors=(Tensor(dimensions=13),))
    yield _kind("one pair more than there are", extra, "the type of 'a.weight'", "0 to 12")


def _keys() -> Iterator[Kind]:
    def with_key(key: bytes) -> File:
        return SOUND.with_raw_pair(pair(key, U32, u32(1)))

    yield _kind("an empty key", with_key(b""), "metadata key 8", "a name")
    yield _kind("a key that is not UTF-8", with_key(b"a\xff"), "metadata key 8", "UTF-8")
    yield _kind("a key with a NUL in it", with_key(b"a\0b"), "metadata key 8", "without NUL")
    yield _kind("a key with a surrogate in it", with_key(b"a\xed\xa0\x80"), "metadata key 8", "UTF-8")
    yield _kind("a key longer than the format allows", with_key(b"a" * 65_536), "the length of metadata key 8", "65535")
    yield _kind("a key that is there twice", with_key(b"general.name"), "metadata key 8", "a key of its own")
    twice = SOUND.with_raw_pair(pair(b"tokenizer.ggml.tokens", ARRAY, strings(b"a")))
    yield _kind("an array that is there twice", twice, "metadata key 8", "a key of its own")
    for length in (2**31, 2**63, 2**64 - 1):
        raw = u64(length) + b"a"
        yield _kind(f"a key of {length} bytes", SOUND.with_raw_pair(raw), "the length of metadata key 8", "at most")


def _values() -> Iterator[Kind]:
    for number in (13, 14, 255, 2**31, 2**32 - 1):
        yield _kind(f"value type {number}", SOUND.with_pair(b"x", number, bytes(8)), "the type of 'x'", "0 to 12")
    for length in (2**24 + 1, 2**31, 2**63, 2**64 - 1):
        file = SOUND.with_pair(b"x", STRING, u64(length))
        yield _kind(f"a text of {length} bytes", file, "the length of 'x'", "at most 16777216")
    past = SOUND.with_pair(b"x", STRING, u64(100_000))
    yield _kind("a text past the file's end", past, "'x'", "bytes or more")
    for value in (2, 255):
        yield _kind(f"a bool that is {value}", SOUND.with_pair(b"x", BOOL, bytes([value])), "'x'", "0 or 1")


def _arrays() -> Iterator[Kind]:
    for kind in (ARRAY, 13, 2**32 - 1):
        file = SOUND.with_pair(b"x", ARRAY, array(kind, 1, bytes(32)))
        yield _kind(f"an array of type {kind}", file, "the item type of 'x'", "scalar or string")
    for kind, name in ((U8, "bytes"), (U64, "numbers"), (STRING, "texts")):
        for length in (2**32, 2**61, 2**63, 2**64 - 1):
            file = SOUND.with_pair(b"x", ARRAY, array(kind, length, b""))
            yield _kind(f"an array of {length} {name}", file, "the length of 'x'", "at most")
    numbers = SOUND.with_pair(b"x", ARRAY, array(U8, 700, b""))
    yield _kind("an array past the file's end", numbers, "'x'", "bytes or more")
    item = SOUND.with_pair(b"x", ARRAY, array(STRING, 1, u64(2**62)))
    yield _kind("an array with a text past the file's end", item, "'x'", "bytes or more")
    many = replace(SOUND.with_pair(b"x", ARRAY, array(STRING, 2**22 + 1, b"")), data=2**25 + 64)
    yield _kind("an array of four million texts", many, "the length of 'x'", "at most 4194304 strings")


def _alignments() -> Iterator[Kind]:
    for value in (0, 3, 24, 33, 2**32 - 1):
        file = SOUND.with_pair(b"general.alignment", U32, u32(value))
        yield _kind(f"alignment {value}", file, "'general.alignment'", "a power of two")
    for name, kind, raw in (
        ("64 bits", U64, u64(32)),
        ("a sign", I32, u32(32)),
        ("a text", STRING, text(b"32")),
        ("a float", F32, f32(32)),
        ("an array", ARRAY, array(U32, 1, u32(32))),
    ):
        file = SOUND.with_pair(b"general.alignment", kind, raw)
        yield _kind(f"an alignment of {name}", file, "'general.alignment'", "of type 4")
    far = SOUND.with_pair(b"general.alignment", U32, u32(2**31))
    yield _kind("an alignment past the file's end", replace(far, tensors=(Tensor(),)), "the file", "at least")


def _model() -> Iterator[Kind]:
    yield _kind(
        "no architecture", SOUND.without(b"general.architecture"), "'general.architecture'", "architecture's name"
    )
    for name, kind, raw in (
        ("an empty architecture", STRING, text(b"")),
        ("a number as architecture", U32, u32(1)),
        ("an endless architecture", STRING, text(b"llama" * 100)),
    ):
        file = SOUND.with_pair(b"general.architecture", kind, raw)
        yield _kind(name, file, "'general.architecture'", "architecture's name")
    for key, highest in (("context_length", 2**31 - 1), ("embedding_length", 2**31 - 1), ("block_count", 512)):
        whole_key, field = f"llama.{key}".encode(), f"'llama.{key}'"
        yield _kind(f"no {key}", SOUND.without(whole_key), field, f"1…{highest}")
        for what, kind, raw in (
            ("0", U32, u32(0)),
            ("too large", U32, u32(highest + 1)),
            ("negative", I32, struct.pack("<i", -1)),
            ("a text", STRING, text(b"8")),
            ("a float", F32, f32(8)),
            ("a bool", BOOL, b"\1"),
        ):
            yield _kind(f"{key} is {what}", SOUND.with_pair(whole_key, kind, raw), field, "an integer")
    for value in (math.nan, math.inf, -math.inf, -1e-6):
        file = SOUND.with_pair(b"llama.attention.layer_norm_rms_epsilon", F32, f32(value))
        yield _kind(f"an epsilon of {value}", file, "'llama.attention.layer_norm_rms_epsilon'", "a ")
    nan = SOUND.with_pair(b"llama.rope.freq_base", F32, f32(math.nan))
    yield _kind("a frequency that is no number", nan, "'llama.rope.freq_base'", "a number")
    scaling = SOUND.with_pair(b"llama.rope.scaling.type", STRING, text(b"lineal"))
    yield _kind("an unknown scaling", scaling, "'llama.rope.scaling.type'", "linear")
    predicted = SOUND.with_pair(b"llama.nextn_predict_layers", U32, u32(2))
    yield _kind("more predicting layers than layers", predicted, "'llama.nextn_predict_layers'", "0…1")


def _experts() -> Iterator[Kind]:
    def file(experts: int, used: int | None, groups: int = 0) -> File:
        more = {"expert_count": experts, "expert_used_count": used, "expert_group_count": groups}
        pairs = {f"llama.{key}".encode(): (U32, u32(value)) for key, value in more.items() if value is not None}
        return replace(SOUND, pairs={**SOUND.pairs, **pairs})

    yield _kind("too many experts", file(1025, 1), "'llama.expert_count'", "0…1024")
    yield _kind("more experts used than there are", file(8, 9), "'llama.expert_used_count'", "1…8")
    yield _kind("no number of experts used", file(8, None), "'llama.expert_used_count'", "1…8")
    yield _kind("no expert used", file(8, 0), "'llama.expert_used_count'", "1…8")
    yield _kind("experts used that are not there", file(0, 1), "'llama.expert_used_count'", "0…0")
    yield _kind("as many groups as experts", file(8, 2, 8), "'llama.expert_group_count'", "0…7")


def _vocabulary() -> Iterator[Kind]:
    model, tokens = b"tokenizer.ggml.model", b"tokenizer.ggml.tokens"
    yield _kind("no tokenizer", SOUND.without(model), "'tokenizer.ggml.model'", "tokenizer's name")
    number = SOUND.with_pair(model, U32, u32(1))
    yield _kind("a number as tokenizer", number, "'tokenizer.ggml.model'", "tokenizer's name")
    yield _kind("no tokens", SOUND.without(tokens), "'tokenizer.ggml.tokens'", "the vocabulary")
    yield _kind(
        "an empty vocabulary", SOUND.with_pair(tokens, ARRAY, strings()), "'tokenizer.ggml.tokens'", "vocabulary"
    )
    for name, kind, raw in (
        ("tokens that are numbers", ARRAY, array(U32, 3, bytes(12))),
        ("one text as tokens", STRING, text(b"abc")),
    ):
        yield _kind(name, SOUND.with_pair(tokens, kind, raw), "'tokenizer.ggml.tokens'", "type 8")
    for key, right in (("scores", F32), ("token_type", I32)):
        name = f"tokenizer.ggml.{key}"
        for length in (0, 2, 4):
            file = SOUND.with_pair(name.encode(), ARRAY, array(right, length, bytes(4 * length)))
            yield _kind(f"{length} {key} for 3 tokens", file, f"the length of {name!r}", "3, like the vocabulary's")
        file = SOUND.with_pair(name.encode(), ARRAY, array(U64, 3, bytes(24)))
        yield _kind(f"{key} of the wrong type", file, repr(name), "an array of type")
    merges = SOUND.with_pair(b"tokenizer.ggml.merges", ARRAY, array(U32, 1, bytes(4)))
    yield _kind("merges that are numbers", merges, "'tokenizer.ggml.merges'", "type 8")


def _tensors() -> Iterator[Kind]:
    def file(**values: object) -> File:
        return replace(SOUND, tensors=(replace(Tensor(), **values),))  # type: ignore[arg-type]

    first = "the name of tensor 0"
    yield _kind("a tensor without a name", file(name=b""), first, "a name")
    yield _kind("a tensor's name that is not UTF-8", file(name=b"\xc3"), first, "UTF-8")
    yield _kind("a tensor's name with a NUL", file(name=b"a\0"), first, "without NUL")
    yield _kind("a tensor's name of 64 bytes", file(name=b"x" * 64), f"the length of {first}", "at most 63")
    yield _kind("a tensor without dimensions", file(shape=()), "the dimensions of 'a.weight'", "1 to 4")
    yield _kind("a tensor of five dimensions", file(shape=(1,) * 5), "the dimensions of 'a.weight'", "1 to 4")
    for count in (2**31, 2**32 - 1):
        yield _kind(f"{count} dimensions", file(dimensions=count), "the dimensions of 'a.weight'", "1 to 4")
    for name, shape in {
        "a row without elements": (0, 2),
        "no rows": (32, 0),
        "a length with a sign": (2**63, 1),
        "all bits set": (2**64 - 1, 1),
        "a product past 63 bits": (2**32, 2**31),
        "a product past 64 bits": (2**40, 2**40),
        "a product that wraps to 0": (2**32, 2**32),
        "a product that wraps to 32": (32, 2**63 + 1, 2),
    }.items():
        yield _kind(name, file(shape=shape), "the shape of 'a.weight'", "product")
    yield _kind(
        "a row that is no multiple of a block",
        file(shape=(33, 1), kind=Q4_0_TENSOR),
        "the row length of 'a.weight'",
        "multiple of 32",
    )
    twice = replace(SOUND, tensors=(Tensor(), Tensor(offset=256)), data=512)
    yield _kind("a tensor that is there twice", twice, "the tensor 'a.weight'", "names of their own")


def _layout() -> Iterator[Kind]:
    for offset in (0, 32, 224, 255, 257, 288, 2**63, 2**64 - 32):
        file = replace(SOUND, tensors=(Tensor(), Tensor(b"b.weight", (64, 1), Q4_0_TENSOR, offset)))
        yield _kind(f"an offset of {offset} for 256", file, "the offset of 'b.weight'", "256")
    yield _kind(
        "a first offset that is not 0", replace(SOUND, tensors=(Tensor(offset=32),)), "the offset of 'a.weight'", "0"
    )
    huge = replace(SOUND, tensors=(Tensor(shape=(2**60,)), Tensor(b"b.weight", (64, 1), Q4_0_TENSOR, 2**62)))
    yield _kind("a tensor larger than any file", huge, "the file", "at least")
    for missing in (1, 36, 64, 320):
        file = replace(SOUND, data=256 + 36 - missing if missing < 300 else 0)
        yield _kind(f"a file that is cut {missing} bytes before its end", file, "the file", "at least")
