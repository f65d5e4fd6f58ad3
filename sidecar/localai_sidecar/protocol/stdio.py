"""Claims stdin and stdout for the protocol before anything else can touch them, and writes to stdout without blocking.

After `claim()` fd 0 is /dev/null and fd 1 is stderr: whatever a library reads or prints cannot disturb the protocol.
"""

import contextlib
import os
import select
import stat
import threading
from collections.abc import Callable
from typing import NamedTuple

# poll() promises room for this much in a pipe: more could block (POSIX PIPE_BUF on Linux).
_ATOMIC_BYTES = 4096


class Channel(NamedTuple):
    """The private file descriptors of the protocol."""

    input: int
    output: int


def claim() -> Channel:
    """Take fd 0 and 1 for the protocol; a standard descriptor that was closed becomes /dev/null first."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, so `fd` itself
    channel = Channel(os.dup(0), non_blocking_twin(1, keep=False))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return channel


def non_blocking_twin(fd: int, *, keep: bool) -> int:
    """The same pipe opened again, so that O_NONBLOCK is ours alone; anything else as it is, or a duplicate of it.

    Other processes may share the pipe, and between poll() and write() they may fill it.
    """
    if stat.S_ISFIFO(os.fstat(fd).st_mode):
        with contextlib.suppress(OSError):
            return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return fd if keep else os.dup(fd)


class Outbox:
    """Lines on their way to stdout, in order, from two threads.

    The reading thread must never block on a driver that does not read, so it posts; the working thread waits
    until its line is written, which is what slows generation down to the driver's pace.
    """

    def __init__(self, fd: int, on_closed: Callable[[], None]) -> None:
        self.fd = fd
        self.closed = False
        self._on_closed = on_closed
        # Where a write cannot block there is nothing to ask before it: each call costs a token some time.
        self._never_blocks = not os.get_blocking(fd)
        self._pending = bytearray()
        self._lock = threading.Lock()
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)

    @property
    def backlog(self) -> int:
        """Bytes accepted and not yet written."""
        return len(self._pending)

    def post(self, line: bytes) -> None:
        """Write `line` as far as stdout takes it now; the rest goes with the next `flush`."""
        with self._lock:
            self._pending += line
            self._write_what_fits()

    def send(self, line: bytes) -> None:
        """Write `line` and wait until stdout has taken it."""
        # Nearly always all of it goes at once; this is on the way of every token.
        with self._lock:
            written = 0 if self._pending else self._write(line)
            if written < len(line):
                self._pending += line[written:]
        while self._pending and not self.closed:
            self._wait(None)
            self.flush()

    def flush(self) -> None:
        """Write what fits now."""
        with self._lock:
            self._write_what_fits()

    def drain(self, seconds: float) -> None:
        """Write everything, for at most about `seconds`: the last words of a process."""
        for _ in range(max(1, int(seconds * 100))):
            if not self._pending or self.closed:
                return
            self._wait(10)
            self.flush()

    def _wait(self, milliseconds: int | None) -> None:
        # Not the shared object: one poll() at a time is all it takes, and this one may last.
        poll = select.poll()
        poll.register(self.fd, select.POLLOUT)
        poll.poll(milliseconds)

    def _write_what_fits(self) -> None:
        while self._pending and (written := self._write(self._pending)):
            del self._pending[:written]

    def _write(self, line: bytes | bytearray) -> int:
        """Bytes of `line` that stdout took without blocking; all of them once it is closed."""
        try:
            if self._never_blocks or self._poll.poll(0):
                return os.write(self.fd, line[:_ATOMIC_BYTES])
            return 0
        except BlockingIOError:
            return 0
        except OSError:
            self.closed = True
            self._on_closed()
            return len(line)
