"""A model's vocabulary: text to tokens, and tokens to what they add to a text."""

import ctypes
from typing import Any

from localai_sidecar.llama.controltokens import ControlTokens
from localai_sidecar.llama.pieces import Pieces


class Vocabulary:
    """Tokens of the model with this `handle`."""

    def __init__(self, llama: Any, handle: Any) -> None:
        self.llama = llama
        self.vocabulary = llama.llama_model_get_vocab(handle)
        self.vocabulary_size: int = llama.llama_vocab_n_tokens(self.vocabulary)
        self.control_tokens = ControlTokens(self)
        self.pieces = Pieces(llama, self.vocabulary)

    @property
    def bos(self) -> int | None:
        """The token every prompt of this model begins with, if it wants one."""
        if not self.llama.llama_vocab_get_add_bos(self.vocabulary):
            return None
        token: int = self.llama.llama_vocab_bos(self.vocabulary)
        return token if token >= 0 else None

    @property
    def first_token(self) -> int:
        """A token to begin with when there is no text: BOS if there is one."""
        token: int = self.llama.llama_vocab_bos(self.vocabulary)
        return max(token, 0)

    def tokenize(self, text: bytes, parse_control: bool) -> list[int]:
        """The tokens of `text`, without BOS; control tokens spelled in it count only if `parse_control`."""
        room = len(text) + 2
        while True:
            tokens = (ctypes.c_int32 * room)()
            count = self.llama.llama_tokenize(self.vocabulary, text, len(text), tokens, room, False, parse_control)
            if count >= 0:
                return tokens[:count]
            room = -count

    def tokenize_in_mid_text(self, text: bytes, parse_control: bool) -> list[int]:
        """As `tokenize`, without the space that some vocabularies begin a text with.

        There is no switch for it: the text follows a line end, whose tokens are left out again.
        """
        line_end = self.tokenize(b"\n", parse_control)
        tokens = self.tokenize(b"\n" + text, parse_control)
        joined = tokens[: len(line_end)] != line_end
        return self.tokenize(text, parse_control) if joined else tokens[len(line_end) :]
