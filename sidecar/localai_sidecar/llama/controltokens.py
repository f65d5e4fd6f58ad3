"""Which control tokens a text spells: the vocabulary is asked by tokenising, since listing it takes 0.1 s."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from localai_sidecar.llama.vocabulary import Vocabulary

_UNKNOWN, _CONTROL, _USER_DEFINED, _LSTRIP, _RSTRIP = 1 << 0, 1 << 3, 1 << 4, 1 << 7, 1 << 8


class ControlToken(NamedTuple):
    """A token that is no text: its spelling in templates, and whether it swallows white space beside it."""

    id: int
    spelling: str
    strips_left: bool
    strips_right: bool


class ControlTokens:
    """The control tokens of one vocabulary, and those that serve as such.

    Some vocabularies (Command R's, DeepSeek's) call the tokens that mark turns user-defined, as they call long runs of
    spaces: llama.cpp finds those in any text. So the ones that the template writes around messages count as well.
    """

    def __init__(self, vocabulary: "Vocabulary") -> None:
        self._vocabulary = vocabulary
        self._spelled: dict[str, frozenset[ControlToken]] = {}
        self._turn_marks: dict[int, str] = {}

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
        if not attributes & (_CONTROL | _UNKNOWN) and token not in self._turn_marks:
            return None
        return ControlToken(token, self._spelling(token), bool(attributes & _LSTRIP), bool(attributes & _RSTRIP))

    def learn(self, sample: str) -> None:
        """Count the user-defined tokens of `sample`, a template's rendering, if they look like marks of turns."""
        llama, vocabulary = self._vocabulary.llama, self._vocabulary.vocabulary
        for token in set(self._vocabulary.tokenize(sample.encode(), parse_control=True)):
            if llama.llama_vocab_get_attr(vocabulary, token) & _USER_DEFINED and _is_mark(self._spelling(token)):
                self._turn_marks[token] = self._spelling(token)

    def is_turn_mark(self, text: str) -> bool:
        """Whether `text` spells a token that llama.cpp finds even where control tokens do not count."""
        return text in self._turn_marks.values()

    def spelled_in(self, texts: Iterable[str]) -> tuple[set[str], set[str]]:
        """The control tokens and the marks of turns that occur.

        What the last call was asked is remembered: conversations grow at their end.
        """
        known = self._spelled
        self._spelled = {text: known[text] if text in known else self._find(text) for text in texts}
        tokens = {token for found in self._spelled.values() for token in found}
        return (
            {token.spelling for token in tokens if token.id not in self._turn_marks},
            {token.spelling for token in tokens if token.id in self._turn_marks},
        )

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

    def _spelling(self, token: int) -> str:
        text: bytes = self._vocabulary.llama.llama_vocab_get_text(self._vocabulary.vocabulary, token)
        return text.decode("utf-8", "replace")


def _is_mark(spelling: str) -> bool:
    """Like <|User|> or [INST], unlike spaces, letters and words."""
    first, last = spelling[:1], spelling[-1:]
    return len(spelling) > 2 and bool(spelling.strip()) and not first.isalnum() and not last.isalnum()


def _cut(part: str | ControlToken, token: ControlToken) -> list[str | ControlToken]:
    if isinstance(part, ControlToken):
        return [part]
    first, *rest = part.split(token.spelling)
    pieces: list[str | ControlToken] = [first]
    for text in rest:
        pieces += [token, text]
    return pieces
