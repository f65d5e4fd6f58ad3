"""Everything a program started: found by its session and by descent, so that stopping it leaves nobody behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROCESSES = Path("/proc")
_POLL_S = 0.02


@dataclass(frozen=True, kw_only=True)
class _Process:
    """`started`, in ticks since the boot, tells it from a later one that got its number."""

    pid: int
    parent: int
    session: int
    started: int


def stop(leader: subprocess.Popen[bytes], grace_s: float) -> None:
    """End `leader`, which has a session of its own, with all it started; returns when they are gone.

    They are asked with SIGTERM, and killed after `grace_s` seconds. Compilers run jobs in groups of their own
    (ninja) and leave them behind when they are killed themselves, so the process group alone is not enough.
    """
    known: set[_Process] = set()
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + grace_s
        asked: set[_Process] = set()
        while True:
            leader.poll()
            known = _alive(leader.pid, known)
            if not known and leader.returncode is not None:
                return
            for process in known - asked:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, number)
            asked |= known
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_S)


def _alive(leader: int, known: set[_Process]) -> set[_Process]:
    """Members of the leader's session, their descendants, and those `known` before, wherever they hang now."""
    every = set(_processes())
    before = {(each.pid, each.started) for each in known}
    found = {each for each in every if each.session == leader or (each.pid, each.started) in before}
    while True:
        parents = {each.pid for each in found}
        more = {each for each in every if each.parent in parents} - found
        if not more:
            return found
        found |= more


def _processes() -> Iterator[_Process]:
    """Every living process; one that has ended and waits for its parent is none."""
    for entry in _PROCESSES.iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError, ValueError, IndexError):
            # The name in parentheses may hold anything; behind the last one the fields have their order (proc(5)).
            fields = entry.joinpath("stat").read_text(errors="replace").rpartition(")")[2].split()
            if fields[0] != "Z":
                parent, session, started = int(fields[1]), int(fields[3]), int(fields[19])
                yield _Process(pid=int(entry.name), parent=parent, session=session, started=started)
