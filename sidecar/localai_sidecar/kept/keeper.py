"""Writes kept contexts to disk on its own thread, so that no answer ever waits for it."""

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from localai_sidecar.kept import contextfile
from localai_sidecar.kept.cachefolder import digest
from localai_sidecar.kept.contextfile import Saved
from localai_sidecar.log import Log

DEFAULT_MAX_BYTES = 2 * 2**30


class Keeper:
    """Contexts by name, on disk or on the way there. `folder` None or `max_bytes` 0 keeps nothing."""

    def __init__(self, folder: Path | None, max_bytes: int, log: Log) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._log = log
        self._pending: dict[str, Saved] = {}
        self._changed = threading.Condition()
        # Held while files change: a conversation that is being forgotten must not be written once more.
        self._files = threading.Lock()
        self._thread: threading.Thread | None = None

    def has_room_for(self, tokens: int, state_bytes: int) -> bool:
        """Whether a context of that size would be kept at all."""
        return self._folder is not None and contextfile.size_of(tokens, state_bytes) <= self._max_bytes

    def put(self, name: str, saved: Saved) -> None:
        """Write `saved` soon."""
        with self._changed:
            self._pending[name] = saved
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="keeper", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def get(self, name: str, is_worth: Callable[[list[int]], bool]) -> Saved | None:
        """What was kept under `name`, if it is whole and its tokens are worth reading it."""
        pending = self._pending.get(name)
        if pending is not None:
            return pending if is_worth(pending.tokens) else None
        return None if self._folder is None else contextfile.read(self._folder, name, is_worth)

    def forget(self, conversation: str) -> None:
        """Remove everything of a conversation."""
        if self._folder is None:
            return
        with self._files, contextlib.suppress(OSError):
            with self._changed:
                for name in [name for name in self._pending if name.startswith(digest(conversation))]:
                    del self._pending[name]
            for path in contextfile.files_of(self._folder, conversation):
                path.unlink(missing_ok=True)

    def drain(self, seconds: float) -> bool:
        """Wait until everything is written, for at most `seconds`; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pending, seconds)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending)
                name = next(iter(self._pending))
            self._write(name)

    def _write(self, name: str) -> None:
        with self._files:
            saved = self._pending.get(name)
            if saved is not None:
                self._try_to_write(name, saved)
        with self._changed:
            if self._pending.get(name) is saved:
                self._pending.pop(name, None)
            self._changed.notify_all()

    def _try_to_write(self, name: str, saved: Saved) -> None:
        assert self._folder is not None
        try:
            contextfile.write(self._folder, name, saved)
            contextfile.prune(self._folder, self._max_bytes)
        except OSError as error:
            self._log.warning(f"the context of a conversation is not kept in {self._folder}: {error.strerror}")
