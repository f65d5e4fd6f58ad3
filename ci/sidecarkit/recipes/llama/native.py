"""llama.cpp's libraries and llama-bench, compiled by zig from the pinned sdist."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecarkit import command, digest, parts
from sidecarkit.errors import WrongBinary
from sidecarkit.recipes.llama import libraries
from sidecarkit.recipes.llama.python import PIN
from sidecarkit.recipes.recipe import LIBRARIES, TOOLS, Native
from sidecarkit.tools import cmake, zig

if TYPE_CHECKING:
    from sidecarkit.job import Job

# Where the sidecar looks for them, beside its program.
FOLDER = "llama"
_CONFIGURE_LIMIT_S = 600
_COMPILE_LIMIT_S = 3600


def inputs(job: Job) -> dict[str, str]:
    """Pins, compilers, flags and the code that applies them."""
    pin = job.toolchain.sdist(PIN)
    return {
        "llama.cpp sdist": pin.sha256,
        "llama.cpp build": f"{pin.facts['build_number']} {pin.facts['commit']}",
        "cmake": metadata.version("cmake"),
        "ninja": metadata.version("ninja"),
        "recipe": digest.of_sources(Path(__file__).parent, ("native.py", "libraries.py", "*.cmake")),
        "compiler wrappers": digest.of_file(Path(zig.__file__)),
    }


def build(job: Job, folder: Path) -> None:
    """Compile into `folder`: what ships in `lib`, llama-bench in `tools`. Raises StepFailed, PartWrong, WrongBinary."""
    workplace = folder / ".work"
    built, flags = compile_targets(job, workplace, with_server=False)
    _collect(built, folder, flags)
    missing = [name for name in flags.libraries if not (folder / LIBRARIES / name).is_file()]
    if missing:
        raise WrongBinary(
            f"llama.cpp was built without {', '.join(missing)}",
            hint="GGML_CPU_ALL_VARIANTS builds what ggml/src/CMakeLists.txt lists: compare libraries.py with it",
        )
    shutil.rmtree(workplace)


def compile_targets(
    job: Job, workplace: Path, *, with_server: bool, more: Sequence[str] = (), only: Sequence[str] = ()
) -> tuple[Path, libraries.Flags]:
    """Configure llama.cpp in `workplace` (with `more` definitions) and build its targets, or `only` some.

    Returns the folder of what was built, and the flags it was built by. Raises StepFailed and PartWrong.
    """
    pin = job.toolchain.sdist(PIN)
    source = parts.unpack_sdist(pin, "vendor/llama.cpp", workplace, job.report)
    flags = libraries.flags(source, pin, with_server=with_server)
    wrappers = zig.write_wrappers(workplace / "zig", job.target.zig_target)
    environment = _environment(workplace)
    build = workplace / "build"
    command.run(
        [cmake.cmake(), "-G", "Ninja", "-S", source, "-B", build, f"-DCMAKE_MAKE_PROGRAM={cmake.ninja()}",
         *cmake.compilers(wrappers), *flags.definitions, *more],
        log=job.log, report=job.report, title="configuring llama.cpp", env=environment, timeout_s=_CONFIGURE_LIMIT_S,
    )  # fmt: skip
    compiled = ", ".join(only) or f"llama.cpp for {len(libraries.VARIANTS)} kinds of CPU"
    command.run(
        [cmake.ninja(), "-C", build, *(only or flags.build_targets)],
        log=job.log, report=job.report, title=f"compiling {compiled}", env=environment, timeout_s=_COMPILE_LIMIT_S,
    )  # fmt: skip
    return build / "bin", flags


def _environment(workplace: Path) -> dict[str, str]:
    """What CMake, ninja and the compilers see; what they keep for next time lies in `workplace`."""
    # SOURCE_DATE_EPOCH silently switches AVX, AVX2 and FMA off in ggml's CMake files.
    ignored = {"SOURCE_DATE_EPOCH", "CFLAGS", "CXXFLAGS", "LDFLAGS", "CPATH", "LIBRARY_PATH", "CMAKE_ARGS"}
    inherited = {name: value for name, value in os.environ.items() if name not in ignored}
    # What zig keeps of llama.cpp's own files is of no use in another folder: it goes with this one.
    return inherited | {
        "ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache()),
        "ZIG_LOCAL_CACHE_DIR": str(workplace / "zig-objects"),
    }


def _collect(built: Path, folder: Path, flags: libraries.Flags) -> None:
    """The libraries that ship, and the tools in a folder of their own with links to those same libraries.

    ggml looks for plug-ins beside the executable, so llama-bench must find the very files it is compared with.
    """
    shipped, tools = folder / LIBRARIES, folder / TOOLS
    shipped.mkdir()
    tools.mkdir()
    there = {path.name for path in built.glob("*.so")}
    for name in sorted(there & set(flags.libraries)):
        shutil.copy2(built / name, shipped / name)
        (tools / name).symlink_to(Path("..") / LIBRARIES / name)
    for name in sorted((there - set(flags.libraries)) | set(flags.tools)):
        shutil.copy2(built / name, tools / name)


def facts(names: Sequence[str]) -> dict[str, Any]:
    """The kinds of CPU that libraries of these names serve."""
    return {"cpu_variants": libraries.variants_among(names)}


NATIVE = Native(
    summary="compile llama.cpp's libraries and llama-bench", folder=FOLDER, inputs=inputs, build=build, facts=facts
)
