"""What is kept appears whole or not at all, for this user alone, and what cannot be kept is no error."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from localai_sidecar.kept.cachefolder import CacheFolder, digest, write_whole


def test_what_was_remembered_is_recalled_by_another_process(tmp_path: Path) -> None:
    CacheFolder(tmp_path / "cache").remember("kind", "key", {"a": 1})
    assert CacheFolder(tmp_path / "cache").recall("kind", "key") == {"a": 1}
    assert CacheFolder(tmp_path / "cache").recall("kind", "other") is None


def test_the_last_word_counts(tmp_path: Path) -> None:
    cache = CacheFolder(tmp_path)
    cache.remember("kind", "key", {"a": 1})
    cache.remember("kind", "key", {"a": 2})
    assert cache.recall("kind", "key") == {"a": 2}


@pytest.mark.parametrize("content", ["", "{", "[1]", "\udcff"])
def test_a_damaged_fact_is_not_known(tmp_path: Path, content: str) -> None:
    CacheFolder(tmp_path).remember("kind", "key", {"a": 1})
    (path,) = (tmp_path / "known").iterdir()
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert CacheFolder(tmp_path).recall("kind", "key") is None


def test_without_a_folder_or_the_right_to_write_nothing_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (None, tmp_path / "file" / "cache"):
        CacheFolder(folder).remember("kind", "key", {"a": 1})
        assert CacheFolder(folder).recall("kind", "key") is None


def test_files_and_folders_are_for_this_user_alone(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b", "name", [b"x"])
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "b" / "name").stat().st_mode & 0o777 == 0o600


def failing_parts() -> Iterator[bytes]:
    yield b"half"
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("unnamed_files", [True, False])
def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed_files: bool
) -> None:
    if not unnamed_files:
        without_unnamed_files(monkeypatch)
    write_whole(tmp_path, "name", [b"old"])
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path, "name", failing_parts())
    assert (tmp_path / "name").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["name"]


def test_a_file_system_without_unnamed_files_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_unnamed_files(monkeypatch)
    write_whole(tmp_path, "name", [b"a", memoryview(b"b")])
    assert (tmp_path / "name").read_bytes() == b"ab"


def without_unnamed_files(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def refusing(path: os.PathLike[str] | str, flags: int, *more: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(95, "Operation not supported")
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", refusing)


def test_a_digest_tells_its_parts_and_their_order_apart() -> None:
    assert len({digest("a", "b"), digest("b", "a"), digest("ab"), digest("a", "b", ""), digest()}) == 5
    assert digest("\ud800") != digest("?")
