"""Where the engine's own files are, and which build this is."""

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

from localai_sidecar import __version__
from localai_sidecar.errors import EXIT_LIBRARIES, StartFailed

FOLDER_VARIABLE = "LOCALAI_SIDECAR_FOLDER"
_BROKEN = "the installation is incomplete: install it again, or run the build's `pack` stage"


class Build(NamedTuple):
    """What `build.json` says."""

    build_id: str
    variant: str
    triple: str

    @property
    def version_line(self) -> str:
        """The answer to `--version`."""
        return f"localai-sidecar {__version__} ({self.build_id})"


def is_compiled() -> bool:
    """Whether this is Nuitka's program, and not Python running the sources."""
    return "__compiled__" in globals()


def engine_folder() -> Path:
    """The folder with `build.json` and `llama/`: the program's own, or for sources the one the environment names."""
    if is_compiled():
        # Neither argv[0] nor sys.executable: whoever starts the program writes the first, Nuitka makes up the second.
        program = Path("/proc/self/exe").readlink() if sys.platform.startswith("linux") else Path(sys.executable)
        return program.parent
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        raise StartFailed(
            EXIT_LIBRARIES, f"{FOLDER_VARIABLE} is not set", "name the folder that holds `build.json` and `llama/`"
        )
    return Path(folder).absolute()


def read_build(folder: Path) -> Build:
    """The identity of the engine in `folder`; raises StartFailed if it is not there."""
    path = folder / "build.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Build(str(content["buildId"]), str(content["variant"]), str(content["triple"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StartFailed(EXIT_LIBRARIES, f"{path} cannot be read: {error!r}", _BROKEN) from None
