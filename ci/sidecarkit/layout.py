"""Names of what is built: target name ↔ variant and triple ↔ file names."""

from __future__ import annotations

import re

BUILD_FACTS = "build.json"

_TARGET = r"(?P<variant>[a-z0-9]+)-(?P<triple>[a-z0-9_]+(?:-[a-z0-9]+){2,3})(?P<suffix>\.exe)?"


def program_suffix(triple: str) -> str:
    """`.exe` where programs of `triple` carry it, else nothing."""
    return ".exe" if "-windows-" in triple else ""


def program_name(program: str, triple: str) -> str:
    """The program's file inside its folder."""
    return f"{program}{program_suffix(triple)}"


def folder_name(program: str, target_name: str) -> str:
    """The folder of a target's engine."""
    return f"{program}-{target_name}.dist"


def single_file_name(program: str, target_name: str) -> str:
    """A target's engine as one file, by the name Tauri's `externalBin` wants."""
    return f"{program}-{target_name}{program_suffix(target_name)}"


def target_of(program: str, file_name: str) -> tuple[str, str] | None:
    """Variant and triple that a single file's name states; None when it is no such name."""
    found = re.fullmatch(f"{re.escape(program)}-{_TARGET}", file_name)
    if found is None or bool(found["suffix"]) != bool(program_suffix(found["triple"])):
        return None
    return found["variant"], found["triple"]
