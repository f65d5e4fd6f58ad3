"""What a target gives to the world, copied into the release folder under names that fit beside other targets'."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecarkit.config import Target
from sidecarkit.records import Record
from sidecarkit.release import archive

FOLDER, SINGLE_FILE = "folder", "single-file"


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A file of the release; `kind` is `folder`, `single-file` or a package's ending."""

    path: Path
    kind: str


def gather(
    target: Target, records: Mapping[str, Record], licences: Path, destination: Path, seconds: int
) -> list[Artefact]:
    """Put the target's packages, its folder as an archive and its single file into `destination`.

    The archive carries the licences beside the folder. `seconds` (since 1970) is the time of everything in it.
    """
    placed, packages = records["place"].data, Path(records["assemble"].data["deb"]).parent
    found = [
        Artefact(path=_copied(package, destination / package_name(package, target)), kind=package.suffix[1:])
        for package in sorted(packages.iterdir())
    ]
    folder = Path(placed["folder"])
    packed = archive.pack(folder, destination / f"{folder.name}.tar.gz", seconds=seconds, beside=(licences,))
    found.append(Artefact(path=packed, kind=FOLDER))
    if SINGLE_FILE in target.layouts:
        single_file = Path(placed["single_file"])
        found.append(Artefact(path=_copied(single_file, destination / single_file.name), kind=SINGLE_FILE))
    return found


def package_name(package: Path, target: Target) -> str:
    """The package's own name, which does not say the variant, with the variant."""
    return f"{package.stem}_{target.variant}{package.suffix}"


def _copied(source: Path, destination: Path) -> Path:
    shutil.copyfile(source, destination)
    destination.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    return destination
