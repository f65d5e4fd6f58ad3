"""ggml's Vulkan backend, compiled by zig without an SDK: pinned headers, our own glslc and a stub of the loader."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sidecarkit import digest
from sidecarkit.recipes.llama import against, native
from sidecarkit.recipes.llama.vulkan import sdk
from sidecarkit.recipes.recipe import LIBRARIES, PlugIn

if TYPE_CHECKING:
    from sidecarkit.job import Job

LIBRARY = "libggml-vulkan.so"


def inputs(job: Job) -> dict[str, str]:
    """The pinned parts and the code that applies them; llama.cpp, compilers and flags count by stage native's key."""
    return {
        **{name: job.toolchain.pin(name).sha256 for name in sdk.PINS},
        "recipe": digest.of_sources(Path(__file__).parent, ("*.py", "*.c")),
    }


def build(job: Job, folder: Path) -> None:
    """Compile the plug-in into `folder`. Raises StepFailed, PartWrong, WrongBinary."""
    workplace = folder / ".work"
    kit = sdk.make(job, workplace / "sdk")
    built, _ = native.compile_targets(job, workplace, with_server=False, more=kit.definitions(), only=("ggml-vulkan",))
    against.refuse_another_base(built, job)
    (folder / LIBRARIES).mkdir()
    shutil.copy2(built / LIBRARY, folder / LIBRARIES / LIBRARY)
    shutil.rmtree(workplace)


PLUG_IN = PlugIn(summary="compile ggml's Vulkan backend", pins=sdk.PINS, inputs=inputs, build=build)
