"""Prompts and messages to the model's tokens."""

from collections.abc import Iterator

from localai_sidecar.chat import WHITE_SPACE, Segment, plain_form, template_form
from localai_sidecar.llama.model import ControlToken, Model
from localai_sidecar.params import GenerateParams


def prompt_tokens(model: Model, params: GenerateParams) -> list[int]:
    """The tokens `generate` starts from, BOS included where the model wants it and the text does not bring it."""
    if params.messages is None:
        tokens = model.tokenize((params.prompt or "").encode(), parse_control=True)
    else:
        tokens = segment_tokens(model, _segments(model, params))
    bos = model.bos
    return tokens if bos is None or tokens[:1] == [bos] else [bos, *tokens]


def _segments(model: Model, params: GenerateParams) -> list[Segment]:
    messages = params.messages or ()
    template = model.template
    if template is None:
        return plain_form(messages)
    return template_form(messages, lambda turns: model.apply_template(template, turns) or "")


def segment_tokens(model: Model, segments: list[Segment]) -> list[int]:
    """Tokens of a prompt in which only the template's own control tokens count.

    Text between two control tokens is tokenised in one go, contents and template together: the same tokens as for the
    whole prompt at once, unless a content spells a control token.
    """
    tokens: list[int] = []
    text, strip_next = "", False
    for part in _parts(model, segments):
        if isinstance(part, str):
            text += part.lstrip(WHITE_SPACE) if strip_next else part
            strip_next = strip_next and not text
            continue
        text = text.rstrip(WHITE_SPACE) if part.strips_left else text
        tokens += model.tokenize(text.encode(), parse_control=False) if text else []
        tokens.append(part.id)
        text, strip_next = "", part.strips_right
    return tokens + (model.tokenize(text.encode(), parse_control=False) if text else [])


def _parts(model: Model, segments: list[Segment]) -> Iterator[str | ControlToken]:
    for segment in segments:
        if segment.from_template:
            yield from _template_parts(model, segment.text)
        else:
            yield segment.text


def _template_parts(model: Model, text: str) -> Iterator[str | ControlToken]:
    at = 0
    for token in model.tokenize(text.encode(), parse_control=True):
        control = model.control_token(token)
        found = text.find(control.spelling, at) if control else -1
        if control and found >= 0:
            yield text[at:found]
            yield control
            at = found + len(control.spelling)
    yield text[at:]
