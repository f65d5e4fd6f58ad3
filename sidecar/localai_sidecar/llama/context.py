"""What the model's memory (its KV cache) holds: the tokens in order, whose they are, and copies of it."""

import ctypes
import mmap
from typing import Any

# One conversation at a time: one sequence in llama.cpp's memory.
_SEQUENCE = 0
_TO_THE_END = -1


class Kept:
    """The tokens in the context, and the conversation they belong to (None: nobody's, not to be used again)."""

    def __init__(self, llama: Any, context: Any) -> None:
        self._llama = llama
        self._context = context
        self._memory = llama.llama_get_memory(context)
        self.conversation: str | None = None
        self.tokens: list[int] = []
        self.changed = False

    def forget(self, conversation: str | None = None) -> None:
        """Hold nothing, from now on for `conversation`."""
        self._llama.llama_memory_clear(self._memory, False)
        self.conversation, self.tokens, self.changed = conversation, [], False

    def reuse(self, prompt: list[int]) -> int:
        """Keep what the context has in common with the beginning of `prompt`; the number of tokens.

        The prompt's last token is always left to compute: sampling needs its logits.
        """
        common = common_prefix(self.tokens, prompt[:-1])
        if common == len(self.tokens):
            return common
        # Recurrent memories cannot go back.
        if common and self._llama.llama_memory_seq_rm(self._memory, _SEQUENCE, common, _TO_THE_END):
            del self.tokens[common:]
            return common
        self.forget(self.conversation)
        return 0

    def settle(self) -> None:
        """After a decode that did not end well: hold exactly what the memory still has."""
        count = self._llama.llama_memory_seq_pos_max(self._memory, _SEQUENCE) + 1
        del self.tokens[count:]
        known = len(self.tokens)
        if count > known and not self._llama.llama_memory_seq_rm(self._memory, _SEQUENCE, known, _TO_THE_END):
            self.forget(self.conversation)

    def state_bytes(self) -> int:
        """The size of a copy."""
        return int(self._llama.llama_state_seq_get_size(self._context, _SEQUENCE))

    def copy_state(self) -> mmap.mmap:
        """A copy in memory, which takes as long as memory is slow. Raises OSError without room for it."""
        size = self.state_bytes()
        copy = mmap.mmap(-1, size)
        target = (ctypes.c_uint8 * size).from_buffer(copy)
        written = self._llama.llama_state_seq_get_data(self._context, target, size, _SEQUENCE)
        del target  # the mapping cannot be closed while it is referred to
        if written != size:
            raise OSError(f"llama.cpp wrote {written} of {size} bytes of the context")
        return copy

    def restore(self, tokens: list[int], state: mmap.mmap) -> bool:
        """Hold `tokens` by a copy of their state; holds nothing if llama.cpp will not have it."""
        source = (ctypes.c_uint8 * len(state)).from_buffer(state)
        read = self._llama.llama_state_seq_set_data(self._context, source, len(state), _SEQUENCE)
        del source
        if read != len(state) or self._llama.llama_memory_seq_pos_max(self._memory, _SEQUENCE) + 1 != len(tokens):
            self.forget(self.conversation)
            return False
        self.tokens, self.changed = tokens, False
        return True


def common_prefix(one: list[int], other: list[int]) -> int:
    """How many tokens both begin with."""
    shorter = min(len(one), len(other))
    if one[:shorter] == other[:shorter]:
        return shorter
    return next(at for at in range(shorter) if one[at] != other[at])
