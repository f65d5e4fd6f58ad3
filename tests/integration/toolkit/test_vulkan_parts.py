"""The parts that the Vulkan backend is built with: all of them are there, and our glslc compiles shaders with them."""

from __future__ import annotations

import io
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import lief
import pytest

from sidecarkit import crates, jars
from sidecarkit.cache import Cache
from sidecarkit.errors import PartWrong
from sidecarkit.job import Job, Options
from sidecarkit.recipes.llama.vulkan import sdk
from sidecarkit.report import Report
from sidecarkit.workspace import Workspace

from .conftest import ROOT

SPIRV_MAGIC = 0x07230203
SHADER = """#version 450
#extension GL_GOOGLE_include_directive : require
#include "part.glsl"
layout(local_size_x = 32) in;
layout(binding = 0) buffer Out { float data[]; };
void main() { data[gl_GlobalInvocationID.x] = VALUE + PART; }
"""
LIMIT_S = 60


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    workspace = Workspace.read(ROOT, Report(io.StringIO()))
    job = workspace.job(workspace.target("vulkan-x86_64-unknown-linux-gnu"), Options())
    return replace(job, root=tmp_path_factory.mktemp("project"), cache=Cache(tmp_path_factory.mktemp("c"), job.report))


@pytest.fixture(scope="session")
def kit(job: Job, tmp_path_factory: pytest.TempPathFactory) -> sdk.Kit:
    return sdk.make(job, tmp_path_factory.mktemp("kit") / "sdk")


def glslc(kit: sdk.Kit, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [kit.folder / "glslc", *words], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )  # fmt: skip


def test_every_header_that_ggml_includes_is_there(kit: sdk.Kit) -> None:
    for name in ("vulkan/vulkan.hpp", "vulkan/vulkan_core.h", "spirv/unified1/spirv.hpp"):
        assert (kit.folder / "include" / name).is_file()
    core = (kit.folder / "include" / "vulkan" / "vulkan_core.h").read_text(encoding="utf-8")
    assert "#define VK_HEADER_VERSION 325\n" in core, "ci/shipped.toml states the version"


def test_the_loader_to_link_with_bears_the_name_that_users_have(kit: sdk.Kit) -> None:
    library = lief.ELF.parse(str(kit.folder / "libvulkan.so.1"))
    assert library is not None
    assert library.get(lief.ELF.DynamicEntry.TAG.SONAME).name == "libvulkan.so.1"  # type: ignore[union-attr]


def test_a_shader_with_an_include_becomes_spirv(kit: sdk.Kit, tmp_path: Path) -> None:
    (tmp_path / "part.glsl").write_text("const float PART = 2.0;\n", encoding="utf-8")
    (tmp_path / "shader.comp").write_text(SHADER, encoding="utf-8")
    words = ("-fshader-stage=compute", "--target-env=vulkan1.2", tmp_path / "shader.comp", "-O", "-DVALUE=1.0")
    done = glslc(kit, *words, "-o", tmp_path / "out.spv", "-MD", "-MF", tmp_path / "out.d")
    assert (done.returncode, done.stderr) == (0, "")
    content = (tmp_path / "out.spv").read_bytes()
    magic, version = struct.unpack("<II", content[:8])
    assert (magic, version) == (SPIRV_MAGIC, 0x00010500), "Vulkan 1.2 takes SPIR-V 1.5"
    glslc(kit, *words, "-o", tmp_path / "again.spv")
    assert (tmp_path / "again.spv").read_bytes() == content


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("{shader}", "-o", "{out}"), "VALUE"),
        (("{absent}", "-o", "{out}"), "cannot read {absent}"),
        (("{shader}", "-o", "{out}", "-Weverything"), "unknown option -Weverything"),
        (("{shader}",), "-o OUTPUT"),
        (("{shader}", "-DVALUE=1.0", "-o", "{absent}/out"), "cannot write {absent}/out"),
    ],
)
def test_what_cannot_be_compiled_is_told_and_ends_with_an_error(
    kit: sdk.Kit, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "part.glsl").write_text("const float PART = 2.0;\n", encoding="utf-8")
    names = {"shader": tmp_path / "shader.comp", "out": tmp_path / "out.spv", "absent": tmp_path / "absent"}
    names["shader"].write_text(SHADER, encoding="utf-8")
    done = glslc(kit, *(word.format(**names) for word in words))
    assert done.returncode != 0
    assert said.format(**names) in done.stderr


def test_a_missing_include_is_named(kit: sdk.Kit, tmp_path: Path) -> None:
    (tmp_path / "shader.comp").write_text(SHADER, encoding="utf-8")
    done = glslc(kit, tmp_path / "shader.comp", "-o", tmp_path / "out.spv")
    assert done.returncode != 0
    assert "part.glsl" in done.stderr


def test_a_crate_of_other_bytes_than_the_pinned_ones_is_refused(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pin = replace(job.toolchain.crate("vulkan-headers"), sha256="0" * 64)
    with pytest.raises(PartWrong, match=f"the crate vk-mem 0.5.0 has the hash [0-9a-f]{{64}}, pinned is {'0' * 64}"):
        crates.fetch(pin, job.report)
    assert not list((tmp_path / "localaiapp" / "parts").glob("0*"))


def test_a_crate_that_does_not_exist_is_told_with_a_hint(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pin = replace(job.toolchain.crate("vulkan-headers"), version="0.0.99", sha256="1" * 64)
    with pytest.raises(PartWrong, match=r"the crate vk-mem 0\.0\.99 could not be downloaded") as caught:
        crates.fetch(pin, job.report)
    assert "Cargo's settings" in str(caught.value.hint)


def test_a_jar_without_the_expected_file_is_told(job: Job, tmp_path: Path) -> None:
    jar = jars.fetch(job.toolchain.jar("shaderc"), "the shader compiler", job.report)
    with pytest.raises(PartWrong, match=r"has 0 files that end with `/libnothing\.so`, expected 1"):
        jars.extract(jar, "/libnothing.so", tmp_path / "out")
