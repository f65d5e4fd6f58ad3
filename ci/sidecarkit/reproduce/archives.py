"""The members of the archives that packages are made of: ar around tar, tar around files."""

from __future__ import annotations

import lzma
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60
_AR_FIELDS = {"name": (0, 16), "mtime": (16, 28), "uid": (28, 34), "gid": (34, 40), "mode": (40, 48), "size": (48, 58)}
# What two tar members must share besides their content.
_TAR_FACTS = ("mode", "uid", "gid", "uname", "gname", "mtime", "size", "type", "linkname")


@dataclass(frozen=True, kw_only=True)
class Member:
    """One member: what its header says, and its content as a file (None: it has none, as a folder)."""

    name: str
    header: Mapping[str, str]
    content: Path | None


def members(path: Path, workplace: Path) -> list[Member] | None:
    """The archive's members in their order, unpacked below the empty `workplace`.

    None when it is no archive, an empty one, or one that is damaged: then its bytes have to speak for themselves.
    """
    with path.open("rb") as file:
        magic = file.read(len(_AR_MAGIC))
    try:
        return (_of_ar if magic == _AR_MAGIC else _of_tar)(path, workplace) or None
    except (tarfile.TarError, EOFError, OSError, ValueError, lzma.LZMAError, zlib.error):
        return None


def _of_ar(path: Path, workplace: Path) -> list[Member]:
    """The common form of ar(5), which .deb files use."""
    found: list[Member] = []
    with path.open("rb") as file:
        file.seek(len(_AR_MAGIC))
        while len(header := file.read(_AR_HEADER)) == _AR_HEADER:
            fields = [header[a:b].decode("ascii", "replace").strip() for a, b in _AR_FIELDS.values()]
            facts = dict(zip(_AR_FIELDS, fields, strict=True))
            size = int(facts["size"])
            content = workplace / str(len(found))
            content.write_bytes(file.read(size))
            file.seek(size % 2, 1)
            found.append(Member(name=facts.pop("name").rstrip("/"), header=facts, content=content))
    return found


def _of_tar(path: Path, workplace: Path) -> list[Member]:
    found: list[Member] = []
    with tarfile.open(path) as archive:
        for member in archive:
            content = None
            source = archive.extractfile(member) if member.isreg() else None
            if source:
                content = workplace / str(len(found))
                with content.open("wb") as file:
                    shutil.copyfileobj(source, file)
            facts = {name: str(getattr(member, name)) for name in _TAR_FACTS}
            found.append(Member(name=member.name, header=facts, content=content))
    return found
