"""What the Vulkan backend is built with, so that no machine needs an SDK: headers, shader compiler, loader."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidecarkit import command, crates, jars
from sidecarkit.tools import cmake, zig

if TYPE_CHECKING:
    from sidecarkit.job import Job

_SHADERC = "shaderc"
# Pinned crates, the folder of headers in each, and what of it is needed.
_CRATES = {
    "vulkan-headers": ("vendor/Vulkan-Headers/include", ("vulkan", "vk_video")),
    "spirv-headers": ("build/spirv-headers/include", ("spirv",)),
}
PINS = (f"maven.{_SHADERC}", *(f"crate.{name}" for name in _CRATES))
_LIBRARY = "libshaderc.so"
_LOADER = "libvulkan.so.1"
_SOURCES = Path(__file__).parent
_COMPILE_LIMIT_S = 120


@dataclass(frozen=True, kw_only=True)
class Kit:
    """Where its parts lie."""

    folder: Path
    wrappers: zig.Wrappers

    def definitions(self) -> tuple[str, ...]:
        """What makes llama.cpp's CMake files build the backend with these parts."""
        values = {
            "GGML_VULKAN": "ON",
            "Vulkan_INCLUDE_DIR": str(self.folder / "include"),
            "Vulkan_LIBRARY": str(self.folder / _LOADER),
            "Vulkan_GLSLC_EXECUTABLE": str(self.folder / "glslc"),
            "SPIRV-Headers_DIR": str(self.folder),
            # The shader generator is a project of its own. CMake takes its compilers from a file only where it
            # compiles for another system, and else from this machine.
            "CMAKE_SYSTEM_NAME": "Linux",
            "CMAKE_SYSTEM_PROCESSOR": "x86_64",
            "GGML_VULKAN_SHADERS_GEN_TOOLCHAIN": str(self.folder / "generator.cmake"),
        }
        return tuple(f"-D{name}={value}" for name, value in values.items())


def make(job: Job, folder: Path) -> Kit:
    """Fetch and compile the parts into the new folder `folder`. Raises PartWrong and StepFailed."""
    (folder / "include").mkdir(parents=True)
    for name, (inside, needed) in _CRATES.items():
        unpacked = crates.unpack(job.toolchain.crate(name), inside, folder / "crates", job.report)
        for part in needed:
            shutil.move(unpacked / part, folder / "include" / part)
    # ggml looks for this package and takes nothing from it but the include folder above.
    (folder / "SPIRV-HeadersConfig.cmake").touch()
    jars.extract(
        jars.fetch(job.toolchain.jar(_SHADERC), "the shader compiler libshaderc", job.report),
        f"/{_LIBRARY}", folder / _LIBRARY,
    )  # fmt: skip
    kit = Kit(folder=folder, wrappers=zig.write_wrappers(folder / "zig", job.target.zig_target))
    _compile(job, kit, "glslc", "-O2", f'-DSHADERC_LIBRARY="{folder / _LIBRARY}"', _SOURCES / "glslc.c", "-ldl")
    _compile(job, kit, _LOADER, "-shared", f"-Wl,-soname,{_LOADER}", _SOURCES / "loader.c")
    _write_generators_toolchain(kit)
    return kit


def _compile(job: Job, kit: Kit, name: str, *words: str | Path) -> None:
    command.run(
        [kit.wrappers.cc, *words, "-o", kit.folder / name], log=job.log, report=job.report, title=f"compiling {name}",
        env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache())}, timeout_s=_COMPILE_LIMIT_S,
    )  # fmt: skip


def _write_generators_toolchain(kit: Kit) -> None:
    values = dict(word.removeprefix("-D").split("=", 1) for word in cmake.compilers(kit.wrappers))
    values["CMAKE_MAKE_PROGRAM"] = str(cmake.ninja())
    lines = [f'set({name} "{value}" CACHE FILEPATH "")\n' for name, value in values.items()]
    (kit.folder / "generator.cmake").write_text("".join(lines), encoding="utf-8")
