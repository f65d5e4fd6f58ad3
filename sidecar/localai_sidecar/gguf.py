"""Checks the header of a GGUF file before native code sees it, and reads what the sidecar wants to know of it.

Format: llama.cpp's ggml/include/gguf.h. Whatever this accepts, ggml's own reader accepts too.
"""

import math
import os
import stat
import struct
from _blake2 import blake2b
from typing import Any, NamedTuple

from localai_sidecar.ggufcursor import U32, U64, Cursor, GgufError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_DIMENSIONS = 4
MAX_NAME_BYTES = 63
MAX_LAYERS = 512  # llama.cpp's LLAMA_MAX_LAYERS: one more is an assertion, not an error
DEFAULT_ALIGNMENT = 32
_INT32, _INT64 = 2**31 - 1, 2**63 - 1

_STRING, _ARRAY = 8, 9
# value type → struct format
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_SCALAR_STRUCTS = {number: struct.Struct("<" + code) for number, code in _SCALARS.items()}

# tensor type → (elements per block, bytes per block): `type_traits` in ggml.c
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18), 42: (64, 18),
}  # fmt: skip


class Header(NamedTuple):
    """What the sidecar wants to know of a file that passed every check."""

    architecture: str
    name: str
    file_bytes: int
    modified_ns: int
    header_hash: str  # 32 hex digits: with size and time it stands for the file in the keys of caches
    metadata: dict[str, Any]

    def number(self, key: str) -> int:
        """An integer of the architecture's own section, e.g. `context_length`; 0 without one."""
        value = self.metadata.get(f"{self.architecture}.{key}")
        return value if isinstance(value, int) else 0


class UnknownTensorType(GgufError):
    """The file may be sound, but this llama.cpp has no such tensor type."""


def check(path: bytes) -> Header:
    """Read and check the header of the file at `path`.

    Raises OSError if it cannot be opened, GgufError if it is no regular file or no usable GGUF.
    """
    # O_NONBLOCK: opening a FIFO must not wait for a writer.
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise GgufError("the path", _file_kind(status.st_mode), "a regular file")
        return _check_header(Cursor(fd, status.st_size), status.st_mtime_ns)
    finally:
        os.close(fd)


def _file_kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode), "no regular file")


def _check_header(cursor: Cursor, modified_ns: int) -> Header:
    cursor.need(4, "the magic")
    if bytes(cursor.data[:4]) != MAGIC:
        raise GgufError("the magic", repr(bytes(cursor.data[:4]))[1:], "'GGUF'")
    cursor.at = 4
    version = cursor.unpack(U32, "the version")
    if version not in VERSIONS:
        raise GgufError("the version", version, " or ".join(map(str, VERSIONS)))
    tensor_count = _count(cursor, "the tensor count", smallest_item=24)
    pair_count = _count(cursor, "the metadata count", smallest_item=13)
    metadata, lengths = _metadata(cursor, pair_count)
    _check_vocabulary(metadata, lengths)
    tensors = [_tensor(cursor, index) for index in range(tensor_count)]
    _check_layout(tensors, _alignment(metadata), cursor)
    return _header(metadata, cursor, modified_ns)


def _count(cursor: Cursor, field: str, smallest_item: int) -> int:
    count: int = cursor.unpack(U64, field)
    most = cursor.size // smallest_item
    if count > most:
        raise GgufError(field, count, f"at most {most}, for a file of {cursor.size} bytes")
    return count


def _metadata(cursor: Cursor, count: int) -> tuple[dict[str, Any], dict[str, int]]:
    """Scalars and strings by key, and the lengths of the arrays, which are stepped over."""
    values: dict[str, Any] = {}
    lengths: dict[str, int] = {}
    for index in range(count):
        key = _name(cursor.text(f"metadata key {index}"), f"metadata key {index}")
        if key in values or key in lengths:
            raise GgufError(f"metadata key {index}", f"{key!r} again", "a key of its own")
        kind = cursor.unpack(U32, f"the type of {key!r}")
        if kind == _ARRAY:
            lengths[key] = _skip_array(cursor, key)
        elif kind == _STRING:
            values[key] = cursor.text(f"{key!r}").decode("utf-8", "replace")
        elif kind in _SCALAR_STRUCTS:
            values[key] = cursor.unpack(_SCALAR_STRUCTS[kind], f"{key!r}")
        else:
            raise GgufError(f"the type of {key!r}", kind, "0 to 12")
    return values, lengths


def _skip_array(cursor: Cursor, key: str) -> int:
    kind = cursor.unpack(U32, f"the item type of {key!r}")
    if kind != _STRING and kind not in _SCALAR_STRUCTS:
        raise GgufError(f"the item type of {key!r}", kind, "a scalar or string type (0 to 8, 10 to 12)")
    width = 8 if kind == _STRING else _SCALAR_STRUCTS[kind].size
    length = _count(cursor, f"the length of {key!r}", smallest_item=width)
    if kind == _STRING:
        cursor.skip_texts(length, f"{key!r}")
    else:
        cursor.skip(length * width, f"{key!r}")
    return length


