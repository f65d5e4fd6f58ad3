"""llama-server, compiled against the very libraries that ship: what the full benchmarks are held against."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sidecarkit import beside, digest
from sidecarkit.recipes.llama import native
from sidecarkit.recipes.recipe import LIBRARIES, Anchors

if TYPE_CHECKING:
    from sidecarkit.job import Job

PROGRAM = "llama-server"
# The kernels come from stage native's plug-ins, and a page for browsers would be fetched from outside.
_DIFFERENT = ("-DGGML_CPU=OFF", "-DGGML_CPU_ALL_VARIANTS=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF")


def inputs(_: Job) -> dict[str, str]:
    """Pins, compilers and flags count by stage native's key."""
    return {"recipe": digest.of_file(Path(__file__)), "different": " ".join(_DIFFERENT)}


def build(job: Job, folder: Path) -> None:
    """Compile the server's own files into `folder`. Raises StepFailed and PartWrong."""
    workplace = folder / ".work"
    built, flags = native.compile_targets(job, workplace, with_server=True, more=_DIFFERENT, only=(PROGRAM,))
    own = [path for path in sorted(built.glob("*.so")) if path.name not in flags.libraries]
    for path in (built / PROGRAM, *own):
        shutil.copy2(path, folder / path.name)
    shutil.rmtree(workplace)


def lay_out(job: Job, own: Path, libraries: Path) -> dict[str, str]:
    """The server beside the libraries that ship, in a folder of the target's."""
    folder = job.build / PROGRAM
    kept = [path for path in own.iterdir() if not path.name.startswith(".")]
    beside.lay_out(folder, kept, (libraries / LIBRARIES).iterdir())
    return {PROGRAM: str(folder / PROGRAM)}


ANCHORS = Anchors(inputs=inputs, build=build, lay_out=lay_out)
