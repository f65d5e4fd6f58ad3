"""`verify --rebuild`: a release against its commit built again. The build itself is tested by session `reproduce`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sidecarkit.errors import NotReproducible, WrongBinary
from sidecarkit.release import manifest, rebuilt
from sidecarkit.release.compose import Built
from sidecarkit.report import Report
from sidecarkit.reproduce import rebuild


class Again:
    """Stands for the minutes of building: gives what the release was made of, in which a test may change a byte."""

    def __init__(self, built: Built, folder: Path) -> None:
        target, placed = built.job.target, built.records["place"].data
        self.asked: dict[str, Any] = {}
        self.result = rebuild.Built(
            folder=shutil.copytree(placed["folder"], folder / target.folder_name),
            single_file=folder / target.single_file_name,
            packages=(folder / "app.deb",),
        )
        shutil.copy(placed["single_file"], folder / target.single_file_name)
        shutil.copy(built.records["assemble"].data["deb"], folder / "app.deb")

    def build(self, root: Path, commit: str, workplace: Path, **options: Any) -> rebuild.Built:
        self.asked = {"root": root, "commit": commit, "workplace": workplace, **options}
        return self.result


@pytest.fixture
def again(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Again:
    stand_in = Again(built, tmp_path / "again")
    monkeypatch.setattr(rebuild, "build", stand_in.build)
    return stand_in


def hold(release: Path, project: Path, report: Report) -> dict[str, Any]:
    document = manifest.read(release)[0]
    rebuilt.hold_against(release, document, project, log=release.parent / "rebuild.log", report=report)
    return document


def dpkg(*words: str | Path) -> None:
    subprocess.run(["dpkg-deb", *words], check=True, stdout=subprocess.DEVNULL, timeout=60)


def test_the_stated_commit_is_what_is_built_for_every_stated_target(
    release: Path, project: Path, again: Again, report: Report
) -> None:
    document = hold(release, project, report)
    assert again.asked["commit"] == document["source"]["commit"]
    assert again.asked["target"] == document["targets"][0]["target"]
    assert again.asked["layers"] == rebuild.LAYERS


@pytest.mark.parametrize("which", ["folder", "single_file", "package"])
def test_one_other_byte_in_any_artefact_is_named_with_its_place(
    release: Path, project: Path, again: Again, report: Report, which: str
) -> None:
    result = again.result
    assert result.folder
    assert result.single_file
    package = result.packages[0]
    tree = package.with_name("tree")
    dpkg("--raw-extract", package, tree)
    programs = {
        "folder": result.folder / "build.json",
        "single_file": result.single_file,
        "package": tree / "usr" / "bin" / "localaiapp",
    }
    content = bytearray(programs[which].read_bytes())
    content[len(content) // 2] ^= 1
    programs[which].write_bytes(content)
    if which == "package":
        dpkg("--build", "--root-owner-group", tree, package)
    with pytest.raises(NotReproducible) as caught:
        hold(release, project, report)
    assert caught.value.exit_code == 5
    named = {"folder": "build.json", "single_file": result.single_file.name, "package": "usr/bin/localaiapp"}
    assert named[which] in caught.value.message


def test_a_release_of_a_changed_checkout_cannot_be_built_again_by_others(
    release: Path, project: Path, again: Again, report: Report
) -> None:
    document = manifest.read(release)[0]
    document["source"] |= {"clean": False, "changed": ["sidecar/launcher.c"]}
    with pytest.raises(WrongBinary, match=r"sidecar/launcher\.c"):
        rebuilt.hold_against(release, document, project, log=release.parent / "log", report=report)
    assert not again.asked
