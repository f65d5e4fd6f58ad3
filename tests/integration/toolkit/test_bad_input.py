"""What goes wrong around a build: each ends with its exit code, says what and why, and leaves no half cache entry."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecarkit.cache import Cache
from sidecarkit.report import Report

from .conftest import BUILD_LIMIT_S, Project

MOUNT_AND_RUN = 'mount -t tmpfs -o size=4m none "$1" && shift && exec "$@"'


@pytest.fixture
def engines() -> Path:
    """Where the user's cache keeps engines."""
    return Cache.of_user(Report()).root / "engine"


def changed(project: Project) -> None:
    """Make it a project that nobody has built yet."""
    project.replace("echo/__main__.py", "import sys\n", f"import sys\n\nBUILT_BY = {os.urandom(8).hex()!r}\n")


def half_built(engines: Path) -> set[str]:
    return {path.name for path in engines.iterdir() if path.name.startswith(".") and path.is_dir()}


def test_a_wrong_hash_in_a_pin_is_refused_with_both_hashes(project: Project) -> None:
    project.replace("ci/toolchain.toml", 'sha256 = "50ad91aa', 'sha256 = "00000000')
    code, said = project.stage("engine")
    assert code == 13, said
    assert "has the hash 50ad91aa" in said
    assert "pinned is 00000000" in said
    assert "hint: " in said


def test_a_missing_tool_is_named_with_what_installs_it(project: Project, tmp_path: Path) -> None:
    changed(project)
    (tmp_path / "nothing").mkdir()
    code, said = project.stage("engine", env={"PATH": str(tmp_path / "nothing")})
    assert code == 4, said
    assert "missing: ldd, readelf" in said
    assert "hint: `python3 noxfile.py -s doctor`" in said


@pytest.mark.timeout(BUILD_LIMIT_S)
def test_a_compiler_that_is_killed_ends_the_build_and_leaves_no_entry(project: Project, engines: Path) -> None:
    changed(project)
    before = half_built(engines)
    with project.start("stage", "engine", "--target", project.target) as toolkit:
        os.kill(next(compilers(toolkit)), signal.SIGKILL)
        said, _ = toolkit.communicate(timeout=BUILD_LIMIT_S)
    assert toolkit.returncode == 12, said
    assert "ended with signal SIGKILL" in said
    assert f"log: {project.log}" in said
    assert half_built(engines) <= before


def compilers(toolkit: subprocess.Popen[str]) -> Iterator[int]:
    """Process ids of Nuitka below `toolkit`, as soon as there are any; bounded by the test's own limit."""
    while toolkit.poll() is None:
        for path in Path("/proc").glob("[0-9]*"):
            try:
                words = (path / "cmdline").read_bytes().split(b"\0")
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):  # it ended meanwhile
                continue
            if b"nuitka" in words and parent == toolkit.pid:
                yield int(path.name)
    raise AssertionError("the toolkit ended before Nuitka was seen")


def test_a_disk_that_is_full_in_mid_build_is_told_apart(project: Project, tmp_path: Path) -> None:
    changed(project)
    small = tmp_path / "small"
    small.mkdir()
    mounted = ["unshare", "--mount", "sh", "-c", MOUNT_AND_RUN, "sh", str(small)]
    if subprocess.run([*mounted, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    code, said = project.stage("engine", env={"XDG_CACHE_HOME": str(small)}, inside=mounted)
    assert code == 14, said
    assert "no room left on the disk" in said
    assert "hint: free some gigabytes" in said
