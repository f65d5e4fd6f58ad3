"""Large pages are asked for ahead of the weights, piece by piece, and no further where they are slow to come."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from localai_sidecar.llama import hugepages
from localai_sidecar.llama.hugepages import LargePages, Range, pieces_of

MIB = 2**20
SLOW_S = 0.4
HUGEPAGE, NOHUGEPAGE, POPULATE, COLLAPSE = 14, 15, 23, 25
LIMIT_S = 10.0


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.001)


class Kernel:
    """Answers `madvise`, and gives large pages as fast as it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int, int]] = []
        self.seconds = 0.0

    def __call__(self, start: int, length: int, advice: int) -> int:
        self.asked.append((start, length, advice))
        if advice == POPULATE:
            time.sleep(self.seconds)
        return 0

    def large(self) -> int:
        """Bytes that large pages were asked for, those taken back not counted."""
        sign = {HUGEPAGE: 1, NOHUGEPAGE: -1}
        return sum(sign.get(advice, 0) * length for _, length, advice in self.asked)


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def pages(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> LargePages:
    ranges: list[Range] = []
    monkeypatch.setattr(hugepages, "_anonymous_ranges", lambda: list(ranges))
    monkeypatch.setattr(hugepages, "_free_in_large_blocks", lambda: 2**40)
    # A busy machine may leave this thread no time for longer than the true limit, of 2 ms.
    monkeypatch.setattr(hugepages, "_SLOW_S", SLOW_S / 2)
    pages = LargePages(320 * MIB, kernel)
    ranges.append(Range(4096, 4096 + 322 * MIB))
    return pages


def test_pieces_are_whole_large_pages_without_gaps() -> None:
    pieces = pieces_of([Range(4096, 4096 + 101 * MIB)])
    assert pieces[0].start == 2 * MIB
    assert pieces[-1].end == 100 * MIB
    assert all(one.end == other.start for one, other in pairwise(pieces))
    assert all(piece.start % (2 * MIB) == piece.end % (2 * MIB) == 0 for piece in pieces)


def test_pieces_are_asked_for_ahead_of_the_weights_and_all_of_them_in_the_end(
    kernel: Kernel, pages: LargePages
) -> None:
    pages.filling(0.0)
    assert kernel.large() == 64 * MIB
    pages.filling(0.5)
    assert kernel.large() == 224 * MIB
    pages.filling(1.0)
    assert kernel.large() == 320 * MIB


def test_where_they_are_slow_to_come_the_rest_stays_small_until_the_weights_are_there(
    kernel: Kernel, pages: LargePages
) -> None:
    pages.filling(0.0)
    kernel.seconds = SLOW_S
    pages.filling(0.5)
    pages.filling(1.0)
    assert kernel.large() == 64 * MIB
    pages.filled()
    assert kernel.large() == (64 + 322) * MIB
    until(lambda: kernel.asked[-1] == (320 * MIB, 2 * MIB, COLLAPSE))
    assert kernel.asked.count((2 * MIB, 2 * MIB, COLLAPSE)) == 1


def test_a_thread_that_makes_large_pages_ends_with_the_model(kernel: Kernel, pages: LargePages) -> None:
    kernel.seconds = SLOW_S
    pages.filling(0.0)
    pages.end()
    pages.filled()
    until(lambda: not [each for each in threading.enumerate() if each.name == "large pages"])
    assert [advice for _, _, advice in kernel.asked].count(COLLAPSE) == 1


def test_without_enough_of_them_free_none_is_asked_for(
    kernel: Kernel, pages: LargePages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hugepages, "_free_in_large_blocks", lambda: 100 * MIB)
    pages.filling(0.0)
    pages.filling(1.0)
    assert kernel.asked == []


@pytest.mark.skipif(not Path("/proc/buddyinfo").exists(), reason="only Linux tells")
def test_the_kernel_is_read_without_a_complaint() -> None:
    LargePages(2**50).filling(0.0)


def test_all_of_the_weights_get_large_pages_in_the_end_however_the_kernel_lists_them_meanwhile(
    kernel: Kernel, pages: LargePages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages.filling(0.0)
    kernel.seconds = SLOW_S
    pages.filling(0.5)
    monkeypatch.setattr(hugepages, "_anonymous_ranges", lambda: [Range(4096, 4096 + 40 * MIB)])
    before = kernel.large()
    pages.filled()
    assert kernel.large() == before + 322 * MIB
