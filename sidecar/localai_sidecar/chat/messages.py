"""What becomes of messages around a template; pure.

What a person wrote stays text: where a content spells a control token, the template is given a mark instead, and the
spelling takes the mark's place afterwards.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from localai_sidecar.protocol.params import Message

# C's isspace(), which llama.cpp strips by.
WHITE_SPACE = " \t\n\v\f\r"


class Segment(NamedTuple):
    """A part of a prompt; control tokens are honoured only in the template's own parts."""

    text: str
    from_template: bool


class Marks:
    """Stand-ins that survive trimming, splitting, JSON and changes of case, and that nobody can guess."""

    def __init__(self, spellings: Iterable[str], of_people: Iterable[str] = ()) -> None:
        """Marks for `spellings`; those `of_people` stay in what the assistant said, which may have written them."""
        self._of_people = frozenset(of_people)
        # The longest first, as llama.cpp looks for them.
        self._spellings = sorted({*spellings, *self._of_people}, key=len, reverse=True)
        self._nonce = f"\ue000{int.from_bytes(os.urandom(8)):020}."
        self._pattern = re.compile(rf"{self._nonce}(\d*)\ue001")
        # Stands at the end of a message that is to be continued.
        self.end = f"{self._nonce}\ue001"

    def put(self, message: Message) -> Message:
        """`message` with marks for its spelled control tokens."""
        content = message.content
        for index, spelling in enumerate(self._spellings):
            if message.role != "assistant" or spelling not in self._of_people:
                content = content.replace(spelling, f"{self._nonce}{index}\ue001")
        return Message(message.role, content)

    def fill(self, rendered: str) -> list[Segment]:
        """The rendering with the spellings back in their places, as text."""
        parts = self._pattern.split(rendered)
        segments = [Segment(parts[0], from_template=True)]
        for index, text in zip(parts[1::2], parts[2::2], strict=True):
            spelling = self._spellings[int(index)] if index else ""
            segments += [Segment(spelling, from_template=False), Segment(text, from_template=True)]
        return [segment for segment in segments if segment.text]


def plain_form(messages: Sequence[Message]) -> list[Segment]:
    """The prompt of a model without a usable template: `role: text` lines."""
    *before, last = messages
    lines = [f"{message.role}: {message.content}\n" for message in before]
    opening = f"assistant: {last.content}" if last.role == "assistant" else f"{last.role}: {last.content}\nassistant:"
    return [Segment("".join([*lines, opening]), from_template=False)]


def variants(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """The messages, and how else the same can be said to a template that refuses them."""
    given = list(messages)
    yield given
    without_system = _system_to_user(given)
    if without_system != given:
        yield without_system
    in_turns = _in_turns(without_system)
    if in_turns != without_system:
        yield in_turns


def _system_to_user(messages: Sequence[Message]) -> list[Message]:
    """A system message begins the user message after it, on lines of its own; or it becomes one."""
    result: list[Message] = []
    waiting: list[str] = []
    for message in messages:
        if message.role == "system":
            waiting.append(message.content)
        elif message.role == "user":
            result.append(Message("user", "\n".join([*waiting, message.content])))
            waiting = []
        else:
            result += _user_message(waiting)
            result.append(message)
            waiting = []
    return result + _user_message(waiting)


def _user_message(lines: Sequence[str]) -> list[Message]:
    return [Message("user", "\n".join(lines))] if lines else []


def _in_turns(messages: Sequence[Message]) -> list[Message]:
    """Neighbours of the same role as one message, with an empty line between their contents."""
    result: list[Message] = []
    for message in messages:
        if result and result[-1].role == message.role:
            result[-1] = Message(message.role, f"{result[-1].content}\n\n{message.content}")
        else:
            result.append(message)
    return result


def keeps(rendered: str, messages: Iterable[Message]) -> bool:
    """Whether a rendering says what system and user said; of an assistant's message a template may drop a thought."""
    return all(message.content.strip() in rendered for message in messages if message.role != "assistant")
