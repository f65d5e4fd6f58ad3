"""SHA256SUMS, in the form that `sha256sum -c` reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sidecarkit import digest

NAME = "SHA256SUMS"
_LINE = re.compile(r"^(?P<sha256>[0-9a-f]{64}) [ *](?P<name>\S.*)$")


def write(folder: Path) -> Path:
    """Write the hash of every file in `folder` but SHA256SUMS itself."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != NAME)
    lines = [f"{digest.of_file(folder / name)}  {name}\n" for name in names]
    (folder / NAME).write_text("".join(lines), encoding="utf-8")
    return folder / NAME


def read(folder: Path) -> Mapping[str, str]:
    """Names and hashes of SHA256SUMS. Raises ValueError naming a line that is none."""
    hashes = {}
    for line in (folder / NAME).read_text(encoding="utf-8").splitlines():
        found = _LINE.match(line)
        if found is None:
            raise ValueError(f"{NAME} has the line {line!r}")
        hashes[found["name"]] = found["sha256"]
    return hashes
