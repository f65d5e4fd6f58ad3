"""SHA-256 of files, folders and mappings: the only hashing in the toolkit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

_IGNORED_FOLDERS = {"__pycache__", "node_modules", "target", "dist", "gen"}


def of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex. Raises OSError when it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_mapping(values: Mapping[str, str]) -> str:
    """SHA-256 of a mapping, independent of its order."""
    text = json.dumps(dict(sorted(values.items())), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def source_files(folder: Path, patterns: Iterable[str] = ("**/*",)) -> list[Path]:
    """Files under `folder` that match, sorted, without what tools generate beside sources."""
    found = {
        path
        for pattern in patterns
        for path in folder.glob(pattern)
        if path.is_file() and not _IGNORED_FOLDERS.intersection(path.relative_to(folder).parts[:-1])
    }
    return sorted(found)


def of_sources(folder: Path, patterns: Iterable[str] = ("**/*",)) -> str:
    """SHA-256 over names and bytes of the source files under `folder`; times and modes do not count."""
    return of_mapping({path.relative_to(folder).as_posix(): of_file(path) for path in source_files(folder, patterns)})
