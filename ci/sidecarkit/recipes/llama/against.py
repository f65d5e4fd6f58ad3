"""Whether a plug-in was compiled against the very library that ships: both are made again beside it by CMake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidecarkit import digest
from sidecarkit.errors import WrongBinary
from sidecarkit.recipes.recipe import LIBRARIES

if TYPE_CHECKING:
    from sidecarkit.job import Job

# It is compiled again beside the plug-in, for CMake links against its own targets only.
BASE = "libggml-base.so"


def refuse_another_base(built: Path, job: Job) -> None:
    """The plug-in talks to the shipped library by structures in memory: both must be of one source and its flags.

    `built` is the folder of what was compiled. Raises WrongBinary when the two differ.
    """
    shipped = Path(job.record("native").data["folder"]) / LIBRARIES / BASE
    expected, found = digest.of_file(shipped), digest.of_file(built / BASE)
    if found != expected:
        raise WrongBinary(
            f"{BASE}, compiled beside the plug-in, has the hash {found}; the one that ships has {expected}",
            hint="both are made by the same flags: look for what of the backend's own definitions reached it",
        )
