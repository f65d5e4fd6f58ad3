"""ci/shipped.toml: what is declared comes with its pin's version and hash, and mistakes in it are named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sidecarkit.errors import ConfigError
from sidecarkit.job import Job
from sidecarkit.release import declared
from sidecarkit.release.compose import Built

Declare = Callable[[str], Job]


@pytest.fixture
def declare(built: Built, project: Path, tmp_path: Path) -> Declare:
    """A job of a project with another ci/shipped.toml."""
    shutil.copytree(project / "ci", tmp_path / "ci")

    def write(text: str) -> Job:
        (tmp_path / declared.FILE).write_text(text, encoding="utf-8")
        return replace(built.job, root=tmp_path)

    return write


def test_versions_and_hashes_are_those_of_the_pins(built: Built) -> None:
    parts = {part.name: part for part in declared.shipped(built.job)}
    llama, cpython = built.job.toolchain.sdist("llama"), built.job.toolchain.cpython_for(built.job.target.triple)
    assert (parts["llama-cpp-python"].version, parts["llama-cpp-python"].sha256) == (llama.version, llama.sha256)
    assert parts["llama.cpp"].version == llama.facts["commit"]
    assert (parts["CPython"].version, parts["CPython"].sha256) == (cpython.python, cpython.sha256)
    assert str(parts["jinja2"].purl) == f"pkg:pypi/jinja2@{parts['jinja2'].version}"
    assert parts["markupsafe"].hashes
    assert all(len(sha256) == 64 for sha256 in parts["markupsafe"].hashes)
    readme = (built.job.root / "tauri-app" / "src-tauri" / "models" / "README.md").read_text(encoding="utf-8")
    assert str(parts["stories260K"].sha256) in readme


def test_a_part_of_one_variant_ships_with_that_one_alone(built: Built) -> None:
    with_vulkan = replace(built.job, target=replace(built.job.target, variant="vulkan"))
    parts = {part.name: part for part in declared.shipped(with_vulkan)}
    assert parts["Vulkan-Headers"].sha256 == built.job.toolchain.crate("vulkan-headers").sha256
    assert parts["SPIRV-Headers"].version == "shaderc-sys 0.10.1"
    only_there = parts.keys() - {part.name for part in declared.shipped(built.job)}
    assert only_there == {"Vulkan-Headers", "SPIRV-Headers"}


def test_every_problem_of_the_file_is_named_at_once(declare: Declare) -> None:
    job = declare(
        '[[part]]\nname = "a"\nlicense = "MIT"\ntexts = ["x"]\n[[part]]\nname = "b"\nlicence = "MIT"\npin = "?"\n'
    )
    with pytest.raises(ConfigError) as caught:
        declared.shipped(job)
    assert caught.value.exit_code == 2
    assert "unknown key `license`, did you mean `licence`?" in caught.value.message
    assert "`texts` is missing" in caught.value.message
    assert "'?' has not the form" in caught.value.message


def test_a_part_that_its_lock_does_not_hold_is_named_with_those_it_does(declare: Declare) -> None:
    job = declare('[[part]]\nname = "jinja3"\nlicence = "MIT"\npin = "lock.engine"\ntexts = ["x"]\n')
    with pytest.raises(ConfigError, match=r"`jinja3` is not in engine.txt, which has jinja2, markupsafe"):
        declared.shipped(job)
