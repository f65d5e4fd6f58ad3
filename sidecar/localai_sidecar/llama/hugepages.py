"""Asks Linux for large pages under the weights: a token reads all of them, and translating addresses takes its time.

Two threads on two cores of a virtual machine decoded a fifth faster with them. Systems differ in whether they give
them unasked (/sys/kernel/mm/transparent_hugepage/enabled); where they never do, asking changes nothing.
"""

import ctypes
from pathlib import Path

_MADV_HUGEPAGE = 14
# Weights lie in one piece; what is smaller is not worth a system call.
_SMALLEST_BYTES = 32 * 2**20
_PAGE_BYTES = 4096
# /proc/buddyinfo counts free blocks of 1, 2, 4 … pages: from the tenth column on they hold a large page (2 MiB).
_LARGE_ORDER = 9


class LargePages:
    """Large pages for what is reserved from now on."""

    def __init__(self, bytes_needed: int) -> None:
        self._needed = bytes_needed
        self._before = set(_anonymous_ranges())

    def before_filling(self) -> None:
        """The memory is reserved and nothing is in it: it gets large pages if they lie ready.

        If not, the kernel would move other memory about for seconds to make some.
        """
        if _free_in_large_blocks() >= self._needed:
            self.after_filling()

    def after_filling(self) -> None:
        """Small pages become large ones in the kernel's own time (khugepaged)."""
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        for start, end in set(_anonymous_ranges()) - self._before:
            madvise(start, end - start, _MADV_HUGEPAGE)


def _anonymous_ranges() -> list[tuple[int, int]]:
    """Private memory that no file is behind (proc(5), /proc/pid/maps)."""
    found = []
    for line in Path("/proc/self/maps").read_text(errors="replace").splitlines():
        fields = line.split()
        if len(fields) == 5 and fields[1] == "rw-p":
            start, end = (int(address, 16) for address in fields[0].split("-"))
            if end - start >= _SMALLEST_BYTES:
                found.append((start, end))
    return found


def _free_in_large_blocks() -> int:
    try:
        lines = Path("/proc/buddyinfo").read_text().splitlines()
    except OSError:  # not for everybody in some containers
        return 0
    counts = (line.split()[4:] for line in lines)
    return sum(
        int(count) * _PAGE_BYTES << order
        for orders in counts
        for order, count in enumerate(orders)
        if order >= _LARGE_ORDER
    )
