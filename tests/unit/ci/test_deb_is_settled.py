"""A .deb of the same content is the same file, whatever order, times, modes and umask it was made with."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from sidecarkit import deb, source
from sidecarkit.errors import ConfigError
from sidecarkit.report import Report

TIME = 1_763_900_000
CONTROL = "Package: localaiapp\nVersion: 0.1.0\nArchitecture: amd64\nMaintainer: nobody\nDescription: a test\n"
FILES = {"usr/bin/localaiapp": "program", "usr/lib/localaiapp/engine/b.so": "b", "usr/lib/localaiapp/engine/a.so": "a"}


def made(folder: Path, names: list[str], *, mtime: int, umask: int) -> Path:
    """A package such as Tauri writes: members and sums in the order of `names`, dated now."""
    before = os.umask(umask)
    try:
        for name in names:
            path = folder / "tree" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(FILES[name], encoding="utf-8")
            path.chmod((0o777 if "/bin/" in name else 0o666) & ~umask)
            os.utime(path, (mtime, mtime))
        (folder / "tree" / "DEBIAN").mkdir(mode=0o755)
        (folder / "tree" / "DEBIAN").chmod(0o755)
        (folder / "tree" / "DEBIAN" / "control").write_text(CONTROL, encoding="utf-8")
        sums = "".join(f"{len(name):032x}  {name}\n" for name in names)
        (folder / "tree" / "DEBIAN" / "md5sums").write_text(sums, encoding="utf-8")
        built = folder / "localaiapp.deb"
        subprocess.run(["dpkg-deb", "-Znone", "--build", folder / "tree", built], check=True, capture_output=True)
    finally:
        os.umask(before)
    return built


@pytest.fixture
def settled(tmp_path: Path) -> tuple[Path, Path]:
    names = list(FILES)
    first = made(tmp_path / "first", names, mtime=1_000_000_000, umask=0o022)
    second = made(tmp_path / "second", names[::-1], mtime=1_700_000_000, umask=0o077)
    assert first.read_bytes() != second.read_bytes()
    for package in (first, second):
        report = Report(io.StringIO())
        deb.settle(package, package.with_name("settled.deb"), time=TIME, log=tmp_path / "log", report=report)
    return first.with_name("settled.deb"), second.with_name("settled.deb")


def test_the_same_content_gives_the_same_package(settled: tuple[Path, Path]) -> None:
    assert settled[0].read_bytes() == settled[1].read_bytes()


def test_everything_in_it_has_the_commits_time_owner_root_and_plain_modes(settled: tuple[Path, Path]) -> None:
    for part, names in (("--ctrl-tarfile", {"control", "md5sums"}), ("--fsys-tarfile", {"localaiapp", "a.so", "b.so"})):
        tar = subprocess.run(["dpkg-deb", part, settled[1]], check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(tar)) as members:
            files = members.getmembers()
        assert {member.mtime for member in files} == {TIME}
        assert {(member.uid, member.uname) for member in files} == {(0, "root")}
        assert {Path(member.name).name for member in files if member.isfile()} == names
        modes = {(member.isdir() or "/bin/" in member.name, member.mode) for member in files}
        assert modes == {(True, 0o755), (False, 0o644)}
    assert (
        subprocess.run(["ar", "tv", settled[1]], check=True, capture_output=True, text=True).stdout.count("2025") == 3
    )


def git(root: Path, *words: str) -> str:
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    environment = os.environ | identity | {"GIT_COMMITTER_DATE": f"{TIME} +0000"}
    done = subprocess.run(["git", "-C", root, *words], env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_clone_and_an_export_of_it_know_the_same_commit(tmp_path: Path) -> None:
    checkout, export = tmp_path / "checkout", tmp_path / "export"
    project = Path(__file__).resolve().parents[3]
    checkout.mkdir()
    export.mkdir()
    for name in (".gitattributes", source.ARCHIVED):
        (checkout / name).write_text((project / name).read_text(encoding="utf-8"), encoding="utf-8")
    git(checkout, "init", "--quiet")
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "--message", "first")
    git(checkout, "archive", "--output", str(tmp_path / "export.tar"), "HEAD")
    subprocess.run(["tar", "-xf", tmp_path / "export.tar", "-C", export], check=True)
    commit = source.commit(checkout)
    assert (commit.hash, commit.time) == (git(checkout, "rev-parse", "HEAD"), TIME)
    assert source.commit(export) == commit


def test_a_folder_that_says_nothing_of_its_commit_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as failure:
        source.commit(tmp_path)
    assert "git archive" in failure.value.hint
