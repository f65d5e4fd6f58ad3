"""The keeper writes behind everybody's back, forgets for good, and gives up on a full disk without a fuss."""

import mmap
import os
from pathlib import Path

import pytest

from localai_sidecar.kept import contextfile
from localai_sidecar.kept.contextfile import Saved
from localai_sidecar.kept.keeper import Keeper
from localai_sidecar.log import Log

ROOM = 10**6
LIMIT_S = 10.0
NAME = contextfile.name_of("a", "1")


def saved(size: int = 100) -> Saved:
    return Saved([1, 2, 3], mmap.mmap(-1, size))


def always(_: list[int]) -> bool:
    return True


@pytest.fixture
def log(tmp_path: Path) -> tuple[Log, Path]:
    path = tmp_path / "log"
    return Log(os.open(path, os.O_CREAT | os.O_WRONLY)), path


def test_what_is_put_is_there_at_once_and_on_disk_soon(tmp_path: Path, log: tuple[Log, Path]) -> None:
    keeper = Keeper(tmp_path / "contexts", ROOM, log[0])
    keeper.put(NAME, saved())
    assert keeper.get(NAME, always) is not None
    assert keeper.drain(LIMIT_S)
    assert Keeper(tmp_path / "contexts", ROOM, log[0]).get(NAME, always) is not None


def test_the_newest_of_one_name_stays(tmp_path: Path, log: tuple[Log, Path]) -> None:
    keeper = Keeper(tmp_path, ROOM, log[0])
    for size in range(1, 50):
        keeper.put(NAME, saved(size))
    assert keeper.drain(LIMIT_S)
    found = keeper.get(NAME, always)
    assert found is not None
    assert len(found.state) == 49


def test_what_is_forgotten_does_not_come_back_though_it_was_still_to_be_written(
    tmp_path: Path, log: tuple[Log, Path]
) -> None:
    keeper = Keeper(tmp_path / "contexts", ROOM, log[0])
    for _ in range(50):
        keeper.put(NAME, saved())
        keeper.forget("a")
        assert keeper.drain(LIMIT_S)
        assert keeper.get(NAME, always) is None


def test_too_much_for_the_room_is_not_kept(tmp_path: Path, log: tuple[Log, Path]) -> None:
    keeper = Keeper(tmp_path, 1000, log[0])
    assert keeper.has_room_for(3, 100)
    assert not keeper.has_room_for(3, 1000)
    assert not Keeper(None, ROOM, log[0]).has_room_for(3, 100)


def test_a_folder_that_takes_nothing_is_told_in_the_log_and_waited_for_no_longer(
    tmp_path: Path, log: tuple[Log, Path]
) -> None:
    folder = tmp_path / "file"
    folder.write_text("not a folder")
    keeper = Keeper(folder, ROOM, log[0])
    keeper.put(NAME, saved())
    assert keeper.drain(LIMIT_S)
    assert keeper.get(NAME, always) is None
    assert log[1].read_text().count("is not kept in") == 1
