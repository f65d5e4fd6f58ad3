"""Bytes of tokens to text that may be sent: never cut inside a code point, never a part of a stop string; pure."""

import codecs

_decoder = codecs.getincrementaldecoder("utf-8")


class TextStream:
    """Feed it the pieces of tokens; `stopped` tells that a stop string was met, which is never given out."""

    def __init__(self, stops: tuple[str, ...] = ()) -> None:
        self._decoder = _decoder(errors="replace")
        self._between_characters = True
        self._stops = stops
        self._held = ""
        self.stopped = False

    def feed(self, piece: bytes) -> str:
        """Text that is complete and cannot begin a stop string."""
        # Nearly every piece is whole text: the incremental decoder is Python and five times slower.
        try:
            text = piece.decode() if self._between_characters else self._decode(piece)
        except UnicodeDecodeError:
            text = self._decode(piece)
        if not self._stops:
            return text
        text = self._held + text
        first = self._first_stop(text)
        if first >= 0:
            self.stopped, self._held = True, ""
            return text[:first]
        ready = len(text) - self._possible_beginning(text)
        self._held = text[ready:]
        return text[:ready]

    def _decode(self, piece: bytes) -> str:
        text = self._decoder.decode(piece)
        self._between_characters = not self._decoder.getstate()[0]
        return text

    def finish(self) -> str:
        """Text that was held back and turned out to be no stop string. A code point still incomplete is dropped."""
        held, self._held = self._held, ""
        return held

    def _first_stop(self, text: str) -> int:
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        return min(found, default=-1)

    def _possible_beginning(self, text: str) -> int:
        """How many code points at the end of `text` are the beginning of a stop string."""
        longest = 0
        for stop in self._stops:
            for length in range(min(len(stop) - 1, len(text)), longest, -1):
                if text.endswith(stop[:length]):
                    longest = length
                    break
        return longest
