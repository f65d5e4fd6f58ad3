"""Asks Linux for large pages under the weights: a token reads all of them, and translating addresses takes its time.

Two threads on two cores of a virtual machine decoded a fifth faster with them. Systems differ in whether they give
them unasked (/sys/kernel/mm/transparent_hugepage/enabled); where they never do, asking changes nothing.
"""

import ctypes
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_MADV_HUGEPAGE, _MADV_NOHUGEPAGE = 14, 15
_MADV_POPULATE_WRITE, _MADV_COLLAPSE = 23, 25
_LARGE_PAGE = 2 * 2**20
# Weights lie in one piece; what is smaller is not worth a system call.
_SMALLEST_BYTES = 32 * 2**20
_SMALL_PAGE = 4096
# /proc/buddyinfo counts free blocks of 1, 2, 4 … pages: from the tenth column on they hold a large page.
_LARGE_ORDER = 9
# Large pages are asked for in pieces, some ahead of the weights that come, and of each piece this much is tried first.
_PIECE, _AHEAD = 32 * 2**20, 2
_TRIED = 2 * _LARGE_PAGE
# A large page is zeroed in a quarter of a millisecond. A virtual machine's kernel may have reported it as free to the
# machine below (free page reporting works on blocks of just this size), and to get it back takes 4 ms.
_SLOW_S = 0.001 * _TRIED / _LARGE_PAGE

# A page that is in use at the moment cannot become a part of a large one; so many in a row are an older kernel.
_FAILURES = 8

Advise = Callable[[int, int, int], int]


class Range(NamedTuple):
    """Addresses from `start` up to `end`."""

    start: int
    end: int


class LargePages:
    """Large pages for what is reserved between here and the first call of `filling`."""

    def __init__(self, bytes_needed: int, advise: Advise | None = None) -> None:
        self._needed = bytes_needed
        self._advise = advise or _madvise()
        self._before = set(_anonymous_ranges())
        self._reserved: list[Range] | None = None
        self._pieces: list[Range] = []
        self._count = 0
        self._gave_up = False
        self._ended = threading.Event()

    def filling(self, fraction: float) -> None:
        """That part of the weights is in memory; called first before any of it is.

        Gives up where large pages are slow to come: small ones are found elsewhere. And does not begin without enough
        of them free: the kernel would move other memory about for seconds to make some.
        """
        if self._reserved is None:
            self._reserved = sorted(set(_anonymous_ranges()) - self._before)
            self._pieces = pieces_of(self._reserved) if _free_in_large_blocks() >= self._needed > 0 else []
            self._count = len(self._pieces)
        left = self._count - int(fraction * self._count) - _AHEAD
        while self._pieces and len(self._pieces) > left:
            if not self._ask(self._pieces.pop(0)):
                self._gave_up = True
                self._pieces.clear()

    def filled(self) -> None:
        """Small pages become large ones in the kernel's own time (khugepaged, which takes minutes).

        Where they were slow to come a thread of ours makes them while nothing else wants to run.
        """
        if not self._needed:
            return
        # As they were reserved: where asking was given up, the kernel lists them in parts, some of them small.
        reserved = self._reserved or []
        for start, end in reserved:
            self._advise(start, end - start, _MADV_HUGEPAGE)
        if self._gave_up:
            threading.Thread(target=self._collapse, args=(reserved,), name="large pages", daemon=True).start()

    def end(self) -> None:
        """The weights are to be freed. What the thread still asks for other memory does no harm to it."""
        self._ended.set()

    def _collapse(self, ranges: list[Range]) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        failures = 0
        for start, end in pieces_of(ranges):
            for at in range(start, end, _LARGE_PAGE):
                failed = self._advise(at, _LARGE_PAGE, _MADV_COLLAPSE)
                failures = failures + 1 if failed else 0
                if self._ended.is_set() or failures >= _FAILURES:
                    return

    def _ask(self, piece: Range) -> bool:
        self._advise(piece.start, piece.end - piece.start, _MADV_HUGEPAGE)
        began = time.perf_counter()
        # An older kernel does not know it, answers at once, and leaves the page for the weights to take.
        self._advise(piece.start, min(_TRIED, piece.end - piece.start), _MADV_POPULATE_WRITE)
        if time.perf_counter() - began < _SLOW_S:
            return True
        self._advise(piece.start, piece.end - piece.start, _MADV_NOHUGEPAGE)
        return False


def pieces_of(ranges: list[Range]) -> list[Range]:
    """Pieces of whole large pages, in the order in which weights come."""
    found = []
    for start, end in ranges:
        first, last = -(-start // _LARGE_PAGE) * _LARGE_PAGE, end // _LARGE_PAGE * _LARGE_PAGE
        found += [Range(at, min(at + _PIECE, last)) for at in range(first, last, _PIECE)]
    return found


def _madvise() -> Advise:
    function = ctypes.CDLL(None).madvise
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    madvise: Advise = function
    return madvise


def _anonymous_ranges() -> list[Range]:
    """Private memory that no file is behind (proc(5), /proc/pid/maps)."""
    found = []
    for line in Path("/proc/self/maps").read_text(errors="replace").splitlines():
        fields = line.split()
        if len(fields) == 5 and fields[1] == "rw-p":
            start, end = (int(address, 16) for address in fields[0].split("-"))
            if end - start >= _SMALLEST_BYTES:
                found.append(Range(start, end))
    return found


def _free_in_large_blocks() -> int:
    try:
        lines = Path("/proc/buddyinfo").read_text().splitlines()
    except OSError:  # not for everybody in some containers
        return 0
    counts = (line.split()[4:] for line in lines)
    return sum(
        int(count) * _SMALL_PAGE << order
        for orders in counts
        for order, count in enumerate(orders)
        if order >= _LARGE_ORDER
    )
