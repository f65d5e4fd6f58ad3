"""JSON-RPC 2.0 lines to typed messages and back; pure, no I/O."""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from localai_sidecar.errors import ProtocolError, quote

MAX_MESSAGE_BYTES = 1_048_576
MAX_NESTING = 64
MAX_ID_CODE_POINTS = 128
MAX_ID_INTEGER = 2**53 - 1

Id = str | int

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Request(NamedTuple):
    """A message that wants an answer; `params` is what came, checked later."""

    id: Id
    method: str
    params: Any


class Notification(NamedTuple):
    """A message without an answer."""

    method: str
    params: Any


class BadMessage(Exception):
    """A line that is no message: answered with `error`, under `id` where that could be read."""

    def __init__(self, kind: str, message: str, hint: str, id: Id | None = None) -> None:
        super().__init__(message)
        self.id = id
        self.error = ProtocolError(kind, message, hint)


def decode(line: bytes) -> Request | Notification:
    """The message of one line (without its LF).

    Raises BadMessage for anything that is not one JSON-RPC 2.0 request or notification.
    """
    value = _parse(line)
    if not isinstance(value, dict):
        what = "a batch" if isinstance(value, list) else quote(value)
        raise _invalid(f"the message is {what}, not an object", "send one JSON object per line")
    id = _checked_id(value["id"]) if "id" in value else None
    if value.get("jsonrpc") != "2.0":
        raise _invalid(f"`jsonrpc` is {quote(value.get('jsonrpc'))}", 'send `"jsonrpc": "2.0"`', id)
    method = value.get("method")
    if not isinstance(method, str):
        raise _invalid(f"`method` is {quote(method)}, not a string", "name a method of PROTOCOL.md", id)
    params = value.get("params")
    if rb"\u" in line:
        params = _without_lone_surrogates(params)
    return Notification(method, params) if id is None else Request(id, method, params)


def _parse(line: bytes) -> Any:
    try:
        text = line.decode("utf-8")
        value = json.loads(text, parse_constant=_no_such_number)
    except UnicodeDecodeError as error:
        raise _unreadable(f"the line is not UTF-8: byte {error.start} is 0x{line[error.start]:02x}") from None
    except RecursionError:
        raise _unreadable(f"the line is nested deeper than {MAX_NESTING}") from None
    except ValueError as error:
        raise _unreadable(f"the line is not JSON: {error}") from None
    if line.count(b"[") + line.count(b"{") > MAX_NESTING and _nesting(value) > MAX_NESTING:
        raise _unreadable(f"the line is nested deeper than {MAX_NESTING}")
    return value


def _no_such_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _nesting(value: Any) -> int:
    """Depth of objects and arrays, counted only as far as the limit needs it."""
    depth, level = 0, [value] if isinstance(value, dict | list) else []
    while level and depth <= MAX_NESTING:
        depth += 1
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
    return depth


def _checked_id(id: object) -> Id:
    hint = f"use a string of at most {MAX_ID_CODE_POINTS} code points or an integer within ±(2^53−1)"
    if isinstance(id, str):
        if len(id) > MAX_ID_CODE_POINTS:
            raise _invalid(f"`id` has {len(id)} code points", hint)
        if _LONE_SURROGATE.search(id):
            raise _invalid("`id` holds a lone surrogate", hint)
        return id
    if isinstance(id, int) and not isinstance(id, bool) and abs(id) <= MAX_ID_INTEGER:
        return id
    raise _invalid(f"`id` is {quote(id)}", hint)


def _without_lone_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_lone_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_lone_surrogates(name): _without_lone_surrogates(item) for name, item in value.items()}
    return value


def _invalid(message: str, hint: str, id: Id | None = None) -> BadMessage:
    return BadMessage("invalid_request", message, hint, id)


def _unreadable(message: str) -> BadMessage:
    return BadMessage("parse_error", message, "send one JSON object in UTF-8 per line")


def encode(message: dict[str, Any]) -> bytes:
    """One message as a line with its LF; lone surrogates become U+FFFD."""
    text = _ENCODER.encode(message)
    try:
        return text.encode("utf-8") + b"\n"
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text).encode("utf-8") + b"\n"


def result(id: Id, value: Any) -> bytes:
    """The answer to a request."""
    return encode({"jsonrpc": "2.0", "id": id, "result": value})


def error(id: Id | None, problem: ProtocolError) -> bytes:
    """The answer to a request, or to a line, that failed."""
    return encode({"jsonrpc": "2.0", "id": id, "error": problem.as_object()})


def delta_line(id: Id) -> Callable[[int, str, int], bytes]:
    """A maker of `generate/delta` lines from seq, text and tokens.

    Between two tokens the caches hold the model's weights, and every line of Python is slow: this is a tenth of
    `notification`'s work.
    """
    head = f'{{"jsonrpc":"2.0","method":"generate/delta","params":{{"id":{_ENCODER.encode(id)},"seq":'
    quoted = json.encoder.encode_basestring

    def line(seq: int, text: str, tokens: int) -> bytes:
        return f'{head}{seq},"text":{quoted(text)},"tokens":{tokens}}}}}\n'.encode()

    return line


def notification(method: str, params: dict[str, Any]) -> bytes:
    """A message nobody answers."""
    return encode({"jsonrpc": "2.0", "method": method, "params": params})
