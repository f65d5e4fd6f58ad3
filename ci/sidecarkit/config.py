"""ci/targets.toml and ci/toolchain.toml as frozen types; every problem is reported at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sidecarkit import layout, schema
from sidecarkit.errors import ConfigError
from sidecarkit.report import bytes_of

SCHEMAS = Path(__file__).parent / "schemas"

SINGLE_FILE = "single-file"
# As the schema has it.
ARCHITECTURE = re.compile(r"\d{2,3}[af]?-(real|virtual)")

_Pin = TypeVar("_Pin")


@dataclass(frozen=True, kw_only=True)
class Project:
    """What all targets of a file are built from. Paths are relative to the project's folder.

    `program`: what sidecars are called. `package`: the Python package that is compiled. `launcher`: C source of
    the single file's. `recipe`: what the package needs beside itself. `placed`: where Tauri takes sidecars from.
    `smoke`: the exchange that proves a placed sidecar.
    """

    program: str
    package: Path
    launcher: Path
    recipe: str
    placed: Path
    smoke: Path


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What CI builds on: a runner, the system in a container on it (None: the runner's own).

    `prepare`: the command that brings git and Python there (None: it has both).
    """

    name: str
    runner: str
    container: str | None
    prepare: str | None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The most bytes a layer may take."""

    native: int
    engine: int
    pack: int
    bundle: int


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is built: a set of backends (the variant) for a machine and system (the triple).

    The floors are the newest GLIBC symbol versions that the native libraries, the variant's plug-in among them, and the
    engine around them, may need; None for systems without GLIBC. `architectures`: of graphics processors that the
    plug-in has code for, where it is compiled for each; in CMake's words, `86-real` or `90-virtual`.
    """

    project: Project
    variant: str
    triple: str
    zig_target: str
    native_glibc_floor: str | None
    engine_glibc_floor: str | None
    plug_in_glibc_floor: str | None
    architectures: tuple[str, ...]
    layouts: tuple[str, ...]
    bundles: tuple[str, ...]
    machines: tuple[Machine, ...]
    budget: Budget

    @property
    def name(self) -> str:
        """The one name used for folders, logs, jobs and files, e.g. `cpu-x86_64-unknown-linux-gnu`."""
        return f"{self.variant}-{self.triple}"

    @property
    def for_windows(self) -> bool:
        """Whether programs of this target end in `.exe`."""
        return "-windows-" in self.triple

    @property
    def program_name(self) -> str:
        """The engine's program inside its folder."""
        return layout.program_name(self.project.program, self.triple)

    @property
    def folder_name(self) -> str:
        """The engine's folder, e.g. `localai-sidecar-cpu-x86_64-unknown-linux-gnu.dist`."""
        return layout.folder_name(self.project.program, self.name)

    @property
    def single_file_name(self) -> str:
        """The engine as one file, by the name Tauri's `externalBin` wants: the triple, then `.exe` on Windows."""
        return layout.single_file_name(self.project.program, self.name)


@dataclass(frozen=True, kw_only=True)
class SdistPin:
    """A source distribution that a recipe builds from, and what the recipe compiles in about it."""

    package: str
    version: str
    sha256: str
    facts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class MavenPin:
    """A jar by its Maven coordinates."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class CPythonPin(MavenPin):
    """The interpreter that is compiled into the engine."""

    python: str


@dataclass(frozen=True, kw_only=True)
class CratePin:
    """A crate whose files a recipe builds with; Cargo's locks hold the same hash for it. Nothing of it is Rust here."""

    package: str
    version: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """All pins of ci/toolchain.toml: interpreters by triple, the others by the recipe's name for them."""

    cpython: Mapping[str, CPythonPin]
    sdists: Mapping[str, SdistPin] = field(default_factory=dict)
    jars: Mapping[str, MavenPin] = field(default_factory=dict)
    crates: Mapping[str, CratePin] = field(default_factory=dict)

    def sdist(self, name: str) -> SdistPin:
        """The source distribution a recipe calls `name`. Raises ConfigError when none is pinned."""
        return self._pin(self.sdists, "sdist", name)

    def jar(self, name: str) -> MavenPin:
        """The jar a recipe calls `name`. Raises ConfigError when none is pinned."""
        return self._pin(self.jars, "maven", name)

    def crate(self, name: str) -> CratePin:
        """The crate a recipe calls `name`. Raises ConfigError when none is pinned."""
        return self._pin(self.crates, "crate", name)

    def pin(self, reference: str) -> SdistPin | MavenPin | CratePin:
        """What the table `reference` pins, e.g. `crate.vulkan-headers`. Raises ConfigError when there is none."""
        table, _, name = reference.partition(".")
        tables: Mapping[str, Mapping[str, SdistPin | MavenPin | CratePin]] = {
            "sdist": self.sdists,
            "maven": self.jars,
            "crate": self.crates,
        }
        return self._pin(tables[table], table, name)

    def cpython_for(self, triple: str) -> CPythonPin:
        """The interpreter pinned for `triple`. Raises ConfigError when there is none."""
        return self._pin(self.cpython, "cpython", triple)

    @staticmethod
    def _pin(pins: Mapping[str, _Pin], table: str, name: str) -> _Pin:
        if name not in pins:
            raise ConfigError(
                f"ci/toolchain.toml pins no [{table}] for `{name}`; it has {', '.join(sorted(pins)) or 'none'}",
                hint=f"add a [{table}.{name}] table",
            )
        return pins[name]


