"""Ctrl-C in the middle of a real compile: Nuitka, SCons and zig are gone, and the cache has no half entry."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from sidecarkit.cache.store import folder_of_user
from sidecarkit.errors import INTERRUPTED

from .conftest import Project
from .test_bad_input import changed, compilers

LIMIT_S = 60.0


def parents() -> dict[int, int]:
    """Every process that has not ended, and its parent."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2]
        except (OSError, ValueError):  # it ended meanwhile
            continue
        if state != "Z":
            found[int(path.parent.name)] = int(parent)
    return found


def below(pid: int) -> set[int]:
    """What `pid` started, and what that started."""
    tree, found = parents(), {pid}
    while more := {child for child, parent in tree.items() if parent in found} - found:
        found |= more
    return found - {pid}


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The engines of a cache that only this test uses, with the user's downloads and compilers."""
    kept, own = folder_of_user(), tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(own))
    folder_of_user().mkdir(parents=True)
    for name in ("parts", "compiler", "zig"):
        (kept / name).mkdir(parents=True, exist_ok=True)
        (folder_of_user() / name).symlink_to(kept / name)
    return folder_of_user() / "engine"


def test_ctrl_c_ends_every_compiler_and_leaves_no_half_entry(project: Project, engines: Path) -> None:
    changed(project)
    with project.start("stage", "engine", "--target", project.target) as toolkit:
        nuitka = next(compilers(toolkit))
        deadline = time.monotonic() + LIMIT_S
        while len(started := below(toolkit.pid)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        toolkit.send_signal(signal.SIGINT)
        said, _ = toolkit.communicate(timeout=LIMIT_S)
    assert toolkit.returncode == INTERRUPTED, said
    assert "interrupted: what was finished is kept" in said
    assert nuitka in started
    assert len(started) >= 2, "no grandchild was there to be ended"
    assert started & parents().keys() == set()
    assert [path.name for path in engines.iterdir()] == [".lock"]
