"""What a driver gets from a sidecar: lines, notifications, answers, and the ways in which they fail to come."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]


class SidecarClientError(Exception):
    """Whatever kept the driver from getting its answer; the text says what, and what stderr said last."""


class SidecarDied(SidecarClientError):
    """The process ended, or closed its stdout, while something was still expected from it."""


class NoAnswer(SidecarClientError):
    """Nothing came within the time limit."""


class JunkOnStdout(SidecarClientError):
    """A line on stdout that is not a JSON-RPC 2.0 object."""


class ErrorAnswer(SidecarClientError):
    """The sidecar answered a request with an error; `code`, `data` and `text` are its own."""

    def __init__(self, method: str, error: Message) -> None:
        self.code: int = error["code"]
        self.text: str = error["message"]
        self.data: Message = error.get("data") or {}
        super().__init__(f"`{method}` was answered with error {self.code}: {self.text} {self.data}")


@dataclass(frozen=True)
class Line:
    """One line of stdout; `at` is `time.perf_counter()` in seconds when it was read."""

    at: float
    raw: bytes

    def message(self) -> Message:
        """The JSON-RPC object of this line; raises JunkOnStdout naming the line if it is none."""
        try:
            parsed = json.loads(self.raw)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict) or parsed.get("jsonrpc") != "2.0":
            raise JunkOnStdout(f"stdout carries the protocol only, but this came: {self.raw[:300]!r}")
        return parsed


@dataclass(frozen=True)
class Notification:
    """What the sidecar told about a running request (or about none), and when it was read."""

    at: float
    method: str
    params: Message


@dataclass(frozen=True)
class Answer:
    """The result of a request, when it was sent and answered (perf_counter seconds), and what came in between."""

    result: Any
    sent_at: float
    answered_at: float
    notifications: tuple[Notification, ...]

    def of(self, method: str) -> list[Notification]:
        """The notifications of one method, in the order they came."""
        return [each for each in self.notifications if each.method == method]

    @property
    def text(self) -> str:
        """The whole reply of a `generate`: its deltas joined."""
        return "".join(each.params["text"] for each in self.of("generate/delta"))
