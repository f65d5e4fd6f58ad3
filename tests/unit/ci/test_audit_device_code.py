"""Architectures of graphics processors, read off what nvcc wrote; and a library that has others than promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarkit.audit import device_code
from sidecarkit.errors import WrongBinary

SECTION = (Path(__file__).parent / "device_code" / "scale.nv_fatbin").read_bytes()
COMPILED_FOR = frozenset({"75-real", "90-real", "90-virtual", "120a-real", "120f-virtual"})


def told(found: frozenset[str], promised: frozenset[str]) -> list[str]:
    return [f"{each.expected}; {each.found}" for each in device_code.problems("file", found, promised)]


def test_every_architecture_that_nvcc_compiled_for_is_found_and_no_other() -> None:
    assert device_code.architectures(SECTION) == COMPILED_FOR
    assert device_code.named(COMPILED_FOR) == ["75-real", "90-real", "90-virtual", "120a-real", "120f-virtual"]


def test_the_parts_of_several_files_linked_together_are_all_read() -> None:
    size = int.from_bytes(SECTION[8:16], "little") + 16
    first, rest = SECTION[:size], SECTION[size:]
    assert device_code.architectures(first) < COMPILED_FOR
    assert device_code.architectures(rest + first) == COMPILED_FOR
    assert device_code.architectures(b"") == frozenset()


def test_a_missing_architecture_and_an_additional_one_are_both_refused() -> None:
    assert told(COMPILED_FOR, COMPILED_FOR) == []
    assert told(frozenset({"75-real"}), frozenset({"75-real", "120a-real", "86-real"})) == [
        "75-real, 86-real, 120a-real; no 86-real, 120a-real"
    ]
    assert told(frozenset({"75-real", "90-virtual"}), frozenset({"75-real"})) == ["75-real; 90-virtual besides"]
    assert told(frozenset(), frozenset({"75-real"})) == ["75-real; no 75-real"]


def test_machine_code_in_place_of_what_is_compiled_later_is_refused() -> None:
    assert told(frozenset({"90-real"}), frozenset({"90-virtual"})) == ["90-virtual; no 90-virtual and 90-real besides"]


@pytest.mark.parametrize("damaged", [SECTION[:-1], SECTION[8:], SECTION[:20], b"\0" * 64])
def test_a_section_that_is_cut_or_something_else_is_no_empty_one(damaged: bytes) -> None:
    with pytest.raises(WrongBinary, match="cannot be read at byte"):
        device_code.architectures(damaged)


def test_an_entry_of_an_unknown_kind_is_not_passed_over() -> None:
    with pytest.raises(WrongBinary, match="cannot be read at byte 16 "):
        device_code.architectures(SECTION[:16] + b"\x07" + SECTION[17:])
