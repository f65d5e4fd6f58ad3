"""One finished folder of the cache: what lies in it, what it was made from, and when it was last used."""

from __future__ import annotations

import datetime
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sidecarkit import digest, records

_MANIFEST = ".manifest.json"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What an entry was made from: the inputs its key was hashed from, the target it was first made for, and when.

    `seconds`: how long building took; None in entries that are older than the question.
    """

    layer: str
    key: str
    target: str
    inputs: Mapping[str, str]
    created: str
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of an entry besides its content: its origin, its last use (UTC, ISO 8601), who took it."""

    origin: Origin | None = None
    used: str = ""
    targets: tuple[str, ...] = ()


def now() -> str:
    """This moment in UTC as ISO 8601, to the microsecond, so that the order of uses can be told."""
    return datetime.datetime.now(datetime.UTC).isoformat()


def seal(folder: Path) -> None:
    """Write down what lies in `folder`; afterwards every change is damage."""
    records.write_json(folder / _MANIFEST, _contents(folder))


def sealed_at(folder: Path) -> float | None:
    """When the folder was finished, in seconds since 1970; None when it was not. Its content is not read."""
    try:
        return (folder / _MANIFEST).stat().st_mtime
    except OSError:
        return None


def damage(folder: Path) -> str | None:
    """What differs from what was sealed, by reading every byte; None when the folder is whole."""
    expected = _read(folder / _MANIFEST)
    if expected is None:
        return "its manifest cannot be read"
    found = _contents(folder)
    different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    return f"{different[0]} differs" if different else None


def facts(folder: Path) -> Facts:
    """What is known of the entry; what was never written down or cannot be read is empty."""
    values = _read(facts_file(folder)) or {}
    try:
        return Facts(
            origin=Origin(**values["origin"]) if values.get("origin") else None,
            used=str(values.get("used", "")), targets=tuple(values.get("targets", ())),
        )  # fmt: skip
    except TypeError:
        return Facts()


def write_facts(folder: Path, facts: Facts) -> None:
    """Replace what is known of the entry."""
    records.write_json(facts_file(folder), asdict(facts))


def note_use(folder: Path, target: str) -> None:
    """Remember that the entry was taken now, for `target` if that is not empty."""
    before = facts(folder)
    targets = sorted({*before.targets, *([target] if target else [])})
    write_facts(folder, replace(before, used=now(), targets=tuple(targets)))


def facts_file(folder: Path) -> Path:
    """Where the facts lie: beside the entry, which nothing changes any more."""
    return folder.with_name(f"{folder.name}.json")


def hide(folder: Path) -> Path:
    """Take an entry out of its place in one step, and return the folder that holds it now, to be removed."""
    doomed = Path(tempfile.mkdtemp(prefix=".gone-", dir=folder.parent))
    folder.rename(doomed / folder.name)
    facts_file(folder).unlink(missing_ok=True)
    return doomed


def discard(folder: Path) -> None:
    """Remove an entry so that whoever looks meanwhile, or after a crash, sees all of it or nothing."""
    shutil.rmtree(hide(folder), ignore_errors=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def _contents(folder: Path) -> dict[str, str]:
    return {
        name: _fingerprint(path)
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
        if (name := path.relative_to(folder).as_posix()) != _MANIFEST
    }


def _fingerprint(path: Path) -> str:
    if path.is_symlink():
        return f"link {path.readlink()}"
    executable = "x" if path.stat().st_mode & 0o100 else "-"
    return f"{executable} {digest.of_file(path)}"
