"""How the plug-in is compiled: CMake's definitions beside those of the CPU's libraries, which come before them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecarkit.tools.cuda import Toolkit

PLUG_IN = "libggml-cuda.so"
CUBLAS = "libcublas-lazy.so"
BUILD_TARGET = "ggml-cuda"
# All that ggml calls of the driver itself (virtual memory); the link fails when one is missing here.
DRIVER_FUNCTIONS = (
    "cuDeviceGet", "cuDeviceGetAttribute", "cuGetErrorString", "cuMemAddressFree", "cuMemAddressReserve",
    "cuMemCreate", "cuMemGetAllocationGranularity", "cuMemMap", "cuMemRelease", "cuMemSetAccess", "cuMemUnmap",
)  # fmt: skip


def definitions(toolkit: Toolkit, *, cublas: Path, architectures: Sequence[str], workplace: Path) -> tuple[str, ...]:
    """What makes llama.cpp's CMake files build the plug-in for `architectures`, in CMake's words (`86-real`).

    `cublas`: what is linked in cuBLAS's place. `workplace`: where sources and toolkit lie, which no file shall name.
    """
    values = {
        "GGML_CUDA": "ON",
        "CMAKE_CUDA_COMPILER": str(toolkit.nvcc),
        "CMAKE_CUDA_HOST_COMPILER": str(toolkit.host_compiler),
        "CUDAToolkit_ROOT": str(toolkit.root),
        "CUDA_cublas_LIBRARY": str(cublas),
        "CMAKE_CUDA_ARCHITECTURES": ";".join(architectures),
        "CMAKE_CUDA_RUNTIME_LIBRARY": "Shared",
        "CMAKE_CUDA_FLAGS": f"-Xcompiler=-ffile-prefix-map={workplace}=build",
        # g++ links it: with its libraries inside, and their names hidden, beside the copies of libc++ in the others.
        # Of libstdc++ much is linked in that nothing calls, and a part of that asks for GLIBC 2.36 (arc4random).
        # CMake adds cublasLt behind cuBLAS, and nothing calls it.
        "CMAKE_MODULE_LINKER_FLAGS": "-Wl,-Bsymbolic -Wl,-z,defs -Wl,--as-needed -Wl,--exclude-libs,ALL "
        "-Wl,--gc-sections -Wl,--build-id=none -static-libstdc++ -static-libgcc -s",
        "GGML_CUDA_GRAPHS": "ON",
        "GGML_CUDA_COMPRESSION_MODE": "size",
        # Else it would be linked where the build machine has it.
        "GGML_CUDA_NCCL": "OFF",
        # The engine keeps its context in F16 and nothing else.
        "GGML_CUDA_FA_QUANTS": "f16-f16",
    }
    return tuple(f"-D{name}={value}" for name, value in values.items())
