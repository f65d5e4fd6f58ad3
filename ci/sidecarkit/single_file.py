"""The engine as one file: its folder as a payload, and the command that links the launcher with it."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

from sidecarkit import digest
from sidecarkit.errors import WrongBinary
from sidecarkit.tools import zig

PAYLOAD = "payload"
_COMPILER_FLAGS = ("-std=c23", "-Os", "-s", "-Wall", "-Wextra", "-Werror", "-fno-sanitize=all")
# name length, is program, size: little-endian, as `next_entry` in sidecar/launcher.c reads it
_ENTRY = struct.Struct("<IIQ")
_NAME_LIMIT = 255


def write_payload(folder: Path, destination: Path) -> str:
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


def link_command(
    launcher: Path, destination: Path, *, program: str, payload_hash: str, zig_target: str
) -> list[str | Path]:
    """The command that links `launcher` with its payload, to be run in the folder where the file `payload` lies.

    `program` is what it unpacks and becomes, and the name of its folder in the user's cache.
    The payload's name is relative, so that no path of this machine gets into the program.
    """
    definitions = [f'-DPAYLOAD_FILE="{PAYLOAD}"', f'-DPAYLOAD_HASH="{payload_hash}"', f'-DPROGRAM="{program}"']
    compile_flags = [*zig.compile_flags(zig_target), *_COMPILER_FLAGS, *definitions]
    return [zig.binary(), "cc", *compile_flags, launcher, "-o", destination]
