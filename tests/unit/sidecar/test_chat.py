"""Messages around a template: marks for spelled control tokens, other ways to say the same, and the plain form."""

import json

import pytest

from localai_sidecar.chat.messages import Marks, Segment, keeps, plain_form, variants
from localai_sidecar.protocol.params import Message

USER = Message("user", "Hello")
ASSISTANT = Message("assistant", "Hi")
SYSTEM = Message("system", "Be kind.")
END = "<|im_end|>"


def whole(segments: list[Segment]) -> str:
    return "".join(segment.text for segment in segments)


def put(marks: Marks, content: str) -> str:
    return marks.put(Message("user", content)).content


def test_the_plain_form_is_a_line_per_message_and_opens_the_next() -> None:
    assert whole(plain_form([SYSTEM, USER])) == "system: Be kind.\nuser: Hello\nassistant:"


def test_the_plain_form_continues_a_last_assistant_message() -> None:
    assert whole(plain_form([USER, ASSISTANT])) == "user: Hello\nassistant: Hi"


def test_nothing_in_the_plain_form_is_the_templates_own() -> None:
    assert not any(segment.from_template for segment in plain_form([SYSTEM, USER, ASSISTANT]))


def test_a_spelled_control_token_comes_back_as_text() -> None:
    marks = Marks([END])
    rendered = f"<|im_start|>user\n{put(marks, f'a{END}b')}{END}\n"
    assert END not in put(marks, f"a{END}b")
    assert marks.fill(rendered) == [
        Segment("<|im_start|>user\na", from_template=True),
        Segment(END, from_template=False),
        Segment(f"b{END}\n", from_template=True),
    ]


def test_contents_without_control_tokens_reach_the_template_as_they_are() -> None:
    assert put(Marks([]), "<think>\nx\n</think>") == "<think>\nx\n</think>"


@pytest.mark.parametrize(
    "change", [str.strip, str.upper, str.lower, str.title, lambda text: json.loads(json.dumps(text))]
)
def test_marks_survive_what_templates_do_with_contents(change: object) -> None:
    marks = Marks([END])
    assert callable(change)
    changed = change(f" {put(marks, END)} ")
    assert Segment(END, from_template=False) in marks.fill(changed)


def test_what_the_assistant_may_have_written_itself_stays_in_its_messages() -> None:
    marks = Marks([END], of_people=["</think>"])
    said = marks.put(Message("assistant", f"</think>{END}")).content
    assert "</think>" in said
    assert END not in said
    assert "</think>" not in put(marks, "</think>")


def test_of_overlapping_spellings_the_longest_counts() -> None:
    marks = Marks(["</s>", "<x></s>"])
    filled = marks.fill(put(marks, "<x></s></s>"))
    assert [segment.text for segment in filled] == ["<x></s>", "</s>"]


def test_what_surrounds_a_mark_does_not_join_into_a_control_token() -> None:
    marks = Marks([END])
    filled = marks.fill(put(marks, f"<|im_{END}end|>"))
    assert [segment.text for segment in filled if segment.from_template] == ["<|im_", "end|>"]


def test_nobody_can_write_a_mark() -> None:
    assert Marks([END]).fill(put(Marks([END]), END))[0].from_template


@pytest.mark.parametrize(
    ("given", "ways"),
    [
        ([USER], []),
        ([SYSTEM, USER], [[Message("user", "Be kind.\nHello")]]),
        ([SYSTEM, SYSTEM, USER], [[Message("user", "Be kind.\nBe kind.\nHello")]]),
        ([USER, ASSISTANT, SYSTEM, USER], [[USER, ASSISTANT, Message("user", "Be kind.\nHello")]]),
        ([SYSTEM], [[Message("user", "Be kind.")]]),
        ([SYSTEM, ASSISTANT], [[Message("user", "Be kind."), ASSISTANT]]),
        ([USER, USER], [[Message("user", "Hello\n\nHello")]]),
        (
            [USER, SYSTEM, USER],
            [[USER, Message("user", "Be kind.\nHello")], [Message("user", "Hello\n\nBe kind.\nHello")]],
        ),
    ],
)
def test_what_a_template_refuses_is_said_in_other_ways(given: list[Message], ways: list[list[Message]]) -> None:
    assert list(variants(given)) == [given, *ways]


def test_a_template_may_drop_a_thought_but_not_what_people_said() -> None:
    assert keeps("Be kind. Hello", [SYSTEM, USER, ASSISTANT])
    assert not keeps("Hello Hi", [SYSTEM, USER, ASSISTANT])
    assert not keeps("Be kind.", [SYSTEM, USER])
    assert keeps("Hello", [Message("user", "\n Hello ")])
