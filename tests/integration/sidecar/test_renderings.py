"""Chat templates rendered by the program: llama.cpp's collection as transformers renders it (renderings/), and the
templates inside llama.cpp's own test as that expects them.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from localai_sidecar.chat.messages import Marks
from localai_sidecar.chat.owntemplate import OwnTemplate
from localai_sidecar.chat.renderer import Refused, Renderer, Unusable
from localai_sidecar.protocol.params import Message

RECORDED = sorted(Path(__file__).with_name("renderings").glob("*.json"))
# The system message is there only as long as the user has the last word.
SYSTEM_DROPPED_WHEN_CONTINUED = {"mistralai-Mistral-Nemo-Instruct-2407"}
CONVERSATION = [
    Message("system", "Answer briefly."),
    Message("user", "Is {{ 1 + 1 }} two?"),
    Message("assistant", "<think>\nEasy.\n</think>\n\nYes."),
    Message("user", "  And 1 + 2?\n"),
]
UNFINISHED = Message("assistant", "It is 3, as")


class Program(Renderer):
    """The throw-away side of the sidecar under test, for one template after another."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(
            [*command, "--child", "template", "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def compile(self, template: str) -> None:
        if problem := self._ask({"template": template}).get("problem"):
            raise Unusable(problem)

    def render(self, variables: dict[str, Any], _: float) -> str:
        answer = self._ask(variables)
        if "problem" in answer:
            raise Refused(answer["problem"])
        return str(answer["text"])

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def end(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        assert self._process.wait(timeout=10) == 0
        self._process.stdout.close()


@pytest.fixture(scope="module")
def program(sidecar_command: tuple[str, ...]) -> Iterator[Program]:
    program = Program(sidecar_command)
    yield program
    program.end()


def test_every_template_of_the_collection_is_recorded(llama_models: Path) -> None:
    assert {path.stem for path in RECORDED} == {path.stem for path in (llama_models / "templates").glob("*.jinja")}


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
def test_a_template_is_rendered_as_recorded(recorded: Path, program: Program, llama_models: Path) -> None:
    renderings = json.loads(recorded.read_text(encoding="utf-8"))
    rendering = next((each for each in renderings.values() if "refused" not in each), None)
    program.compile((llama_models / "templates" / f"{recorded.stem}.jinja").read_text(encoding="utf-8"))
    if rendering is None:
        with pytest.raises(Unusable, match=renderings["given"]["refused"]):
            OwnTemplate(program, bos="<s>", eos="</s>")
        return
    own = OwnTemplate(program, bos="<s>", eos="</s>")
    answered = expected(rendering["answered"])
    continued = expected(rendering["continued"])
    if recorded.stem in SYSTEM_DROPPED_WHEN_CONTINUED:
        assert CONVERSATION[0].content not in continued
        continued = answered + UNFINISHED.content
    assert own.prompt(CONVERSATION, Marks([])) == answered
    assert own.prompt([*CONVERSATION, UNFINISHED], Marks([])) == continued


def expected(lines: list[str]) -> str:
    """The recorded text, with the date where it stands for one."""
    return re.sub("«(.*?)»", lambda match: datetime.now().strftime(match[1]), "".join(lines))


# A field of a test case in C++: its name and one string literal, maybe in a macro that makes it UTF-8.
CPP_FIELD = re.compile(r'/\* \.(\w+)=? \*/ *(?:U8C\()?"((?:[^"\\]|\\.)*)"', re.DOTALL)
CPP_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# No template for transformers: it asks for tokens that only llama.cpp's own code knows.
CPP_ONLY = {"ai-sage/GigaChat-20B-A3B-instruct"}
CPP_CONVERSATION = [
    Message("system", "You are a helpful assistant"),
    Message("user", "Hello"),
    Message("assistant", "Hi there"),
    Message("user", "Who are you"),
    Message("assistant", "   I am an assistant   "),
    Message("user", "Another question"),
]


def cpp_cases(source: str) -> Iterator[dict[str, str]]:
    """The cases of llama.cpp's tests/test-chat-template.cpp that our messages can express."""
    for block in source.split("std::vector<TestCase> test_cases {")[1].split("/* .name= */")[1:]:
        fields = dict(CPP_FIELD.findall(f"/* .name= */{block}"))
        case = {name: CPP_ESCAPE.sub(lambda m: {"n": "\n"}.get(m[1], m[1]), text) for name, text in fields.items()}
        if case["name"] not in CPP_ONLY and "extra_conversation" not in block:
            yield case


def test_llama_cpps_own_cases_are_rendered_as_its_test_expects(program: Program, template_test: str) -> None:
    expected = {
        case["name"]: case["expected_output_jinja"] or case["expected_output"] for case in cpp_cases(template_test)
    }
    assert len(expected) == 32
    rendered = {}
    for case in cpp_cases(template_test):
        program.compile(case["template_str"])
        own = OwnTemplate(program, bos=case.get("bos_token", ""), eos=case.get("eos_token", ""))
        rendered[case["name"]] = own.prompt(CPP_CONVERSATION, Marks([]))
    assert rendered == expected
