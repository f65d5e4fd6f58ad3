"""What a recipe is: the parts of a sidecar that are not its own Python, as functions that the stages call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sidecarkit.audit.rules import Rules
    from sidecarkit.config import Target, Toolchain
    from sidecarkit.job import Job

# What a native build leaves in the folder it is given.
LIBRARIES, TOOLS = "lib", "tools"


@dataclass(frozen=True, kw_only=True)
class Native:
    """Libraries beside the engine, and the tools that speeds are held against.

    `folder`: where the libraries lie in the packed engine; None when there are none. `build` fills the folders `lib`
    and `tools` of the folder it is given. `facts` is what the record tells about libraries of these names.
    """

    summary: str
    folder: str | None
    inputs: Callable[[Job], dict[str, str]]
    build: Callable[[Job, Path], None]
    facts: Callable[[Sequence[str]], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class PlugIn:
    """A variant's own backend: libraries beside the native ones, compiled against the same sources.

    `pins` are the tables of ci/toolchain.toml it is built from, e.g. `crate.vulkan-headers`. `build` fills the folder
    `lib` of the folder it is given; the record of stage native names what it is linked with.
    `lacks` says what this machine must have to build it and has not, or None.
    """

    summary: str
    pins: tuple[str, ...]
    inputs: Callable[[Job], dict[str, str]]
    build: Callable[[Job, Path], None]
    lacks: Callable[[], str | None] = lambda: None


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What is compiled beside the project's own package.

    `gather` puts modules into the folder that is given, in which the package lies already under its own name.
    `flags` choose modules, in Nuitka's words.
    """

    inputs: Callable[[Job], dict[str, str]]
    gather: Callable[[Job, Path], None]
    flags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Extras:
    """Files that lie in the packed engine beside its libraries; `add` puts them into the folder."""

    inputs: Callable[[], dict[str, str]]
    add: Callable[[Path], None]


@dataclass(frozen=True, kw_only=True)
class Models:
    """Models to measure with, by the name of their shape; `make` writes one into a folder and returns its file."""

    shapes: tuple[str, ...]
    inputs: Callable[[Job, str], dict[str, str]]
    make: Callable[[Job, str, Path], None]
    file_name: Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """Programs that only the full benchmarks are held against.

    `build` fills a folder of the cache, `lay_out` makes of it and the folder of native libraries one in which the
    programs run, and returns them by name.
    """

    inputs: Callable[[Job], dict[str, str]]
    build: Callable[[Job, Path], None]
    lay_out: Callable[[Job, Path, Path], dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All of it. `lacks` says why a target cannot be built by this recipe, or None when it can.

    `plug_ins` are those of the variants that have one; the libraries of `native` are the same in every variant.
    `promises` is what the audit holds the built sidecar against. `facts`: what a release tells of the recipe, from the
    pins alone: which commit, by which flags.
    """

    lacks: Callable[[Target], str | None]
    promises: Callable[[Target], Rules]
    native: Native
    engine: Engine
    extras: Extras
    plug_ins: Mapping[str, PlugIn] = field(default_factory=dict)
    models: Models | None = None
    anchors: Anchors | None = None
    facts: Callable[[Toolchain], dict[str, Any]] = lambda _: {}
