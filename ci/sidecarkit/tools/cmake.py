"""CMake and Ninja from the toolkit's own locked environment."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from sidecarkit.errors import MissingTool
from sidecarkit.tools.zig import Wrappers


def cmake() -> Path:
    """CMake's program. Raises MissingTool when the environment is not the locked one."""
    return _script("cmake")


def ninja() -> Path:
    """Ninja's program. Raises MissingTool when the environment is not the locked one."""
    return _script("ninja")


def compilers(wrappers: Wrappers) -> list[str]:
    """Definitions that make CMake compile with zig."""
    return [
        f"-DCMAKE_C_COMPILER={wrappers.cc}",
        f"-DCMAKE_CXX_COMPILER={wrappers.cxx}",
        f"-DCMAKE_AR={wrappers.ar}",
        f"-DCMAKE_RANLIB={wrappers.ranlib}",
    ]


def _script(name: str) -> Path:
    path = Path(sysconfig.get_path("scripts")) / name
    if not path.exists():
        raise MissingTool(
            f"`{name}` is not in the toolkit's environment: looked in {path.parent}",
            hint="start through `python3 noxfile.py`, which makes that environment",
        )
    return path
