"""A project's folder with what stands in its files: targets, pins, and the jobs that are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sidecarkit import config, host, recipes, schema
from sidecarkit.cache import Cache
from sidecarkit.config import Target, Toolchain
from sidecarkit.errors import ConfigError, NothingSelected
from sidecarkit.job import Job, Options
from sidecarkit.report import Report


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """One project as its `ci/targets.toml` and `ci/toolchain.toml` describe it."""

    root: Path
    targets: tuple[Target, ...]
    toolchain: Toolchain
    report: Report

    @classmethod
    def read(cls, root: Path, report: Report) -> Workspace:
        """The project in `root`. Raises ConfigError naming everything that is wrong in its files."""
        return cls(
            root=root,
            targets=config.load_targets(root / "ci" / "targets.toml"),
            toolchain=config.load_toolchain(root / "ci" / "toolchain.toml"),
            report=report,
        )

    def for_architectures(self, names: Sequence[str]) -> Workspace:
        """The same project with its plug-ins for these graphics processors alone; as it is when none is named.

        Raises ConfigError for a name that the targets file could not hold either.
        """
        wrong = [name for name in names if not config.ARCHITECTURE.fullmatch(name)]
        if wrong:
            raise ConfigError(
                f"`{', '.join(wrong)}` is no architecture of a graphics processor",
                hint="they are written as in ci/targets.toml: 86-real for machine code, 90-virtual for PTX",
            )
        targets = (replace(each, architectures=tuple(names)) if each.architectures else each for each in self.targets)
        return replace(self, targets=tuple(targets)) if names else self

    def target(self, name: str) -> Target:
        """The target of that name. Raises NothingSelected, naming those there are."""
        names = [target.name for target in self.targets]
        if name not in names:
            raise NothingSelected(
                f"there is no target `{name}`{schema.meant(name, names)}",
                hint=f"ci/targets.toml lists {', '.join(names)}",
            )
        return self.targets[names.index(name)]

    def host_target(self) -> Target:
        """The `cpu` target of this machine. Raises NothingSelected when the project has none."""
        return self.target(f"cpu-{host.target_triple()}")

    def job(self, target: Target, options: Options) -> Job:
        """A job for `target` that no stage has begun yet."""
        return Job(
            stage="", root=self.root, target=target, toolchain=self.toolchain, options=options,
            report=self.report, cache=Cache.of_user(self.report), keys={}, records={},
        )  # fmt: skip

    def buildable(self, name: str) -> Target:
        """The target of that name, which this machine can build. Raises NothingSelected with the reason otherwise."""
        target = self.target(name)
        obstacle = self.obstacle(target)
        if obstacle:
            raise NothingSelected(
                f"`{target.name}` cannot be built here: {obstacle}",
                hint="`plan` says what can be built on this machine",
            )
        return target

    def obstacle(self, target: Target, machine: str | None = None) -> str | None:
        """Why `target` cannot be built on a machine of the triple `machine` (None: this one), or None if it can."""
        lacks = recipes.of(target.project.recipe).lacks(target)
        if lacks:
            return lacks
        if target.triple not in self.toolchain.cpython:
            return f"ci/toolchain.toml pins no CPython for {target.triple}"
        here = host.target_triple()
        if (machine or here) != target.triple:
            # Nuitka compiles for the Python it runs in.
            return f"its engine is compiled by its own system's Python, and this machine is {machine or here}"
        plug_in = recipes.of(target.project.recipe).plug_ins.get(target.variant)
        return plug_in.lacks() if plug_in and machine is None else None
