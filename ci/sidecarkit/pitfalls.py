"""The three things that most often go wrong between a good build and a window: what doctor says about each."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sidecarkit import layout
from sidecarkit.config import Project

_NAMESPACES = Path("/proc/sys/kernel/unprivileged_userns_clone")
_TRACKED = {"README.md", ".gitignore"}


def notes(root: Path, project: Project) -> list[str]:
    """A sentence and a hint for each pitfall this machine or checkout is in."""
    found = (misnamed_sidecars(root, project), webkit_sandbox(_NAMESPACES), windows_compiler(sys.platform))
    return [note for note in found if note]


def misnamed_sidecars(root: Path, project: Project) -> str | None:
    """Files in Tauri's binary folder whose names Tauri will not look for."""
    folder = root / project.placed
    entries = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    wrong = [name for name in entries if name not in _TRACKED and not _is_placed_name(project.program, name)]
    if not wrong:
        return None
    return (
        f"{project.placed.as_posix()} holds {', '.join(wrong)}: "
        f"Tauri only finds `{project.program}-<variant>-<triple>`\n"
        "   hint: remove it; the session `place` puts the sidecar there under its right name"
    )


def webkit_sandbox(switch: Path) -> str | None:
    """Hardened kernels, Manjaro's among them, switch off what WebKitGTK's sandbox is made of."""
    try:
        allowed = switch.read_text(encoding="ascii").strip()
    except OSError:
        return None
    if allowed != "0":
        return None
    return (
        "this kernel forbids unprivileged user namespaces, so WebKitGTK's sandbox cannot start: blank windows\n"
        "   hint: `sudo sysctl kernel.unprivileged_userns_clone=1`, or install `bubblewrap` with its suid bit"
    )


def windows_compiler(platform: str) -> str | None:
    """Rust for MSVC needs Visual Studio's linker, which is on PATH only in its own prompts."""
    if platform != "win32" or shutil.which("link") or shutil.which("cl"):
        return None
    return (
        "neither `cl` nor `link` is on PATH\n"
        "   hint: install `Visual Studio Build Tools` with the C++ workload (README.md, Windows), then start from its\n"
        "   `Developer PowerShell`; MinGW's or Git's `link` on PATH in front of it is the classic mistake"
    )


def _is_placed_name(program: str, name: str) -> bool:
    stem = name.removesuffix(".dist")
    names = (stem, f"{stem}.exe") if name.endswith(".dist") else (name,)
    return any(layout.target_of(program, each) for each in names)
