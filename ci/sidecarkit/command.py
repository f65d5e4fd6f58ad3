"""Run one program: echo, environment, time limit, log file, progress, bounded stop of all it started."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sidecarkit import interrupts, processes
from sidecarkit.errors import DiskFull, MissingTool, StepFailed
from sidecarkit.report import Report, Step, duration

_POLL_S = 0.1
_PROGRESS_EVERY_S = 0.5
# Compilers remove their temporary files within this time after SIGTERM.
_STOP_GRACE_S = 5.0
_SHOWN_LOG_LINES = 20
# Ends a message's first line where the end of the log follows.
LAST_LINES_FOLLOW = "; its last lines:"


def run(
    argv: Sequence[str | Path],
    *,
    log: Path,
    report: Report,
    title: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_s: float = 3600,
) -> float:
    """Run `argv` with its output appended to `log` and return the seconds it took.

    `env` replaces the environment when given. Raises MissingTool when the program is not there,
    StepFailed when it fails or exceeds `timeout_s`, DiskFull when that is why.
    """
    words = [str(word) for word in argv]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a+b") as output, report.step(title) as step:
        start = output.tell()
        output.write(f"$ {shlex.join(words)}\n".encode())
        output.flush()
        process = None
        try:
            with interrupts.held():  # between its start and its name nobody could stop it
                process = _start(words, output.fileno(), env, cwd)
            code = _wait(process, step, output.fileno(), log, timeout_s)
        except BaseException:
            if process is not None:
                with interrupts.held():
                    processes.stop(process, _STOP_GRACE_S)
            raise
        seconds = step.seconds
        if code != 0:
            raise _failure(words, code, _text_from(output.fileno(), start), log)
    return seconds


def _start(words: list[str], output: int, env: Mapping[str, str] | None, cwd: Path | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=None if env is None else dict(env), cwd=cwd, start_new_session=True,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise MissingTool(
            f"`{words[0]}` was not found", hint="`python3 noxfile.py -s doctor` names what is missing"
        ) from error


def _wait(process: subprocess.Popen[bytes], step: Step, output: int, log: Path, timeout_s: float) -> int:
    next_progress = 0.0
    while True:
        try:
            return process.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            pass
        if step.seconds > timeout_s:
            raise StepFailed(
                f"`{step.title}` was stopped after its limit of {duration(timeout_s)}",
                hint="read the end of the log; on a slow machine run the stage again, what is done is kept",
                log=log,
            )
        if time.monotonic() >= next_progress:
            step.progress = _last_line(output)
            next_progress = time.monotonic() + _PROGRESS_EVERY_S


def _failure(words: list[str], code: int, text: str, log: Path) -> StepFailed | DiskFull:
    if "No space left on device" in text:
        return DiskFull(
            f"no room left on the disk while running `{Path(words[0]).name}`",
            hint="free some gigabytes, then run the same command again: finished layers are kept",
            log=log,
        )
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    tail = "\n".join(text.splitlines()[-_SHOWN_LOG_LINES:])
    return StepFailed(f"`{Path(words[0]).name}` ended with {how}{LAST_LINES_FOLLOW}\n{tail}", log=log)


def _text_from(output: int, start: int) -> str:
    # Through the descriptor: another run may have replaced the file of this name meanwhile.
    return os.pread(output, os.fstat(output).st_size - start, start).decode("utf-8", errors="replace")


def _last_line(output: int) -> str:
    end = os.fstat(output).st_size
    text = _text_from(output, max(0, end - 4096)).replace("\r", "\n")
    return next((line.strip() for line in reversed(text.split("\n")) if line.strip()), "")[:120]
