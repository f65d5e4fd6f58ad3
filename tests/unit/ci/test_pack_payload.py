"""The payload of the single file: what goes in, what is refused, and that equal folders give equal bytes."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from sidecarkit import digest, single_file
from sidecarkit.errors import WrongBinary


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "engine.dist"
    (folder / "llama").mkdir(parents=True)
    (folder / "program").write_bytes(b"\x7fELF")
    (folder / "program").chmod(0o755)
    (folder / "llama" / "library.so").write_bytes(b"library")
    return folder


def test_the_table_holds_each_file_with_its_kind_and_size(folder: Path, tmp_path: Path) -> None:
    single_file.write_payload(folder, tmp_path / "payload")
    expected = (
        struct.pack("<IIQ", len("llama/library.so"), 0, 7) + b"llama/library.so" + b"library"
        + struct.pack("<IIQ", len("program"), 1, 4) + b"program" + b"\x7fELF"
        + struct.pack("<IIQ", 0, 0, 0)
    )  # fmt: skip
    assert (tmp_path / "payload").read_bytes() == expected


def test_the_returned_hash_is_that_of_the_payload(folder: Path, tmp_path: Path) -> None:
    assert single_file.write_payload(folder, tmp_path / "payload") == digest.of_file(tmp_path / "payload")


def test_times_do_not_count_and_contents_and_kinds_do(folder: Path, tmp_path: Path) -> None:
    first = single_file.write_payload(folder, tmp_path / "payload")
    os.utime(folder / "program", (1, 1))
    assert single_file.write_payload(folder, tmp_path / "payload") == first
    (folder / "program").chmod(0o644)
    second = single_file.write_payload(folder, tmp_path / "payload")
    (folder / "program").write_bytes(b"\x7fELG")
    assert len({first, second, single_file.write_payload(folder, tmp_path / "payload")}) == 3


def test_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "library.so.1").symlink_to("llama/library.so")
    with pytest.raises(WrongBinary, match=r"library\.so\.1` cannot go into the single file: .*found a link"):
        single_file.write_payload(folder, tmp_path / "payload")


def test_a_name_longer_than_the_launcher_reads_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / ("a" * 200)).mkdir()
    (folder / ("a" * 200) / ("b" * 60)).touch()
    with pytest.raises(WrongBinary, match="found 261 bytes"):
        single_file.write_payload(folder, tmp_path / "payload")
