"""The first half of a GGUF's header: keys and values, read as ggml reads them, and more strictly."""

import struct
from typing import Any, NamedTuple

from localai_sidecar.gguf.cursor import U32, U64, Cursor, GgufError

MAX_KEY_BYTES = 65_535  # the format's own limit
MAX_TEXT_BYTES = 1 << 24  # the longest chat templates take 100 kB
MAX_TEXTS = 1 << 22  # the largest vocabularies have 2**18 tokens, and twice as many merges
DEFAULT_ALIGNMENT = 32

STRING, ARRAY = 8, 9
INT32, FLOAT32 = 5, 6
_UINT32, _BOOL = 4, 7
# value type → struct format; a bool is one byte
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
_SCALAR_STRUCTS = {number: struct.Struct("<" + code) for number, code in _SCALARS.items()}


class Array(NamedTuple):
    """An array that was stepped over: the type of its items, and their number."""

    kind: int
    length: int


class Metadata(NamedTuple):
    """Scalars and strings by key, and the arrays."""

    values: dict[str, Any]
    arrays: dict[str, Array]
    alignment: int


def read_metadata(cursor: Cursor, count: int) -> Metadata:
    """The next `count` pairs. Raises GgufError."""
    values: dict[str, Any] = {}
    arrays: dict[str, Array] = {}
    alignment = DEFAULT_ALIGNMENT
    for index in range(count):
        key = checked_name(cursor.text(f"metadata key {index}", MAX_KEY_BYTES), f"metadata key {index}")
        if key in values or key in arrays:
            raise GgufError(f"metadata key {index}", f"{key!r} again", "a key of its own")
        kind = cursor.unpack(U32, f"the type of {key!r}")
        if kind == ARRAY:
            arrays[key] = _skip_array(cursor, key)
        else:
            values[key] = _read_value(cursor, key, kind)
        if key == "general.alignment":
            alignment = _checked_alignment(kind, values.get(key))
    return Metadata(values, arrays, alignment)


def _read_value(cursor: Cursor, key: str, kind: int) -> Any:
    if kind == STRING:
        return cursor.text(f"{key!r}", MAX_TEXT_BYTES).decode("utf-8", "replace")
    if kind not in _SCALAR_STRUCTS:
        raise GgufError(f"the type of {key!r}", kind, "0 to 12")
    value = cursor.unpack(_SCALAR_STRUCTS[kind], f"{key!r}")
    if kind != _BOOL:
        return value
    if value not in (0, 1):
        raise GgufError(f"{key!r}", value, "0 or 1: it is a bool")
    return bool(value)


def _skip_array(cursor: Cursor, key: str) -> Array:
    kind = cursor.unpack(U32, f"the item type of {key!r}")
    if kind != STRING and kind not in _SCALAR_STRUCTS:
        raise GgufError(f"the item type of {key!r}", kind, "a scalar or string type (0 to 8, 10 to 12)")
    width = 8 if kind == STRING else _SCALAR_STRUCTS[kind].size
    length = read_count(cursor, f"the length of {key!r}", smallest_item=width)
    if kind == STRING:
        if length > MAX_TEXTS:
            raise GgufError(f"the length of {key!r}", length, f"at most {MAX_TEXTS} strings")
        cursor.skip_texts(length, f"{key!r}")
    else:
        cursor.skip(length * width, f"{key!r}")
    return Array(kind, length)


def read_count(cursor: Cursor, field: str, smallest_item: int) -> int:
    """The next number, which counts items of at least `smallest_item` bytes each. Raises GgufError."""
    count: int = cursor.unpack(U64, field)
    most = cursor.size // smallest_item
    if count > most:
        raise GgufError(field, count, f"at most {most}, for a file of {cursor.size} bytes")
    return count


def checked_name(raw: bytes, field: str) -> str:
    """A key or a tensor's name: UTF-8, not empty, without the NUL at which C would end it. Raises GgufError."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise GgufError(field, "not UTF-8", "a name in UTF-8") from None
    if not name:
        raise GgufError(field, "empty", "a name")
    if "\0" in name:
        raise GgufError(field, repr(name), "a name without NUL")
    return name


def _checked_alignment(kind: int, alignment: Any) -> int:
    if kind != _UINT32 or alignment == 0 or alignment & (alignment - 1):
        found = alignment if kind == _UINT32 else f"{alignment!r} of type {kind}"
        raise GgufError("'general.alignment'", found, f"a power of two, of type {_UINT32}")
    return int(alignment)
