"""Content-addressed folders under the user's cache folder: written atomically, verified by hash before use."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock
import platformdirs

from sidecarkit import digest
from sidecarkit.report import Report

_MANIFEST = ".manifest.json"


@dataclass(frozen=True, kw_only=True)
class CacheEntry:
    """A finished folder; `hit` tells whether it was there before."""

    path: Path
    hit: bool


class Cache:
    """One folder per layer, one entry per key; the key is the hash of everything that went in."""

    def __init__(self, root: Path, report: Report) -> None:
        self.root = root
        self._report = report

    @classmethod
    def of_user(cls, report: Report) -> Cache:
        """The cache that all checkouts of this user share."""
        return cls(Path(platformdirs.user_cache_dir("localaiapp", appauthor=False)), report)

    def entry(self, layer: str, key: str) -> Path:
        """Where the entry lies, or would lie."""
        return self.root / layer / key[:32]

    def holds(self, layer: str, key: str) -> bool:
        """Whether the entry is there, without reading all of it."""
        return (self.entry(layer, key) / _MANIFEST).is_file()

    def folder(self, layer: str, key: str, build: Callable[[Path], None]) -> CacheEntry:
        """The entry's folder; when it is missing or damaged, `build` fills a new one first.

        Another process that builds the same layer is waited for, saying so.
        """
        path = self.entry(layer, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked(layer):
            if path.is_dir():
                damage = _damage(path)
                if damage is None:
                    return CacheEntry(path=path, hit=True)
                self._report.say(f"   the cached {layer} entry is damaged ({damage}): building it again")
                shutil.rmtree(path)
            self._build(path, build)
        return CacheEntry(path=path, hit=False)

    def _build(self, path: Path, build: Callable[[Path], None]) -> None:
        workplace = Path(tempfile.mkdtemp(prefix=f".{path.name[:8]}-", dir=path.parent))
        try:
            workplace.chmod(0o755)
            build(workplace)
            manifest = json.dumps(_contents(workplace), indent=1, sort_keys=True)
            (workplace / _MANIFEST).write_text(manifest, encoding="utf-8")
            workplace.rename(path)
        finally:
            shutil.rmtree(workplace, ignore_errors=True)

    @contextmanager
    def _locked(self, layer: str) -> Iterator[None]:
        lock = filelock.FileLock(self.root / layer / ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            self._report.say(f"   another run is building the {layer} layer: waiting for it")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def _contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): _fingerprint(path)
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
        if path.name != _MANIFEST
    }


def _fingerprint(path: Path) -> str:
    if path.is_symlink():
        return f"link {path.readlink()}"
    executable = "x" if path.stat().st_mode & 0o100 else "-"
    return f"{executable} {digest.of_file(path)}"


def _damage(folder: Path) -> str | None:
    try:
        expected = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "its manifest cannot be read"
    found = _contents(folder)
    different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    return f"{different[0]} differs" if different else None
