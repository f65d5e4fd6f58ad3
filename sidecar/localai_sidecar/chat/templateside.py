"""The throw-away side of `renderer`: a chat template by jinja2, in the dialect of Hugging Face transformers.

Reference: `_compile_jinja_template` in transformers' utils/chat_template_utils.py.
"""

import json
import signal
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import nodes
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from localai_sidecar.trials.childside import Answerer

# What one question may cost of a processor's time; an honest template takes milliseconds.
COMPUTE_LIMIT_S = 1.0
# In code points: twice the longest line that can bring messages. More would only cost the engine time to tokenise it.
LONGEST_RENDERING = 1 << 21
_LONGEST_REASON = 300


def limited(answer: Answerer) -> Answerer:
    """`answer`, in a process that ends by SIGPROF when a question takes longer than COMPUTE_LIMIT_S of computing.

    The system counts and kills: a template can keep Python from looking at a clock.
    """

    def answer_in_time(question: dict[str, Any]) -> dict[str, Any]:
        signal.setitimer(signal.ITIMER_PROF, COMPUTE_LIMIT_S)
        try:
            return answer(question)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    return answer_in_time


def renderer() -> Answerer:
    """Answers `{"template"}` with `{}` and then each set of its variables with `{"text"}`; or with `{"problem"}`."""
    environment = new_environment()
    template = environment.from_string("")

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        nonlocal template
        try:
            if "template" in question:
                template = environment.from_string(question["template"])
                return {}
            return {"text": _joined(template.generate(question))}
        # Whatever happens in a template is the template's: it has the memory and the stack of this process to fill.
        except Exception as problem:
            return {"problem": _reason(problem)}

    return answer


def new_environment() -> ImmutableSandboxedEnvironment:
    """What templates for transformers may count on."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals |= {
        "raise_exception": _raise_exception,
        "strftime_now": _strftime_now,
        "dict": _Dict(),
        "namespace": _Namespace,
    }
    return environment


def _joined(pieces: Any) -> str:
    text, length = [], 0
    for piece in pieces:
        length += len(piece)
        if length > LONGEST_RENDERING:
            raise TemplateError(f"it renders more than {LONGEST_RENDERING} characters")
        text.append(piece)
    return "".join(text)


def _reason(problem: Exception) -> str:
    name = "" if type(problem) is TemplateError else f"{type(problem).__name__}: "
    return f"{name}{problem}"[:_LONGEST_REASON]


class _Generation(Extension):
    """`{% generation %}` marks what the assistant wrote, for training: its body is rendered, in a scope of its own."""

    tags = {"generation"}  # noqa: RUF012 - declared so by jinja2

    def parse(self, parser: Parser) -> nodes.Node:
        """Turn the block into a call with the block as its body."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller: Callable[[], str]) -> str:
        return caller()


def _raise_exception(message: Any) -> NoReturn:
    raise TemplateError(str(message))


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    """Unlike jinja2's own, without escapes for HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _strftime_now(format: str) -> str:
    return datetime.now().strftime(format)


class _Dict:
    """`dict` without the attributes of a class."""

    def __call__(self, *values: Any, **named: Any) -> dict[Any, Any]:
        return dict(*values, **named)

    def fromkeys(self, *values: Any) -> dict[Any, Any]:
        """As dict.fromkeys."""
        return dict.fromkeys(*values)


class _Namespace(Namespace):
    """A namespace that keeps no underscored names: they lead to Python's insides."""

    def __init__(*values: Any, **named: Any) -> None:
        self, *rest = values
        fields = dict(*rest, **named)
        for name in fields:
            _check_name(name)
        Namespace.__init__(self, fields)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: str) -> None:
    if str(name).startswith("_"):
        raise SecurityError(f"a namespace keeps no name like {name!r}")
