"""Stage native: llama.cpp's libraries and llama-bench for one target, compiled by zig from the pinned sdist."""

from __future__ import annotations

import os
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from sidecarkit import audit, command, digest, parts
from sidecarkit.errors import WrongBinary
from sidecarkit.job import Job, Stage
from sidecarkit.recipes import llama_cpu
from sidecarkit.report import size
from sidecarkit.tools import cmake, zig

_CONFIGURE_LIMIT_S = 600
_COMPILE_LIMIT_S = 3600
_LIBRARIES = "lib"
_TOOLS = "tools"


def inputs(job: Job) -> dict[str, str]:
    """Pins, compilers, flags and the code that applies them."""
    return {
        "llama.cpp sdist": job.toolchain.llama.sha256,
        "llama.cpp build": f"{job.toolchain.llama.build_number} {job.toolchain.llama.commit}",
        "zig": metadata.version("ziglang"),
        "cmake": metadata.version("cmake"),
        "ninja": metadata.version("ninja"),
        "zig target": job.target.zig_target,
        "glibc floor": job.target.native_glibc_floor,
        "recipe": digest.of_sources(Path(llama_cpu.__file__).parent, ("__init__.py", "llama_cpu.py", "*.cmake")),
        "stage": digest.of_file(Path(__file__)),
        "compiler wrappers": digest.of_file(Path(zig.__file__)),
    }


def run(job: Job) -> dict[str, Any]:
    """Take the libraries from the cache or compile them, then hold them against the triple and the glibc floor."""
    entry = job.cache.folder("native", job.key, lambda folder: _build(job, folder))
    libraries = sorted(path.name for path in (entry.path / _LIBRARIES).iterdir())
    total = sum(path.stat().st_size for path in (entry.path / _LIBRARIES).iterdir())
    return {
        "summary": f"{len(libraries)} libraries, {size(total)}",
        "folder": str(entry.path),
        "libraries": libraries,
        "cpu_variants": llama_cpu.variants_among(libraries),
        "tools": {path.name: str(path) for path in sorted((entry.path / _TOOLS).iterdir()) if path.suffix == ""},
        "bytes": total,
    }


def _build(job: Job, folder: Path) -> None:
    workplace = folder / ".work"
    source = parts.unpack_sdist(job.toolchain.llama, "vendor/llama.cpp", workplace, job.report)
    recipe = llama_cpu.recipe(source, job.toolchain.llama, with_server=False)
    wrappers = zig.write_wrappers(workplace / "zig", job.target.zig_target)
    environment = compile_environment(workplace)
    build = workplace / "build"
    command.run(
        [cmake.cmake(), "-G", "Ninja", "-S", source, "-B", build, f"-DCMAKE_MAKE_PROGRAM={cmake.ninja()}",
         *cmake.compilers(wrappers), *recipe.definitions],
        log=job.log, report=job.report, title="configuring llama.cpp", env=environment, timeout_s=_CONFIGURE_LIMIT_S,
    )  # fmt: skip
    command.run(
        [cmake.ninja(), "-C", build, *recipe.build_targets],
        log=job.log, report=job.report, title=f"compiling llama.cpp for {len(llama_cpu.VARIANTS)} kinds of CPU",
        env=environment, timeout_s=_COMPILE_LIMIT_S,
    )  # fmt: skip
    _collect(build / "bin", folder, recipe)
    _prove(folder, job)
    shutil.rmtree(workplace)


def compile_environment(workplace: Path) -> dict[str, str]:
    """What CMake, ninja and the compilers see; what they keep for next time lies in `workplace`."""
    # SOURCE_DATE_EPOCH silently switches AVX, AVX2 and FMA off in ggml's CMake files.
    ignored = {"SOURCE_DATE_EPOCH", "CFLAGS", "CXXFLAGS", "LDFLAGS", "CPATH", "LIBRARY_PATH", "CMAKE_ARGS"}
    inherited = {name: value for name, value in os.environ.items() if name not in ignored}
    # What zig keeps of llama.cpp's own files is of no use in another folder: it goes with this one.
    return inherited | {
        "ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache()),
        "ZIG_LOCAL_CACHE_DIR": str(workplace / "zig-objects"),
    }


def _collect(built: Path, folder: Path, recipe: llama_cpu.Recipe) -> None:
    """The libraries that ship, and the tools in a folder of their own with links to those same libraries.

    ggml looks for plug-ins beside the executable, so llama-bench must find the very files it is compared with.
    """
    libraries, tools = folder / _LIBRARIES, folder / _TOOLS
    libraries.mkdir()
    tools.mkdir()
    for name in recipe.libraries:
        shutil.copy2(built / name, libraries / name)
        (tools / name).symlink_to(Path("..") / _LIBRARIES / name)
    own = {path.name for path in built.glob("*.so")} - set(recipe.libraries)
    for name in sorted(own | set(recipe.tools)):
        shutil.copy2(built / name, tools / name)


def _prove(folder: Path, job: Job) -> None:
    missing = [name for name in llama_cpu.VARIANTS if not (folder / _LIBRARIES / f"libggml-cpu-{name}.so").is_file()]
    if missing:
        raise WrongBinary(
            f"llama.cpp was built without the CPU variants {', '.join(missing)}",
            hint="GGML_CPU_ALL_VARIANTS builds what ggml/src/CMakeLists.txt lists: compare llama_cpu.py with it",
        )
    for path in sorted((folder / _LIBRARIES).iterdir()):
        audit.check(path, triple=job.target.triple, glibc_floor=job.target.native_glibc_floor)


STAGE = Stage(
    name="native",
    summary="compile llama.cpp's libraries and llama-bench",
    needs=(),
    layer="native",
    inputs=inputs,
    run=run,
)
