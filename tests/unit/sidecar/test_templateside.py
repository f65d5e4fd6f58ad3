"""The dialect of jinja2 that chat templates are written in."""

from datetime import datetime
from typing import Any

import pytest

from localai_sidecar.chat import templateside
from localai_sidecar.chat.templateside import renderer


def render(template: str, **variables: Any) -> str:
    """The rendering, or `!` and the problem."""
    answer = renderer()
    compiled = answer({"template": template})
    result = compiled if compiled else answer({"messages": [], **variables})
    return str(result.get("text", f"!{result.get('problem')}"))


def test_a_blocks_own_line_leaves_nothing_behind() -> None:
    assert render("a\n  {% if true %}\nb\n  {% endif %}\nc") == "a\nb\nc"


def test_loops_can_be_left_and_rounds_skipped() -> None:
    assert (
        render("{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% break %}{% endfor %}") == "0"
    )


def test_json_is_written_as_transformers_does() -> None:
    value = {"b": "<é>", "a": [1]}
    assert render("{{ x|tojson }}", x=value) == '{"b": "<é>", "a": [1]}'
    assert render("{{ x|tojson(indent=1, sort_keys=true) }}", x={"b": 1, "a": 2}) == '{\n "a": 2,\n "b": 1\n}'
    assert render("{{ x|tojson(ensure_ascii=true, separators=(',', ':')) }}", x=value) == '{"b":"<\\u00e9>","a":[1]}'


def test_the_date_is_the_local_one() -> None:
    before = datetime.now()
    rendered = render("{{ strftime_now('%Y-%m-%d') }}")
    assert rendered in {f"{moment:%Y-%m-%d}" for moment in (before, datetime.now())}


def test_what_the_assistant_wrote_may_be_marked_for_training() -> None:
    template = "{% set x = 1 %}{% generation %}{% set x = 2 %}{{ x }}{% endgeneration %}{{ x }}"
    assert render(template) == "21"


def test_a_template_can_refuse() -> None:
    assert render("{{ raise_exception('only user and assistant') }}") == "!only user and assistant"


def test_a_mistake_in_a_template_is_named() -> None:
    assert render("{% for %}").startswith("!TemplateSyntaxError: ")
    assert render("{{ nothing.at.all }}").startswith("!UndefinedError: ")


def test_the_text_of_a_message_is_no_template() -> None:
    assert render("{{ x }}", x="{{ 1 + 1 }}<&>") == "{{ 1 + 1 }}<&>"


def test_a_mistake_leaves_the_template_usable() -> None:
    answer = renderer()
    answer({"template": "{{ x.y.z }}"})
    assert "problem" in answer({"x": 1})
    assert answer({"x": {"y": {"z": "fine"}}}) == {"text": "fine"}


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ x.update({'a': 1}) }}",
        "{{ raise_exception.__globals__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ dict.__class__.__base__ }}",
        "{{ namespace(__class__=1) }}",
        "{% set n = namespace() %}{% set n['_x'] = 1 %}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ range(10**9) }}",
    ],
)
def test_a_template_reaches_nothing_but_its_values(template: str) -> None:
    rendered = render(template, x={})
    assert rendered == "" or rendered.startswith("!"), rendered


def test_a_rendering_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templateside, "LONGEST_RENDERING", 100)
    assert render("{{ 'x' * 100 }}") == "x" * 100
    assert render("{{ 'x' * 101 }}") == "!it renders more than 100 characters"
