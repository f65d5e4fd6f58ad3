"""Cargo as every stage calls it: one target folder, locked dependencies, no incremental leftovers."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sidecarkit import command, requirements
from sidecarkit.report import Report

_FETCH_LIMIT_S = 900
_COMMIT = re.compile(r"^commit-hash: ([0-9a-f]{40})$", re.MULTILINE)


def version() -> str:
    """What rustc says of itself, host triple and commit included; `missing` when there is none."""
    return requirements.answer(["rustc", "--version", "--verbose"]) or "missing"


def cargo_version() -> str:
    """What cargo says of itself; `missing` when there is none."""
    return requirements.answer(["cargo", "--version"]) or "missing"


def target_folder(root: Path) -> Path:
    """Where everything that Cargo builds in the checkout in `root` lands."""
    return root / "build" / "cargo" / "target"


def fetch(root: Path, *, log: Path, report: Report) -> None:
    """Download the locked crates: the only step that needs the network, so that compiling can be shown to need none."""
    command.run(
        ["cargo", "fetch", "--locked"], log=log, report=report, title="fetching crates",
        cwd=root / "tauri-app" / "src-tauri", env=environment(root), timeout_s=_FETCH_LIMIT_S,
    )  # fmt: skip


def environment(root: Path) -> dict[str, str]:
    """The environment of every cargo command on the checkout in `root`.

    The folder must be *named* `target`: by that name Tauri's `resource_dir()` knows a development build.
    """
    return dict(os.environ) | {
        "CARGO_TARGET_DIR": str(target_folder(root)),
        "CARGO_INCREMENTAL": "0",
        "CARGO_PROFILE_TEST_DEBUG": "0",
    }


def release_environment(root: Path) -> dict[str, str]:
    """`environment` for a program that ships: no path of this machine gets into it, so its bytes are the same anywhere.

    Panics name the source file they are in: a crate's below Cargo's home and the name of the registry's mirror,
    the standard library's below rustc's own folder where its sources are installed. Call it after `cargo fetch`,
    which unpacks the crates. The user's own RUSTFLAGS do not count.
    """
    flags = [f"--remap-path-prefix={path}={name}" for path, name in _renamed(root)]
    return environment(root) | {"CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags)}


def _renamed(root: Path) -> list[tuple[Path, str]]:
    """Folders and what they are called in the program; of two that fit, rustc takes the later one."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    registries = sorted(path for path in (home / "registry" / "src").glob("*") if path.is_dir())
    renamed = [(home, "cargo"), *((path, "crates") for path in registries), (root, "source")]
    sysroot = requirements.answer(["rustc", "--print", "sysroot"])
    commit = _COMMIT.search(version())
    if sysroot and commit:
        renamed.append((Path(sysroot, "lib", "rustlib", "src", "rust"), f"/rustc/{commit[1]}"))
    return renamed
