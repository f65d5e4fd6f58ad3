"""ci/shipped.toml: the parts that no lock file of the app names, with the versions and hashes of their pins."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sidecarkit import digest, schema
from sidecarkit.config import SCHEMAS
from sidecarkit.errors import ConfigError
from sidecarkit.job import Job
from sidecarkit.release import pins
from sidecarkit.release.part import Part

FILE = Path("ci", "shipped.toml")


def shipped(job: Job) -> list[Part]:
    """The parts of ci/shipped.toml, without their archives. Raises ConfigError with every problem."""
    return [_part(entry, job.root, _pin_of(entry, job)) for entry in _entries(job)]


def with_archives(job: Job) -> list[Part]:
    """The same parts with the archives that their texts are in, fetched where they are not kept yet."""
    found = []
    for entry in _entries(job):
        pinned = _pin_of(entry, job)
        wanted = any(text.startswith("archive:") for text in entry["texts"])
        found.append(_part(entry, job.root, pinned, archive=pinned.archive() if pinned and wanted else None))
    return found


def _entries(job: Job) -> list[dict[str, Any]]:
    """What ships with the job's target."""
    path = job.root / FILE
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="restore it: `git checkout -- ci`") from error
    problems = schema.problems(document, SCHEMAS / "shipped.json")
    if problems:
        raise ConfigError(f"{path.name}: " + "\n       ".join(problems), hint=f"mend {path}; nothing was released")
    return [entry for entry in document["part"] if job.target.variant in entry.get("variants", [job.target.variant])]


def _part(entry: Mapping[str, Any], root: Path, pinned: pins.Pinned | None, archive: Path | None = None) -> Part:
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


def _pin_of(entry: Mapping[str, Any], job: Job) -> pins.Pinned | None:
    return pins.of(entry["pin"], entry["name"], job) if "pin" in entry else None
