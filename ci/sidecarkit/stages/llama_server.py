"""Stage llama-server: the anchor of the full benchmarks, compiled against the very libraries that stage native made."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sidecarkit import command, digest, parts
from sidecarkit.job import Job, Stage
from sidecarkit.recipes import llama_cpu
from sidecarkit.report import size
from sidecarkit.stages import native
from sidecarkit.tools import cmake, zig

PROGRAM = "llama-server"
_CONFIGURE_LIMIT_S = 600
_COMPILE_LIMIT_S = 3600
# The kernels come from stage native's plug-ins, and a page for browsers would be fetched from outside.
_DIFFERENT = ("-DGGML_CPU=OFF", "-DGGML_CPU_ALL_VARIANTS=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF")


def inputs(_: Job) -> dict[str, str]:
    """Pins, compilers and recipe count by stage native's key."""
    return {"stage": digest.of_file(Path(__file__)), "different": " ".join(_DIFFERENT)}


def run(job: Job) -> dict[str, Any]:
    """Take the server's own files from the cache or compile them, and lay them beside stage native's libraries."""
    entry = job.cache.folder(PROGRAM, job.key, lambda folder: _build(job, folder))
    libraries = Path(job.record("native").data["folder"]) / "lib"
    folder = job.build / PROGRAM
    lay_out(folder, entry.path.iterdir(), libraries.iterdir())
    total = sum(path.stat().st_size for path in entry.path.iterdir())
    return {"summary": size(total), "program": str(folder / PROGRAM), "folder": str(folder)}


def lay_out(folder: Path, own: Iterable[Path], libraries: Iterable[Path]) -> None:
    """Fill `folder` anew with copies of `own` and links to `libraries`.

    A program finds its libraries, and ggml its plug-ins, beside the program's real file: so that one is no link.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in own:
        if not path.name.startswith("."):
            shutil.copy2(path, folder / path.name)
    for path in libraries:
        (folder / path.name).symlink_to(path)


def _build(job: Job, folder: Path) -> None:
    workplace = folder / ".work"
    source = parts.unpack_sdist(job.toolchain.llama, "vendor/llama.cpp", workplace, job.report)
    recipe = llama_cpu.recipe(source, job.toolchain.llama, with_server=True)
    wrappers = zig.write_wrappers(workplace / "zig", job.target.zig_target)
    environment = native.compile_environment(workplace)
    build = workplace / "build"
    command.run(
        [cmake.cmake(), "-G", "Ninja", "-S", source, "-B", build, f"-DCMAKE_MAKE_PROGRAM={cmake.ninja()}",
         *cmake.compilers(wrappers), *recipe.definitions, *_DIFFERENT],
        log=job.log, report=job.report, title=f"configuring {PROGRAM}", env=environment, timeout_s=_CONFIGURE_LIMIT_S,
    )  # fmt: skip
    command.run(
        [cmake.ninja(), "-C", build, PROGRAM],
        log=job.log, report=job.report, title=f"compiling {PROGRAM}", env=environment, timeout_s=_COMPILE_LIMIT_S,
    )  # fmt: skip
    for path in _own_files(build / "bin", recipe.libraries):
        shutil.copy2(path, folder / path.name)
    shutil.rmtree(workplace)


def _own_files(built: Path, libraries: tuple[str, ...]) -> list[Path]:
    return [built / PROGRAM, *(path for path in sorted(built.glob("*.so")) if path.name not in libraries)]


STAGE = Stage(
    name=PROGRAM,
    summary="compile llama.cpp's server, to measure beside it",
    needs=("native",),
    layer=PROGRAM,
    inputs=inputs,
    run=run,
    intact=lambda record: Path(record.data["program"]).is_file(),
)
