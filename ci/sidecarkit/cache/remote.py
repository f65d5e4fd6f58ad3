"""The remote cache: entries as artifacts of an OCI registry. Whatever is wrong with it is a sentence, not a failure.

`SIDECARKIT_REMOTE_CACHE=HOST[:PORT]/REPOSITORY` names it (`http://` in front for one without TLS), and
`SIDECARKIT_REMOTE_CACHE_WRITE=1` lets this machine add to it. Who can write there decides what everybody
builds with: an entry is held against the hashes that came with it, which prove that it is whole, not who made it.
"""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

import sidecarkit
from sidecarkit import command
from sidecarkit.cache import archive
from sidecarkit.cache import entry as entries
from sidecarkit.cache.entry import Origin
from sidecarkit.errors import ToolkitError
from sidecarkit.report import Report, size

ADDRESS = "SIDECARKIT_REMOTE_CACHE"
WRITES = "SIDECARKIT_REMOTE_CACHE_WRITE"
# Building the largest layer takes about as long: slower than that, a cache is of no use.
_PULL_LIMIT_S = 300
_PUSH_LIMIT_S = 900
_TAG_DIGITS = 32


class Remote:
    """One repository of a registry, with one tag per entry. After its first failure it is left alone for this run."""

    def __init__(self, address: str, report: Report, *, writes: bool = False, limit_s: float = _PULL_LIMIT_S) -> None:
        self._address = address
        self._report = report
        self.writes = writes
        self._limit_s = limit_s
        self._failed = False

    @classmethod
    def of_environment(cls, environment: Mapping[str, str], report: Report) -> Remote | None:
        """The remote cache that `environment` names; None without one."""
        address = environment.get(ADDRESS, "").strip().rstrip("/")
        return cls(address, report, writes=environment.get(WRITES, "") == "1") if address else None

    def fetch(self, layer: str, key: str, workplace: Path) -> Origin | None:
        """Fill the empty `workplace` with the entry, verified by its hashes; None when it cannot be had."""
        if self._failed:
            return None
        with tempfile.TemporaryDirectory(prefix=".remote-", dir=workplace.parent) as folder:
            packed = Path(folder) / "entry.tar.gz"
            title = f"asking the remote cache for the {layer} layer"
            root = workplace.parents[1]
            asked = self._run("pull", _tag(layer, key), packed, root=root, title=title, limit_s=self._limit_s)
            if not asked or not packed.is_file():
                return None
            try:
                origin = archive.unpack(packed, workplace)
                _verify(workplace, origin, layer, key)
            except (archive.UnsafeArchive, tarfile.TarError, EOFError, ValueError, TypeError, OSError) as error:
                self._give_up(f"its {layer} entry is not what it should be: {error}")
                _empty(workplace)
                return None
            self._report.say(f"   the {layer} layer came from the remote cache ({size(packed.stat().st_size)})")
        return origin

    def offer(self, layer: str, key: str, entry: Path) -> None:
        """Add a finished entry, where this machine may."""
        origin = entries.facts(entry).origin
        if self._failed or not self.writes or origin is None:
            return
        # Not beside the entry: what lies there with a dot is swept by whoever builds next.
        with tempfile.TemporaryDirectory() as folder:
            packed = Path(folder) / "entry.tar.gz"
            archive.pack(entry, origin, packed)
            title = f"adding the {layer} layer to the remote cache ({size(packed.stat().st_size)})"
            self._run("push", _tag(layer, key), packed, root=entry.parents[1], title=title, limit_s=_PUSH_LIMIT_S)

    def _run(self, verb: str, tag: str, file: Path, *, root: Path, title: str, limit_s: float) -> bool:
        """In a process of its own, so that a registry that hangs or trickles can be left."""
        log = root / "remote.log"
        log.unlink(missing_ok=True)
        try:
            command.run(
                [sys.executable, "-m", "sidecarkit.oci", verb, self._address, tag, file],
                log=log, report=self._report, title=title, timeout_s=limit_s,
                env=os.environ | {"PYTHONPATH": str(Path(sidecarkit.__file__).parents[1])},
            )  # fmt: skip
        except ToolkitError as error:
            self._give_up(error.message)
            return False
        return True

    def _give_up(self, reason: str) -> None:
        self._failed = True
        last = reason.strip().splitlines()[-1]
        self._report.say(f"   the remote cache `{self._address}` is not used in this run: {last}")


def _tag(layer: str, key: str) -> str:
    return f"{layer}-{key[:_TAG_DIGITS]}"


def _verify(folder: Path, origin: Origin, layer: str, key: str) -> None:
    if (origin.layer, origin.key) != (layer, key):
        raise ValueError(f"it says it is {origin.layer} {origin.key}, asked for was {layer} {key}")
    damage = entries.damage(folder)
    if damage:
        raise ValueError(damage)


def _empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()
