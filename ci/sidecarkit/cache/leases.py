"""Which entries living processes use, so that pruning never takes a folder from under a build."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

_FOLDER = ".in-use"


class _Own:
    """This process's list at one cache folder."""

    def __init__(self, folder: Path) -> None:
        self.names = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        self.lock = self.names.with_suffix(".lock")
        self.alive = filelock.FileLock(self.lock)
        self.alive.acquire()
        self.taken: set[str] = set()


# By cache folder. Held here, because what a process took stays in use after the object that took it is gone.
_OF_THIS_PROCESS: dict[Path, _Own] = {}


class Leases:
    """A file per process lists the entries it took; a lock beside it, which ends with the process, makes it count.

    Nothing has to be cleaned up after a process that was killed: its lock is free, and its list counts no more.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root.absolute() / _FOLDER

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Nobody takes a lease or removes an entry meanwhile: for moments only."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(self._folder / ".lock"):
            yield

    def take(self, name: str) -> None:
        """Keep the entry `<layer>/<key>` until this process ends, whether it is there yet or not."""
        own = self._own()
        if own is not None and name in own.taken:
            return
        with self.settled():
            if own is None:
                own = _OF_THIS_PROCESS[self._folder] = _Own(self._folder)
            with own.names.open("a", encoding="utf-8") as file:
                file.write(f"{name}\n")
        own.taken.add(name)

    def of_all(self) -> set[str]:
        """The entries that processes which are alive took, this one included. Call it while `settled`."""
        taken: set[str] = set()
        for lock in self._folder.glob("*-*.lock"):
            names = lock.with_suffix("")
            if self._is_held(lock):
                with suppress(OSError):
                    taken.update(names.read_text(encoding="utf-8").split())
            else:
                names.unlink(missing_ok=True)
                lock.unlink(missing_ok=True)
        return taken

    def _own(self) -> _Own | None:
        own = _OF_THIS_PROCESS.get(self._folder)
        return own if own is not None and own.lock.exists() else None  # the whole cache may have been deleted since

    def _is_held(self, lock: Path) -> bool:
        own = self._own()
        if own is not None and lock == own.lock:
            return True
        probe = filelock.FileLock(lock)
        try:
            probe.acquire(timeout=0)
        except filelock.Timeout:
            return True
        probe.release()
        return False
