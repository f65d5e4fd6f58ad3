"""A cache entry as one file to send: the same entry gives the same bytes, and nothing lands outside its folder."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from dataclasses import asdict
from pathlib import Path, PurePosixPath

from sidecarkit import tarballs
from sidecarkit.cache.entry import Origin

# Libraries shrink to a third with it; higher levels take twice as long for a few percent.
_LEVEL = 6
_ORIGIN = ".origin.json"


class UnsafeArchive(Exception):
    """The archive names something that no entry has: a place outside, a device, or the same file twice."""


def pack(folder: Path, origin: Origin, destination: Path) -> None:
    """Write what lies in `folder`, and where it came from, to `destination`; times and owners are left out."""
    said = json.dumps(asdict(origin), indent=1, sort_keys=True).encode()
    with tarballs.written(destination, level=_LEVEL) as archive:
        member = tarfile.TarInfo(_ORIGIN)
        member.size = len(said)
        archive.addfile(member, io.BytesIO(said))
        for path in sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file()):
            _add(archive, path, path.relative_to(folder).as_posix())


def unpack(source: Path, folder: Path) -> Origin:
    """Fill the empty `folder` and return where its content came from.

    Raises UnsafeArchive, tarfile.TarError, ValueError, TypeError or OSError; then nothing in `folder` may be used.
    """
    with tarfile.open(source, mode="r:gz") as archive:
        for member in archive:
            destination = _destination(folder, member.name)
            destination.parent.mkdir(parents=True, exist_ok=True)
            if member.issym():
                _destination(folder, str(PurePosixPath(member.name).parent / member.linkname))
                destination.symlink_to(member.linkname)
                continue
            content = archive.extractfile(member) if member.isreg() else None
            if content is None:
                raise UnsafeArchive(f"`{member.name}` is neither a file nor a link")
            with destination.open("xb") as file:
                shutil.copyfileobj(content, file)
            destination.chmod(0o755 if member.mode & 0o100 else 0o644)
    said = folder / _ORIGIN
    origin = Origin(**json.loads(said.read_text(encoding="utf-8")))
    said.unlink()
    return origin


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    member = tarfile.TarInfo(name)
    if path.is_symlink():
        member.type, member.linkname = tarfile.SYMTYPE, str(path.readlink())
        archive.addfile(member)
        return
    facts = path.stat()
    member.size, member.mode = facts.st_size, 0o755 if facts.st_mode & 0o100 else 0o644
    with path.open("rb") as file:
        archive.addfile(member, file)


def _destination(folder: Path, name: str) -> Path:
    """Where `name` lies; also through links that were unpacked before it. Raises UnsafeArchive when that is outside."""
    root = folder.resolve()
    found = (root / name).resolve()
    if name.startswith("/") or not found.is_relative_to(root) or found == root:
        raise UnsafeArchive(f"`{name}` lies outside of the entry")
    return root / name
