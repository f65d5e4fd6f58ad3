"""The app's own program: it uses the system's libraries, so what is asked is where it fits and what it tells."""

from __future__ import annotations

from pathlib import Path

from sidecarkit.audit import compiled, contents, fit, traces
from sidecarkit.audit.problems import Problem
from sidecarkit.audit.traces import Builder
from sidecarkit.config import Target


def of_program(path: Path, target: Target, builder: Builder) -> list[Problem]:
    """What is wrong with the program, which is there. Raises WrongBinary for a file that is no program at all."""
    found = [
        *fit.problems(path.name, compiled.read(path), triple=target.triple, glibc_floor=None),
        *traces.problems(path.name, path.read_bytes(), builder),
    ]
    if not target.for_windows:
        found += contents.mode_problems(path, file=path.name, program=True)
    return found
