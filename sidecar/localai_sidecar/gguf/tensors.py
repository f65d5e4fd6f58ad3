"""The second half of a GGUF's header: its tensors' names, shapes, types and places in the file."""

from typing import NamedTuple

from localai_sidecar.gguf.cursor import U32, U64, Cursor, GgufError
from localai_sidecar.gguf.metadata import checked_name

MAX_DIMENSIONS = 4
MAX_NAME_BYTES = 63
_INT64 = 2**63 - 1

# tensor type → (elements per block, bytes per block): `type_traits` in ggml.c
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18), 42: (64, 18),
}  # fmt: skip


# What ggml computes with only as F32, whatever the tensor's shape; those of one dimension are such, too.
_FLOAT_ONLY = ("ssm_a", "ssm_d", "ssm_conv1d.weight", "shortconv.conv.weight")
# Types without a product: intermediate results (Q8_1, Q8_K), integers, F64. Tables of tokens hold integers.
_NO_PRODUCT = frozenset((9, 15, 24, 25, 26, 27, 28))
_TABLES = ("d2t", "t2d", "tid2eid")
_F32 = 0


class UnusableTensorType(GgufError):
    """The file may be sound, but this llama.cpp has no such tensor type, or does not compute with it there."""


class Tensor(NamedTuple):
    """A tensor's name, its size in bytes, and its offset from the end of the header."""

    name: str
    bytes: int
    offset: int


def read_tensor(cursor: Cursor, index: int) -> Tensor:
    """The next tensor's description. Raises GgufError."""
    raw = cursor.text(f"the name of tensor {index}", MAX_NAME_BYTES)
    name = checked_name(raw, f"the name of tensor {index}")
    dimensions = cursor.unpack(U32, f"the dimensions of {name!r}")
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise GgufError(f"the dimensions of {name!r}", dimensions, f"1 to {MAX_DIMENSIONS}")
    shape = [cursor.unpack(U64, f"the shape of {name!r}") for _ in range(dimensions)]
    kind = cursor.unpack(U32, f"the type of {name!r}")
    _check_type(name, kind, dimensions)
    return Tensor(name, _bytes_of(name, shape, kind), cursor.unpack(U64, f"the offset of {name!r}"))


def _check_type(name: str, kind: int, dimensions: int) -> None:
    """ggml finds out while computing, and ends the process then."""
    if kind not in BLOCKS:
        raise UnusableTensorType(f"the type of {name!r}", kind, "a tensor type of this llama.cpp")
    if any(table in name for table in _TABLES):
        return
    if (dimensions == 1 or name.endswith(_FLOAT_ONLY)) and kind != _F32:
        raise UnusableTensorType(f"the type of {name!r}", kind, f"{_F32} (F32)")
    if kind in _NO_PRODUCT:
        raise UnusableTensorType(f"the type of {name!r}", kind, "a type that weights are kept in")


def _bytes_of(name: str, shape: list[int], kind: int) -> int:
    block_elements, block_bytes = BLOCKS[kind]
    if shape[0] % block_elements:
        raise GgufError(f"the row length of {name!r}", shape[0], f"a multiple of {block_elements} for its type")
    elements = 1
    for length in shape:
        elements *= length
    if not 0 < elements <= _INT64:
        raise GgufError(f"the shape of {name!r}", shape, f"lengths above 0 with a product of at most {_INT64}")
    return elements // block_elements * block_bytes


def check_layout(tensors: list[Tensor], alignment: int, cursor: Cursor) -> None:
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
