"""A model's own chat template: what it is given, and what is read out of its rendering."""

from collections.abc import Sequence
from typing import Any

from localai_sidecar.chat.messages import Marks, keeps, variants
from localai_sidecar.chat.renderer import Refused, Renderer, Unusable, deadline
from localai_sidecar.protocol.params import Message

_PROBE = Message("user", "Is 4711 a prime number?")
# Conversations that show how turns begin and end, the richest first.
_SAMPLES = (
    [Message("system", "."), _PROBE, Message("assistant", "Yes."), _PROBE],
    [_PROBE, Message("assistant", "Yes."), _PROBE],
    [_PROBE],
)


class OwnTemplate:
    """A template that was tried once, and says what a user says. `end` must be called.

    `sample` is what it makes of a conversation, to see how it marks turns.
    """

    def __init__(self, renderer: Renderer, bos: str, eos: str) -> None:
        """Try it. `bos` and `eos` are the tokens' spellings, empty without one. Raises Unusable."""
        self._renderer = renderer
        self._special_tokens = {"bos_token": bos, "eos_token": eos}
        self._typed = False
        reason = "it leaves out what the user says"
        until = deadline()
        # Templates of models that see pictures may want contents as lists of typed parts.
        for self._typed in (False, True):
            try:
                if keeps(self._render([_PROBE], until), [_PROBE]):
                    self.sample = self._sample(until)
                    return
            except Refused as refusal:
                reason = str(refusal)
        raise Unusable(reason)

    def _sample(self, until: float) -> str:
        for conversation in _SAMPLES:
            try:
                return self._render(conversation, until)
            except Refused:
                continue
        return ""

    def prompt(self, messages: Sequence[Message], marks: Marks) -> str:
        """The messages with the assistant's next one opened, or its last one left open; spelled tokens as marks.

        What the template refuses, or drops what was said, is said to it in other ways (`chat.variants`). Raises
        Refused with the reason it gave first, and Unusable.
        """
        until = deadline()
        incomplete: str | None = None
        refusals: list[Refused] = []
        for variant in variants(messages):
            marked = [marks.put(message) for message in variant]
            try:
                rendered = self._prompt(marked, marks.end, until)
            except Refused as refusal:
                refusals.append(refusal)
                continue
            if keeps(rendered, marked):
                return rendered
            incomplete = rendered if incomplete is None else incomplete
        if incomplete is not None:
            return incomplete
        raise refusals[0]

    def end(self) -> None:
        """End the process that renders it."""
        self._renderer.end()

    def _prompt(self, messages: list[Message], end_mark: str, until: float) -> str:
        *before, last = messages
        if last.role != "assistant":
            return self._render(messages, until)
        unfinished = Message("assistant", last.content + end_mark)
        rendered, found, _ = self._render([*before, unfinished], until, opened=False).rpartition(end_mark)
        # Some drop a system message once the assistant has the last word, or the assistant's own.
        return rendered if found and keeps(rendered, before) else self._render(before, until) + last.content

    def _render(self, messages: Sequence[Message], until: float, opened: bool = True) -> str:
        variables: dict[str, Any] = {
            "messages": [{"role": message.role, "content": self._content(message)} for message in messages],
            "tools": None,
            "documents": None,
            "add_generation_prompt": opened,
        }
        return self._renderer.render(self._special_tokens | variables, until)

    def _content(self, message: Message) -> Any:
        return [{"type": "text", "text": message.content}] if self._typed else message.content
