"""ggml's CUDA backend, compiled by NVIDIA's nvcc out of wheels: no SDK, driver or card on the build machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sidecarkit import command, digest
from sidecarkit.recipes.llama import against, native
from sidecarkit.recipes.llama.cuda import flags
from sidecarkit.recipes.recipe import LIBRARIES, PlugIn
from sidecarkit.tools import cmake, cuda, zig

if TYPE_CHECKING:
    from sidecarkit.job import Job

_LOCK = Path("ci", "locks", "cuda.txt")
_CUBLAS_SOURCE = Path(__file__).with_name("cublas.c")
_LINK_LIMIT_S = 120
# Compiled with the libraries' own limit; the kernels take hours instead of minutes, so they have one of their own.
_FIRST = "ggml-base"
# For one architecture; two busy cores take three quarters of an hour.
_COMPILE_LIMIT_S = 7200


def inputs(job: Job) -> dict[str, str]:
    """The wheels, the host's compiler, the architectures; llama.cpp and its flags count by stage native's key."""
    return {
        "wheels": digest.of_file(job.root / _LOCK),
        "g++": cuda.host_compiler() or "none that fits",
        "architectures": " ".join(job.target.architectures),
        "recipe": digest.of_sources(Path(__file__).parent, ("*.py", "*.c")),
        "toolkit": digest.of_file(Path(cuda.__file__)),
    }


def build(job: Job, folder: Path) -> None:
    """Compile the plug-in into `folder`, beside the libraries of CUDA that it needs.

    Raises MissingTool without a g++ that fits, StepFailed, PartWrong, WrongBinary.
    """
    workplace = folder / ".work"
    toolkit = cuda.unpack(
        job.root / _LOCK, workplace / "toolkit", driver_functions=flags.DRIVER_FUNCTIONS, log=job.log, report=job.report
    )
    cublas, architectures = compile_cublas(job, workplace / "lazy"), job.target.architectures
    definitions = flags.definitions(toolkit, cublas=cublas, architectures=architectures, workplace=workplace)
    built, _ = native.compile_targets(job, workplace, with_server=False, more=definitions, only=(_FIRST,))
    command.run(
        [cmake.ninja(), "-C", built.parent, flags.BUILD_TARGET],
        log=job.log, report=job.report, title=f"compiling the CUDA backend for {', '.join(architectures)}",
        env=_environment(), timeout_s=_COMPILE_LIMIT_S * len(architectures),
    )  # fmt: skip
    against.refuse_another_base(built, job)
    (folder / LIBRARIES).mkdir()
    for path in (built / flags.PLUG_IN, cublas, *(toolkit.root / "lib" / name for name in cuda.SHIPPED)):
        shutil.copyfile(path, folder / LIBRARIES / path.name)
    shutil.rmtree(workplace)


def compile_cublas(job: Job, folder: Path) -> Path:
    """What is linked in cuBLAS's place, compiled into the new folder `folder`. Raises StepFailed."""
    folder.mkdir(parents=True)
    library = folder / flags.CUBLAS
    command.run(
        [zig.binary(), "cc", *zig.compile_flags(job.target.zig_target), "-shared", "-O2", "-g0", "-s",
         f"-Wl,-soname,{flags.CUBLAS}", _CUBLAS_SOURCE.name, "-o", library],
        log=job.log, report=job.report, title=f"compiling {flags.CUBLAS}", cwd=_CUBLAS_SOURCE.parent,
        env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache()), "ZIG_LOCAL_CACHE_DIR": str(folder / "zig")},
        timeout_s=_LINK_LIMIT_S,
    )  # fmt: skip
    return library


def _environment() -> dict[str, str]:
    """Without what would reach the compilers around CMake."""
    ignored = {"SOURCE_DATE_EPOCH", "CPATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", *cuda.IGNORED_VARIABLES}
    return {name: value for name, value in os.environ.items() if name not in ignored}


PLUG_IN = PlugIn(summary="compile ggml's CUDA backend", pins=(), inputs=inputs, build=build, lacks=cuda.lacks)
