"""The form that a model's messages take: its own template, else llama.cpp's of that name, else plain lines."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localai_sidecar.chat.messages import Marks, Segment, plain_form
from localai_sidecar.chat.owntemplate import OwnTemplate
from localai_sidecar.chat.renderer import Refused, Renderer, Unusable
from localai_sidecar.protocol.notices import Notice, Tell, notice
from localai_sidecar.protocol.params import Message

if TYPE_CHECKING:
    from localai_sidecar.llama.model import Model

_SAMPLE = [("system", "."), ("user", "."), ("assistant", "."), ("user", ".")]
_INSTEAD = {"builtin": "llama.cpp's template of the same name is used", "plain": "plain lines are used"}


class ChatForms:
    """What a model's file says about messages. `end` must be called."""

    def __init__(self, template: str | None) -> None:
        """Begin with the template while the model is still loading; `settle` tells what came of it."""
        # llama.cpp reads up to the first NUL.
        self._template = (template or "").partition("\0")[0]
        self._renderer: Renderer | None = None
        self._own: OwnTemplate | None = None
        self._builtin: bytes | None = None
        self._trouble: str | None = None
        self._refusal_told = False
        self._untold: list[Notice] = []
        self._tell: Tell = self._untold.append
        if self._template:
            try:
                self._renderer = Renderer(self._template)
            except Unusable as problem:
                self._trouble = str(problem)

    def settle(self, model: "Model") -> None:
        """Try what there is, now that the vocabulary is there."""
        template = self._template.encode("utf-8", "replace")
        sample = model.apply_template(template, _SAMPLE) if template else None
        if sample is not None:
            self._builtin = template
        try:
            if self._renderer:
                self._own = OwnTemplate(self._renderer, *model.control_tokens.bos_and_eos())
                sample = self._own.sample
        except Unusable as problem:
            self._trouble = str(problem)
        if self._trouble is not None:
            self._give_up(self._trouble)
        model.control_tokens.learn(sample or "")

    def tell_by(self, tell: Tell) -> None:
        """Tell a person by `tell` what could not be used, now and later."""
        self._tell = tell
        for each in self._untold:
            tell(each)

    @property
    def has_template(self) -> bool:
        """Whether messages take more than the plain form."""
        return self._own is not None or self._builtin is not None

    def segments(self, model: "Model", messages: Sequence[Message]) -> list[Segment]:
        """The prompt for the assistant's next message, or for the rest of it if the last one is the assistant's."""
        marks = Marks(*model.control_tokens.spelled_in([message.content for message in messages]))
        rendered = self._by_own(messages, marks) or self._by_builtin(model, messages, marks)
        return plain_form(messages) if rendered is None else marks.fill(rendered)

    def end(self) -> None:
        """End the process that renders the template, if there is one."""
        if self._renderer:
            self._renderer.end()
        self._renderer = self._own = None

    def _by_own(self, messages: Sequence[Message], marks: Marks) -> str | None:
        try:
            return self._own.prompt(messages, marks) if self._own else None
        except Refused as refusal:
            self._tell_refusal(str(refusal))
        except Unusable as problem:
            self._give_up(str(problem))
        return None

    def _by_builtin(self, model: "Model", messages: Sequence[Message], marks: Marks) -> str | None:
        if self._builtin is None:
            return None
        turns, rest = list(messages), ""
        if turns[-1].role == "assistant":
            rest = marks.put(turns.pop()).content
        # NUL would end the text in C.
        pairs = [(turn.role, turn.content.replace("\0", "\ufffd")) for turn in map(marks.put, turns)]
        rendered = model.apply_template(self._builtin, pairs)
        return None if rendered is None else rendered + rest

    def _give_up(self, reason: str) -> None:
        self.end()
        self._note("template_unusable", "cannot be used", reason)

    def _tell_refusal(self, reason: str) -> None:
        if not self._refusal_told:
            self._refusal_told = True
            self._note("template_refused", "does not take these messages", reason)

    def _note(self, kind: str, what: str, reason: str) -> None:
        instead = "builtin" if self._builtin else "plain"
        text = f"the model's chat template {what}: {reason}; {_INSTEAD[instead]} instead"
        self._tell(notice("warning", kind, text, reason=reason, instead=instead))
