"""Messages to a prompt, so that what a person wrote stays text, whatever control tokens it spells; pure.

The model's template is applied to marks instead of contents; contents take the marks' places afterwards, and only what
the template itself wrote is searched for control tokens.
"""

import os
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from localai_sidecar.params import Message

# C's isspace(), which llama.cpp's templates trim by.
WHITE_SPACE = " \t\n\v\f\r"
# Stands on both sides of a mark: gone afterwards if the template trims its contents. No template writes it itself.
_TRIM_PROBE = "\v"


class Segment(NamedTuple):
    """A part of a prompt; control tokens are honoured only in the template's own parts."""

    text: str
    from_template: bool


def plain_form(messages: Sequence[Message]) -> list[Segment]:
    """The prompt of a model without a usable template: `role: text` lines."""
    *before, last = messages
    lines = [f"{message.role}: {message.content}\n" for message in before]
    opening = f"assistant: {last.content}" if last.role == "assistant" else f"{last.role}: {last.content}\nassistant:"
    return [Segment("".join([*lines, opening]), from_template=False)]


def template_form(messages: Sequence[Message], render: Callable[[list[tuple[str, str]]], str]) -> list[Segment]:
    """The prompt by a template: `render` applies it to (role, content) pairs and opens the assistant's next message.

    A last assistant message is continued: it follows that opening as it is.
    """
    continued = messages[-1].content if messages[-1].role == "assistant" else None
    turns = messages if continued is None else messages[:-1]
    nonce = os.urandom(8).hex()
    rendered = render([(turn.role, f"{_TRIM_PROBE}{nonce}-{i};{_TRIM_PROBE}") for i, turn in enumerate(turns)])
    segments = list(_filled(rendered, nonce, turns))
    if continued is not None:
        segments.append(Segment(continued, from_template=False))
    return segments


def _filled(rendered: str, nonce: str, turns: Sequence[Message]) -> list[Segment]:
    segments = []
    parts = re.split(rf"({_TRIM_PROBE}?){nonce}-(\d+);({_TRIM_PROBE}?)", rendered)
    for at in range(0, len(parts) - 1, 4):
        literal, left, index, right = parts[at : at + 4]
        content = turns[int(index)].content
        content = content if left else content.lstrip(WHITE_SPACE)
        content = content if right else content.rstrip(WHITE_SPACE)
        segments += [Segment(literal, from_template=True), Segment(content, from_template=False)]
    return [*segments, Segment(parts[-1], from_template=True)]
