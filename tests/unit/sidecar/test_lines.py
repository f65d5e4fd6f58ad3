"""Cutting a byte stream into lines."""

import random

from localai_sidecar.protocol.lines import LineSplitter


def lines(stream: bytes, limit: int = 10, chunk: int = 3) -> list[bytes | None]:
    splitter = LineSplitter(limit)
    return [line for at in range(0, len(stream), chunk) for line in splitter.feed(stream[at : at + chunk])]


def test_lines_come_out_whole_however_they_were_cut() -> None:
    stream = b"one\ntwo\n\nthree\r\nunfinished"
    for chunk in range(1, len(stream) + 1):
        assert lines(stream, chunk=chunk) == [b"one", b"two", b"three"]


def test_a_line_of_exactly_the_limit_is_taken_with_its_cr_counted() -> None:
    assert lines(b"0123456789\n") == [b"0123456789"]
    assert lines(b"012345678\r\n") == [b"012345678"]
    assert lines(b"0123456789\r\nnext\n") == [None, b"next"]


def test_a_line_too_long_is_reported_once_at_once_and_the_next_is_read() -> None:
    splitter = LineSplitter(10)
    assert list(splitter.feed(b"x" * 11)) == [None]
    assert list(splitter.feed(b"x" * 1000)) == []
    assert list(splitter.feed(b"x\nnext\n")) == [b"next"]


def test_empty_lines_are_ignored() -> None:
    assert lines(b"\n\r\n\n") == []


def test_any_cutting_gives_the_same_lines() -> None:
    dice = random.Random(7)
    stream = b"".join(dice.choice([b"a", b"bc", b"\n", b"\r\n", b"x" * 9]) for _ in range(500))
    whole = lines(stream, chunk=len(stream))
    assert all(lines(stream, chunk=dice.randint(1, 40)) == whole for _ in range(20))
