"""llama.cpp's own log: warnings and errors go to ours, and the last errors are kept to explain a failed load."""

from collections import deque
from typing import Any

from localai_sidecar.llama.abort import AbortFlag
from localai_sidecar.log import Log

_WARN, _ERROR, _CONTINUE = 3, 4, 5
_KEPT = 20


class NativeLog:
    """The callback for `llama_log_set`; it must live as long as the library.

    Once the `expected` flag is set failures are not worth a word: llama.cpp calls a cancelled decode an error.
    """

    def __init__(self, llama: Any, log: Log) -> None:
        self.log = log
        self._level = 0
        self.expected: AbortFlag | None = None
        self.errors: deque[str] = deque(maxlen=_KEPT)
        self.callback = llama.llama_log_callback(self._receive)

    def _receive(self, level: int, raw: bytes, _: Any) -> None:
        # A record may come in pieces; the later ones carry CONTINUE.
        self._level = self._level if level == _CONTINUE else level
        if self._level < _WARN or (self.expected and self.expected.is_set()):
            return
        text = raw.decode("utf-8", "replace").strip()
        if not text:
            return
        if self._level == _ERROR:
            self.errors.append(text)
            self.log.error(f"llama.cpp: {text}")
        else:
            self.log.warning(f"llama.cpp: {text}")
