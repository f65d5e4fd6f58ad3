"""Tar archives written so that their bytes tell nothing of when and where, and read as safely as this Python can."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# What `extractall` is given. Debian 12's Python 3.11.2 has no filters yet: there, what was not checked by its hash
# must be looked at by hand.
FILTERS: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


@contextmanager
def written(destination: Path, *, level: int) -> Iterator[tarfile.TarFile]:
    """A new .tar.gz to add members to, compressed by `level` from 1 to 9, without a name or time of its own."""
    with (
        destination.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=level, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        yield archive
