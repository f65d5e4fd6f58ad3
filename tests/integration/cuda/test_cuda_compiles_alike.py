"""NVIDIA's real compiler out of its wheels: the architectures that were asked for, the same bytes in every folder."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest

from sidecarkit.audit import device_code
from sidecarkit.report import Report
from sidecarkit.tools import cuda

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 300
# Names without linkage are what nvcc makes up of the source's path, and __FILE__ is what the preprocessor does.
SOURCE = """
#include <cstdio>
namespace { __device__ int seen; __constant__ float factor[2]; }
template<int N> static __global__ void scale(float *x) {
    if (x == nullptr) printf("%s", __FILE__);
    x[threadIdx.x] *= N * factor[0];
    seen = N;
}
void go(float *x) { scale<3><<<1, 1>>>(x); }
"""


# Only where somebody has built the sidecar: half a gigabyte of wheels is there then.
@pytest.mark.usefixtures("folder")
def test_two_folders_give_the_same_bytes_for_the_architectures_that_were_asked_for(tmp_path: Path) -> None:
    toolkit = cuda.unpack(
        ROOT / "ci" / "locks" / "cuda.txt", tmp_path / "toolkit", driver_functions=("cuMemMap",),
        log=tmp_path / "log", report=Report(io.StringIO()),
    )  # fmt: skip
    first, second = (compiled(toolkit, tmp_path / name) for name in ("one", "another"))
    assert device_code.used_by(first) == {"75-real", "90-virtual"}
    assert first.read_bytes() == second.read_bytes()


def compiled(toolkit: cuda.Toolkit, folder: Path) -> Path:
    folder.mkdir()
    (folder / "scale.cu").write_text(SOURCE)
    words = [
        toolkit.nvcc, "-ccbin", toolkit.host_compiler, "-shared", "-cudart", "shared", "-Xcompiler=-fPIC",
        f"-Xcompiler=-ffile-prefix-map={folder}=build", "-Xlinker=-s", "-Xlinker=--build-id=none",
        "-gencode=arch=compute_75,code=sm_75", "-gencode=arch=compute_90,code=compute_90",
        folder / "scale.cu", "-o", folder / "scale.so",
    ]  # fmt: skip
    subprocess.run(list(map(str, words)), check=True, timeout=LIMIT_S, cwd=folder)
    return folder / "scale.so"
