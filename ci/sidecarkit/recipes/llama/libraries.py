"""llama.cpp for the CPU: every instruction-set variant as a plug-in of its own, chosen at run time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sidecarkit.config import SdistPin

# What GGML_CPU_ALL_VARIANTS builds for x86-64 on Linux (ggml/src/CMakeLists.txt); asserted after the build.
VARIANTS = (
    "x64", "sse42", "sandybridge", "ivybridge", "piledriver", "haswell", "skylakex", "cannonlake",
    "cascadelake", "cooperlake", "icelake", "alderlake", "sapphirerapids", "zen4",
)  # fmt: skip
QUICK_TOOLS = Path(__file__).with_name("quick_tools.cmake")
_PLUG_IN = "libggml-cpu-{}.so"
_CORE_LIBRARIES = ("libggml-base.so", "libggml.so", "libllama.so")


@dataclass(frozen=True, kw_only=True)
class Flags:
    """CMake definitions, the targets to build, and the files that come out of them."""

    definitions: tuple[str, ...]
    build_targets: tuple[str, ...]
    libraries: tuple[str, ...]
    tools: tuple[str, ...]


def flags(source: Path, pin: SdistPin, *, with_server: bool) -> Flags:
    """How llama.cpp is built from its sources in `source`."""
    tools = ("llama-bench", "llama-server") if with_server else ("llama-bench",)
    plug_ins = tuple(_PLUG_IN.format(name) for name in VARIANTS)
    return Flags(
        definitions=_definitions(source, pin, with_server=with_server),
        build_targets=("llama", *(f"ggml-cpu-{name}" for name in VARIANTS), *tools),
        libraries=(*_CORE_LIBRARIES, *plug_ins),
        tools=tools,
    )


def variants_among(libraries: Iterable[str]) -> list[str]:
    """The instruction-set variants whose plug-ins are among these file names."""
    names = set(libraries)
    return [variant for variant in VARIANTS if _PLUG_IN.format(variant) in names]


def _definitions(source: Path, pin: SdistPin, *, with_server: bool) -> tuple[str, ...]:
    # __FILE__ and debug information would carry the builder's folder into the libraries.
    # zig adds debug information unless told not to: 200 MB more. -O3 stands here, and not only in CMake's Release
    # flags, because CMake's checks would else make zig build its C++ library a second time, without optimisation.
    compile_flags = f"-O3 -g0 -ffile-prefix-map={source}=llama.cpp"
    # Without -Bsymbolic the copies of libc++ inside each library interpose: a double free at exit.
    link_flags = "-Wl,-Bsymbolic -s"
    values = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_C_FLAGS": compile_flags,
        "CMAKE_CXX_FLAGS": compile_flags,
        "CMAKE_SHARED_LINKER_FLAGS": link_flags,
        "CMAKE_MODULE_LINKER_FLAGS": link_flags,
        "CMAKE_EXE_LINKER_FLAGS": "-s",
        "CMAKE_BUILD_WITH_INSTALL_RPATH": "ON",
        "CMAKE_INSTALL_RPATH": "$ORIGIN",
        # One plain file per library: version links become copies in wheels, bundles and on Windows.
        "CMAKE_PLATFORM_NO_VERSIONED_SONAME": "ON",
        "BUILD_SHARED_LIBS": "ON",
        "GGML_BACKEND_DL": "ON",
        "GGML_CPU_ALL_VARIANTS": "ON",
        "GGML_NATIVE": "OFF",
        "GGML_OPENMP": "OFF",
        "GGML_CCACHE": "OFF",
        "LLAMA_BUILD_TESTS": "OFF",
        "LLAMA_BUILD_EXAMPLES": "OFF",
        "LLAMA_BUILD_APP": "OFF",
        "LLAMA_BUILD_TOOLS": "ON",
        "LLAMA_BUILD_SERVER": "ON" if with_server else "OFF",
        "LLAMA_OPENSSL": "OFF",
        # Else the state of whatever git checkout lies around the build folder gets into the build id.
        "LLAMA_BUILD_NUMBER": pin.facts["build_number"],
        "LLAMA_BUILD_COMMIT": pin.facts["commit"],
        "GIT_EXE": "/bin/false",
    }
    if not with_server:
        # llama-server samples and renders templates in llama-common, so there it keeps its optimisation.
        values["CMAKE_PROJECT_llama.cpp_INCLUDE"] = str(QUICK_TOOLS)
    return tuple(f"-D{name}={value}" for name, value in values.items())
