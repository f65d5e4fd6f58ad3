"""What is placed takes the old one's place at once, and a failed copy leaves the old one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sidecarkit.stages import place


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    folder = tmp_path / "bin" / "sidecar.dist"
    folder.mkdir(parents=True)
    (folder / "old").touch()
    return folder


def test_a_folder_is_replaced_whole(tmp_path: Path, destination: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "program").touch(mode=0o755)
    place.replace_folder(tmp_path / "new", destination)
    assert [path.name for path in destination.iterdir()] == ["program"]
    assert (destination / "program").stat().st_mode & 0o777 == 0o755
    assert [path.name for path in destination.parent.iterdir()] == ["sidecar.dist"]


def test_a_failed_copy_leaves_the_old_folder_and_nothing_else(
    tmp_path: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_a_copy(source: Path, target: Path, **_: object) -> None:
        target.mkdir()
        raise OSError(28, "No space left on device", str(source))

    monkeypatch.setattr(shutil, "copytree", half_a_copy)
    with pytest.raises(OSError, match="No space left"):
        place.replace_folder(tmp_path, destination)
    assert [path.name for path in destination.iterdir()] == ["old"]
    assert [path.name for path in destination.parent.iterdir()] == ["sidecar.dist"]


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    (tmp_path / "new").chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sidecar").write_text("old")
    place.replace_file(tmp_path / "new", tmp_path / "bin" / "sidecar")
    assert (tmp_path / "bin" / "sidecar").read_text() == "new"
    assert (tmp_path / "bin" / "sidecar").stat().st_mode & 0o777 == 0o755
    assert [path.name for path in (tmp_path / "bin").iterdir()] == ["sidecar"]


def test_a_missing_source_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "sidecar").write_text("old")
    with pytest.raises(FileNotFoundError):
        place.replace_file(tmp_path / "absent", tmp_path / "sidecar")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"sidecar": "old"}
