"""Whether a downloaded release is what its manifest says: every difference at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sidecarkit.errors import ConfigError, WrongBinary
from sidecarkit.release import checksums, differences, manifest
from sidecarkit.release.contents import Contents
from sidecarkit.report import Report


def verify(folder: Path, *, public_key: str | None, log: Path, report: Report) -> dict[str, Any]:
    """Hold the release in `folder` against its own manifest and return that.

    Raises WrongBinary naming every difference, MissingTool when a public key is given and its program is not there.
    """
    document = _manifest(folder)
    checks: list[tuple[str, Callable[[], Iterator[str]]]] = [
        ("files, sizes and hashes", lambda: differences.in_files(folder, document)),
        (checksums.NAME, lambda: differences.in_checksums(folder)),
        ("SBOM", lambda: differences.in_sbom(folder)),
        ("provenance", lambda: differences.in_provenance(folder, document)),
        ("contents of every artefact", lambda: differences.in_contents(folder, document, Contents(log, report))),
    ]
    if public_key:
        checks.append(("signatures", lambda: differences.in_signatures(folder, public_key)))
    found = []
    for name, check in checks:
        with report.step(f"checking {name}"):
            found += list(check())
    if found:
        lines = "\n       ".join(found)
        raise WrongBinary(
            f"{folder} is not what its manifest says:\n       {lines}",
            hint="download it again; if the same differs, tell whoever published it",
        )
    return document


def _manifest(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}", hint="name the folder that the release was downloaded to")
    try:
        document, problems = manifest.read(folder)
    except (OSError, ValueError) as error:
        raise WrongBinary(
            f"{folder} holds no manifest that can be read: {error}", hint="download the whole release again"
        ) from error
    if problems:
        raise WrongBinary(
            f"{manifest.NAME} does not fit its schema: {'; '.join(problems)}",
            hint="it was changed, or made by another version of the toolkit: check it with that one",
        )
    return document
