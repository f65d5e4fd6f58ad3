"""The files that a run made to be handed out, and their hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecarkit.records import Record


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A file or folder, its SHA-256 in hex, and the stage that made it."""

    stage: str
    name: str
    sha256: str


def artefacts(found: Mapping[str, Record]) -> tuple[Artefact, ...]:
    """What the records name with a hash, in the order of making."""
    return tuple(
        Artefact(stage=stage, name=name, sha256=sha256)
        for stage, name, sha256 in _named(found)
        if name and isinstance(sha256, str) and re.fullmatch("[0-9a-f]{64}", sha256)
    )


def _named(found: Mapping[str, Record]) -> Iterator[tuple[str, str, object]]:
    hashes = found["place"].data.get("sha256") if "place" in found else None
    if isinstance(hashes, dict):
        yield from (("place", str(name), sha256) for name, sha256 in hashes.items())
    if "assemble" in found:
        data = found["assemble"].data
        yield "assemble", Path(str(data.get("deb", ""))).name, data.get("sha256")
