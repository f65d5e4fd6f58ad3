"""ci/shipped.toml: the parts that no lock file of the app names, with the versions and hashes of their pins."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pip_requirements_parser import RequirementsFile

from sidecarkit import digest, interpreter, parts, requirements, schema
from sidecarkit.config import SCHEMAS
from sidecarkit.errors import ConfigError
from sidecarkit.job import Job
from sidecarkit.release import wheels
from sidecarkit.release.part import Part

FILE = Path("ci", "shipped.toml")


@dataclass(frozen=True, kw_only=True)
class _Pinned:
    """What a pin says of a part; `archive` fetches the file that its texts are in."""

    version: str
    facts: Mapping[str, str]
    kind: str
    archive: Callable[[], Path]
    sha256: str | None = None
    hashes: tuple[str, ...] = ()


def shipped(job: Job) -> list[Part]:
    """The parts of ci/shipped.toml, without their archives. Raises ConfigError with every problem."""
    return [_part(entry, job.root, _pinned(entry, job)) for entry in _entries(job.root / FILE)]


def with_archives(job: Job) -> list[Part]:
    """The same parts with the archives that their texts are in, fetched where they are not kept yet."""
    found = []
    for entry in _entries(job.root / FILE):
        pinned = _pinned(entry, job)
        wanted = any(text.startswith("archive:") for text in entry["texts"])
        found.append(_part(entry, job.root, pinned, archive=pinned.archive() if pinned and wanted else None))
    return found


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="restore it: `git checkout -- ci`") from error
    problems = schema.problems(document, SCHEMAS / "shipped.json")
    if problems:
        raise ConfigError(f"{path.name}: " + "\n       ".join(problems), hint=f"mend {path}; nothing was released")
    entries: list[dict[str, Any]] = document["part"]
    return entries


def _part(entry: Mapping[str, Any], root: Path, pinned: _Pinned | None, archive: Path | None = None) -> Part:
    version = entry.get("version", pinned.version if pinned else "")
    own_name = pinned is not None and "version" not in entry and pinned.kind == "pypi"
    return Part(
        name=entry["name"],
        version=version.format(**pinned.facts) if pinned else version,
        kind="pypi" if own_name else "generic",
        licence=entry["licence"],
        sha256=digest.of_file(root / entry["file"]) if "file" in entry else pinned.sha256 if pinned else None,
        hashes=pinned.hashes if pinned else (),
        texts=tuple(entry["texts"]),
        archive=archive,
    )


def _pinned(entry: Mapping[str, Any], job: Job) -> _Pinned | None:
    table, _, name = entry.get("pin", "").partition(".")
    by_table = {
        "cpython": _from_cpython,
        "sdist": _from_sdist,
        "lock": _from_lock,
        "tool": _from_tool,
        "rustc": _from_rustc,
    }
    return by_table[table](entry["name"], name, job) if table else None


def _from_cpython(_part: str, _name: str, job: Job) -> _Pinned:
    pin = job.toolchain.cpython_for(job.target.triple)
    return _Pinned(
        version=pin.python, facts={}, kind="generic", sha256=pin.sha256,
        archive=lambda: interpreter.archive(pin, job.report),
    )  # fmt: skip


def _from_sdist(part: str, name: str, job: Job) -> _Pinned:
    pin = job.toolchain.sdist(name)
    return _Pinned(
        version=pin.version, facts=pin.facts, kind="pypi" if pin.package == part else "generic", sha256=pin.sha256,
        archive=lambda: parts.sdist(pin, job.report),
    )  # fmt: skip


def _from_lock(part: str, name: str, job: Job) -> _Pinned:
    lock = job.root / "ci" / "locks" / f"{name}.txt"
    pinned = {each.name: each for each in RequirementsFile.from_file(str(lock)).requirements}
    if part not in pinned:
        raise ConfigError(
            f"{FILE.as_posix()}: `{part}` is not in {lock.name}, which has {', '.join(sorted(map(str, pinned)))}",
            hint="take the part out, or name the lock that holds it",
        )
    return _Pinned(
        version=str(pinned[part].get_pinned_version), facts={}, kind="pypi",
        hashes=tuple(option.partition(":")[2] for option in pinned[part].hash_options),
        archive=lambda: wheels.fetch(part, lock, job.report),
    )  # fmt: skip


def _from_rustc(_part: str, _name: str, _job: Job) -> _Pinned:
    said = requirements.answer(["rustc", "--version"]) or ""
    return _Pinned(version=" ".join(said.split()[1:2]), facts={}, kind="generic", archive=Path)


def _from_tool(_part: str, name: str, _job: Job) -> _Pinned:
    return _Pinned(
        version=metadata.version(name), facts={}, kind="generic",
        archive=lambda: Path(str(metadata.distribution(name).locate_file(""))),
    )  # fmt: skip
