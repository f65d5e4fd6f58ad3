"""Pinned jars of Maven Central: fetched by their coordinates, checked by hash, and kept in the user's cache."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

from sidecarkit import command, maven, parts
from sidecarkit.config import MavenPin
from sidecarkit.errors import PartWrong, StepFailed
from sidecarkit.report import Report

_DOWNLOAD_LIMIT_S = 900


def fetch(pin: MavenPin, what: str, report: Report) -> Path:
    """The pinned jar's file, which people know as `what`; downloaded when it is not there yet.

    Raises PartWrong when it cannot be had or its bytes are not the pinned ones.
    """

    def downloaded(workplace: Path) -> Path:
        _download(pin, workplace / "part.jar", what, report)
        return workplace / "part.jar"

    return parts.kept(what, pin.sha256, downloaded)


def extract(jar: Path, ending: str, destination: Path) -> Path:
    """The one file of the jar whose path ends with `ending`, written to `destination`. Raises PartWrong."""
    with zipfile.ZipFile(jar) as opened:
        found = [name for name in opened.namelist() if name.endswith(ending)]
        if len(found) != 1:
            raise PartWrong(
                f"the pinned jar {jar.name} has {len(found)} files that end with `{ending}`, expected 1",
                hint="the pin in ci/toolchain.toml names another package than the recipe was written for",
            )
        destination.write_bytes(opened.read(found[0]))
    return destination


def _download(pin: MavenPin, destination: Path, what: str, report: Report) -> None:
    coordinates = f"{pin.group}:{pin.artifact}:jar:{pin.classifier}:{pin.version}"
    log = parts.folder() / "download.log"
    try:
        command.run(
            [sys.executable, "-m", "sidecarkit.maven", coordinates, destination],
            log=log, report=report, title=f"downloading {what}", timeout_s=_DOWNLOAD_LIMIT_S,
            env=os.environ | {"PYTHONPATH": str(Path(maven.__file__).parent.parent)},
        )  # fmt: skip
    except StepFailed as error:
        raise PartWrong(
            f"{coordinates} could not be downloaded from Maven Central: {error.message}",
            hint="check the network and ~/.m2/settings.xml, then run the same command again",
            log=log,
        ) from error
