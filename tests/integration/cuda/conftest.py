"""The placed CUDA sidecar, for those who built one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarkit import config, host
from sidecarkit.config import Target

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def target() -> Target:
    name = f"cuda-{host.target_triple()}"
    return next(each for each in config.load_targets(ROOT / "ci" / "targets.toml") if each.name == name)


@pytest.fixture(scope="session")
def folder(target: Target) -> Path:
    """The placed CUDA sidecar's folder."""
    placed = ROOT / target.project.placed / target.folder_name
    if not (placed / target.program_name).is_file():
        pytest.skip("no CUDA sidecar is placed: building one takes the better part of an hour")
    return placed
