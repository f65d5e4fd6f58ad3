"""Hostile templates, in the real throw-away process: time and memory have an end, and a lost process comes back."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from localai_sidecar.chat.owntemplate import OwnTemplate
from localai_sidecar.chat.renderer import LONGEST_TEMPLATE, Refused, Renderer, Unusable, deadline

# Ten times the two seconds that a template may cost.
SOON_S = 20.0
MEMORY = "MemoryError|SIGKILL|SIGABRT|SIGSEGV"


@contextmanager
def rendering(template: str) -> Iterator[Renderer]:
    renderer = Renderer(template)
    try:
        yield renderer
    finally:
        renderer.end()


def test_an_honest_template_is_rendered_again_and_again() -> None:
    with rendering("{{ x }}") as renderer:
        assert [renderer.render({"x": text}, deadline()) for text in ("a", "é\n\0", "\ud83d")] == ["a", "é\n\0", "?"]


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "computes without end"),
        ("{{ 9 ** (9 ** 9) }}", "computes without end"),
        ("{{ 'x' * 10 ** 10 }}", MEMORY),
        ("{{ 'x'.center(messages|length * 10 ** 10) }}", MEMORY),
        (
            "{% set n = namespace(s='x') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}",
            MEMORY,
        ),
        ("{% set n = namespace(s=[1]) %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}", MEMORY),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "RecursionError|SIGSEGV"),
        ("{{ " + "(" * 50_000 + ")" * 50_000 + " }}", "RecursionError|SyntaxError|MemoryError|SIGSEGV"),
        ("{{ " + "-" * 100_000 + "1 }}", "RecursionError|SIGSEGV"),
        ("{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}", "renders more than"),
    ],
    ids=["loops", "power", "repeat", "center", "doubling", "lists", "macro", "parentheses", "signs", "long"],
)
def test_a_hostile_template_is_given_up_soon(template: str, reason: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unusable, match=reason), rendering(template) as renderer:
        OwnTemplate(renderer, "", "")
    assert time.monotonic() - started < SOON_S


def test_a_template_of_unusual_length_is_not_even_tried() -> None:
    with pytest.raises(Unusable, match=f"{LONGEST_TEMPLATE + 1} bytes"):
        Renderer("x" * (LONGEST_TEMPLATE + 1))
    with rendering("x" * LONGEST_TEMPLATE) as renderer:
        assert len(renderer.render({}, deadline())) == LONGEST_TEMPLATE


def test_the_longest_messages_that_a_line_can_bring_are_rendered() -> None:
    template = "{% for m in messages %}{{ m.role ~ ': ' ~ m.content|trim ~ '\n' }}{% endfor %}"
    one = [{"role": "user", "content": "\U0001f600" * (1 << 18)}]
    many = [{"role": "user", "content": ""}] * (1 << 15)
    with rendering(template) as renderer:
        assert len(renderer.render({"messages": one}, deadline())) == (1 << 18) + 7
        assert len(renderer.render({"messages": many}, deadline())) == (1 << 15) * 7


def test_a_refusal_ends_nothing() -> None:
    with rendering("{% if x %}{{ raise_exception('not this one') }}{% endif %}fine") as renderer:
        with pytest.raises(Refused, match="not this one"):
            renderer.render({"x": 1}, deadline())
        assert renderer.render({"x": 0}, deadline()) == "fine"


def test_a_process_that_was_killed_while_it_had_nothing_to_do_is_replaced() -> None:
    with rendering("{{ x }}") as renderer:
        assert renderer.render({"x": "before"}, deadline()) == "before"
        os.kill(renderer._child._pid, signal.SIGKILL)
        assert renderer.render({"x": "after"}, deadline()) == "after"


def test_no_process_is_left_behind() -> None:
    with rendering("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}") as renderer:
        pid = renderer._child._pid
        with pytest.raises(Unusable):
            renderer.render({}, deadline())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
