"""Pieces of tokens to text that may be sent."""

import random

import pytest

from localai_sidecar.protocol.textstream import TextStream


def fed(stream: TextStream, *pieces: bytes) -> list[str]:
    return [stream.feed(piece) for piece in pieces]


def test_a_character_is_given_out_once_it_is_whole() -> None:
    first, *rest = (bytes([byte]) for byte in "😀".encode())
    assert fed(TextStream(), b"a" + first, *rest, b"b") == ["a", "", "", "😀", "b"]


def test_bytes_that_are_no_character_become_replacement_characters() -> None:
    assert fed(TextStream(), b"\xff", b"ok", b"\xc3", b"x") == ["\ufffd", "ok", "", "\ufffdx"]


def test_an_unfinished_character_is_dropped_in_the_end() -> None:
    stream = TextStream()
    assert fed(stream, b"a", b"\xf0\x9f") == ["a", ""]
    assert stream.finish() == ""


def test_a_surrogate_in_utf_8_never_becomes_one_in_text() -> None:
    text = "".join(fed(TextStream(), b"\xed\xa0\x80", b"x"))
    assert text.endswith("x")
    text.encode("utf-8")


def test_text_that_may_begin_a_stop_string_is_held_until_it_is_known() -> None:
    stream = TextStream(("STOP",))
    assert fed(stream, b"go S", b"T", b"AY S", b"TO") == ["go ", "", "STAY ", ""]
    assert not stream.stopped
    assert stream.finish() == "STO"


def test_nothing_of_a_stop_string_is_given_out() -> None:
    stream = TextStream(("\nuser:", "END"))
    assert "".join(fed(stream, b"bye\nus", b"er: hi")) == "bye"
    assert stream.stopped
    assert stream.finish() == ""


def test_the_earliest_of_several_stop_strings_counts() -> None:
    stream = TextStream(("late", "early"))
    assert stream.feed(b"an early and a late one") == "an "


def test_a_stop_string_may_overlap_its_own_beginning() -> None:
    stream = TextStream(("aab",))
    assert "".join(fed(stream, *(b"a",) * 4, b"b")) == "aa"
    assert stream.stopped


@pytest.mark.parametrize("seed", range(5))
def test_any_cutting_gives_the_text_before_the_first_stop(seed: int) -> None:
    dice = random.Random(seed)
    text = "".join(dice.choice("abñ😀") for _ in range(400))
    stops = ("abab", "😀ña", "bbbbb")
    end = min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))
    stream, raw, sent = TextStream(stops), text.encode(), ""
    while raw and not stream.stopped:
        length = dice.randint(1, 5)
        sent += stream.feed(raw[:length])
        raw = raw[length:]
    assert sent + stream.finish() == text[:end]
