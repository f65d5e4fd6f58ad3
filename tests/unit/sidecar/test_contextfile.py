"""The file of a kept context: what is written is what is read, and room is made by age."""

import mmap
import os
from pathlib import Path

import pytest

from localai_sidecar.kept import contextfile
from localai_sidecar.kept.contextfile import Saved

NAME = contextfile.name_of("a conversation", "1234")
TOKENS = [1, 5, 2**31 - 1, 0]


def saved(content: bytes = b"state" * 1000) -> Saved:
    state = mmap.mmap(-1, len(content))
    state[:] = content
    return Saved(TOKENS, state)


def always(_: list[int]) -> bool:
    return True


def test_what_was_written_is_read(tmp_path: Path) -> None:
    contextfile.write(tmp_path, NAME, saved())
    found = contextfile.read(tmp_path, NAME, always)
    assert found is not None
    assert (found.tokens, found.state[:]) == (TOKENS, b"state" * 1000)
    assert (tmp_path / NAME).stat().st_size == contextfile.size_of(len(TOKENS), 5000)


def test_a_file_that_is_not_worth_it_is_read_no_further_than_its_tokens(tmp_path: Path) -> None:
    contextfile.write(tmp_path, NAME, saved())
    seen: list[list[int]] = []

    def is_worth(tokens: list[int]) -> bool:
        seen.append(tokens)
        return False

    assert contextfile.read(tmp_path, NAME, is_worth) is None
    assert seen == [TOKENS]


@pytest.mark.parametrize("byte", range(0, contextfile.size_of(4, 40), 7))
def test_each_flipped_byte_is_noticed(tmp_path: Path, byte: int) -> None:
    contextfile.write(tmp_path, NAME, saved(b"x" * 40))
    content = bytearray((tmp_path / NAME).read_bytes())
    content[byte] ^= 0x10
    (tmp_path / NAME).write_bytes(content)
    assert contextfile.read(tmp_path, NAME, always) is None


def test_the_same_bytes_under_another_name_are_not_believed(tmp_path: Path) -> None:
    contextfile.write(tmp_path, NAME, saved())
    other = contextfile.name_of("another", "1234")
    (tmp_path / NAME).rename(tmp_path / other)
    assert contextfile.read(tmp_path, other, always) is None


def test_links_fifos_and_folders_are_not_read_and_keep_nobody_waiting(tmp_path: Path) -> None:
    contextfile.write(tmp_path, "real", saved())
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("link", "fifo", "folder", "nowhere"):
        assert contextfile.read(tmp_path, name, always) is None


def test_a_conversation_has_files_with_each_model_and_no_others(tmp_path: Path) -> None:
    for conversation, identity in (("a", "1"), ("a", "2"), ("b", "1")):
        contextfile.write(tmp_path, contextfile.name_of(conversation, identity), saved())
    assert len(contextfile.files_of(tmp_path, "a")) == 2
    assert contextfile.files_of(tmp_path / "nowhere", "a") == []


def test_the_oldest_go_first_until_the_rest_fits(tmp_path: Path) -> None:
    names = [contextfile.name_of(str(age), "1") for age in range(4)]
    for age, name in enumerate(names):
        contextfile.write(tmp_path, name, saved())
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    contextfile.prune(tmp_path, 2 * contextfile.size_of(4, 5000))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[:2])
