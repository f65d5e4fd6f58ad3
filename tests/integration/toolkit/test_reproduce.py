"""A commit is built twice from exports of it, in other folders, homes, time zones, locales, umasks and job counts."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sidecarkit.cache.remote import ADDRESS
from sidecarkit.errors import NothingSelected, NotReproducible
from sidecarkit.report import Report
from sidecarkit.reproduce import environments, rebuild, session

from .conftest import ROOT, Project

IDENTITY = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
PLAIN = "ci/sidecarkit/recipes/plain.py"
# What the recipe's build leaves beside the libraries: where, when and as whom it was built.
STAMP = """
    import os, time
    (folder / TOOLS / "stamp").write_text({stamp})
"""


@pytest.fixture
def repository(project: Project) -> Project:
    """The echo project with the toolkit in it, as a git repository."""
    shutil.copytree(
        ROOT / "ci" / "sidecarkit", project.root / "ci" / "sidecarkit", ignore=shutil.ignore_patterns("__pycache__")
    )
    git(project, "init", "--quiet")
    commit(project)
    return project


def git(project: Project, *words: str) -> None:
    subprocess.run(["git", "-C", project.root, *words], env=os.environ | IDENTITY, check=True, capture_output=True)


def commit(project: Project) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "a state")


def stamp(project: Project, expression: str) -> None:
    """Make the recipe leave what `expression` gives."""
    project.replace(PLAIN, "        (folder / name).mkdir()\n", f"        (folder / name).mkdir()\n{STAMP}")
    project.replace(PLAIN, "{stamp}", expression)
    commit(project)


def reproduce(project: Project) -> str:
    said = io.StringIO()
    session.run(project.root, project.target, ("native",), Report(said), python=Path(sys.executable))
    return said.getvalue()


def test_a_build_that_depends_on_nothing_around_it_is_the_same_twice(repository: Project) -> None:
    stamp(repository, "'always the same'")
    said = reproduce(repository)
    assert "differs" not in said
    result = json.loads((repository.root / session.FOLDER / "result.json").read_text(encoding="utf-8"))
    assert result["same"] == {"native/lib": True, "native/tools": True}
    assert len(result["commit"]) == 40


@pytest.mark.parametrize("expression", ["str(folder)", "time.tzname[0]"])
def test_a_build_that_lets_something_in_is_told_by_file_and_bytes(repository: Project, expression: str) -> None:
    stamp(repository, expression)
    with pytest.raises(NotReproducible, match="native/tools: two builds of the same commit differ, first in stamp: "):
        reproduce(repository)


def test_the_two_builds_have_nothing_in_common_that_must_not_matter(tmp_path: Path) -> None:
    seen = []
    for each in (rebuild.FIRST, rebuild.SECOND):
        environment = environments.of(each, tmp_path / each.folder)
        with each.hold():
            umask = subprocess.run(["sh", "-c", "umask"], capture_output=True, text=True, check=True).stdout.strip()
        names = ("HOME", "CARGO_HOME", "XDG_CACHE_HOME", "TZ", "LC_ALL", "LANG")
        seen.append([umask, *(environment[name] for name in names)])
    assert [first for first, second in zip(*seen, strict=True) if first == second] == []
    assert [umask for umask, *_ in seen] == ["0022", "0077"]


def test_nothing_is_taken_from_the_remote_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, "registry.example/team/cache")
    assert ADDRESS not in environments.of(rebuild.FIRST, tmp_path)


def test_what_is_not_committed_is_not_built(repository: Project) -> None:
    repository.replace(PLAIN, "(LIBRARIES, TOOLS)", "(LIBRARIES, TOOLS, 'not-committed')")
    built = rebuild.build(
        repository.root, "HEAD", repository.root / "build" / "again", target=repository.target, layers=("native",),
        report=Report(io.StringIO()), python=Path(sys.executable),
    )  # fmt: skip
    assert built.native
    assert sorted(path.name for path in built.native.iterdir() if path.is_dir()) == ["lib", "tools"]


def test_a_commit_that_is_not_there_is_refused(repository: Project) -> None:
    with pytest.raises(NothingSelected, match=r"there is no commit `v9\.9`"):
        rebuild.build(
            repository.root, "v9.9", repository.root / "build" / "again", target=repository.target,
            layers=("native",), report=Report(io.StringIO()), python=Path(sys.executable),
        )  # fmt: skip


def test_a_layer_that_is_none_is_refused_before_anything_is_built(repository: Project) -> None:
    with pytest.raises(NothingSelected, match="no layer is called nativ"):
        session.run(repository.root, repository.target, ("nativ",), Report(io.StringIO()))
