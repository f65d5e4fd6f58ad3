"""Names what the machine lacks with the one command that installs it, and runs that command where it may."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sidecarkit import command, pitfalls, requirements
from sidecarkit.config import Project
from sidecarkit.errors import MissingTool, StepFailed
from sidecarkit.report import Report
from sidecarkit.requirements import Requirement

_INSTALL_LIMIT_S = 1800
_LOG = Path("build", "logs", "doctor.log")
# `rustc-web` conflicts with these; installing it would remove them.
_RUST_CONFLICTS = ("rustc", "cargo", "rustup")


@dataclass(frozen=True)
class Manager:
    """A system's way to install packages. `refresh` reads the lists anew, which some must not do by halves (None)."""

    install: tuple[str, ...]
    refresh: tuple[str, ...] | None
    packages: Callable[[Requirement], tuple[str, ...]]
    options: Callable[[Requirement], tuple[str, ...]]

    def refreshes_first(self) -> bool:
        """Whether there are no lists yet, as in a container's image."""
        return self.refresh is not None and not any(Path("/var/lib/apt/lists").glob("*Packages*"))


_MANAGERS = (
    Manager(
        install=("apt-get", "install", "--yes", "--no-install-recommends", "--no-remove"),
        refresh=("apt-get", "update"),
        packages=lambda requirement: requirement.apt,
        options=lambda requirement: tuple(
            f"--option=Dpkg::Options::=--path-exclude={path}" for path in requirement.apt_without
        ),
    ),
    Manager(
        install=("pacman", "--sync", "--needed", "--noconfirm"),
        refresh=None,
        packages=lambda requirement: requirement.pacman,
        options=lambda _: (),
    ),
)


def run(root: Path, project: Project, report: Report) -> None:
    """Look at the machine and install what is missing. Raises MissingTool when something must be done by hand."""
    with report.section("doctor · what this machine has"):
        for note in pitfalls.notes(root, project):
            report.say(f" ! {note}")
        missing = _look(report)
        if not missing:
            return
        manager = next((each for each in _MANAGERS if shutil.which(each.install[0])), None)
        if manager is None:
            raise MissingTool(
                f"missing: {', '.join(each.name for each in missing)}",
                hint="README.md, section `Other systems`, says what brings them on this one",
            )
        _refuse_conflicts(_packages(manager, missing))
        _install(manager, missing, report)
        still = _look(report)
    if still:
        raise MissingTool(
            f"still missing after the installation: {', '.join(each.name for each in still)}",
            hint="a Rust of one's own must have clippy and rustfmt: `rustup component add clippy rustfmt`",
            log=_LOG,
        )


def _look(report: Report) -> list[Requirement]:
    missing = []
    for requirement in requirements.of(sys.platform):
        found = requirement.found()
        report.say(f" {'✓' if found else '✗'} {requirement.name}: {found or f'missing ({requirement.why})'}")
        if not found:
            missing.append(requirement)
    return missing


def _refuse_conflicts(packages: list[str]) -> None:
    if "rustc-web" not in packages:
        return
    there = [name for name in _RUST_CONFLICTS if _is_installed(name)]
    version = requirements.rust_version()
    found = ".".join(map(str, version)) if version else "incomplete"
    if there:
        raise MissingTool(
            f"Rust is {found}, at least 1.90 with clippy and rustfmt is needed, "
            f"and Debian's `rustc-web` conflicts with the installed {', '.join(there)}",
            hint=f"nothing was removed. Either `apt-get remove {' '.join(there)}` and run this again, "
            "or update your own Rust",
        )
    if version is not None and shutil.which("rustup"):
        raise MissingTool(
            f"the Rust on PATH ({found}) is managed by rustup and lacks something: "
            "at least 1.90 with clippy and rustfmt is needed",
            hint="nothing was changed: `rustup update stable && rustup component add clippy rustfmt`",
        )


def _is_installed(package: str) -> bool:
    state = requirements.answer(["dpkg-query", "--show", "--showformat", "${db:Status-Status}", package])
    return state == "installed"


def _packages(manager: Manager, missing: list[Requirement]) -> list[str]:
    return list(dict.fromkeys(package for each in missing for package in manager.packages(each)))


def _install(manager: Manager, missing: list[Requirement], report: Report) -> None:
    prefix, packages = _privilege(), _packages(manager, missing)
    install = (*manager.install, *(option for each in missing for option in manager.options(each)), *packages)
    shown = shlex.join([*(["sudo"] if prefix is None else prefix), *install])
    report.say(f"   {shown}")
    if prefix is None or not _agreed():
        raise MissingTool(f"missing packages: {' '.join(packages)}", hint=f"run `{shown}`, then the same command again")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    lists_were_missing = manager.refreshes_first()

    def do(words: tuple[str, ...], title: str) -> None:
        argv = [*prefix, *words]
        command.run(argv, log=_LOG, report=report, title=title, env=environment, timeout_s=_INSTALL_LIMIT_S)

    if manager.refresh and lists_were_missing:
        do(manager.refresh, "reading the package lists")
    try:
        do(install, f"installing {len(packages)} packages")
    except StepFailed:
        if manager.refresh is None or lists_were_missing:
            raise
        # Mirrors drop old versions: lists from last month name files that are gone.
        do(manager.refresh, "reading the package lists again")
        do(install, f"installing {len(packages)} packages")


def _privilege() -> list[str] | None:
    """The words in front of the package manager: none for root, `sudo -n` where it needs no password; None: neither."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    return ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND"] if allowed else None


def _agreed() -> bool:
    if not sys.stdin.isatty():
        return True
    return input("   install them now? [Y/n] ").strip().lower() in ("", "y", "yes")
