"""The anchor that rivals run behind a port: llama-server as a child, with its defaults, streaming one completion."""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
START_LIMIT_S = 120.0
ANSWER_LIMIT_S = 300.0
# It says so once a request will be answered; asking /health in a loop would take time from what is measured.
_READY = b"listening on"
# In the closing event; in a text the quotes would be escaped.
_LAST = b'"stop":true'
_EVENT = b"data: "
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Event:
    """A streamed piece: when it was there (`time.perf_counter()`), and how many tokens were written by then."""

    at: float
    tokens: int


@dataclass(frozen=True)
class Completion:
    """A whole streamed answer; `last` is the server's closing event with its own counts."""

    sent_at: float
    events: tuple[Event, ...]
    text: str
    last: dict[str, Any]

    @property
    def first_token_s(self) -> float:
        """From the request to the first token."""
        return self.events[0].at - self.sent_at

    @property
    def rate(self) -> float:
        """Tokens per second between the first and the last streamed token."""
        first, last = self.events[0], self.events[-1]
        return (last.tokens - first.tokens) / (last.at - first.at)


class Server:
    """One llama-server that answers; use it in a `with` block, which ends it."""

    def __init__(self, program: Path, model: Path, *options: str) -> None:
        """Start it and wait until it says that it listens. Raises AssertionError with its log when it does not."""
        self.port = _free_port()
        self.log = bytearray()
        environment = {name: value for name, value in os.environ.items() if name != "GGML_BACKEND_PATH"}
        self.started_at = time.perf_counter()
        self.process = subprocess.Popen(
            [program, "--model", model, "--host", HOST, "--port", str(self.port), "--offline", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            cwd=program.parent, env=environment, bufsize=0,
        )  # fmt: skip
        try:
            self._wait_until_ready()
        except BaseException:
            self._end()
            raise
        self.ready_at = time.perf_counter()

    def complete(self, prompt: str, tokens: int, **options: Any) -> Completion:
        """A greedy completion, streamed whole; no prompt is reused unless `options` say so."""
        with self.stream(prompt, tokens, **options) as stream:
            return stream.whole()

    def stream(self, prompt: str, tokens: int, **options: Any) -> Stream:
        """A greedy completion as it comes; leaving the `with` block makes the server stop."""
        wanted = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "cache_prompt": False, **options}
        self._take_log()
        return Stream(self.port, wanted)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def _wait_until_ready(self) -> None:
        deadline = time.perf_counter() + START_LIMIT_S
        while _READY not in self.log:
            left = deadline - time.perf_counter()
            told = left > 0 and self._read_log(left)
            assert told, f"llama-server does not listen: {self.log.decode()[-2000:]}"

    def _take_log(self) -> None:
        """Empty the pipe, so that the server never waits for room in it."""
        while self._read_log(0):
            pass

    def _read_log(self, limit_s: float) -> bool:
        assert self.process.stderr is not None
        ready, _, _ = select.select([self.process.stderr], [], [], limit_s)
        chunk = os.read(self.process.stderr.fileno(), 65_536) if ready else b""
        self.log += chunk
        return bool(chunk)


class Stream:
    """One completion while it runs. The connection is made before the clock starts, and a read costs next to nothing.

    Where all cores compute, a client that parses while it waits would slow the server down.
    """

    def __init__(self, port: int, wanted: dict[str, Any]) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_LIMIT_S)
        self._connection.connect()
        body = json.dumps({**wanted, "stream": True})
        self.sent_at = time.perf_counter()
        self._connection.request("POST", "/completion", body, {"Content-Type": "application/json"})
        self._response = self._connection.getresponse()
        assert self._response.status == http.HTTPStatus.OK, f"llama-server answers {self._response.status}"
        self._events: list[tuple[float, bytes]] = []

    def token_times(self) -> Iterator[float]:
        """When each token came, as it comes; `whole` reads what the events say."""
        rest = b""
        while True:
            # As it comes from the socket: every event is a line in a chunk of its own (RFC 9112, section 7.1).
            chunk = self._response.fp.read1(_CHUNK)
            at = time.perf_counter()
            assert chunk, "llama-server ended the connection in the middle of an answer"
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.startswith(_EVENT):
                    self._events.append((at, line))
                    if _LAST in line:
                        return
                    yield at

    def whole(self) -> Completion:
        """Everything up to the end."""
        for _ in self.token_times():
            pass
        *messages, last = [(at, json.loads(line[len(_EVENT) :])) for at, line in self._events]
        events = tuple(Event(at, message["tokens_predicted"]) for at, message in messages if message["tokens"])
        return Completion(self.sent_at, events, "".join(message["content"] for _, message in messages), last[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._response.close()
        self._connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