def load_targets(path: Path) -> tuple[Target, ...]:
    """The targets of `path` in their order. Raises ConfigError naming every problem."""
    document = _read(path)
    problems = schema.problems(document, SCHEMAS / "targets.json")
    _refuse(path, problems)
    machines = {name: _machine(name, values) for name, values in document.get("machine", {}).items()}
    names = [f"{entry['variant']}-{entry['triple']}" for entry in document["target"]]
    problems += [f"target `{name}` is listed twice" for name in sorted({n for n in names if names.count(n) > 1})]
    problems += [
        f"target `{name}`: there is no [machine.{machine}]{schema.meant(machine, sorted(machines))}"
        for name, entry in zip(names, document["target"], strict=True)
        for machine in entry.get("machines", ())
        if machine not in machines
    ]
    _refuse(path, problems)
    project = _project(document["project"])
    return tuple(_target(entry, project, machines) for entry in document["target"])


def load_toolchain(path: Path) -> Toolchain:
    """The pins of `path`. Raises ConfigError naming every problem."""
    document = _read(path)
    _refuse(path, schema.problems(document, SCHEMAS / "toolchain.json"))
    return Toolchain(
        sdists={name: SdistPin(**{"facts": {}, **values}) for name, values in document.get("sdist", {}).items()},
        jars={name: MavenPin(**values) for name, values in document.get("maven", {}).items()},
        crates={name: CratePin(**values) for name, values in document.get("crate", {}).items()},
        cpython={triple: CPythonPin(**values) for triple, values in document["cpython"].items()},
    )


def _project(values: dict[str, Any]) -> Project:
    paths = {key: Path(values[key]) for key in ("package", "launcher", "placed", "smoke")}
    return Project(program=values["program"], recipe=values["recipe"], **paths)


def _machine(name: str, values: dict[str, Any]) -> Machine:
    return Machine(name=name, runner=values["runner"], container=values.get("container"), prepare=values.get("prepare"))


def _target(values: dict[str, Any], project: Project, machines: Mapping[str, Machine]) -> Target:
    return Target(
        project=project,
        variant=values["variant"],
        triple=values["triple"],
        zig_target=values["zig_target"],
        native_glibc_floor=values.get("native_glibc_floor"),
        engine_glibc_floor=values.get("engine_glibc_floor"),
        plug_in_glibc_floor=values.get("plug_in_glibc_floor", values.get("native_glibc_floor")),
        architectures=tuple(values.get("architectures", ())),
        layouts=tuple(values["layouts"]),
        bundles=tuple(values["bundles"]),
        machines=tuple(machines[name] for name in values.get("machines", ())),
        budget=Budget(**{layer: bytes_of(text) for layer, text in values["budget"].items()}),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path} is missing", hint="restore it: `git checkout -- ci`") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}", hint="mend the named line") from error


def _refuse(path: Path, problems: list[str]) -> None:
    if problems:
        lines = "\n       ".join(problems)
        raise ConfigError(f"{path.name}: {lines}", hint=f"mend {path}; nothing was built")
