"""A variant's own backend: a layer beside the native one, held against the triple, and tools laid out to find it."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sidecarkit import config, recipes, runner
from sidecarkit.cache import Cache
from sidecarkit.config import Target
from sidecarkit.errors import WrongBinary
from sidecarkit.job import Job, Options
from sidecarkit.recipes.recipe import LIBRARIES, TOOLS, Native, PlugIn
from sidecarkit.report import Report
from sidecarkit.stages import native, plugin

from .conftest import CI, Compile

# As ggml does: it loads what lies beside the program's own file.
TOOL = """#include <dlfcn.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(void) {
    char path[4096] = {0};
    readlink("/proc/self/exe", path, sizeof path - 64);
    void *found = dlopen(strcat(dirname(path), "/libggml-vulkan.so"), RTLD_NOW);
    puts(found ? "found" : dlerror());
    return 0;
}
"""


@pytest.fixture
def made(compile_c: Compile, linux: Target) -> dict[str, Path]:
    library = compile_c(linux.zig_target, "-shared", "-s")
    return {
        "library": library,
        "backend": library,
        "tool": compile_c(linux.zig_target, "-s", "-ldl", source=TOOL),
        "for Windows": compile_c("x86_64-windows-gnu", "-shared", "-nostdlib", "-s"),
    }


@pytest.fixture(autouse=True)
def recipe(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe with one library, one tool, and a backend for the variant `vulkan`."""

    def build(_: Job, folder: Path) -> None:
        for name in (LIBRARIES, TOOLS):
            (folder / name).mkdir()
        shutil.copy(made["library"], folder / LIBRARIES / "libggml-base.so")
        (folder / TOOLS / "libggml-base.so").symlink_to(Path("..", LIBRARIES, "libggml-base.so"))
        shutil.copy(made["tool"], folder / TOOLS / "bench")

    def build_backend(_: Job, folder: Path) -> None:
        (folder / LIBRARIES).mkdir()
        shutil.copy(made["backend"], folder / LIBRARIES / "libggml-vulkan.so")

    recipe = replace(
        recipes.of("plain"),
        native=Native(summary="", folder="llama", inputs=lambda _: {}, build=build, facts=lambda _: {}),
        plug_ins={"vulkan": PlugIn(summary="", pins=(), inputs=lambda _: {"headers": "1"}, build=build_backend)},
    )
    monkeypatch.setattr(recipes, "of", lambda _: recipe)


@pytest.fixture
def job(tmp_path: Path, linux: Target) -> Job:
    report = Report(io.StringIO())
    return Job(
        stage="", root=tmp_path / "project", target=replace(linux, variant="vulkan"), options=Options(), report=report,
        toolchain=config.load_toolchain(CI / "toolchain.toml"), cache=Cache(tmp_path / "cache", report),
        keys={}, records={},
    )  # fmt: skip


def built(job: Job) -> dict[str, object]:
    return runner.run((native.STAGE, plugin.STAGE), job, asked={"plugin"})["plugin"].data


def test_a_tool_finds_the_backend_beside_itself_and_the_native_layer_stays_as_it_is(job: Job, tmp_path: Path) -> None:
    data = built(job)
    assert data["libraries"] == ["libggml-vulkan.so"]
    tools = data["tools"]
    assert isinstance(tools, dict)
    said = subprocess.run([tools["bench"]], capture_output=True, text=True, check=True, timeout=30).stdout
    assert said == "found\n"
    (entry,) = [path for path in (tmp_path / "cache" / "native").iterdir() if path.is_dir()]
    assert sorted(path.name for path in (entry / LIBRARIES).iterdir()) == ["libggml-base.so"]


def test_variants_share_the_native_layer_and_one_without_a_backend_has_an_empty_one(job: Job, tmp_path: Path) -> None:
    built(job)
    data = built(replace(job, target=replace(job.target, variant="cpu")))
    assert (data["libraries"], data["bytes"], data["summary"]) == ([], 0, "the variant has none")
    entries = {layer: list((tmp_path / "cache" / layer).glob("[0-9a-f]*/")) for layer in ("native", "plugin")}
    assert {layer: len(found) for layer, found in entries.items()} == {"native": 1, "plugin": 2}


def test_a_backend_for_another_system_is_refused(job: Job, made: dict[str, Path]) -> None:
    made["backend"] = made["for Windows"]
    with pytest.raises(WrongBinary, match=r"libggml-vulkan\.so`.*expected ELF for x86_64, found PE for x86_64"):
        built(job)
