"""What llama.cpp's libraries promise: which of them are there, and the instruction sets that each is compiled for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sidecarkit.audit.rules import CodeRule, Rules
from sidecarkit.recipes.llama import native
from sidecarkit.tools import cuda

if TYPE_CHECKING:
    from sidecarkit.config import Target

# ggml's options for each variant, from the calls of ggml_add_cpu_backend_variant in ggml/src/CMakeLists.txt.
OPTIONS: Mapping[str, str] = {
    "x64": "",
    "sse42": "SSE42",
    "sandybridge": "SSE42 AVX",
    "ivybridge": "SSE42 AVX F16C",
    "piledriver": "SSE42 AVX F16C FMA",
    "haswell": "SSE42 AVX F16C FMA AVX2 BMI2",
    "skylakex": "SSE42 AVX F16C FMA AVX2 BMI2 AVX512",
    "cannonlake": "SSE42 AVX F16C FMA AVX2 BMI2 AVX512 AVX512_VBMI",
    "cascadelake": "SSE42 AVX F16C FMA AVX2 BMI2 AVX512 AVX512_VNNI",
    "icelake": "SSE42 AVX F16C FMA AVX2 BMI2 AVX512 AVX512_VBMI AVX512_VNNI",
    "cooperlake": "SSE42 AVX F16C FMA AVX2 BMI2 AVX512 AVX512_VNNI AVX512_BF16",
    "zen4": "SSE42 AVX F16C FMA AVX2 BMI2 AVX512 AVX512_VBMI AVX512_VNNI AVX512_BF16",
    "alderlake": "SSE42 AVX F16C FMA AVX2 BMI2 AVX_VNNI",
    "sapphirerapids": "SSE42 AVX F16C FMA AVX2 BMI2 AVX512 AVX512_VBMI AVX512_VNNI AVX512_BF16 AMX_TILE AMX_INT8",
}
# What the compiler may use by an option (ggml/src/ggml-cpu/CMakeLists.txt), where that is not just its name.
_ALLOWED = {
    "SSE42": "SSE3 SSSE3 SSE4_1 SSE4_2 POPCNT",
    "AVX512": "AVX512F AVX512CD AVX512VL AVX512DQ AVX512BW",
}
# What it always uses then, found in each variant; of alternatives one will do. Beside AVX the instructions of
# SSE 4 are written in AVX's encoding; those for conflict detection, and SSE 4.2's own, have no use in ggml.
_SHOWN_BY = {"SSE42": ("SSE4_1|AVX",), "AVX512": ("AVX512F", "AVX512VL", "AVX512DQ", "AVX512BW")}

_CORE = ("ggml-base", "ggml", "llama")
_PLUG_IN = "ggml-cpu-{}"
# Drivers' libraries, which only a machine with such a graphics card has; the plug-in is passed over without them.
# cuBLAS asks for gcc's library, which no desktop with a C++ program is without.
_FROM_USER = {
    "vulkan": frozenset({"libvulkan.so.1", "vulkan-1.dll"}),
    "cuda": frozenset({"libcuda.so.1", "nvcuda.dll", "libgcc_s.so.1"}),
}
# What else lies beside a plug-in: NVIDIA's libraries as they come, and what loads cuBLAS when it is used.
_BESIDE = {"cuda": ("cudart", "cublas", "cublasLt", "cublas-lazy")}
_GPU_CODE = {
    # It asks the processor before it takes a faster way; measured of 13.1.0.3.
    "cublasLt": CodeRule(allowed=frozenset({"AVX", "AVX512F", "BMI1", "BMI2", "FMA", "LZCNT"})),
    # gcc's unwinder is linked in: it steps the shadow stack where it finds one.
    "ggml-cuda": CodeRule(allowed=frozenset({"CET_SS"})),
}
CUDA_LIBRARY = r"(?:lib)?(?:cudart|cublas|cublasLt)(?:\.so\.|64_)(\d+)(?:\.[\d.]+|\.dll)?"


def rules(target: Target) -> Rules:
    """What the audit holds a sidecar with llama.cpp against."""
    variants = tuple(OPTIONS) if target.triple.startswith("x86_64-") else ()
    backends = () if target.variant == "cpu" else (f"ggml-{target.variant}",)
    beside = _BESIDE.get(target.variant, ()) if target.triple.endswith("-linux-gnu") else ()
    return Rules(
        native=native.FOLDER,
        present=(*_CORE, *map(_PLUG_IN.format, variants), *backends, *beside),
        from_user=_FROM_USER.get(target.variant, frozenset()),
        majors={CUDA_LIBRARY: cuda.MAJOR},
        code={
            **{_PLUG_IN.format(variant): code_rule(OPTIONS[variant].split()) for variant in variants},
            **(_GPU_CODE if beside else {}),
        },
        glibc=dict.fromkeys(backends, target.plug_in_glibc_floor),
        device_code=dict.fromkeys(backends, frozenset(target.architectures)) if target.architectures else {},
    )


def code_rule(options: list[str]) -> CodeRule:
    """The instruction sets of a plug-in that is compiled with these of ggml's options."""
    return CodeRule(
        allowed=frozenset(feature for option in options for feature in _ALLOWED.get(option, option).split()),
        shown_by=tuple(
            frozenset(alternatives.split("|"))
            for option in options
            for alternatives in _SHOWN_BY.get(option, (option,))
        ),
    )
