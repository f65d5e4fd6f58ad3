"""An archive's bytes depend on names, modes and contents; not on times, owners, umask or the order on the disk."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from sidecarkit.release import archive


def tree(folder: Path, *, reverse: bool, mask: int, age: int) -> Path:
    """The same files, made in another order, at another time, with another umask."""
    before = os.umask(mask)
    try:
        root = folder / "engine"
        (root / "llama").mkdir(parents=True)
        for name in sorted(("b.txt", "a.txt", "llama/c.so"), reverse=reverse):
            (root / name).write_text(name, encoding="utf-8")
            os.utime(root / name, (age, age))
        (root / "program").write_text("!", encoding="utf-8")
        (root / "program").chmod(0o777 & ~mask)
        (root / "link").symlink_to("program")
    finally:
        os.umask(before)
    return root


def test_the_same_files_give_the_same_archive_whoever_made_them_when(tmp_path: Path) -> None:
    one = tree(tmp_path / "one", reverse=False, mask=0o022, age=1_000_000)
    two = tree(tmp_path / "two", reverse=True, mask=0o077, age=2_000_000)
    packed = [archive.pack(root, root.parent / f"{root.parent.name}.tar.gz", seconds=1) for root in (one, two)]
    assert packed[0].read_bytes() == packed[1].read_bytes()


@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        ("../outside", tarfile.REGTYPE, ""),
        ("/outside", tarfile.REGTYPE, ""),
        ("link", tarfile.SYMTYPE, "../../outside"),
        ("link", tarfile.SYMTYPE, "/etc"),
        ("link", tarfile.LNKTYPE, "../outside"),
        ("device", tarfile.CHRTYPE, ""),
    ],
)
def test_what_would_reach_outside_is_refused_before_anything_is_unpacked(
    tmp_path: Path, name: str, kind: bytes, target: str
) -> None:
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as evil:
        evil.addfile(tarfile.TarInfo("good"))
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, target
        evil.addfile(entry)
    (tmp_path / "out").mkdir()
    with pytest.raises(tarfile.TarError, match="outside"):
        archive.unpack(tmp_path / "evil.tar.gz", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_what_was_packed_comes_out_again_with_modes_and_links(tmp_path: Path) -> None:
    packed = archive.pack(
        tree(tmp_path / "one", reverse=False, mask=0o022, age=1), tmp_path / "a.tar.gz", seconds=12345
    )
    (tmp_path / "out").mkdir()
    root = archive.unpack(packed, tmp_path / "out") / "engine"
    assert (root / "llama" / "c.so").read_text(encoding="utf-8") == "llama/c.so"
    assert (root / "link").readlink() == Path("program")
    assert (root / "program").stat().st_mode & 0o777 == 0o755
    assert (root / "a.txt").stat().st_mtime == 12345
