"""Smoke's judgement, tried on little scripted programs that do one thing wrong each."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from sidecarkit import exchange
from sidecarkit.errors import ConfigError, SmokeFailed
from sidecarkit.exchange import Exchange
from sidecarkit.stages import smoke

ROOT = Path(__file__).parents[3]

# Answers as much as the exchange below asks for; `{wrong}` runs first and may replace any piece.
SCRIPT = """#!{python}
import json, sys, time
def give(**fields):
    print(json.dumps(fields), flush=True)
identity = {{"variant": "cpu", "buildId": "abc"}}
devices = [{{"name": "CPU", "state": "ready"}}, {{"name": "GPU", "state": "skipped"}}]
text = " a time"
before_status = before_write = after_end = lambda: None
exit_code = 0
{wrong}
for line in sys.stdin:
    asked = json.loads(line)
    if asked["ask"] == "who":
        give(id=1, **identity)
    elif asked["ask"] == "status":
        before_status()
        give(id=2, devices=devices)
    elif asked["ask"] == "write":
        before_write()
        for part in (text[:2], text[2:]):
            give(said={{"text": part}})
        give(id=3, tokens=2)
    elif asked["ask"] == "end":
        give(id=4)
        after_end()
        sys.exit(exit_code)
"""

LINES = [
    {"about": "nothing in particular"},
    {"never": {"warning": {}}},
    {"to": {"ask": "who"}},
    {"from": {"id": 1, "variant": "${variant}", "buildId": "${buildId}"}},
    {"to": {"ask": "status"}},
    {"from": {"id": 2, "devices": [{"name": "CPU", "state": "ready"}]}},
    {"to": {"ask": "write"}},
    {"from": {"id": 3, "tokens": 2}},
    {"text": " a", "of": {"said": {}}, "at": "said.text"},
    {"to": {"ask": "end"}},
    {"from": {"id": 4}},
    {"exit": 0},
]


def recorded(folder: Path, *lines: object, within: float = 20) -> Exchange:
    path = folder / "exchange.jsonl"
    bounded = [{**line, "within": within} if {"from", "exit"} & {*line} else line for line in lines or LINES]  # type: ignore[dict-item,misc]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in bounded), encoding="utf-8")
    return exchange.read(path, {"variant": "cpu", "buildId": "abc"})


def program(folder: Path, wrong: str = "") -> Path:
    path = folder / "echo-sidecar"
    path.write_text(SCRIPT.format(python=sys.executable, wrong=wrong), encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_layout_that_does_all_of_it_right_passes_with_its_text(tmp_path: Path) -> None:
    evidence = smoke.prove(program(tmp_path), recorded(tmp_path))
    assert evidence["text"] == " a time"
    assert evidence["readyMs"] > 0


@pytest.mark.parametrize(("wrong", "said"), [
    ('text = " the time"', "should begin with ' a', found ' the time'"),
    ('identity["variant"] = "cuda"', 'expected a line like .*"cpu".*found .*"cuda"'),
    ('identity["buildId"] = "old"', 'expected a line like .*"abc".*found .*"old"'),
    ('devices[0]["state"] = "probing"', 'expected .*"ready".*found .*"probing"'),
    ("del devices[0]", 'expected .*"CPU".*found .*"GPU"'),
    ('before_status = lambda: give(warning={"text": "zen4 crashed"})', 'no line like .*"warning".*zen4 crashed'),
    ('before_write = lambda: print("llama_decode: hello", flush=True)', "lines of JSON only, found .*hello"),
    ("before_write = lambda: sys.exit(70)", "exit code 70 while a line like"),
    ('after_end = lambda: print("bye", flush=True)', "nothing should follow, found b'bye"),
    ("exit_code = 3", "exit code: expected 0, found 3"),
])  # fmt: skip
def test_one_thing_wrong_fails_with_expected_and_found(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(SmokeFailed, match=said) as caught:
        smoke.prove(program(tmp_path, wrong), recorded(tmp_path))
    assert "`echo-sidecar`" in caught.value.message
    assert caught.value.exit_code == 8


@pytest.mark.parametrize(("wrong", "said"), [
    ("time.sleep(600)", '"id": 1.* did not come in time'),
    ("before_write = lambda: time.sleep(600)", '"id": 3.* did not come in time'),
    ("after_end = lambda: time.sleep(600)", "the end of stdout did not come in time"),
])  # fmt: skip
def test_a_layout_that_hangs_fails_at_the_limit_of_that_step(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(SmokeFailed, match=said):
        smoke.prove(program(tmp_path, wrong), recorded(tmp_path, within=1.0))


def test_a_layout_that_answers_slowly_passes_within_its_limit_and_fails_beyond_it(tmp_path: Path) -> None:
    slow = program(tmp_path, "before_write = lambda: time.sleep(2)")
    assert smoke.prove(slow, recorded(tmp_path))["text"] == " a time"
    with pytest.raises(SmokeFailed, match=r'"id": 3.* did not come in time') as caught:
        smoke.prove(slow, recorded(tmp_path, within=1.5))
    assert caught.value.exit_code == 8


def test_a_program_that_cannot_be_started_fails_with_the_systems_reason(tmp_path: Path) -> None:
    path = program(tmp_path)
    path.chmod(0o644)
    with pytest.raises(SmokeFailed, match="Permission denied"):
        smoke.prove(path, recorded(tmp_path))


def test_lines_that_are_no_part_of_an_exchange_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as failure:
        recorded(tmp_path, {"form": {}}, {"text": "a", "of": {}}, {"file": "x", "sha": "1"}, {"to": 1})
    message = failure.value.message
    assert "exchange.jsonl:1: none of about, file, never, to, from, text, exit has the keys form" in message
    assert "exchange.jsonl:2: `at` is missing" in message
    assert "exchange.jsonl:3: none of" in message
    assert "exchange.jsonl:4" not in message


def test_an_exchange_that_is_not_there_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        exchange.read(tmp_path / "none.jsonl", {})


def test_the_projects_exchange_belongs_to_the_demo_model_in_the_repository() -> None:
    found = exchange.read(ROOT / "ci" / "smoke" / "exchange.jsonl", {})
    smoke.check_files(found, ROOT)
    assert len(found.files) == 1
    assert sum(isinstance(step, exchange.Text) and len(step.beginning) > 60 for step in found.steps) == 2


def test_another_file_than_the_recorded_one_is_refused_with_both_hashes(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    found = recorded(tmp_path, {"file": "tiny.gguf", "sha256": "abc"}, {"file": "gone.gguf", "sha256": "abc"})
    with pytest.raises(SmokeFailed, match=r"`tiny\.gguf` of hash abc, found b836"):
        smoke.check_files(found, tmp_path)


@pytest.mark.parametrize(("value", "pattern", "alike"), [
    ({"a": 1, "b": 2}, {"a": 1}, True),
    ({"a": 1}, {"a": 1, "b": 2}, False),
    ({"a": {"b": [1, 2]}}, {"a": {"b": [2]}}, True),
    ([{"n": 1}, {"n": 2}], [{"n": 3}], False),
    ({"a": None}, {"a": None}, True),
    ({}, {"a": None}, False),
    (1, True, False),
    (7, {"a": 1}, False),
])  # fmt: skip
def test_a_value_is_like_a_pattern_when_it_has_all_that_is_asked_for(
    value: object, pattern: object, alike: bool
) -> None:
    assert exchange.is_like(value, pattern) is alike
