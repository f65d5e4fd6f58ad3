"""A .deb that depends on nothing but its content and one time: the same order, owners, modes and times everywhere.

Tauri writes members in the order the file system lists them, with the time of the build.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from sidecarkit import command
from sidecarkit.report import Report

_LIMIT_S = 600
_SUMS = "md5sums"


def settle(package: Path, destination: Path, *, time: int, log: Path, report: Report) -> None:
    """Write `package` anew to `destination`, everything in it dated `time` (seconds since 1970).

    Raises StepFailed, and MissingTool where there is no dpkg-deb.
    """
    with tempfile.TemporaryDirectory(dir=destination.parent) as workplace:
        tree, written = Path(workplace) / "tree", Path(workplace) / "package.deb"
        command.run(
            ["dpkg-deb", "--raw-extract", package, tree],
            log=log, report=report, title=f"unpacking {package.name}", timeout_s=_LIMIT_S,
        )  # fmt: skip
        _sort_sums(tree / "DEBIAN" / _SUMS)
        _level(tree, time)
        command.run(
            # gzip: what Tauri chose. dpkg-deb sorts by name, and takes its own times from SOURCE_DATE_EPOCH.
            ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z9", "--build", tree, written],
            log=log, report=report, title="writing it with the commit's time", timeout_s=_LIMIT_S,
            env=os.environ | {"SOURCE_DATE_EPOCH": str(time), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )  # fmt: skip
        written.chmod(0o644)
        shutil.move(written, destination)


def _sort_sums(sums: Path) -> None:
    if sums.is_file():
        lines = sums.read_text(encoding="utf-8").splitlines()
        sums.write_text("".join(f"{line}\n" for line in sorted(lines, key=lambda line: line[34:])), encoding="utf-8")


def _level(tree: Path, time: int) -> None:
    """Modes that no umask decides, and one time; folders last, since filling one touches it."""
    for path in sorted(tree.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (time, time), follow_symlinks=False)
    tree.chmod(0o755)
    os.utime(tree, (time, time))
