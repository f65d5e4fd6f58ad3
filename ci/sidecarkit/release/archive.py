"""A folder as a .tar.gz whose bytes depend on names, modes and contents alone."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from sidecarkit import tarballs

# From 6 on the file hardly gets smaller, and takes several times as long to make.
_COMPRESSION = 6


def pack(folder: Path, destination: Path, *, seconds: int, beside: tuple[Path, ...] = ()) -> Path:
    """Write `folder` and the files that go `beside` it, all of the time `seconds` (since 1970)."""
    entries = {path.relative_to(folder.parent).as_posix(): path for path in (folder, *folder.rglob("*"))}
    entries |= {path.name: path for path in beside}
    with tarballs.written(destination, level=_COMPRESSION) as archive:
        for name, path in sorted(entries.items()):
            _add(archive, name, path, seconds)
    return destination


def unpack(archive: Path, destination: Path) -> Path:
    """Unpack `archive` into `destination` and return that. Raises TarError for what would reach outside of it."""
    root = destination.resolve()
    with tarfile.open(archive) as opened:
        # A downloaded archive may have been made by anybody.
        for member in opened:
            _refuse_outside(member, root)
        opened.extractall(destination, **tarballs.FILTERS)
    return destination


def _refuse_outside(member: tarfile.TarInfo, root: Path) -> None:
    place = root / member.name
    reached = [place, place.parent / member.linkname if member.issym() else root / member.linkname]
    if member.isdev() or not all(Path(os.path.normpath(path)).is_relative_to(root) for path in reached):
        raise tarfile.TarError(f"it holds `{member.name}`, which would reach outside of the folder")


def _add(archive: tarfile.TarFile, name: str, path: Path, seconds: int) -> None:
    entry = archive.gettarinfo(path, name)
    entry.mtime = seconds
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    # The builder's umask must not show, only whether a file can be run.
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    if entry.isreg():
        with path.open("rb") as content:
            archive.addfile(entry, content)
    else:
        archive.addfile(entry)
