"""NVIDIA's CUDA compiler and libraries out of their hash-locked wheels, laid out as build systems expect a toolkit.

No driver and no SDK is asked for; the one program of the system that is needed is g++, which nvcc compiles the host's
half with: it refuses clang with libc++, and so zig.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sidecarkit import command, requirements, wheels
from sidecarkit.errors import MissingTool
from sidecarkit.report import Report
from sidecarkit.tools import zig

MAJOR = "13"
# Compiler, its two halves, the headers of both, the run-time library, and the matrix products.
COMPILER = ("nvidia-cuda-nvcc", "nvidia-nvvm", "nvidia-cuda-crt", "nvidia-cuda-cccl", "nvidia-cuda-runtime")
CUBLAS = "nvidia-cublas"
# What programs load of it; cuBLAS is two libraries, of which the second holds the kernels.
SHIPPED = (f"libcudart.so.{MAJOR}", f"libcublas.so.{MAJOR}", f"libcublasLt.so.{MAJOR}")
# By which nvcc would be told more than its command line says.
IGNORED_VARIABLES = ("NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS", "NVCC_CCBIN", "CUDA_PATH", "CUDAFLAGS")
# crt/host_config.h of CUDA 13.0 refuses newer ones.
NEWEST_GCC = 15
_INSIDE = f"nvidia/cu{MAJOR}/"
_PROGRAMS = ("bin", "nvvm/bin")
# Both put a hash of the source's whole path into symbols; told its name alone they make the same bytes in every folder.
_TELLING = ("bin/cudafe++", "nvvm/bin/cicc")
_WITHOUT_PATH = """\
#!/bin/sh
before=
for word do
  shift
  [ "$before" = --orig_src_path_name ] && word=${word##*/}
  set -- "$@" "$word"
  before=$word
done
exec "$0.real" "$@"
"""
_LINKED = ("cudart", "cublas", "cublasLt")
_STUB_LIMIT_S = 120


@dataclass(frozen=True, kw_only=True)
class Toolkit:
    """An unpacked toolkit in the folder `root`, and the system's compiler for the host's half."""

    root: Path
    nvcc: Path
    host_compiler: Path


def unpack(lock: Path, destination: Path, *, driver_functions: Sequence[str], log: Path, report: Report) -> Toolkit:
    """Unpack the wheels that `lock` pins into the new folder `destination`, and link what is missing among them.

    `driver_functions`: what will be linked of the driver's library, for which a stand-in is made; the user's driver
    brings the real one. Raises MissingTool without a g++ that nvcc takes, PartWrong for a wheel that cannot be had.
    """
    host_compiler = _host_compiler()
    for package in (*COMPILER, CUBLAS):
        archive = wheels.fetch(package, lock, report)
        with zipfile.ZipFile(archive) as wheel, report.step(f"unpacking {package}"):
            wheel.extractall(destination, [name for name in wheel.namelist() if name.startswith(_INSIDE)])
    root = destination / _INSIDE
    _repair(root)
    _make_driver_stub(root / "lib" / "stubs", driver_functions, log, report)
    return Toolkit(root=root, nvcc=root / "bin" / "nvcc", host_compiler=host_compiler)


def host_compiler() -> str | None:
    """The version of the system's g++; None without one."""
    return requirements.answer(["g++", "-dumpfullversion"]) if shutil.which("g++") else None


def lacks() -> str | None:
    """What this machine must have and has not: a g++ that nvcc takes."""
    version = host_compiler()
    if version and int(version.partition(".")[0]) <= NEWEST_GCC:
        return None
    return f"nvcc compiles the host's half with g++ up to {NEWEST_GCC}, and this machine has {version or 'none'}"


def _host_compiler() -> Path:
    lacked = lacks()
    if lacked:
        raise MissingTool(
            lacked, hint=f"install g++ (Debian: `g++`; Arch: `gcc{NEWEST_GCC}`), and have it first on PATH"
        )
    return Path(str(shutil.which("g++")))


def _repair(root: Path) -> None:
    """What an installed toolkit has and wheels cannot hold, executable programs and links; and no paths in symbols."""
    for folder in _PROGRAMS:
        for path in (root / folder).iterdir():
            if path.is_file():
                path.chmod(0o755)
    for name in _TELLING:
        program = root / name
        program.rename(program.with_name(f"{program.name}.real"))
        program.write_text(_WITHOUT_PATH, encoding="utf-8")
        program.chmod(0o755)
    for name in _LINKED:
        (root / "lib" / f"lib{name}.so").symlink_to(f"lib{name}.so.{MAJOR}")
    (root / "lib64").symlink_to("lib")


def _make_driver_stub(folder: Path, functions: Sequence[str], log: Path, report: Report) -> None:
    folder.mkdir()
    source = folder / "stub.c"
    source.write_text("".join(f"void {name}(void) {{}}\n" for name in functions), encoding="utf-8")
    command.run(
        [zig.binary(), "cc", *zig.compile_flags("x86_64-linux-gnu"), "-shared", "-nostdlib", "-s",
         "-Wl,-soname,libcuda.so.1", "stub.c", "-o", "libcuda.so"],
        log=log, report=report, title="making a stand-in for the driver's library", cwd=folder,
        env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache())}, timeout_s=_STUB_LIMIT_S,
    )  # fmt: skip
