"""Prompts and messages to the model's tokens."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from localai_sidecar.chat import WHITE_SPACE, Segment
from localai_sidecar.llama.controltokens import ControlToken
from localai_sidecar.llama.model import Model
from localai_sidecar.llama.vocabulary import Vocabulary
from localai_sidecar.params import Message


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
    tokens: list[int] = []
    text, strip_next = "", False
    for part in _parts(vocabulary, segments):
        if isinstance(part, str):
            text += part.lstrip(WHITE_SPACE) if strip_next else part
            strip_next = strip_next and not text
            continue
        text = text.rstrip(WHITE_SPACE) if part.strips_left else text
        tokens += vocabulary.tokenize(text.encode(), parse_control=False) if text else []
        tokens.append(part.id)
        text, strip_next = "", part.strips_right
    return tokens + (vocabulary.tokenize(text.encode(), parse_control=False) if text else [])


def _parts(vocabulary: Vocabulary, segments: Sequence[Segment]) -> Iterator[str | ControlToken]:
    for segment in segments:
        if segment.from_template:
            yield from vocabulary.control_tokens.split(segment.text)
        else:
            yield segment.text
