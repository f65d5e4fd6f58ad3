"""Properties of every line there can be: it is a message or is answered, and the answer is one line of the protocol.

The long run: `pytest tests/unit/sidecar/test_any_line.py --examples 20000 --timeout 0`; a million lines are sent to a
real process by `tests/fuzz/lines.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

from localai_sidecar.errors import CODES, ProtocolError
from localai_sidecar.protocol import params, rpc
from localai_sidecar.protocol.lines import LineSplitter

set_hypothesis_home_dir(Path(__file__).resolve().parents[3] / "build" / "hypothesis")

Property = Callable[[Any], None]
METHODS: dict[str, Callable[[Any], object]] = {
    "initialize": params.initialize,
    "model/load": params.load,
    "generate": params.generate,
    "tokenize": params.tokenize,
    "session/forget": params.forget,
}
FIELDS = (
    *("protocolVersion", "client", "name", "version", "cache", "folder", "maxBytes", "path", "contextLength"),
    *("gpuLayers", "device", "threads", "loadMode", "prompt", "messages", "role", "content", "conversation"),
    *("maxTokens", "temperature", "topK", "topP", "minP", "repeatPenalty", "seed", "stop", "text", "id"),
)

texts = st.text(st.characters(exclude_categories=()), max_size=20)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    texts,
    st.sampled_from(["user", "assistant", "system", "/m.gguf", "auto", 1, 0, -1, 2**53, 2**64]),
)
names = st.one_of(st.sampled_from(FIELDS), texts)
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=9), st.dictionaries(names, inner)), max_leaves=8
)
objects = st.dictionaries(names, values, max_size=6)
messages = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.one_of(st.just("2.0"), values),
        "id": st.one_of(st.integers(0, 9), values),
        "method": st.one_of(st.sampled_from([*METHODS, "ping", "cancel"]), texts),
        "params": st.one_of(objects, values),
    },
)
json_lines = st.one_of(messages, messages, values).map(
    lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
)
escaped_lines = messages.map(lambda value: json.dumps(value).encode())
deep_lines = st.integers(60, 70).map(lambda depth: b"[" * depth + b"]" * depth)
any_line = st.one_of(json_lines, escaped_lines, deep_lines, st.binary())


@pytest.fixture
def holds(pytestconfig: pytest.Config) -> Callable[[Property, st.SearchStrategy[Any]], None]:
    """Tries a property with as many examples as `--examples` says; the same ones every time."""
    rules = settings(
        max_examples=pytestconfig.getoption("examples"),
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )

    def holds(property: Property, strategy: st.SearchStrategy[Any]) -> None:
        rules(given(strategy)(property))()

    return holds


Holds = Callable[[Property, st.SearchStrategy[Any]], None]


def test_a_line_is_a_message_or_gets_an_answer_that_is_one_line(holds: Holds) -> None:
    holds(is_message_or_answered, any_line)


def is_message_or_answered(line: bytes) -> None:
    try:
        message = rpc.decode(line)
    except rpc.BadMessage as bad:
        check_error(rpc.error(bad.id, bad.error), bad.id, "invalid_request" if is_json(line) else "parse_error")
        return
    assert is_json(line)
    assert isinstance(message.method, str)
    if isinstance(message, rpc.Request):
        echoed = json.loads(rpc.result(message.id, {}))
        assert (type(echoed["id"]), echoed["id"]) == (type(message.id), message.id)


def test_params_are_understood_or_refused_by_name_and_allowed_values(holds: Holds) -> None:
    holds(are_understood_or_refused, objects | values)


def are_understood_or_refused(value: Any) -> None:
    try:
        line = rpc.notification("x", value)
    except ValueError:  # NaN and Infinity: no line holds them
        return
    received = rpc.decode(line).params
    for parse in METHODS.values():
        try:
            parse(received)
        except ProtocolError as problem:
            check_error(rpc.error(1, problem), 1, "invalid_params", "protocol_version")


def test_lines_come_out_alike_however_the_stream_is_cut(holds: Holds) -> None:
    holds(come_out_alike, st.lists(st.binary(max_size=40), max_size=12))


def come_out_alike(chunks: list[bytes]) -> None:
    limit = 30
    cut, whole = LineSplitter(limit), LineSplitter(limit)
    assert [line for chunk in chunks for line in cut.feed(chunk)] == list(whole.feed(b"".join(chunks)))


def check_error(line: bytes, id: rpc.Id | None, *kinds: str) -> None:
    assert line.index(b"\n") == len(line) - 1 <= rpc.MAX_MESSAGE_BYTES
    answer = json.loads(line.decode("utf-8"))
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", id)
    error = answer["error"]
    assert error["data"]["kind"] in kinds
    assert error["code"] == CODES[error["data"]["kind"]]
    assert error["message"]
    assert error["data"]["hint"]


def is_json(line: bytes) -> bool:
    """Whether the line is JSON to the letter, in UTF-8, and not too deep: by another way than the sidecar's."""
    constants: list[str] = []
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=constants.append)
    except (ValueError, RecursionError):
        return False
    return not constants and depth(value) <= rpc.MAX_NESTING


def depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0
