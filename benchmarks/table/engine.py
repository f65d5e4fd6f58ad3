"""Our side: one sidecar process driven by one thread, which notes when bytes came and reads them only afterwards.

A driver with threads of its own would add its switches to every time; here nothing runs between two lines.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.table.lines import Lines, TimedLine

Message = dict[str, Any]

# Under this folder lies what the sidecar keeps (XDG base directory specification).
CACHE_VARIABLE = "XDG_CACHE_HOME"
_LAST_WORDS = 12
ANSWER_LIMIT_S = 300.0
END_LIMIT_S = 10.0


class EngineFailed(Exception):
    """The sidecar ended, kept silent, or answered with an error; the text says what, and what its log said last."""


@dataclass(frozen=True)
class Delta:
    """A piece of a reply: when it was there, in seconds of `time.perf_counter()`, and the tokens in it."""

    at: float
    tokens: int
    text: str


@dataclass(frozen=True)
class Reply:
    """A whole answer to `generate`, with the time it was asked for."""

    sent_at: float
    result: Message
    deltas: tuple[Delta, ...]

    @property
    def first_token_s(self) -> float:
        """From the request to the first text."""
        return self.deltas[0].at - self.sent_at

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(delta.text for delta in self.deltas)


class Engine:
    """One sidecar; use it in a `with` block, which ends it."""

    def __init__(self, program: Path, *, cache: Path, env: Mapping[str, str] | None = None) -> None:
        """Start the program; what it keeps goes to `cache` and not to the user's own folder."""
        self.started_at = time.perf_counter()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, cwd=program.parent,
            env={**os.environ, CACHE_VARIABLE: str(cache), **(env or {})}, bufsize=0,
        )  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._input, self._output = self.process.stdin, self.process.stdout
        self._lines = Lines(self._output)
        self._next_id = 1

    # -- requests ------------------------------------------------------------------------------------------------

    def initialize(self, **params: Any) -> Message:
        """The handshake."""
        client = {"name": "benchmarks", "version": "1"}
        return self.ask("initialize", {"protocolVersion": 1, "client": client, **params})

    def load(self, model: Path, **options: Any) -> Message:
        """`model/load`; the result."""
        return self.ask("model/load", {"path": str(model), **options})

    def generate(self, **options: Any) -> Reply:
        """`generate`, greedy and without stop strings unless `options` say otherwise."""
        sent_at, lines = self._exchange("generate", {"temperature": 0, **options})
        return reply_of(sent_at, lines)

    def ask(self, method: str, params: Message | None = None) -> Message:
        """Any request; its result. Raises EngineFailed."""
        _, lines = self._exchange(method, params or {})
        result: Message = result_of(lines[-1][1])
        return result

    def send(self, method: str, params: Message, *, id: int | None = None) -> float:
        """Write a request, or a notification; when that was."""
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if id is None else {"id": id})
        line = json.dumps(message).encode() + b"\n"
        at = time.perf_counter()
        self._input.write(line)
        return at

    def next_id(self) -> int:
        """An id that was not used before."""
        self._next_id += 1
        return self._next_id

    def _exchange(self, method: str, params: Message) -> tuple[float, list[TimedLine]]:
        """Everything that came up to the answer, with its times."""
        id = self.next_id()
        sent_at = self.send(method, params, id=id)
        lines: list[TimedLine] = []
        while not (lines and is_answer(lines[-1][1], id)):
            lines += self.read(ANSWER_LIMIT_S)
        return sent_at, lines

    def read(self, limit_s: float) -> list[TimedLine]:
        """The next whole lines, each with the time it was read. Raises EngineFailed when nothing comes in time."""
        try:
            return self._lines.read(limit_s)
        except TimeoutError:
            raise EngineFailed(f"nothing came for {limit_s:g} s{self._last_words()}") from None
        except EOFError:
            code = self.process.wait(END_LIMIT_S)
            raise EngineFailed(f"the sidecar ended with {code}{self._last_words()}") from None

    # -- ending --------------------------------------------------------------------------------------------------

    def shutdown(self) -> None:
        """Ask it to end, and wait until it has."""
        self.ask("shutdown")
        self.process.wait(END_LIMIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self._input, self._output, self._log):
            pipe.close()

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()[-_LAST_WORDS:]
        return "".join(f"\n  {line}" for line in lines)


def is_answer(line: bytes, id: int) -> bool:
    """Whether `line` is the answer to request `id`: cheap to ask of thousands of deltas."""
    return b'"method"' not in line[:60] and json.loads(line).get("id") == id


def result_of(line: bytes) -> Any:
    """The result in an answer. Raises EngineFailed for an error."""
    message = json.loads(line)
    if "error" in message:
        raise EngineFailed(f"the sidecar answered with an error: {message['error']}")
    return message["result"]


def reply_of(sent_at: float, lines: list[TimedLine]) -> Reply:
    """The reply that `lines` tell, the last of which is the answer."""
    return Reply(sent_at, result_of(lines[-1][1]), tuple(deltas_of(lines)))


def deltas_of(lines: list[TimedLine]) -> list[Delta]:
    """The deltas among `lines`."""
    deltas = []
    for at, line in lines:
        message = json.loads(line)
        if message.get("method") == "generate/delta":
            params = message["params"]
            deltas.append(Delta(at, params["tokens"], params["text"]))
    return deltas
