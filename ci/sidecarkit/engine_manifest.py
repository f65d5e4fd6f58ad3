"""The hashes of a packed engine's files, which the app checks before it starts the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sidecarkit import digest, records

NAME = "engine-manifest.json"

# `tests/contract/engine-manifest.json` is an example that the app's supervisor reads, too.
_SCHEMA = 1


def of_folder(folder: Path, program: str) -> dict[str, Any]:
    """SHA-256 of every file in `folder` by its name relative to it, with slashes; `program` is the one that is started.

    Raises FileNotFoundError when there is no such program.
    """
    if not (folder / program).is_file():
        raise FileNotFoundError(f"`{folder}` has no program `{program}`")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "schema": _SCHEMA,
        "program": program,
        "files": {path.relative_to(folder).as_posix(): digest.of_file(path) for path in files},
    }


def write(destination: Path, folder: Path, program: str) -> Path:
    """Write the manifest of `folder` to `destination`, the same bytes for the same files."""
    return records.write_json(destination, of_folder(folder, program))
