"""A sidecar project of a few lines, and the toolkit as a process that works on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ECHO = Path(__file__).with_name("echo")
# A compile with Nuitka, unless the cache has it.
BUILD_LIMIT_S = 600


@dataclass(frozen=True)
class Project:
    """A copy of the echo project, with the pinned interpreter, the locked compiler and the launcher that are ours."""

    root: Path
    target: str = "cpu-x86_64-unknown-linux-gnu"

    @property
    def log(self) -> Path:
        """Where stage engine's programs write."""
        return self.root / "build" / self.target / "logs" / "engine.log"

    def replace(self, name: str, old: str, new: str) -> None:
        """Change one of its files. An `old` that is not there would make a test prove nothing."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def start(
        self, *words: str, env: Mapping[str, str] | None = None, inside: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        """`python -m sidecarkit --root … words`, in a session of its own; `inside` runs it as its own last words."""
        return subprocess.Popen(
            [*inside, sys.executable, "-m", "sidecarkit", "--root", str(self.root), *words],
            env=os.environ | {"PYTHONPATH": str(ROOT / "ci")} | dict(env or {}), cwd=self.root.parent,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip

    def run(self, *words: str, env: Mapping[str, str] | None = None, inside: Sequence[str] = ()) -> tuple[int, str]:
        """The exit code and all that was said."""
        with self.start(*words, env=env, inside=inside) as process:
            said, _ = process.communicate(timeout=BUILD_LIMIT_S)
        return process.returncode, said

    def stage(self, name: str, env: Mapping[str, str] | None = None, inside: Sequence[str] = ()) -> tuple[int, str]:
        """One stage of its only target."""
        return self.run("stage", name, "--target", self.target, env=env, inside=inside)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh copy: what is built of unchanged files comes from the user's cache."""
    root = tmp_path / "project"
    shutil.copytree(ECHO, root)
    shutil.copytree(ROOT / "ci" / "locks", root / "ci" / "locks")
    shutil.copy(ROOT / "sidecar" / "launcher.c", root)
    pins = (ROOT / "ci" / "toolchain.toml").read_text(encoding="utf-8")
    (root / "ci" / "toolchain.toml").write_text(pins[pins.index("[cpython.") :], encoding="utf-8")
    return Project(root)
