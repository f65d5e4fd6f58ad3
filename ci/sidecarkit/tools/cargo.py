"""Cargo as every stage calls it: one target folder, locked dependencies, no incremental leftovers."""

from __future__ import annotations

import os
from pathlib import Path

from sidecarkit import requirements


def version() -> str:
    """What rustc says of itself, host triple and commit included; `missing` when there is none."""
    return requirements.answer(["rustc", "--version", "--verbose"]) or "missing"


def environment(root: Path) -> dict[str, str]:
    """The environment of every cargo command on the checkout in `root`.

    The folder must be *named* `target`: by that name Tauri's `resource_dir()` knows a development build.
    """
    return dict(os.environ) | {
        "CARGO_TARGET_DIR": str(root / "build" / "cargo" / "target"),
        "CARGO_INCREMENTAL": "0",
        "CARGO_PROFILE_TEST_DEBUG": "0",
    }
