"""What is linked in cuBLAS's place: nothing is loaded before a handle is asked for, then every call arrives whole."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecarkit.recipes.llama import cuda

LINUX = "x86_64-linux-gnu.2.28"
LIMIT_S = 60.0
SOURCE = Path(cuda.__file__).with_name("cublas.c").read_text(encoding="utf-8")
# As cublasGemmEx is called: more arguments than registers, a pointer and small numbers among them.
REAL = """
int cublasCreate_v2(void **handle) { *handle = (void *)77; return 0; }
const char *cublasGetStatusString(int status) { return status == 7 ? "seven" : "other"; }
int cublasGemmEx(void *handle, int a, int b, int m, int n, int k, const float *alpha, long A, int at, int lda,
                 long B, int bt, int ldb, const float *beta, long C, int ct, int ldc, int compute, int algorithm) {
    return (long)handle == 77 && *alpha == 0.5f && *beta == 0.25f && a + b + m + n + k == 15 && A == 6 && at == 7
        && lda == 8 && B == 9 && bt == 10 && ldb == 11 && C == 12 && ct == 13 && ldc == 14 && compute == 15
        && algorithm == -1 ? 7 : 1;
}
"""
OTHERS = (
    "Destroy_v2", "GemmBatchedEx", "GemmStridedBatchedEx", "SetMathMode", "SetStream_v2", "SetWorkspace_v2",
    "SgemmBatched", "SgemmStridedBatched", "Sgemm_v2", "StrsmBatched",
)  # fmt: skip
USE = """
import ctypes, json, sys
library = ctypes.CDLL(sys.argv[1])
loaded = lambda: "libcublas.so.13" in open("/proc/self/maps").read()
library.cublasGetStatusString.restype = ctypes.c_char_p
handle, before = ctypes.c_void_p(), loaded()
created = library.cublasCreate_v2(ctypes.byref(handle))
said = {"before": before, "created": created, "after": loaded(), "text": library.cublasGetStatusString(7).decode()}
if not created:
    half, quarter, long = ctypes.c_float(0.5), ctypes.c_float(0.25), ctypes.c_long
    said["product"] = library.cublasGemmEx(
        handle, 1, 2, 3, 4, 5, ctypes.byref(half), long(6), 7, 8, long(9), 10, 11, ctypes.byref(quarter), long(12), 13,
        14, 15, -1)
    said["others"] = [library[f"cublas{name}"](handle) for name in sys.argv[2:]]
print(json.dumps(said))
"""

Compile = Callable[..., Path]


@pytest.fixture
def lazy(compile_c: Compile, tmp_path: Path) -> Path:
    made = compile_c(LINUX, "-shared", "-Wl,-soname,libcublas-lazy.so", source=SOURCE)
    return Path(shutil.copy(made, tmp_path / "libcublas-lazy.so"))


def used(lazy: Path, *others: str) -> dict[str, Any]:
    words = [sys.executable, "-c", USE, str(lazy), *others]
    done = subprocess.run(words, capture_output=True, check=True, timeout=LIMIT_S, cwd="/", env={})
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_it_is_loaded_from_beside_by_the_first_handle_and_every_argument_arrives(
    lazy: Path, compile_c: Compile
) -> None:
    rest = "".join(f"int cublas{name}(void *handle) {{ return {at}; }}\n" for at, name in enumerate(OTHERS, 20))
    shutil.copy(compile_c(LINUX, "-shared", source=REAL + rest), lazy.parent / "libcublas.so.13")
    assert used(lazy, *OTHERS) == {
        "before": False, "created": 0, "after": True, "text": "seven", "product": 7,
        "others": list(range(20, 20 + len(OTHERS))),
    }  # fmt: skip


def test_without_it_no_handle_is_given_and_the_reason_is_told(lazy: Path) -> None:
    said = used(lazy)
    assert (said["created"], said["after"]) == (1, False)
    assert said["text"].startswith("cuBLAS, which this model needs, cannot be loaded: libcublas.so.13: cannot open")


def test_a_library_that_lacks_a_function_is_not_used_in_part(lazy: Path, compile_c: Compile) -> None:
    shutil.copy(compile_c(LINUX, "-shared", source=REAL), lazy.parent / "libcublas.so.13")
    said = used(lazy)
    assert said["created"] == 1
    assert "undefined symbol: cublas" in said["text"]
