"""Which conversation's context the model holds: taken up again from memory or disk, and put away before it is lost."""

import contextlib
import time

from localai_sidecar.kept import contextfile
from localai_sidecar.kept.contextfile import Saved
from localai_sidecar.kept.keeper import Keeper
from localai_sidecar.llama.context import Kept, common_prefix
from localai_sidecar.machine.memory import available_bytes

# A person who writes on at once should not have the last turn written in between; a large context waits longer.
_SHORTEST_PAUSE_S = 0.25
_PAUSE_BYTES_PER_S = 100 * 2**20
# A copy may take this part of the free memory until it is written.
_MEMORY_SHARE = 4
# Reading a token's state back takes about a fiftieth of computing it: less in common than this is not worth it.
_WORTH = 50


class Contexts:
    """The context of one loaded model; `identity` stands for model, build, device and context length."""

    def __init__(self, kept: Kept, identity: str, keeper: Keeper) -> None:
        self._kept = kept
        self._identity = identity
        self._keeper = keeper
        self._due: float | None = None

    def begin(self, conversation: str | None, prompt: list[int]) -> int:
        """Make the context ready for `prompt`; the number of its tokens that need not be computed again."""
        self._due = None
        if conversation is None or self._kept.conversation != conversation:
            self.put_away()
            self._kept.forget(conversation)
            if conversation is not None:
                self._take_up(conversation, prompt)
        reused = self._kept.reuse(prompt)
        self._kept.changed = True
        return reused

    def end(self) -> None:
        """A reply has ended: its context is to be written once nothing else is asked for a while."""
        if self._kept.conversation is not None:
            pause = max(_SHORTEST_PAUSE_S, self._kept.state_bytes() / _PAUSE_BYTES_PER_S)
            self._due = time.monotonic() + pause

    def seconds_left(self) -> float | None:
        """How long to wait before `put_away`, or None if there is nothing to put away."""
        return None if self._due is None else max(self._due - time.monotonic(), 0)

    def put_away(self) -> None:
        """Copy the context for the keeper, if it has changed since the last time."""
        self._due = None
        kept = self._kept
        if kept.conversation is None or not kept.changed or not kept.tokens:
            return
        kept.changed = False
        size = kept.state_bytes()
        if self._keeper.has_room_for(len(kept.tokens), size) and size <= available_bytes() // _MEMORY_SHARE:
            with contextlib.suppress(OSError):  # no memory for the copy: it is not kept
                saved = Saved(list(kept.tokens), kept.copy_state())
                self._keeper.put(contextfile.name_of(kept.conversation, self._identity), saved)

    def forget(self, conversation: str) -> None:
        """Hold nothing of `conversation`."""
        if self._kept.conversation == conversation:
            self._due = None
            self._kept.forget()

    def _take_up(self, conversation: str, prompt: list[int]) -> None:
        name = contextfile.name_of(conversation, self._identity)
        saved = self._keeper.get(name, lambda tokens: common_prefix(tokens, prompt) * _WORTH >= len(tokens))
        if saved is not None:
            self._kept.restore(list(saved.tokens), saved.state)
