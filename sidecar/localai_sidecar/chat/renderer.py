"""Renders a model's own chat template in a throw-away process: a template is a program, and not one of ours."""

import time
from typing import Any

from localai_sidecar.trials.child import Child, ChildFailed

# How long a template may take by the clock, at load and for each prompt. One that computes for a second is ended by
# then (templateside): this is for machines that leave it next to no time, where giving up an honest one would be wrong.
LIMIT_S = 20.0
# Python, jinja2, and some copies of the longest messages and their rendering.
_ADDRESS_SPACE = 256 << 20
_ENDED_BY_CLOCK = "SIGPROF"
# The longest of those in llama.cpp's collection has 17 kB.
LONGEST_TEMPLATE = 256 << 10


class Unusable(Exception):
    """The template cannot be rendered at all; the text says why."""


class Refused(Exception):
    """The template does not take these messages; the text is its reason."""


class Renderer:
    """One template in its process, from the moment it is made. Make it on a thread that lives; `end` must be called."""

    def __init__(self, template: str) -> None:
        """Begin to compile the template. Raises Unusable."""
        size = len(template.encode("utf-8", "replace"))
        if size > LONGEST_TEMPLATE:
            raise Unusable(f"it has {size} bytes, and {LONGEST_TEMPLATE} are allowed")
        self._template = template
        self._compiled = False
        try:
            self._child = Child("template", _ADDRESS_SPACE)
            self._child.send({"template": template}, LIMIT_S)
        except ChildFailed as failure:
            raise _unusable(failure) from None

    def render(self, variables: dict[str, Any], deadline: float) -> str:
        """The text for these variables, by `deadline` of time.monotonic(). Raises Refused and Unusable."""
        try:
            return self._render(variables, deadline)
        except ChildFailed as failure:
            left = deadline - time.monotonic()
            if left <= 0 or not self._compiled or _ENDED_BY_CLOCK in str(failure):
                raise _unusable(failure) from None
        # It was well before: a process that does nothing is the first to go when the machine needs memory.
        self._compiled = False
        try:
            self._child = Child("template", _ADDRESS_SPACE)
            self._child.send({"template": self._template}, left)
            return self._render(variables, deadline)
        except ChildFailed as failure:
            raise _unusable(failure) from None

    def _render(self, variables: dict[str, Any], deadline: float) -> str:
        if not self._compiled:
            problem = self._child.receive(deadline - time.monotonic()).get("problem")
            if problem is not None:
                raise Unusable(problem)
            self._compiled = True
        answer = self._child.ask(variables, deadline - time.monotonic())
        text = answer.get("text")
        if isinstance(text, str):
            # A template can spell half a surrogate pair.
            return text.encode("utf-8", "replace").decode()
        raise Refused(str(answer.get("problem")))

    def end(self) -> None:
        """End the process."""
        self._child.end()


def _unusable(failure: ChildFailed) -> Unusable:
    return Unusable("it computes without end" if _ENDED_BY_CLOCK in str(failure) else str(failure))


def deadline() -> float:
    """The latest moment for a rendering that begins now."""
    return time.monotonic() + LIMIT_S
