"""What each token adds to a text, asked of llama.cpp once."""

import ctypes
from typing import Any

_FIRST_ROOM = 64


class Pieces(dict[int, bytes | None]):
    """The bytes a token adds to a reply (none for control tokens), or None for a token that ends it.

    A dict that fills itself: a token seen before costs no call of ours.
    """

    def __init__(self, llama: Any, vocabulary: Any) -> None:
        super().__init__()
        self._llama = llama
        self._vocabulary = vocabulary
        self._room = _FIRST_ROOM
        self._buffer = ctypes.create_string_buffer(_FIRST_ROOM)

    def __missing__(self, token: int) -> bytes | None:
        piece = None if self._llama.llama_vocab_is_eog(self._vocabulary, token) else self._new(token)
        self[token] = piece
        return piece

    def _new(self, token: int) -> bytes:
        while True:
            length = self._llama.llama_token_to_piece(self._vocabulary, token, self._buffer, self._room, 0, False)
            if length >= 0:
                return ctypes.string_at(self._buffer, length)
            self._room = -length
            self._buffer = ctypes.create_string_buffer(self._room)
