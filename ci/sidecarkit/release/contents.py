"""What is inside an artefact, file by file, as the binary audit sees it."""

from __future__ import annotations

import tarfile
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sidecarkit import audit, command, digest
from sidecarkit.errors import StepFailed, WrongBinary
from sidecarkit.release import archive
from sidecarkit.report import Report

_UNPACK_LIMIT_S = 300
Facts = dict[str, Any]


class Contents:
    """Reads artefacts; a file that is in several of them, or was audited before, is looked at once."""

    def __init__(self, log: Path, report: Report, known: Iterable[Facts] = ()) -> None:
        self._log = log
        self._report = report
        self._known = {facts["sha256"]: facts for facts in known}

    def of(self, artefact: Path) -> list[Facts]:
        """The files in `artefact`, sorted by path: those in a package or archive, else the file itself."""
        with tempfile.TemporaryDirectory(prefix="contents-") as folder:
            root = self.unpacked(artefact, Path(folder) / "files")
            if root is None:
                return [self._facts(artefact, artefact.name)]
            files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
            return [self._facts(path, path.relative_to(root).as_posix()) for path in files]

    def unpacked(self, artefact: Path, destination: Path) -> Path | None:
        """`artefact` unpacked to `destination`; None when it is no package or archive. Raises WrongBinary."""
        try:
            if artefact.name.endswith(".tar.gz"):
                return archive.unpack(artefact, destination)
            if artefact.suffix == ".deb":
                words: list[str | Path] = ["dpkg-deb", "-x", artefact, destination]
                title = f"unpacking {artefact.name}"
                command.run(words, log=self._log, report=self._report, title=title, timeout_s=_UNPACK_LIMIT_S)
                return destination
        except (StepFailed, tarfile.TarError, zlib.error, EOFError, OSError) as error:
            raise WrongBinary(f"{artefact.name} cannot be unpacked: {error}") from error
        return None

    def _facts(self, path: Path, name: str) -> Facts:
        sha256 = digest.of_file(path)
        if sha256 not in self._known:
            (found,) = audit.facts_of(path)
            self._known[sha256] = found.as_dict()
        executable = bool(path.stat().st_mode & 0o100) and not name.endswith(".exe")
        return self._known[sha256] | {"path": name, "executable": executable}


def summary(contents: list[Facts]) -> tuple[list[str], str | None]:
    """The libraries that the files need from the system, and the newest GLIBC version among them."""
    own = {Path(facts["path"]).name for facts in contents}
    needed = {name for facts in contents for name in facts["needed"]} - own
    versions = [facts["glibc"] for facts in contents if facts["glibc"]]
    return sorted(needed), max(versions, key=version_key, default=None)


def version_key(version: str) -> tuple[int, ...]:
    """`2.28` so that it compares with `2.4`. Raises WrongBinary for what is no version."""
    try:
        return tuple(map(int, version.split(".")))
    except ValueError as error:
        raise WrongBinary(f"`{version}` is no GLIBC version") from error
