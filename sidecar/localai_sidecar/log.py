"""The log on stderr: `LEVEL time text`, one line per record. A full stderr loses records, never time."""

import os
import select
import threading
import time

from localai_sidecar.protocol.stdio import non_blocking_twin

# poll() promises room for this much in a pipe: more could block (POSIX PIPE_BUF on Linux).
_ATOMIC_BYTES = 4096


class Log:
    """Writes records to a file descriptor that nobody may be reading."""

    def __init__(self, fd: int) -> None:
        self._fd = non_blocking_twin(fd, keep=True)
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLOUT)
        self._lock = threading.Lock()
        self._dropped = 0

    def info(self, text: str) -> None:
        """What happened, for whoever looks for it later."""
        self._record("INFO", text)

    def warning(self, text: str) -> None:
        """Something is not as it should be, and goes on."""
        self._record("WARNING", text)

    def error(self, text: str) -> None:
        """Something failed."""
        self._record("ERROR", text)

    def _record(self, level: str, text: str) -> None:
        with self._lock:
            if self._dropped and self._write("WARNING", f"{self._dropped} log records were lost: stderr was full"):
                self._dropped = 0
            if not self._write(level, text):
                self._dropped += 1

    def _write(self, level: str, text: str) -> bool:
        time_text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        one_line = "\\n".join(text.splitlines())
        line = f"{level} {time_text} {one_line}".encode("utf-8", "replace")[: _ATOMIC_BYTES - 1] + b"\n"
        try:
            return bool(self._poll.poll(0)) and os.write(self._fd, line) == len(line)
        except OSError:
            return False
