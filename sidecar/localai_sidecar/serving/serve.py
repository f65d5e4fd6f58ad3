"""Reads lines, acts on them, answers; survives any line, and ends when stdin or stdout does."""

import os
import select
import signal
import time

from localai_sidecar.deathwatch import WakePipe
from localai_sidecar.engine_folder import Build
from localai_sidecar.errors import EXIT_ASKED, ProtocolError
from localai_sidecar.llama.library import Library
from localai_sidecar.log import Log
from localai_sidecar.protocol import rpc
from localai_sidecar.protocol.lines import LineSplitter
from localai_sidecar.protocol.stdio import Channel, Outbox
from localai_sidecar.serving import handlers
from localai_sidecar.serving.engine import Engine
from localai_sidecar.serving.jobs import ShutdownJob
from localai_sidecar.serving.worker import Worker, internal

_READ_BYTES = 65_536
# A driver that asks and never reads: its requests wait in the pipe once this much is waiting for it.
_MOST_BACKLOG = 4 * rpc.MAX_MESSAGE_BYTES
_LAST_WORDS_S = 0.5
# stdin's end must be the process's within a second; after `shutdown` a large context may take its time on a slow disk.
_LAST_WRITES_S = 0.7
_LONGEST_LAST_WRITES_S = 60.0
_DRAIN_STEP_S = 0.02
_TICK_MS = 200


class Server:
    """The conversation with one driver."""

    def __init__(self, channel: Channel, build: Build, library: Library, log: Log, started: float) -> None:
        self.build = build
        self.started = started
        self.initialized = False
        self.shutdown: ShutdownJob | None = None
        self._log = log
        self._channel = channel
        self._wake = WakePipe()
        self._wake.catch(signal.SIGTERM, signal.SIGINT)
        self.outbox = Outbox(channel.output, self._wake.wake)
        self.engine = Engine(library, build, self.outbox, log)
        self.worker = Worker(self.engine, self.outbox, log, self._wake.wake)
        self._lines = LineSplitter()
        self._exit_code: int | None = None
        self._poll = select.poll()
        # Errors and hang-ups are always reported: a closed stdout is noticed while idle too.
        self._poll.register(channel.output, 0)
        self._poll.register(self._wake.fd, select.POLLIN)

    def run(self) -> int:
        """Serve until the end; the exit code."""
        while self._exit_code is None:
            self._step()
        self.outbox.drain(_LAST_WORDS_S)
        self._finish_writing()
        return self._exit_code

    def exit_with(self, code: int) -> None:
        """End after what is being answered now."""
        self._exit_code = code

    def _step(self) -> None:
        for fd, event in self._wait():
            if fd == self._channel.output:
                self._on_output(event)
            elif fd == self._wake.fd:
                self._on_wake()
            else:
                self._on_input()
        current = self.worker.current
        if current:
            current.tick()
        elif self.shutdown and self.shutdown.answered:
            self.exit_with(EXIT_ASKED)

    def _wait(self) -> list[tuple[int, int]]:
        reading = self.outbox.backlog < _MOST_BACKLOG
        self._poll.register(self._channel.input, select.POLLIN if reading else 0)
        self._poll.modify(self._channel.output, select.POLLOUT if self.outbox.backlog else 0)
        return self._poll.poll(_TICK_MS if self.worker.current else None)

    def _on_output(self, event: int) -> None:
        if event & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
            self._exit_now()
        self.outbox.flush()

    def _on_wake(self) -> None:
        # A worker that is done writes zeros, signals their numbers.
        if self._wake.read().strip(b"\0") or self.outbox.closed:
            self._exit_now()

    def _on_input(self) -> None:
        chunk = os.read(self._channel.input, _READ_BYTES)
        if not chunk:
            self._exit_now()
        for line in self._lines.feed(chunk):
            self._on_line(line)
            if self._exit_code is not None:
                return

    def _exit_now(self) -> None:
        """Whatever threads are doing ends with the process; a driver that is gone has no use for order.

        Only the context of the last answer is worth a moment.
        """
        if not self.worker.current:
            deadline = time.monotonic() + _LAST_WRITES_S
            self.worker.put_away(_LAST_WRITES_S)
            self.engine.keeper.drain(deadline - time.monotonic())
        os._exit(EXIT_ASKED)

    def _finish_writing(self) -> None:
        """Let the keeper finish, unless the driver cannot wait: its end, or a signal, leaves little time."""
        deadline = time.monotonic() + _LONGEST_LAST_WRITES_S
        hurried = False
        while not self.engine.keeper.drain(_DRAIN_STEP_S) and time.monotonic() < deadline:
            if not hurried and self._is_hurried():
                deadline, hurried = min(deadline, time.monotonic() + _LAST_WRITES_S), True

    def _is_hurried(self) -> bool:
        """Whether stdin or stdout has ended, or a signal came."""
        events = dict(self._poll.poll(0))
        if self._channel.input in events and not os.read(self._channel.input, _READ_BYTES):
            return True
        return self._channel.output in events or bool(self._wake.fd in events and self._wake.read().strip(b"\0"))

    def _on_line(self, line: bytes | None) -> None:
        try:
            if line is None:
                raise rpc.BadMessage(
                    "invalid_request",
                    f"the line is longer than {rpc.MAX_MESSAGE_BYTES} bytes",
                    "send less in one message",
                )
            message = rpc.decode(line)
        except rpc.BadMessage as bad:
            self.outbox.post(rpc.error(bad.id, bad.error))
            return
        if isinstance(message, rpc.Notification):
            self._on_notification(message)
        else:
            self._on_request(message)

    def _on_notification(self, message: rpc.Notification) -> None:
        handler = handlers.NOTIFICATIONS.get(message.method)
        if handler and self.initialized:
            handler(self, message)

    def _on_request(self, request: rpc.Request) -> None:
        if self.worker.find(request.id):
            problem = ProtocolError("invalid_request", "`id` is in use", "give every request an id of its own")
            self.outbox.post(rpc.error(None, problem))
            return
        try:
            result = self._handle(request)
        except ProtocolError as error:
            self.outbox.post(rpc.error(request.id, error))
        except Exception:
            self.outbox.post(rpc.error(request.id, internal(self._log)))
        else:
            if result is not None:
                self.outbox.post(rpc.result(request.id, result))

    def _handle(self, request: rpc.Request) -> dict[str, object] | None:
        """The result, or None if it comes later. Raises ProtocolError."""
        if request.method in handlers.NOTIFICATIONS:
            raise ProtocolError(
                "invalid_request", f"`{request.method}` is a notification", f"send `{request.method}` without an id"
            )
        if not self.initialized and request.method != "initialize":
            raise ProtocolError("not_initialized", "the first request must be `initialize`", "send `initialize`")
        if self.shutdown:
            raise ProtocolError("cancelled", "the sidecar is shutting down", "start another process")
        handler = handlers.REQUESTS.get(request.method)
        if handler is None:
            known = ", ".join([*handlers.REQUESTS, *handlers.NOTIFICATIONS])
            name = request.method[:64]
            raise ProtocolError("method_not_found", f"there is no method `{name}`", f"use one of: {known}")
        return handler(self, request)


def serve(channel: Channel, build: Build, library: Library, log: Log, started: float) -> int:
    """Speak the protocol until the end; the exit code. `started` in seconds of `time.perf_counter()`."""
    server = Server(channel, build, library, log, started)
    log.info(f"{build.version_line} is ready after {(time.perf_counter() - started) * 1000:.0f} ms")
    return server.run()
