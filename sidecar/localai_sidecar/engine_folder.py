"""Where the engine's own files are, and which build this is."""

import json
import os
import sys
from typing import NamedTuple

from . import __version__
from .errors import EXIT_LIBRARIES, StartFailed

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


def engine_folder() -> str:
    """The folder with `build.json` and `llama/`: the program's own, or for sources the one the environment names."""
    if is_compiled():
        # Neither argv[0] nor sys.executable: whoever starts the program writes the first, Nuitka makes up the second.
        program = os.readlink("/proc/self/exe") if sys.platform.startswith("linux") else sys.executable
        return os.path.dirname(program)
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        raise StartFailed(
            EXIT_LIBRARIES, f"{FOLDER_VARIABLE} is not set", "name the folder that holds `build.json` and `llama/`"
        )
    return os.path.abspath(folder)


def read_build(folder: str) -> Build:
    """The identity of the engine in `folder`; raises StartFailed if it is not there."""
    path = os.path.join(folder, "build.json")
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        return Build(str(content["buildId"]), str(content["variant"]), str(content["triple"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StartFailed(EXIT_LIBRARIES, f"{path} cannot be read: {error!r}", _BROKEN) from None
