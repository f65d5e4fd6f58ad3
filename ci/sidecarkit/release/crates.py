"""The crates inside the app's program, as cargo itself resolves them for a target.

`cargo tree` knows what is linked: `cargo metadata` would unite the features that build scripts and macros ask for
with those of the program, and list a third more. `cargo metadata` knows licences and where the sources lie.
"""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from packageurl import PackageURL

from sidecarkit.errors import MissingTool, StepFailed
from sidecarkit.release.part import Part

_CARGO_LIMIT_S = 300
_Crate = tuple[str, str]


def shipped(core: Path, triple: str, environment: Mapping[str, str]) -> list[Part]:
    """The third-party crates whose code is linked into the program of the workspace in `core`.

    Raises StepFailed when cargo cannot resolve the locked crates without the network.
    """
    tree = _cargo(core, environment, "tree", "--target", triple, "--edges", "normal,no-proc-macro", "--prefix", "none")
    linked = {_crate_of(line) for line in tree.splitlines()}
    metadata = json.loads(_cargo(core, environment, "metadata", "--format-version", "1", "--filter-platform", triple))
    packages = {
        package["id"]: package
        for package in metadata["packages"]
        if package["source"] is not None and _identity(package) in linked
    }
    needs = {
        node["id"]: [need for need in node["dependencies"] if need in packages] for node in metadata["resolve"]["nodes"]
    }
    checksums = _checksums(core / "Cargo.lock")
    return [
        _part(package, checksums.get(_identity(package)), [packages[need] for need in needs[id_]])
        for id_, package in sorted(packages.items())
    ]


def _cargo(core: Path, environment: Mapping[str, str], *words: str) -> str:
    argv = ["cargo", *words, "--locked", "--offline"]
    try:
        done = subprocess.run(
            argv, cwd=core, env=dict(environment), capture_output=True, text=True, check=False, timeout=_CARGO_LIMIT_S
        )
    except FileNotFoundError as error:
        raise MissingTool("`cargo` was not found", hint="`python3 noxfile.py -s doctor` installs Rust") from error
    if done.returncode:
        raise StepFailed(
            f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}",
            hint="`cargo fetch --locked` in tauri-app/src-tauri brings what is missing",
        )
    return done.stdout


def _crate_of(line: str) -> _Crate:
    """`serde v1.0.228 (*)` as name and version."""
    name, version, *_ = line.split()
    return name, version.removeprefix("v")


def _identity(package: Mapping[str, Any]) -> _Crate:
    return package["name"], package["version"]


def _checksums(lock: Path) -> dict[_Crate, str]:
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    return {_identity(package): package["checksum"] for package in packages if "checksum" in package}


def _part(package: Mapping[str, Any], checksum: str | None, needs: Iterable[Mapping[str, Any]]) -> Part:
    return Part(
        name=package["name"],
        version=package["version"],
        kind="cargo",
        # `MIT/Apache-2.0` is how crates wrote `or` before there were SPDX expressions.
        licence=" OR ".join(word.strip() for word in (package["license"] or "").split("/")),
        sha256=checksum,
        folder=Path(package["manifest_path"]).parent,
        needs=tuple(PackageURL("cargo", None, *_identity(need)).to_string() for need in needs),
    )
