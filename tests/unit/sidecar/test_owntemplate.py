"""A model's own template: what it is given, what is read out of its rendering, and what it refuses."""

import pytest

from localai_sidecar.chat.messages import Marks
from localai_sidecar.chat.owntemplate import OwnTemplate
from localai_sidecar.chat.renderer import Refused, Renderer, Unusable
from localai_sidecar.chat.templateside import renderer
from localai_sidecar.protocol.params import Message

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ALTERNATING = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}[{{ m.role }}] {{ m.content|trim }}{{ eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}"
)
USER = Message("user", "Hello")
SYSTEM = Message("system", "Be kind.")


class InThisProcess(Renderer):
    """The throw-away side without its process."""

    def __init__(self, template: str) -> None:
        self._answer = renderer()
        assert self._answer({"template": template}) == {}
        self.asked = 0

    def render(self, variables: dict[str, object], _: float) -> str:
        self.asked += 1
        answer = self._answer(variables)
        if "problem" in answer:
            raise Refused(answer["problem"])
        return str(answer["text"])

    def end(self) -> None:
        pass


def own(template: str) -> OwnTemplate:
    return OwnTemplate(InThisProcess(template), bos="<s>", eos="</s>")


def prompt(template: str, *messages: Message) -> str:
    return own(template).prompt(messages, Marks([]))


def test_the_assistants_next_message_is_opened() -> None:
    assert prompt(CHATML, USER) == "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"


def test_the_tokens_that_begin_and_end_are_the_models() -> None:
    assert prompt("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}", USER) == "<s>Hello</s>"


def test_a_last_assistant_message_stays_open() -> None:
    messages = [USER, Message("assistant", "Once upon ")]
    assert prompt(CHATML, *messages).endswith("<|im_start|>assistant\nOnce upon ")


def test_a_template_that_trims_does_not_trim_the_end_of_what_is_continued() -> None:
    assert prompt(ALTERNATING, USER, Message("assistant", " Once upon ")) == "[user] Hello</s>[assistant] Once upon "


def test_an_empty_last_assistant_message_is_the_opening() -> None:
    assert prompt(CHATML, USER, Message("assistant", "")) == prompt(CHATML, USER)


def test_a_last_assistant_message_that_the_template_drops_follows_the_opening() -> None:
    silent = "{% for m in messages if m.role != 'assistant' %}{{ m.content }}|{% endfor %}A:"
    assert prompt(silent, USER, Message("assistant", "Yes")) == "Hello|A:Yes"


def test_a_system_message_that_goes_missing_when_the_assistant_is_last_is_kept_by_the_opening() -> None:
    template = (
        "{% for m in messages if m.role != 'system' %}{% if loop.last and m.role == 'user' and "
        "messages[0].role == 'system' %}{{ messages[0].content }} {% endif %}{{ m.content }}|{% endfor %}"
    )
    assert prompt(template, SYSTEM, USER, Message("assistant", "Yes")) == "Be kind. Hello|Yes"


def test_templates_see_contents_as_they_are() -> None:
    template = "{% for m in messages %}{{ m.content.split('</think>')[-1].lstrip('\\n') }}|{% endfor %}"
    assert prompt(template, Message("assistant", "<think>\nhm\n</think>\n\nYes"), USER) == "Yes|Hello|"


def test_a_system_message_that_is_refused_becomes_part_of_the_users() -> None:
    assert prompt(ALTERNATING, SYSTEM, USER) == "[user] Be kind.\nHello</s>[assistant] "


def test_a_system_message_that_is_dropped_becomes_part_of_the_users() -> None:
    template = "{% for m in messages if m.role == 'user' %}{{ m.content }}|{% endfor %}"
    assert prompt(template, SYSTEM, USER) == "Be kind.\nHello|"


def test_neighbours_of_one_role_become_one_message_where_roles_must_alternate() -> None:
    assert prompt(ALTERNATING, USER, USER) == "[user] Hello\n\nHello</s>[assistant] "
    assert prompt(CHATML, USER, USER).count("<|im_start|>user") == 2


def test_what_is_refused_in_every_way_is_refused_for_the_first_reason() -> None:
    with pytest.raises(Refused, match="roles must alternate"):
        prompt(ALTERNATING, Message("assistant", "Hi"), USER)


def test_a_template_that_has_nothing_to_say_about_some_messages_says_nothing() -> None:
    assert prompt("{% if messages|length == 1 %}{{ messages[0].content }}{% endif %}", USER, USER, USER) == (
        "Hello\n\nHello\n\nHello"
    )
    assert prompt("{% if '4711' in messages[0].content %}{{ messages[0].content }}{% endif %}", USER) == ""


def test_contents_may_be_wanted_as_lists_of_typed_parts() -> None:
    typed = (
        "{% for m in messages %}{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}|{% endif %}"
        "{% endfor %}{% endfor %}"
    )
    assert prompt(typed, SYSTEM, USER) == "Be kind.|Hello|"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{% for m in messages %}{{ m.role }}{% endfor %}", "it leaves out what the user says"),
        ("{{ raise_exception('no') }}", "no"),
        ("{{ undefined.attribute }}", "UndefinedError"),
    ],
)
def test_a_template_that_cannot_say_what_a_user_says_is_unusable(template: str, reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        own(template)
