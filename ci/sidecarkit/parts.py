"""Pinned parts, fetched by coordinates through pip, checked by hash, and kept in the user's cache."""

from __future__ import annotations

import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import filelock

from sidecarkit import command, digest, tarballs
from sidecarkit.cache.store import folder_of_user
from sidecarkit.config import SdistPin
from sidecarkit.errors import PartWrong, StepFailed
from sidecarkit.report import Report

_DOWNLOAD_LIMIT_S = 900


def folder() -> Path:
    """Where downloaded parts lie, each under its SHA-256."""
    return folder_of_user() / "parts"


def unpack_sdist(pin: SdistPin, folder: str, destination: Path, report: Report) -> Path:
    """Unpack what the pinned sdist holds under `folder`; return where it lies in `destination`. Raises PartWrong."""
    top = f"{pin.package.replace('-', '_')}-{pin.version}"
    with tarfile.open(sdist(pin, report)) as archive:
        members = [member for member in archive if member.name.startswith(f"{top}/{folder}/")]
        archive.extractall(destination, members, **tarballs.FILTERS)
    return destination / top / folder


def kept(name: str, sha256: str, fetch: Callable[[Path], Path]) -> Path:
    """The pinned part's file under its hash; `fetch` puts it into the folder it is given when it is not there yet.

    Raises PartWrong when what was fetched has another hash.
    """
    path = folder() / sha256
    if _is_whole(path, sha256):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path.with_name(f".{sha256}.lock")):
        if not _is_whole(path, sha256):  # another run may have fetched it while this one waited
            _fetch(name, path, sha256, fetch)
    return path


def _fetch(name: str, path: Path, sha256: str, fetch: Callable[[Path], Path]) -> None:
    """Under the part's lock, so that what lies in the workplace can only be what a killed run left."""
    workplace = path.with_name(f".{sha256}")
    shutil.rmtree(workplace, ignore_errors=True)
    workplace.mkdir()
    try:
        fetched = fetch(workplace)
        found = digest.of_file(fetched)
        if found != sha256:
            raise PartWrong(
                f"{name} has the hash {found}, pinned is {sha256}",
                hint="nothing of it was used; a mirror that rewrites files is the usual cause",
            )
        fetched.replace(path)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and digest.of_file(path) == sha256


def sdist(pin: SdistPin, report: Report) -> Path:
    """The pinned sdist's file, downloaded by the user's own pip settings when it is not there yet.

    Raises PartWrong when it cannot be had or its bytes are not the pinned ones.
    """
    return kept(f"{pin.package} {pin.version}", pin.sha256, lambda workplace: _download(pin, workplace, report))


def _download(pin: SdistPin, workplace: Path, report: Report) -> Path:
    requirement = workplace / "requirement.txt"
    requirement.write_text(f"{pin.package}=={pin.version} --hash=sha256:{pin.sha256}\n", encoding="utf-8")
    try:
        command.run(
            # Without isolation, so that the metadata is made by the locked build backend of this environment.
            [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation",
             "--require-hashes", "--no-cache-dir", "--dest", workplace / "download", "--requirement", requirement],
            log=folder() / "download.log", report=report, timeout_s=_DOWNLOAD_LIMIT_S,
            title=f"downloading {pin.package} {pin.version}",
        )  # fmt: skip
    except StepFailed as error:
        raise PartWrong(
            f"{pin.package} {pin.version} could not be downloaded, or is not the pinned file: {error.message}",
            hint="check the network and pip's settings (pip config list), then run the same command again",
            log=error.log,
        ) from error
    (downloaded,) = (workplace / "download").iterdir()
    return downloaded
