"""A project in a git repository of its own, with what the stages would have left: real programs, a real package."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from sidecarkit import host
from sidecarkit.job import Options
from sidecarkit.records import Record
from sidecarkit.release.compose import Built, compose
from sidecarkit.report import Report
from sidecarkit.workspace import Workspace

ROOT = Path(__file__).resolve().parents[4]
_COPIED = ("pyproject.toml", ".gitignore", "ci", "tauri-app")
_LEFT_OUT = shutil.ignore_patterns("node_modules", "bin", "target", "dist", "gen", "__pycache__")
_COMMIT_TIME = "2026-01-02T03:04:05+00:00"
_PROGRAM = Path(shutil.which("true") or "/bin/true").resolve()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean checkout of this project's files, committed at a known time."""
    root = tmp_path_factory.mktemp("project")
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=_LEFT_OUT)
        else:
            shutil.copyfile(source, root / name)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "all of it")
    return root


@pytest.fixture(scope="session")
def built(project: Path) -> Built:
    """The host's target with a folder, a single file, a package and licences."""
    workspace = Workspace.read(project, Report(io.StringIO()))
    job = workspace.job(workspace.host_target(), Options())
    placed = project / job.target.project.placed
    folder = placed / job.target.folder_name
    (folder / "llama").mkdir(parents=True)
    shutil.copy(_PROGRAM, folder / job.target.program_name)
    (folder / "build.json").write_text('{"variant": "cpu"}\n', encoding="utf-8")
    shutil.copy(_PROGRAM, placed / job.target.single_file_name)
    packages = job.build / "packages"
    packages.mkdir(parents=True)
    package = make_package(job.build / "tree", packages / "localaiapp_0.1.0_amd64.deb")
    licences = job.build / "licences.txt"
    licences.write_text("Licences\n", encoding="utf-8")
    data = {
        "native": {},
        "plugin": {},
        "engine": {},
        "pack": {},
        "place": {"folder": str(folder), "single_file": str(placed / job.target.single_file_name), "files": []},
        "bench": measured(),
        "app": {},
        "assemble": {"deb": str(package), "licences": str(licences)},
    }
    return Built(job=job, records={stage: record(stage, job.target.name, each) for stage, each in data.items()})


@pytest.fixture(scope="session")
def composed(project: Path, built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release that no test may change."""
    folder = compose(project, [built], Report(io.StringIO()))
    return shutil.copytree(folder, tmp_path_factory.mktemp("composed") / "release")


@pytest.fixture
def release(composed: Path, tmp_path: Path) -> Path:
    """A copy of the release, to be damaged."""
    return shutil.copytree(composed, tmp_path / "release")


@pytest.fixture
def report() -> Report:
    return Report(io.StringIO())


def git(root: Path, *words: str) -> None:
    """Run git in `root` as nobody in particular, at a known time."""
    identity = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    dates = {"GIT_AUTHOR_DATE": _COMMIT_TIME, "GIT_COMMITTER_DATE": _COMMIT_TIME}
    environment = os.environ | identity | dates | {"GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-C", str(root), *words], check=True, env=environment, timeout=60)


def make_package(tree: Path, destination: Path) -> Path:
    """A real .deb with one program in it."""
    (tree / "DEBIAN").mkdir(parents=True)
    control = "Package: localaiapp\nVersion: 0.1.0\nArchitecture: amd64\nMaintainer: nobody\nDescription: test\n"
    (tree / "DEBIAN" / "control").write_text(control, encoding="utf-8")
    (tree / "usr" / "bin").mkdir(parents=True)
    shutil.copy(_PROGRAM, tree / "usr" / "bin" / "localaiapp")
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", str(tree), str(destination)],
        check=True, stdout=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    return destination


def record(stage: str, target: str, data: dict[str, Any]) -> Record:
    """A stage's record with `data`."""
    return Record(
        stage=stage, target=target, key="0" * 64, inputs={"zig": "1"}, data=data, seconds=1.0,
        finished="2026-01-02T03:04:05+00:00", cached=False,
    )  # fmt: skip


def measured() -> dict[str, Any]:
    """What stage bench leaves."""
    figure = {
        "name": "decode", "title": "decode", "unit": "tok/s", "better": "higher", "gated": True,
        "sidecar": 298.4, "anchor": 306.0, "ratio": 0.977, "low": 0.97, "high": 0.99, "pairs": 12,
        "repeated": 0, "disturbed": 0, "verdict": "passed", "samples": {"sidecar": [1.0], "anchor": None},
    }  # fmt: skip
    return {
        "summary": "decode passed",
        "verdict": "passed",
        "anchor": "llama-bench",
        "model": "135m",
        "machine": asdict(host.facts()),
        "rule": {"threshold": 0.97},
        "figures": [figure],
    }
