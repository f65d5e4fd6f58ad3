"""The cache of this user: entries are written atomically, verified by hash before use, and made by one at a time."""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import filelock
import platformdirs

from sidecarkit.cache import entry as entries
from sidecarkit.cache.entry import Facts, Origin
from sidecarkit.cache.leases import Leases
from sidecarkit.cache.remote import Remote
from sidecarkit.report import Report

_KEY_DIGITS = 32


@dataclass(frozen=True, kw_only=True)
class CacheEntry:
    """A finished folder; `hit` tells whether it was there before, here or in the remote cache."""

    path: Path
    hit: bool


@dataclass(frozen=True, kw_only=True)
class _Told:
    key: str
    target: str
    inputs: Mapping[str, str]

    def origin(self, layer: str) -> Origin:
        return Origin(
            layer=layer, key=self.key, target=self.target, inputs=dict(self.inputs), created=entries.now()
        )  # fmt: skip


class Cache:
    """One folder per layer, one entry per key; the key is the hash of everything that went in."""

    def __init__(self, root: Path, report: Report, remote: Remote | None = None) -> None:
        self.root = root
        self._report = report
        self._remote = remote
        self._leases = Leases(root)
        self._told: _Told | None = None
        self._built: set[str] = set()

    @classmethod
    def of_user(cls, report: Report) -> Cache:
        """The cache that all checkouts of this user share, with the remote one that the environment names."""
        return cls(folder_of_user(), report, Remote.of_environment(os.environ, report))

    def entry(self, layer: str, key: str) -> Path:
        """Where the entry lies, or would lie."""
        return self.root / layer / key[:_KEY_DIGITS]

    def holds(self, layer: str, key: str) -> bool:
        """Whether the entry is there, without reading all of it."""
        return entries.sealed_at(self.entry(layer, key)) is not None

    def keeps(self, layer: str, key: str) -> bool:
        """Whether the entry is there; if so, no pruning removes it while this process lives."""
        self._leases.take(_name(layer, key))
        return self.holds(layer, key)

    def built(self, layer: str, key: str) -> bool:
        """Whether this run had to build the entry, instead of finding it here or in the remote cache."""
        return _name(layer, key) in self._built

    def seconds(self, layer: str, key: str) -> float | None:
        """How long building the entry took, wherever that was; None when nobody wrote it down."""
        origin = entries.facts(self.entry(layer, key)).origin
        return origin.seconds if origin else None

    def told(self, key: str, *, target: str, inputs: Mapping[str, str]) -> Cache:
        """This cache, knowing what `key` was hashed from and for which target: entries of that key remember it."""
        cache = copy.copy(self)
        cache._told = _Told(key=key, target=target, inputs=inputs)
        return cache

    def folder(self, layer: str, key: str, build: Callable[[Path], None]) -> CacheEntry:
        """The entry's folder; when it is missing or damaged, `build` fills a new one first.

        An entry whose inputs were `told` is looked for in the remote cache before it is built. Another process
        that builds the same layer is waited for, saying so.
        """
        path = self.entry(layer, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._leases.take(_name(layer, key))
        told = self._told if self._told and self._told.key == key else None
        remote = self._remote if told else None
        with self._locked(layer):
            self._sweep(layer)
            hit = self._is_whole(layer, path) or (remote is not None and self._fetch(remote, layer, key, path))
            if not hit:
                self._build(path, build, told.origin(layer) if told else None)
                self._built.add(_name(layer, key))
            entries.note_use(path, told.target if told else "")
        if remote and not hit:
            remote.offer(layer, key, path)
        return CacheEntry(path=path, hit=hit)

    def _is_whole(self, layer: str, path: Path) -> bool:
        if not path.is_dir():
            return False
        damage = entries.damage(path)
        if damage is not None:
            self._report.say(f"   the cached {layer} entry is damaged ({damage}): it is replaced")
            entries.discard(path)
        return damage is None

    def _fetch(self, remote: Remote, layer: str, key: str, path: Path) -> bool:
        with self._workplace(path) as workplace:
            origin = remote.fetch(layer, key, workplace)
            if origin is None:
                return False
            entries.write_facts(path, Facts(origin=origin))
            workplace.rename(path)
        return True

    def _build(self, path: Path, build: Callable[[Path], None], origin: Origin | None) -> None:
        with self._workplace(path) as workplace:
            started = time.monotonic()
            build(workplace)
            seconds = time.monotonic() - started
            entries.seal(workplace)
            entries.write_facts(path, Facts(origin=replace(origin, seconds=seconds) if origin else None))
            workplace.rename(path)

    @contextmanager
    def _workplace(self, path: Path) -> Iterator[Path]:
        """A folder beside the entry's place; whatever of it was not renamed is removed at the end."""
        workplace = Path(tempfile.mkdtemp(prefix=f".{path.name[:8]}-", dir=path.parent))
        try:
            workplace.chmod(0o755)
            yield workplace
        finally:
            shutil.rmtree(workplace, ignore_errors=True)

    def _sweep(self, layer: str) -> None:
        """Remove what killed runs left. Call it under the layer's lock: nobody else has a workplace then."""
        for path in (self.root / layer).glob(".*"):
            if path.is_dir():
                self._report.say(f"   removing what an interrupted run left of the {layer} layer")
                shutil.rmtree(path, ignore_errors=True)

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


def folder_of_user() -> Path:
    """Where this user's caches lie; safe to delete while nothing builds."""
    return Path(platformdirs.user_cache_dir("localaiapp", appauthor=False))


def _name(layer: str, key: str) -> str:
    return f"{layer}/{key[:_KEY_DIGITS]}"
