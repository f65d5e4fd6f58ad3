"""A project's folder with what stands in its files: targets, pins, and the jobs that are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sidecarkit import config, host, recipes, schema
from sidecarkit.cache import Cache
from sidecarkit.config import Target, Toolchain
from sidecarkit.errors import NothingSelected
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
        machine = machine or host.target_triple()
        if machine != target.triple:
            # Nuitka compiles for the Python it runs in.
            return f"its engine is compiled by its own system's Python, and this machine is {machine}"
        return None
