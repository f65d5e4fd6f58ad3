"""Names of what is built: target name ↔ variant and triple ↔ file names, and where each is placed."""

from __future__ import annotations

import re
from pathlib import Path

PROGRAM = "localai-sidecar"
LIBRARIES = "llama"
BUILD_FACTS = "build.json"
PLACED = Path("tauri-app", "src-tauri", "bin")

_SINGLE_FILE = re.compile(
    rf"^{PROGRAM}-(?P<variant>[a-z0-9]+)-(?P<triple>[a-z0-9_]+(?:-[a-z0-9]+){{2,3}})(?P<suffix>\.exe)?$"
)


def program_suffix(triple: str) -> str:
    """`.exe` where programs of `triple` carry it, else nothing."""
    return ".exe" if "-windows-" in triple else ""


def program_name(triple: str) -> str:
    """The engine's program inside its folder."""
    return f"{PROGRAM}{program_suffix(triple)}"


def folder_name(target_name: str) -> str:
    """The engine's folder for a target, e.g. `localai-sidecar-cpu-x86_64-unknown-linux-gnu.dist`."""
    return f"{PROGRAM}-{target_name}.dist"


def single_file_name(target_name: str) -> str:
    """The engine as one file, by the name Tauri's `externalBin` wants: the triple, then `.exe` on Windows."""
    return f"{PROGRAM}-{target_name}{program_suffix(target_name)}"


def target_of(file_name: str) -> tuple[str, str] | None:
    """Variant and triple that a single file's name states; None when it is no such name."""
    found = _SINGLE_FILE.match(file_name)
    if found is None or bool(found["suffix"]) != bool(program_suffix(found["triple"])):
        return None
    return found["variant"], found["triple"]
