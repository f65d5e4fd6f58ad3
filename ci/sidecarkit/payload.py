"""The payload of the single file: the engine's folder as one run of bytes, in the form sidecar/launcher.c reads."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

from sidecarkit import digest
from sidecarkit.errors import WrongBinary

# name length, is program, size: little-endian, as `next_entry` in sidecar/launcher.c reads it
_ENTRY = struct.Struct("<IIQ")
_NAME_LIMIT = 255


def write(folder: Path, destination: Path) -> str:
    """Write every file under `folder` to `destination` and return the payload's SHA-256.

    Stored as they are: unpacking happens once, and the single file is not what packages ship.
    Raises WrongBinary for what a payload cannot hold: a link, or a name of more than 255 bytes.
    """
    with destination.open("wb") as payload:
        for path in sorted(folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            name = path.relative_to(folder).as_posix().encode()
            if path.is_symlink() or len(name) > _NAME_LIMIT:
                raise WrongBinary(
                    f"`{path}` cannot go into the single file: expected a plain file with a name of at most "
                    f"{_NAME_LIMIT} bytes, found {'a link' if path.is_symlink() else f'{len(name)} bytes'}",
                    hint="look at what the stages native and engine put into their folders",
                )
            facts = path.stat()
            payload.write(_ENTRY.pack(len(name), int(bool(facts.st_mode & 0o100)), facts.st_size) + name)
            with path.open("rb") as file:
                shutil.copyfileobj(file, payload)
        payload.write(_ENTRY.pack(0, 0, 0))
    return digest.of_file(destination)
