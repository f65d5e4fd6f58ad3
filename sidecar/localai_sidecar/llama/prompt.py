"""Prompts and messages to the model's tokens."""

from collections.abc import Sequence
from typing import Protocol

from localai_sidecar.chat.messages import WHITE_SPACE, Segment
from localai_sidecar.llama.controltokens import ControlToken
from localai_sidecar.llama.model import Model
from localai_sidecar.llama.vocabulary import Vocabulary
from localai_sidecar.protocol.params import Message


class Asked(Protocol):
    """What `generate` and `tokenize` have in common: exactly one of the two is there."""

    @property
    def prompt(self) -> str | None:
        """Text, in which control tokens may be spelled."""

    @property
    def messages(self) -> Sequence[Message] | None:
        """A conversation."""


def prompt_tokens(model: Model, params: Asked) -> list[int]:
    """The tokens `generate` starts from, BOS included where the model wants it and the text does not bring it.

    Nothing is put behind it, whatever the vocabulary says of EOS and SEP: a prompt is there to be continued.
    """
    if params.messages is None:
        tokens = model.tokenize((params.prompt or "").encode(), parse_control=True)
    else:
        tokens = segment_tokens(model, model.chat.segments(model, params.messages))
    bos = model.bos
    return tokens if bos is None or tokens[:1] == [bos] else [bos, *tokens]


def segment_tokens(vocabulary: Vocabulary, segments: Sequence[Segment]) -> list[int]:
    """Tokens of a prompt in which only the template's own control tokens count.

    Text between two control tokens is tokenised in one go, contents and template together: the same tokens as for the
    whole prompt at once, unless a content spells a control token.
    """
    if all(segment.from_template for segment in segments):
        return vocabulary.tokenize("".join(segment.text for segment in segments).encode(), parse_control=True)
    prompt = _Prompt(vocabulary)
    for segment in segments:
        if not segment.from_template:
            prompt.add_literal(segment.text)
            continue
        for part in vocabulary.control_tokens.split(segment.text):
            if isinstance(part, str):
                prompt.add_text(part)
            else:
                prompt.add_control(part)
    return prompt.finish()


class _Prompt:
    """Gathers text between control tokens, and tokens."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._tokens: list[int] = []
        self._text = ""
        self._strip_next = False
        self._in_mid_text = False

    def add_text(self, text: str) -> None:
        self._text += text.lstrip(WHITE_SPACE) if self._strip_next else text
        self._strip_next = self._strip_next and not self._text

    def add_literal(self, text: str) -> None:
        if self._vocabulary.control_tokens.is_turn_mark(text):
            # Nothing keeps llama.cpp from taking it for the token, but that it does not see all of it at once.
            self.add_text(text[:1])
            self._flush(in_mid_text=True)
            text = text[1:]
        self.add_text(text)

    def add_control(self, token: ControlToken) -> None:
        if token.strips_left:
            self._text = self._text.rstrip(WHITE_SPACE)
        self._flush(in_mid_text=False)
        self._tokens.append(token.id)
        self._strip_next = token.strips_right

    def finish(self) -> list[int]:
        self._flush(in_mid_text=False)
        return self._tokens

    def _flush(self, in_mid_text: bool) -> None:
        if self._text:
            tokenize = self._vocabulary.tokenize_in_mid_text if self._in_mid_text else self._vocabulary.tokenize
            self._tokens += tokenize(self._text.encode(), parse_control=False)
        self._text, self._in_mid_text = "", in_mid_text
