"""What ci/toolchain.toml, ci/locks and the installed tools say of a part that ships: version, hashes, archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pip_requirements_parser import RequirementsFile

from sidecarkit import crates, interpreter, parts, requirements, wheels
from sidecarkit.errors import ConfigError
from sidecarkit.job import Job


@dataclass(frozen=True, kw_only=True)
class Locked:
    """A package's version, and the hashes (SHA-256) of the files it may come in."""

    version: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """What a pin says of a part; `archive` fetches the file that its texts are in."""

    version: str
    facts: Mapping[str, str]
    kind: str
    archive: Callable[[], Path]
    sha256: str | None = None
    hashes: tuple[str, ...] = ()


def of(reference: str, part: str, job: Job) -> Pinned:
    """What the pin `reference` (`cpython`, `sdist.NAME`, `lock.engine` …) says of `part`. Raises ConfigError."""
    table, _, name = reference.partition(".")
    return _TABLES[table](part, name, job)


def locked(lock: Path) -> dict[str, Locked]:
    """The packages of a hash-locked requirements file by name."""
    return {
        str(each.name): Locked(
            version=str(each.get_pinned_version),
            hashes=tuple(option.partition(":")[2] for option in each.hash_options),
        )
        for each in RequirementsFile.from_file(str(lock)).requirements
    }


def _from_cpython(_part: str, _name: str, job: Job) -> Pinned:
    pin = job.toolchain.cpython_for(job.target.triple)
    return Pinned(
        version=pin.python, facts={}, kind="generic", sha256=pin.sha256,
        archive=lambda: interpreter.archive(pin, job.report),
    )  # fmt: skip


def _from_sdist(part: str, name: str, job: Job) -> Pinned:
    pin = job.toolchain.sdist(name)
    return Pinned(
        version=pin.version, facts=pin.facts, kind="pypi" if pin.package == part else "generic", sha256=pin.sha256,
        archive=lambda: parts.sdist(pin, job.report),
    )  # fmt: skip


def _from_crate(_part: str, name: str, job: Job) -> Pinned:
    pin = job.toolchain.crate(name)
    return Pinned(
        version=pin.version, facts={"package": pin.package, "version": pin.version}, kind="generic", sha256=pin.sha256,
        archive=lambda: crates.fetch(pin, job.report),
    )  # fmt: skip


def _from_lock(part: str, name: str, job: Job) -> Pinned:
    lock = job.root / "ci" / "locks" / f"{name}.txt"
    pinned = locked(lock)
    if part not in pinned:
        raise ConfigError(
            f"`{part}` is not in {lock.name}, which has {', '.join(sorted(pinned))}",
            hint="mend ci/shipped.toml: take the part out, or name the lock that holds it",
        )
    return Pinned(
        version=pinned[part].version, facts={}, kind="pypi", hashes=pinned[part].hashes,
        archive=lambda: wheels.fetch(part, lock, job.report),
    )  # fmt: skip


def _from_rustc(_part: str, _name: str, _job: Job) -> Pinned:
    said = requirements.answer(["rustc", "--version"]) or ""
    return Pinned(version=" ".join(said.split()[1:2]), facts={}, kind="generic", archive=Path)


def _from_tool(_part: str, name: str, _job: Job) -> Pinned:
    return Pinned(
        version=metadata.version(name), facts={}, kind="generic",
        archive=lambda: Path(str(metadata.distribution(name).locate_file(""))),
    )  # fmt: skip


_TABLES: Mapping[str, Callable[[str, str, Job], Pinned]] = {
    "cpython": _from_cpython,
    "sdist": _from_sdist,
    "crate": _from_crate,
    "lock": _from_lock,
    "tool": _from_tool,
    "rustc": _from_rustc,
}
