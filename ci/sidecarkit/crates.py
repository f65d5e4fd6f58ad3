"""Pinned crates whose files are built with: fetched by Cargo with the user's own settings, checked by hash, and kept.

Cargo has no command for one archive, so a package that does nothing depends on the crate, and the archive is taken
out of Cargo's own cache.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

from sidecarkit import command, parts, tarballs
from sidecarkit.config import CratePin
from sidecarkit.errors import PartWrong, StepFailed
from sidecarkit.report import Report

_DOWNLOAD_LIMIT_S = 900
_MANIFEST = """\
[package]
name = "fetched"
version = "0.0.0"
edition = "2021"

[dependencies]
{package} = {{ version = "={version}", default-features = false }}
"""


def fetch(pin: CratePin, report: Report) -> Path:
    """The pinned crate's archive, downloaded when it is not there yet.

    Raises PartWrong when it cannot be had or its bytes are not the pinned ones.
    """
    return parts.kept(
        f"the crate {pin.package} {pin.version}", pin.sha256, lambda workplace: _download(pin, workplace, report)
    )


def unpack(pin: CratePin, folder: str, destination: Path, report: Report) -> Path:
    """Unpack what the crate holds under `folder`; return where it lies in `destination`. Raises PartWrong."""
    top = f"{pin.package}-{pin.version}"
    with tarfile.open(fetch(pin, report)) as archive:
        members = [member for member in archive if member.name.startswith(f"{top}/{folder}/")]
        archive.extractall(destination, members, **tarballs.FILTERS)
    return destination / top / folder


def _download(pin: CratePin, workplace: Path, report: Report) -> Path:
    package = workplace / "package"
    (package / "src").mkdir(parents=True)
    (package / "src" / "lib.rs").touch()
    (package / "Cargo.toml").write_text(
        _MANIFEST.format(package=pin.package, version=pin.version), encoding="utf-8"
    )  # fmt: skip
    log = parts.folder() / "download.log"
    hint = "check the network and Cargo's settings, then run the same command again"
    try:
        command.run(
            ["cargo", "fetch"], log=log, report=report, cwd=package, timeout_s=_DOWNLOAD_LIMIT_S,
            title=f"downloading the crate {pin.package} {pin.version}",
        )  # fmt: skip
    except StepFailed as error:
        raise PartWrong(
            f"the crate {pin.package} {pin.version} could not be downloaded: {error.message}", hint=hint, log=log
        ) from error
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    name = f"{pin.package}-{pin.version}.crate"
    found = next((home / "registry" / "cache").glob(f"*/{name}"), None)
    if found is None:
        raise PartWrong(f"Cargo fetched {name}, but keeps no archive of it: looked in {home}/registry/cache", hint=hint)
    return Path(shutil.copy2(found, workplace / name))
