"""A flag that stops native code without asking Python.

llama.cpp calls an abort callback between the nodes of its graph. With Python behind it every call would need the GIL;
libc's `strlen` on a two-byte buffer answers the same question: 0 (go on) while the first byte is zero.
"""

import ctypes
from typing import Any


class AbortFlag:
    """Set once, from any thread."""

    def __init__(self) -> None:
        self._bytes = ctypes.create_string_buffer(2)

    def set(self) -> None:
        """Stop the native code that was given this flag, at its next node."""
        self._bytes[0] = b"\x01"

    def is_set(self) -> bool:
        """Whether `set` was called."""
        return self._bytes[0] != b"\0"

    @property
    def address(self) -> int:
        """The callback's data."""
        return ctypes.addressof(self._bytes)


def abort_callback(llama: Any) -> Any:
    """`strlen` as llama.cpp's abort callback."""
    address = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p).value
    return llama.ggml_abort_callback(address)
