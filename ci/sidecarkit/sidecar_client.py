"""Drives any sidecar over stdio: JSON-RPC lines in and out, each with the time it came, every wait bounded."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from sidecarkit.sidecar_wire import (
    Answer,
    ErrorAnswer,
    JunkOnStdout,
    Line,
    Message,
    NoAnswer,
    Notification,
    SidecarClientError,
    SidecarDied,
)

__all__ = [
    "Answer",
    "ErrorAnswer",
    "JunkOnStdout",
    "Line",
    "NoAnswer",
    "Notification",
    "SidecarClient",
    "SidecarClientError",
    "SidecarDied",
]

STDERR_LINES_KEPT = 200
STDERR_LINES_SHOWN = 12
# Longer than anything a sound sidecar needs to end once its stdout is closed.
END_AFTER_STDOUT_CLOSED_S = 5.0
# protocol.md's longest line with its CR and LF; a longer one arrives in pieces and is named as junk.
MAX_LINE_BYTES = 1_048_576 + 2


@dataclass
class _Pending:
    method: str
    sent_at: float
    notifications: list[Notification] = field(default_factory=list)


class SidecarClient:
    """One sidecar process; use it in a `with` block, which kills whatever is left of it.

    Start it from a thread that outlives it: on Linux the sidecar dies with the thread that spawned it.
    """

    def __init__(
        self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        self.command = [str(part) for part in command]
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if env is None else dict(env),
            cwd=cwd,
        )
        self.loose: list[Notification] = []
        self._pending: dict[int, _Pending] = {}
        self._answered: dict[int, tuple[float, Message]] = {}
        self._next_id = 1
        self._lines: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES_KEPT)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._pipes: tuple[IO[bytes], ...] = (self.process.stdin, self.process.stdout, self.process.stderr)
        self._threads = [
            threading.Thread(target=work, args=(pipe,), daemon=True)
            for work, pipe in zip((self._write_lines, self._read_lines, self._keep_stderr), self._pipes, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    # -- sending -------------------------------------------------------------------------------------------------

    def initialize(self, timeout_s: float = 10.0, **params: Any) -> Answer:
        """The handshake of protocol version 1."""
        client = {"name": "sidecarkit", "version": "0.1.0"}
        return self.request("initialize", {"protocolVersion": 1, "client": client, **params}, timeout_s)

    def request(self, method: str, params: Message | None = None, timeout_s: float = 30.0) -> Answer:
        """Sends a request and waits for its answer; raises ErrorAnswer, NoAnswer, SidecarDied or JunkOnStdout."""
        return self.wait(self.send(method, params), timeout_s)

    def send(self, method: str, params: Message | None = None) -> int:
        """Sends a request and returns its id, to be given to `wait` or to a `cancel`."""
        request_id, self._next_id = self._next_id, self._next_id + 1
        line = self._encode({"id": request_id, "method": method, "params": params})
        self._pending[request_id] = _Pending(method, time.perf_counter())
        self.send_raw(line)
        return request_id

    def notify(self, method: str, params: Message | None = None) -> None:
        """Sends a notification; nothing is awaited."""
        self.send_raw(self._encode({"method": method, "params": params}))

    def send_raw(self, line: bytes) -> None:
        """Sends bytes as they are (a line needs its own LF). Never blocks, even if the sidecar does not read."""
        self._outgoing.put(line)

    def close_stdin(self) -> None:
        """Closes the sidecar's stdin once everything sent before has been written."""
        self._outgoing.put(None)

    # -- receiving -----------------------------------------------------------------------------------------------

    def wait(self, request_id: int, timeout_s: float) -> Answer:
        """Waits for the answer of a request sent before; raises like `request`."""
        deadline = time.perf_counter() + timeout_s
        while request_id not in self._answered:
            method = self._pending[request_id].method
            self._file(self.next_line(deadline - time.perf_counter(), f"the answer to `{method}` (id {request_id})"))
        answered_at, message = self._answered.pop(request_id)
        pending = self._pending.pop(request_id)
        if "error" in message:
            raise ErrorAnswer(pending.method, message["error"])
        return Answer(message["result"], pending.sent_at, answered_at, tuple(pending.notifications))

    def wait_for(self, method: str, request_id: int, timeout_s: float) -> Notification:
        """Waits for the first notification of this method about a running request."""
        deadline = time.perf_counter() + timeout_s
        while True:
            for notification in self._pending[request_id].notifications:
                if notification.method == method:
                    return notification
            if request_id in self._answered:
                raise NoAnswer(f"request {request_id} was answered without any `{method}` before")
            self._file(self.next_line(deadline - time.perf_counter(), f"`{method}` of request {request_id}"))

    def next_line(self, timeout_s: float, expected: str = "a line") -> Line:
        """The next line of stdout as it is; raises NoAnswer after `timeout_s` seconds, SidecarDied at its end."""
        try:
            line = self._lines.get(timeout=max(timeout_s, 0.0))
        except queue.Empty:
            raise NoAnswer(f"{expected} did not come in time{self._last_words()}") from None
        if line is None:
            self._lines.put(None)
            raise SidecarDied(f"{self._how_it_ended()} while {expected} was awaited{self._last_words()}")
        return line

    def wait_for_exit(self, timeout_s: float) -> int:
        """The exit code (negative: the signal) once the process has ended; raises NoAnswer if it does not in time."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise NoAnswer(f"the sidecar still runs after {timeout_s:g} s{self._last_words()}") from None

    def stderr_tail(self) -> list[str]:
        """The last lines of the sidecar's log."""
        return list(self._stderr)

    # -- ending --------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.close_stdin()
        for thread, pipe in zip(self._threads, self._pipes, strict=True):
            thread.join(END_AFTER_STDOUT_CLOSED_S)
            if not thread.is_alive():
                _close(pipe)

    # -- inside --------------------------------------------------------------------------------------------------

    @staticmethod
    def _encode(fields: Message) -> bytes:
        known = {name: value for name, value in fields.items() if value is not None}
        return json.dumps({"jsonrpc": "2.0", **known}, ensure_ascii=False).encode() + b"\n"

    def _file(self, line: Line) -> None:
        message = line.message()
        if "method" in message:
            params = message.get("params") or {}
            about = self._pending.get(params.get("id", 0))
            kept = self.loose if about is None else about.notifications
            kept.append(Notification(line.at, message["method"], params))
        elif message.get("id") in self._pending and ("result" in message or "error" in message):
            self._answered[message["id"]] = (line.at, message)
        else:
            raise JunkOnStdout(f"an answer to no open request: {line.raw[:300]!r}")

    def _write_lines(self, pipe: IO[bytes]) -> None:
        try:
            while (line := self._outgoing.get()) is not None:
                pipe.write(line)
                pipe.flush()
        except OSError:
            # That the sidecar is gone shows on its stdout, with exit code and log.
            pass
        _close(pipe)

    def _read_lines(self, pipe: IO[bytes]) -> None:
        while raw := pipe.readline(MAX_LINE_BYTES):
            self._lines.put(Line(time.perf_counter(), raw))
        self._lines.put(None)

    def _keep_stderr(self, pipe: IO[bytes]) -> None:
        while raw := pipe.readline(4096):
            self._stderr.append(raw.decode(errors="replace").rstrip())

    def _how_it_ended(self) -> str:
        try:
            code = self.process.wait(END_AFTER_STDOUT_CLOSED_S)
        except subprocess.TimeoutExpired:
            return "the sidecar closed its stdout but still runs"
        if code >= 0:
            return f"the sidecar ended with exit code {code}"
        return f"the sidecar was ended by {signal.Signals(-code).name}"

    def _last_words(self) -> str:
        # The log's own thread may be a moment behind the end of the process.
        if self.process.poll() is not None:
            self._threads[-1].join(1.0)
        if not self._stderr:
            return "; its stderr is empty"
        shown = self.stderr_tail()[-STDERR_LINES_SHOWN:]
        return "; its stderr ends with:\n  " + "\n  ".join(shown)


def _close(pipe: IO[bytes]) -> None:
    # Closing flushes what a dead reader never took.
    with contextlib.suppress(OSError):
        pipe.close()
