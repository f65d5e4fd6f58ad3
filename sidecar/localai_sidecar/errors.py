"""Every error a driver can meet: its code, its kind, and the sentence a person reads (PROTOCOL.md lists them)."""

from typing import Any

EXIT_ASKED = 0
EXIT_COMMAND_LINE = 64
EXIT_LIBRARIES = 69
EXIT_INTERNAL = 70
EXIT_PROTOCOL_VERSION = 76

CODES = {
    "parse_error": -32700,
    "invalid_request": -32600,
    "method_not_found": -32601,
    "invalid_params": -32602,
    "internal": -32603,
    "protocol_version": -32001,
    "not_initialized": -32002,
    "busy": -32004,
    "no_model": -32010,
    "context_overflow": -32011,
    "model_not_found": -32020,
    "model_invalid": -32021,
    "model_unsupported": -32022,
    "out_of_memory": -32023,
    "device_unavailable": -32024,
    "cancelled": -32800,
}

_LONGEST_QUOTE = 80


class ProtocolError(Exception):
    """An error answer: `kind` decides the code; `message` says what happened, `hint` what to do next."""

    def __init__(self, kind: str, message: str, hint: str, **data: Any) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
        self.data = data

    def as_object(self) -> dict[str, Any]:
        """The `error` member of a JSON-RPC response."""
        return {
            "code": CODES[self.kind],
            "message": self.message,
            "data": {"kind": self.kind, "hint": self.hint, **self.data},
        }


class StartFailed(Exception):
    """The process cannot serve at all: `code` is its exit code."""

    def __init__(self, code: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def quote(value: object) -> str:
    """A received value, short enough for a sentence."""
    import json

    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"


def invalid_params(name: str, value: object, allowed: str) -> ProtocolError:
    """A parameter that is missing (`value` None) or outside what is `allowed`."""
    found = "is missing" if value is None else f"is {quote(value)}"
    return ProtocolError(
        "invalid_params", f"`{name}` {found}; allowed: {allowed}", f"send `{name}` as {allowed}", parameter=name
    )


def device_unavailable(device: str, reason: str | None, available: list[str], **more: bool) -> ProtocolError:
    """The device that was asked for cannot compute; those in `available` can."""
    hint = f"use one of: {', '.join(available)}" if available else "install the program again"
    return ProtocolError(
        "device_unavailable",
        f"there is no device `{device}` here{f': {reason}' if reason else ''}",
        "start another process to use it" if more.get("restart") else hint,
        available=available,
        **more,
    )


def cancelled() -> ProtocolError:
    """The answer of a request that was cancelled before it had a result."""
    return ProtocolError("cancelled", "the request was cancelled", "send it again if it is still wanted")
