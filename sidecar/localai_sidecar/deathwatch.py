"""Ends the process with its parent, and turns signals into one readable byte."""

import contextlib
import ctypes
import os
import signal
import sys

from localai_sidecar.errors import EXIT_ASKED

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask Linux for SIGKILL when `parent` (read before anything slow) ends, and leave at once if it has already.

    The signal comes when the parent's *thread* that spawned us ends: see prctl(2), PR_SET_PDEATHSIG.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(EXIT_ASKED)


def exit_on(*signals: signal.Signals) -> None:
    """End at once on these signals: for the time before anything can be asked to stop."""
    for number in signals:
        signal.signal(number, lambda *_: os._exit(EXIT_ASKED))


class WakePipe:
    """A pipe that wakes the reading thread: signals write to it, and so may any thread."""

    def __init__(self) -> None:
        self.fd, self._write_end = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write_end, False)

    def wake(self) -> None:
        """Make `fd` readable."""
        with contextlib.suppress(BlockingIOError):  # full, so already readable
            os.write(self._write_end, b"\0")

    def read(self) -> bytes:
        """What was written since: numbers of signals, and zeros."""
        return os.read(self.fd, 4096)

    def catch(self, *signals: signal.Signals) -> None:
        """Turn these signals into bytes here. The C half of the handler writes, whichever thread it runs on."""
        for number in signals:
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
