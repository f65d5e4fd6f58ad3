"""Checks the header of a GGUF file before native code sees it, and reads what the sidecar wants to know of it.

Format: llama.cpp's ggml/include/gguf.h. Whatever this accepts, ggml's own reader accepts too.
"""

import os
import stat
from _blake2 import blake2b
from typing import Any, NamedTuple

from localai_sidecar.gguf.cursor import U32, Cursor, GgufError
from localai_sidecar.gguf.metadata import read_count, read_metadata
from localai_sidecar.gguf.modelkeys import check_model
from localai_sidecar.gguf.tensors import check_layout, read_tensor
from localai_sidecar.gguf.weights import NO_WEIGHTS, Weights, weights_of

MAGIC = b"GGUF"
VERSIONS = (2, 3)
# The largest models have some thousand tensors and some dozen pairs; more would only take time.
MAX_TENSORS = MAX_PAIRS = 65_535


class Header(NamedTuple):
    """What the sidecar wants to know of a file that passed every check."""

    architecture: str
    name: str
    file_bytes: int
    modified_ns: int
    header_hash: str  # 32 hex digits: with size and time it stands for the file in the keys of caches
    metadata: dict[str, Any]
    weights: Weights = NO_WEIGHTS

    def number(self, key: str) -> int:
        """An integer of the architecture's own section, e.g. `context_length`; 0 without one."""
        value = self.metadata.get(f"{self.architecture}.{key}")
        return value if isinstance(value, int) else 0


def check_header(path: bytes) -> Header:
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
    tensor_count = _count(cursor, "the tensor count", 24, MAX_TENSORS)
    metadata = read_metadata(cursor, _count(cursor, "the metadata count", 13, MAX_PAIRS))
    architecture = check_model(metadata)
    tensors = [read_tensor(cursor, index) for index in range(tensor_count)]
    check_layout(tensors, metadata.alignment, cursor)
    name = metadata.values.get("general.name")
    return Header(
        architecture=architecture,
        name=name if isinstance(name, str) else "",
        file_bytes=cursor.size,
        modified_ns=modified_ns,
        header_hash=blake2b(memoryview(cursor.data)[: cursor.at], digest_size=16).hexdigest(),
        metadata=metadata.values,
        weights=weights_of(tensors),
    )


def _count(cursor: Cursor, field: str, smallest_item: int, highest: int) -> int:
    count = read_count(cursor, field, smallest_item)
    if not 1 <= count <= highest:
        raise GgufError(field, count, f"1 to {highest}")
    return count