def _name(raw: bytes, field: str) -> str:
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise GgufError(field, "not UTF-8", "a name in UTF-8") from None
    if not name:
        raise GgufError(field, "empty", "a name")
    return name


def _check_vocabulary(metadata: dict[str, Any], lengths: dict[str, int]) -> None:
    if "tokenizer.ggml.model" not in metadata:
        raise GgufError("'tokenizer.ggml.model'", "missing", "the tokenizer's name: a model that makes text")
    if metadata["tokenizer.ggml.model"] == "none":
        return
    tokens = lengths.get("tokenizer.ggml.tokens", 0)
    if tokens == 0:
        raise GgufError("'tokenizer.ggml.tokens'", "missing or empty", "the vocabulary")
    for key in ("tokenizer.ggml.scores", "tokenizer.ggml.token_type"):
        if lengths.get(key, tokens) != tokens:
            raise GgufError(f"the length of {key!r}", lengths[key], f"{tokens}, like the vocabulary's")


class _Tensor(NamedTuple):
    name: str
    bytes: int
    offset: int


def _tensor(cursor: Cursor, index: int) -> _Tensor:
    raw = cursor.text(f"the name of tensor {index}")
    if len(raw) > MAX_NAME_BYTES:
        raise GgufError(f"the name of tensor {index}", f"{len(raw)} bytes long", f"at most {MAX_NAME_BYTES} bytes")
    name = _name(raw, f"the name of tensor {index}")
    dimensions = cursor.unpack(U32, f"the dimensions of {name!r}")
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise GgufError(f"the dimensions of {name!r}", dimensions, f"1 to {MAX_DIMENSIONS}")
    shape = [cursor.unpack(U64, f"the shape of {name!r}") for _ in range(dimensions)]
    kind = cursor.unpack(U32, f"the type of {name!r}")
    if kind not in BLOCKS:
        raise UnknownTensorType(f"the type of {name!r}", kind, "a tensor type of this llama.cpp")
    return _Tensor(name, _tensor_bytes(name, shape, kind), cursor.unpack(U64, f"the offset of {name!r}"))


def _tensor_bytes(name: str, shape: list[int], kind: int) -> int:
    block_elements, block_bytes = BLOCKS[kind]
    if shape[0] % block_elements:
        raise GgufError(f"the row length of {name!r}", shape[0], f"a multiple of {block_elements} for its type")
    elements = 1
    for length in shape:
        elements *= length
    if not 0 < elements <= _INT64:
        raise GgufError(f"the shape of {name!r}", shape, f"lengths above 0 with a product of at most {_INT64}")
    return elements // block_elements * block_bytes


def _alignment(metadata: dict[str, Any]) -> int:
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    is_number = isinstance(alignment, int) and not isinstance(alignment, bool)
    if not is_number or alignment <= 0 or alignment & (alignment - 1):
        raise GgufError("'general.alignment'", alignment, "a power of two")
    return int(alignment)


def _check_layout(tensors: list[_Tensor], alignment: int, cursor: Cursor) -> None:
    """ggml wants the tensors one after another, each padded to the alignment, none outside the file."""
    start = -(-cursor.at // alignment) * alignment
    expected, names = 0, set()
    for tensor in tensors:
        if tensor.name in names:
            raise GgufError(f"the tensor {tensor.name!r}", "there twice", "names of their own")
        names.add(tensor.name)
        if tensor.offset != expected:
            raise GgufError(f"the offset of {tensor.name!r}", tensor.offset, f"{expected}")
        end = start + tensor.offset + tensor.bytes
        if end > cursor.size:
            raise GgufError("the file", f"{cursor.size} bytes long", f"at least {end} bytes, to hold {tensor.name!r}")
        expected += -(-tensor.bytes // alignment) * alignment


def _header(metadata: dict[str, Any], cursor: Cursor, modified_ns: int) -> Header:
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str) or not architecture:
        raise GgufError("'general.architecture'", "missing or no string", "the architecture's name")
    for key, highest in (("context_length", _INT32), ("embedding_length", _INT32), ("block_count", MAX_LAYERS)):
        value = metadata.get(f"{architecture}.{key}")
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= highest:
            found = "missing" if value is None else value
            raise GgufError(f"'{architecture}.{key}'", found, f"an integer 1…{highest}")
    _check_epsilons(metadata)
    name = metadata.get("general.name")
    return Header(
        architecture=architecture,
        name=name if isinstance(name, str) else "",
        file_bytes=cursor.size,
        modified_ns=modified_ns,
        header_hash=blake2b(memoryview(cursor.data)[: cursor.at], digest_size=16).hexdigest(),
        metadata=metadata,
    )


def _check_epsilons(metadata: dict[str, Any]) -> None:
    """ggml's norms assert what they are given: a wrong number would end the process."""
    for key, value in metadata.items():
        if key.endswith("_epsilon") and isinstance(value, float) and not 0 <= value < math.inf:
            raise GgufError(f"{key!r}", value, "a number of at least 0")
