"""ci/targets.toml and ci/toolchain.toml as frozen types; every problem is reported at once."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sidecarkit.errors import ConfigError

_TRIPLE = re.compile(r"^[a-z0-9_]+-[a-z0-9]+-[a-z0-9]+(-[a-z0-9]+)?$")
_VERSION = re.compile(r"^\d+(\.\d+)+$")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
VARIANTS = ("cpu",)
RECIPES = ("llama_cpu",)
BUNDLES = ("deb",)


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is built: a set of backends (the variant) for a machine and system (the triple)."""

    variant: str
    triple: str
    recipe: str
    zig_target: str
    native_glibc_floor: str
    engine_glibc_floor: str
    bundles: tuple[str, ...]

    @property
    def name(self) -> str:
        """The one name used for folders, logs, jobs and files, e.g. `cpu-x86_64-unknown-linux-gnu`."""
        return f"{self.variant}-{self.triple}"

    @property
    def for_windows(self) -> bool:
        """Whether programs of this target end in `.exe`."""
        return "-windows-" in self.triple


@dataclass(frozen=True, kw_only=True)
class LlamaPin:
    """The sdist with llama.cpp's source and bindings, and the build identity compiled into it."""

    package: str
    version: str
    sha256: str
    commit: str
    build_number: int


@dataclass(frozen=True, kw_only=True)
class CPythonPin:
    """The interpreter that is compiled into the engine, by Maven coordinates."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str
    python: str


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """All pins of ci/toolchain.toml."""

    llama: LlamaPin
    cpython: Mapping[str, CPythonPin]

    def cpython_for(self, triple: str) -> CPythonPin:
        """The interpreter pinned for `triple`. Raises ConfigError when there is none."""
        if triple not in self.cpython:
            raise ConfigError(
                f"ci/toolchain.toml pins no CPython for `{triple}`; it has {sorted(self.cpython)}",
                hint=f"add a [cpython.{triple}] table",
            )
        return self.cpython[triple]


class _Table:
    """Reads one TOML table and collects what is wrong with it."""

    def __init__(self, where: str, values: object, problems: list[str]) -> None:
        self.where, self.problems = where, problems
        self.values: dict[str, Any] = values if isinstance(values, dict) else {}
        if not isinstance(values, dict):
            problems.append(f"{where}: expected a table, found {values!r}")

    def known(self, allowed: list[str]) -> None:
        for key in self.values.keys() - set(allowed):
            close = difflib.get_close_matches(key, allowed, n=1)
            self.problems.append(
                f"{self.where}: unknown key `{key}`" + (f", did you mean `{close[0]}`?" if close else "")
            )

    def text(self, key: str, pattern: re.Pattern[str] | None = None, one_of: tuple[str, ...] = ()) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not value:
            self.problems.append(f"{self.where}: `{key}` must be a text, found {value!r}")
            return ""
        if one_of and value not in one_of:
            self.problems.append(f"{self.where}: `{key}` is {value!r}, allowed: {', '.join(one_of)}")
        if pattern and not pattern.match(value):
            self.problems.append(f"{self.where}: `{key}` is {value!r}, expected the form {pattern.pattern}")
        return value

    def count(self, key: str) -> int:
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.problems.append(f"{self.where}: `{key}` must be a number from 0 on, found {value!r}")
            return 0
        return value

    def texts(self, key: str, one_of: tuple[str, ...]) -> tuple[str, ...]:
        value = self.values.get(key)
        if not isinstance(value, list) or not value or not set(map(str, value)) <= set(one_of):
            self.problems.append(f"{self.where}: `{key}` must list some of {', '.join(one_of)}, found {value!r}")
            return ()
        return tuple(str(item) for item in value)


def load_targets(path: Path) -> tuple[Target, ...]:
    """The targets of `path` in their order. Raises ConfigError naming every problem."""
    problems: list[str] = []
    document = _Table(path.name, _read(path), problems)
    document.known(["target"])
    entries = document.values.get("target")
    if not isinstance(entries, list) or not entries:
        problems.append(f"{path.name}: no [[target]] in it")
        entries = []
    targets = [_target(_Table(f"{path.name} target {i + 1}", entry, problems)) for i, entry in enumerate(entries)]
    names = [target.name for target in targets]
    problems += [f"{path.name}: target `{name}` is listed twice" for name in {n for n in names if names.count(n) > 1}]
    _refuse(path, problems)
    return tuple(targets)


def load_toolchain(path: Path) -> Toolchain:
    """The pins of `path`. Raises ConfigError naming every problem."""
    problems: list[str] = []
    document = _Table(path.name, _read(path), problems)
    document.known(["llama", "cpython"])
    llama = _llama(_Table(f"{path.name} [llama]", document.values.get("llama"), problems))
    tables = _Table(f"{path.name} [cpython]", document.values.get("cpython"), problems).values
    pins = {
        triple: _cpython(_Table(f"{path.name} [cpython.{triple}]", table, problems)) for triple, table in tables.items()
    }
    _refuse(path, problems)
    return Toolchain(llama=llama, cpython=pins)


def _target(table: _Table) -> Target:
    table.known([field.name for field in fields(Target)])
    return Target(
        variant=table.text("variant", one_of=VARIANTS),
        triple=table.text("triple", _TRIPLE),
        recipe=table.text("recipe", one_of=RECIPES),
        zig_target=table.text("zig_target"),
        native_glibc_floor=table.text("native_glibc_floor", _VERSION),
        engine_glibc_floor=table.text("engine_glibc_floor", _VERSION),
        bundles=table.texts("bundles", one_of=BUNDLES),
    )


def _llama(table: _Table) -> LlamaPin:
    table.known([field.name for field in fields(LlamaPin)])
    return LlamaPin(
        package=table.text("package"),
        version=table.text("version", _VERSION),
        sha256=table.text("sha256", _SHA256),
        commit=table.text("commit"),
        build_number=table.count("build_number"),
    )


def _cpython(table: _Table) -> CPythonPin:
    table.known([field.name for field in fields(CPythonPin)])
    return CPythonPin(
        group=table.text("group"),
        artifact=table.text("artifact"),
        version=table.text("version"),
        classifier=table.text("classifier"),
        sha256=table.text("sha256", _SHA256),
        python=table.text("python", _VERSION),
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
        raise ConfigError("\n       ".join(sorted(problems)), hint=f"mend {path}; nothing was built")
