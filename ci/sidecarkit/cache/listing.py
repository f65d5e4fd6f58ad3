"""What lies in the cache folder: one row per entry, and what tools keep beside them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sidecarkit.cache import entry as entries
from sidecarkit.cache.entry import Origin
from sidecarkit.report import size

_KEY = re.compile(r"[0-9a-f]{32}")
_SHOWN_DIGITS = 12
_A_DAY_S = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One entry. Times are UTC in seconds since 1970; `bytes` is what removing it frees."""

    layer: str
    key: str
    path: Path
    origin: Origin | None
    targets: tuple[str, ...]
    bytes: int
    created: float
    used: float

    @property
    def name(self) -> str:
        """`<layer>/<key>`, as leases and `cache why` name it."""
        return f"{self.layer}/{self.key}"

    @property
    def shown(self) -> str:
        """The name, as short as people can tell entries apart by it."""
        return f"{self.layer}/{self.key[:_SHOWN_DIGITS]}"


def entries_of(root: Path) -> list[Listed]:
    """Every finished entry, the one used last first."""
    folders = (path for path in root.glob("*/*") if _KEY.fullmatch(path.name))
    found = (_listed(path, sealed) for path in folders if (sealed := entries.sealed_at(path)) is not None)
    return sorted(found, key=lambda each: each.used, reverse=True)


def bytes_beside(root: Path, listed: Iterable[Listed]) -> dict[str, int]:
    """What lies in the cache folder and is no entry, by folder: pinned downloads, what compilers keep."""
    layers = {each.layer for each in listed}
    return {
        path.name: _bytes_of(path)
        for path in sorted(root.iterdir() if root.is_dir() else ())
        if path.is_dir() and path.name not in layers and not path.name.startswith(".")
    }


def rows(listed: Iterable[Listed], now: float) -> list[list[str]]:
    """The entries as cells: layer and key, targets, size, age, last used."""
    return [
        [
            each.shown, ", ".join(each.targets), size(each.bytes),
            ago(now - each.created), ago(now - each.used),
        ]
        for each in listed
    ]  # fmt: skip


def _listed(path: Path, sealed: float) -> Listed:
    facts = entries.facts(path)
    created = _seconds(facts.origin.created) if facts.origin else sealed
    return Listed(
        layer=path.parent.name, key=path.name, path=path, origin=facts.origin, targets=facts.targets,
        bytes=_bytes_of(path), created=created, used=_seconds(facts.used) if facts.used else created,
    )  # fmt: skip


def _bytes_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_symlink() or path.is_file())


def _seconds(moment: str) -> float:
    return datetime.datetime.fromisoformat(moment).timestamp()


def ago(seconds: float) -> str:
    """How long ago something was, in the words a list has room for."""
    for unit, length in (("day", _A_DAY_S), ("hour", 3600), ("minute", 60)):
        count = int(seconds // length)
        if count:
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "a moment"
