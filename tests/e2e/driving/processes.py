"""Processes as /proc shows them: those of one app run, and which of them are still there."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Process:
    """One process; `started` (clock ticks since boot) tells it from a later one with the same pid."""

    pid: int
    started: int
    program: str

    def alive(self) -> bool:
        """Whether it still runs. A zombie is gone: only its parent has not looked yet."""
        return _read(self.pid) == self

    def kill(self) -> None:
        """SIGKILL; gone already is fine."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def all_running() -> Iterator[Process]:
    """Every process that is not a zombie."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (process := _read(int(folder.name))):
            yield process


def with_environment(entry: str) -> set[Process]:
    """The running processes that were started with `NAME=value` in their environment."""
    wanted = entry.encode()
    return {process for process in all_running() if wanted in _environment(process.pid)}


def of_program(program: Path) -> list[Process]:
    """The running processes of this very file, oldest first."""
    found = [process for process in all_running() if process.program == str(program)]
    return sorted(found, key=lambda process: process.started)


def of_folder(folder: Path) -> set[Process]:
    """The running processes whose program lies under `folder`."""
    return {process for process in all_running() if Path(process.program).is_relative_to(folder)}


def still_alive(processes: set[Process]) -> set[Process]:
    """Those that have not gone yet."""
    return {process for process in processes if process.alive()}


def _read(pid: int) -> Process | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        program = str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return None
    # proc(5): the name in parentheses may hold anything; state is field 3, starttime field 22.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else Process(pid, int(fields[19]), program)


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
