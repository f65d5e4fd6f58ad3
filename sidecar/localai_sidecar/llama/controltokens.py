"""Which control tokens a text spells: the vocabulary is asked by tokenising, since listing it takes 0.1 s."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from localai_sidecar.llama.vocabulary import Vocabulary

_UNKNOWN, _CONTROL, _LSTRIP, _RSTRIP = 1 << 0, 1 << 3, 1 << 7, 1 << 8


class ControlToken(NamedTuple):
    """A token that is no text: its spelling in templates, and whether it swallows white space beside it."""

    id: int
    spelling: str
    strips_left: bool
    strips_right: bool


class ControlTokens:
    """The control tokens of one vocabulary."""

    def __init__(self, vocabulary: "Vocabulary") -> None:
        self._vocabulary = vocabulary
        self._spelled: dict[str, frozenset[ControlToken]] = {}

    def bos_and_eos(self) -> tuple[str, str]:
        """How templates spell them; empty where the vocabulary has none.

        llama.cpp has an id for both in any case, even one that stands for a comma.
        """
        llama, vocabulary = self._vocabulary.llama, self._vocabulary.vocabulary
        bos, eos = (self.get(f(vocabulary)) for f in (llama.llama_vocab_bos, llama.llama_vocab_eos))
        return bos.spelling if bos else "", eos.spelling if eos else ""

    def get(self, token: int) -> ControlToken | None:
        """The control token with this id, or None if there is none or it is text."""
        if token < 0:
            return None
        llama, vocabulary = self._vocabulary.llama, self._vocabulary.vocabulary
        attributes = llama.llama_vocab_get_attr(vocabulary, token)
        if not attributes & (_CONTROL | _UNKNOWN):
            return None
        spelling = llama.llama_vocab_get_text(vocabulary, token).decode("utf-8", "replace")
        return ControlToken(token, spelling, bool(attributes & _LSTRIP), bool(attributes & _RSTRIP))

    def spelled_in(self, texts: Iterable[str]) -> set[str]:
        """The spellings that occur. What the last call was asked is remembered: conversations grow at their end."""
        known = self._spelled
        self._spelled = {text: known[text] if text in known else self._find(text) for text in texts}
        return {token.spelling for found in self._spelled.values() for token in found}

    def split(self, text: str) -> list[str | ControlToken]:
        """`text` cut at its control tokens, the longest first, as llama.cpp does."""
        parts: list[str | ControlToken] = [text]
        for token in sorted(self._find(text), key=lambda token: len(token.spelling), reverse=True):
            parts = [piece for part in parts for piece in _cut(part, token)]
        return parts

    def _find(self, text: str) -> frozenset[ControlToken]:
        ids = set(self._vocabulary.tokenize(text.encode(), parse_control=True))
        tokens = (self.get(id) for id in ids)
        return frozenset(token for token in tokens if token and token.spelling)


def _cut(part: str | ControlToken, token: ControlToken) -> list[str | ControlToken]:
    if isinstance(part, ControlToken):
        return [part]
    first, *rest = part.split(token.spelling)
    pieces: list[str | ControlToken] = [first]
    for text in rest:
        pieces += [token, text]
    return pieces
