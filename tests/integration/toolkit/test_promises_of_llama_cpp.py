"""The recipe's table of instruction sets: it is llama.cpp's own, and the placed plug-ins are told apart by it."""

from __future__ import annotations

import io
import re
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from sidecarkit import audit, config, digest, host, parts
from sidecarkit.audit import Builder
from sidecarkit.cache import Cache
from sidecarkit.config import Target
from sidecarkit.recipes.llama import promises, python
from sidecarkit.report import Report

from .conftest import ROOT

SOURCE = "vendor/llama.cpp/ggml/src/CMakeLists.txt"
LIBRARIES = ("libggml-base.so", "libggml-cpu-x64.so", "libggml-cpu-haswell.so")


@pytest.fixture(scope="session")
def cmake_lists() -> str:
    """What decides the variants in llama.cpp's sources; kept, since reading the whole archive takes seconds."""
    report = Report(io.StringIO())
    pin = config.load_toolchain(ROOT / "ci" / "toolchain.toml").sdist(python.PIN)

    def build(folder: Path) -> None:
        with tarfile.open(parts.sdist(pin, report)) as archive:
            name = f"{pin.package.replace('-', '_')}-{pin.version}/{SOURCE}"
            content = next(member for member in archive if member.name == name)
            (folder / "CMakeLists.txt").write_bytes(archive.extractfile(content).read())  # type: ignore[union-attr]

    key = digest.of_mapping({"sdist": pin.sha256, "wanted": SOURCE})
    return (Cache.of_user(report).folder("sdist-for-tests", key, build).path / "CMakeLists.txt").read_text()


def test_the_options_of_each_variant_are_those_that_llama_cpp_builds(cmake_lists: str) -> None:
    all_variants = cmake_lists.split("if (GGML_CPU_ALL_VARIANTS)")[1]
    for_x86 = all_variants.split('STREQUAL "x86")')[1].split("elseif")[0]
    calls = re.findall(r"ggml_add_cpu_backend_variant\((\w+)\s*([^)]*)\)", for_x86)
    assert {name: " ".join(options.split()) for name, options in calls} == promises.OPTIONS


@pytest.fixture
def target() -> Target:
    name = f"cpu-{host.target_triple()}"
    return next(each for each in config.load_targets(ROOT / "ci" / "targets.toml") if each.name == name)


@pytest.fixture
def part(target: Target, tmp_path: Path) -> Path:
    """The placed folder's program, and some of its libraries."""
    placed = ROOT / target.project.placed / target.folder_name
    part = tmp_path / target.folder_name
    (part / "llama").mkdir(parents=True)
    for name in (target.program_name, "libpython3.13.so.1.0", *(f"llama/{name}" for name in LIBRARIES)):
        shutil.copy(placed / name, part / name)
    for folder in (part, part / "llama"):
        folder.chmod(0o755)
    return part


def wrong(part: Path, target: Target) -> dict[str, str]:
    rules = replace(promises.rules(target), present=())
    problems = audit.of_folder(part, target, rules, Builder(folders=())).problems
    return {problem.file.rpartition("/")[2]: f"{problem.expected}, found {problem.found}" for problem in problems}


def test_plug_ins_that_changed_names_are_both_refused(part: Path, target: Target) -> None:
    assert wrong(part, target) == {}
    plain, haswell = (part / "llama" / name for name in LIBRARIES[1:])
    haswell.rename(part / "kept")
    plain.rename(haswell)
    (part / "kept").rename(plain)
    told = wrong(part, target)
    assert told.keys() == {plain.name, haswell.name}
    assert told[plain.name].startswith("the machine's baseline, found AVX, AVX2, BMI2, F16C, FMA too, first in `v")
    assert told[haswell.name].endswith("found none beyond the machine's baseline")
