"""A wheel out of a hash-locked requirements file, kept in the user's cache: the licences of compiled-in packages."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from sidecarkit import command, digest, parts
from sidecarkit.errors import PartWrong, StepFailed
from sidecarkit.report import Report

_DOWNLOAD_LIMIT_S = 300


def fetch(name: str, lock: Path, report: Report) -> Path:
    """The wheel of `name` as `lock` pins it. Raises PartWrong when it cannot be had or has another hash."""
    pinned = _requirement(name, lock)
    folder = parts.folder() / f"wheel-{digest.of_mapping({name: pinned})[:32]}"
    kept = next(folder.glob("*.whl"), None)
    if kept is None or digest.of_file(kept) not in pinned:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as workplace:
            _download(name, pinned, Path(workplace), report)
            (Path(workplace) / "wheel").rename(folder)
        kept = next(folder.glob("*.whl"))
    return kept


def _requirement(name: str, lock: Path) -> str:
    """The lines of `lock` that pin `name`, hashes and all."""
    found = re.search(
        rf"^{re.escape(name)}==[^\\\n]*(?:\\\n[^\\\n]*)*",
        lock.read_text(encoding="utf-8"),
        re.MULTILINE | re.IGNORECASE,
    )
    if found is None:
        raise PartWrong(f"{lock.name} does not pin `{name}`", hint="make the lock again as ci/locks/README.md says")
    return found[0] + "\n"


def _download(name: str, pinned: str, workplace: Path, report: Report) -> None:
    (workplace / "requirement.txt").write_text(pinned, encoding="utf-8")
    log = parts.folder() / "download.log"
    try:
        command.run(
            [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--require-hashes",
             "--only-binary", ":all:", "--dest", workplace / "wheel", "--requirement", workplace / "requirement.txt"],
            log=log, report=report, title=f"downloading the wheel of {name}", timeout_s=_DOWNLOAD_LIMIT_S,
        )  # fmt: skip
    except StepFailed as error:
        raise PartWrong(
            f"the wheel of {name} could not be downloaded, or is not the pinned file: {error.message}",
            hint="check the network and pip's settings (pip config list), then run the same command again",
            log=error.log,
        ) from error
