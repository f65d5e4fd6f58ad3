"""Throw-away processes of this same program, for work that may crash, hang, or take all the memory there is."""

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from localai_sidecar.engine_folder import is_compiled

OPTION = "--child"
_CHUNK = 65_536
_LAST_WORDS_BYTES = 2_000
# A process that is starting has not read anything yet.
_SEND_LIMIT_S = 15.0


CRASHED, HUNG, NOT_STARTED = "crashed", "hung", "not_started"


class ChildFailed(Exception):
    """A throw-away process gave no answer; the text says what became of it, `code` in one word."""

    def __init__(self, text: str, code: str = CRASHED) -> None:
        super().__init__(text)
        self.code = code


class Child:
    """A process that answers questions of one kind (`childside.TASKS`), one JSON line each way.

    Start it from a thread that lives as long as this process: the system ends it with that thread. `end` must be
    called.
    """

    def __init__(self, task: str, memory_bytes: int = 0, environment: Mapping[str, str] | None = None) -> None:
        """`memory_bytes` bounds its address space; 0 does not. `environment` is added to ours. Raises ChildFailed."""
        self._task = task
        self._ended = False
        try:
            self._last_words = os.memfd_create(f"localai-{task}")
            their_input, self._input = os.pipe()
            self._output, their_output = os.pipe()
        except OSError as error:
            raise ChildFailed(f"a process for `{task}` cannot be started: {error.strerror}", NOT_STARTED) from None
        try:
            self._pid = os.posix_spawn(
                *_program(task, memory_bytes),
                {**_environment(), **(environment or {})},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, their_input, 0),
                    (os.POSIX_SPAWN_DUP2, their_output, 1),
                    (os.POSIX_SPAWN_DUP2, self._last_words, 2),
                ],
            )
        except OSError as error:
            self._close()
            raise ChildFailed(f"a process for `{task}` cannot be started: {error.strerror}", NOT_STARTED) from None
        finally:
            os.close(their_input)
            os.close(their_output)

    def ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The answer to `question`, within `seconds`. Raises ChildFailed; the process is gone then."""
        deadline = time.monotonic() + seconds
        self.send(question, seconds)
        return self.receive(deadline - time.monotonic())

    def send(self, question: dict[str, Any], seconds: float = _SEND_LIMIT_S) -> None:
        """Ask without waiting for the answer; a process that is gone is noticed by `receive`. Raises ChildFailed."""
        try:
            _write_all(self._input, json.dumps(question).encode() + b"\n", time.monotonic() + seconds)
        except TimeoutError:
            self._fail(f"took longer than {seconds:g} s", HUNG)
        except OSError:
            pass

    def receive(self, seconds: float, limit: float | None = None) -> dict[str, Any]:
        """The answer to what was sent, within `seconds`. Raises ChildFailed; the process is gone then.

        `limit` is what to tell of one that hangs, where it had begun to wait before.
        """
        try:
            line = _read_line(self._output, time.monotonic() + seconds)
        except TimeoutError:
            self._fail(f"took longer than {limit or seconds:.3g} s", HUNG)
        try:
            answer = json.loads(line)
        except ValueError:
            self._fail(None)
        if not isinstance(answer, dict):
            self._fail("answered nonsense")
        return answer

    def end(self) -> None:
        """Kill the process if it still runs, and forget it; may be called again."""
        self._kill()

    def _fail(self, what: str | None, code: str = CRASHED) -> NoReturn:
        last_words = self._read_last_words()
        status = self._kill()
        what = what or _fate(status)
        raise ChildFailed(f"the process for `{self._task}` {what}{': ' + last_words if last_words else ''}", code)

    def _read_last_words(self) -> str:
        size = os.fstat(self._last_words).st_size
        tail = os.pread(self._last_words, _LAST_WORDS_BYTES, max(size - _LAST_WORDS_BYTES, 0))
        lines = [line for line in tail.decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def _kill(self) -> int | None:
        """What waitpid said, or None if it was told before."""
        if self._ended:
            return None
        self._close()
        # One that has closed its pipes is ending by itself: how it ended is worth a moment.
        pid, status = _wait(self._pid, seconds=0.2)
        if not pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            _, status = os.waitpid(self._pid, 0)
        return status

    def _close(self) -> None:
        self._ended = True
        for fd in (self._input, self._output, self._last_words):
            os.close(fd)


def receive_all(children: list[Child], seconds: float) -> dict[Child, dict[str, Any] | ChildFailed]:
    """What each answers to what it was sent, within `seconds` altogether; a child that fails is gone then."""
    deadline = time.monotonic() + seconds
    answers: dict[Child, dict[str, Any] | ChildFailed] = {}
    for child in children:
        try:
            # One that hangs takes all of the time; what the others have answered meanwhile waits in their pipes.
            answers[child] = child.receive(max(deadline - time.monotonic(), 0), seconds)
        except ChildFailed as failure:
            answers[child] = failure
    return answers


def _program(task: str, memory_bytes: int) -> tuple[str, list[str]]:
    words = [OPTION, task, str(memory_bytes)]
    if is_compiled():
        return "/proc/self/exe", [sys.argv[0], *words]
    # -P: the working folder is the engine's, where extensions of another Python lie.
    return sys.executable, [sys.executable, "-P", "-m", "localai_sidecar", *words]


def _environment() -> Mapping[str, str]:
    # Paths in PYTHONPATH may be relative to a working folder that was left; those in sys.path are not.
    return os.environ if is_compiled() else {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _write_all(fd: int, data: bytes, deadline: float) -> None:
    os.set_blocking(fd, False)
    while data:
        _ready(fd, select.POLLOUT, deadline)
        data = data[os.write(fd, data) :]


def _read_line(fd: int, deadline: float) -> bytes:
    """What came up to the first LF, or to the end."""
    line = b""
    while not line.endswith(b"\n"):
        _ready(fd, select.POLLIN, deadline)
        chunk = os.read(fd, _CHUNK)
        if not chunk:
            break
        line += chunk
    return line


def _ready(fd: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(fd, event)
    if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
        raise TimeoutError


def _wait(pid: int, seconds: float) -> tuple[int, int]:
    deadline = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            _ready(handle, select.POLLIN, deadline)
        except TimeoutError:
            return 0, 0
        finally:
            os.close(handle)
    return os.waitpid(pid, os.WNOHANG)


def _fate(status: int | None) -> str:
    if status is None:
        return "was ended before"
    if os.WIFSIGNALED(status):
        return f"was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"ended with {os.waitstatus_to_exitcode(status)}"
