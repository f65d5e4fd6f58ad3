"""A third-party part that ships: what the SBOM lists, and what the licences must cover."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packageurl import PackageURL


@dataclass(frozen=True, kw_only=True)
class Part:
    """`kind` is the package URL's type. `version` is empty where nothing states it.

    `licence`: an SPDX expression. `sha256`: of the archive it came in; `hashes`: of those that a lock allows, where
    there are several. `folder`: where its sources lie, with their licence files. `texts`: where else the words of its
    licence are, some of them in `archive`. `needs`: package URLs of parts it stands on.
    """

    name: str
    version: str
    kind: str
    licence: str
    sha256: str | None = None
    hashes: tuple[str, ...] = ()
    folder: Path | None = None
    texts: tuple[str, ...] = ()
    archive: Path | None = None
    needs: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Name and version for people."""
        return f"{self.name} {self.version}".strip()

    @property
    def purl(self) -> PackageURL:
        """The part's package URL, e.g. `pkg:cargo/serde@1.0.228`."""
        namespace, _, name = self.name.rpartition("/")
        return PackageURL(self.kind, namespace or None, name, self.version or None)
