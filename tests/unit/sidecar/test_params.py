"""What each method takes."""

from typing import Any

import pytest

from localai_sidecar.errors import ProtocolError
from localai_sidecar.protocol import params

CLIENT = {"name": "test", "version": "1"}
LOAD = {"path": "/model.gguf"}
PROMPT = {"prompt": "x"}


def refused(check: Any, values: Any) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        check(values)
    return caught.value


def test_defaults_are_those_of_the_protocol() -> None:
    found = params.generate(PROMPT)
    assert found == params.GenerateParams(
        prompt="x",
        messages=None,
        conversation=None,
        max_tokens=512,
        sampling=params.Sampling(temperature=0.8, top_k=40, top_p=0.95, min_p=0.05, repeat_penalty=1.0),
        seed=None,
        stop=(),
    )
    assert params.load(LOAD) == params.LoadParams("/model.gguf", 0, -1, None, 0, "auto")


@pytest.mark.parametrize(
    "values",
    [
        {"maxTokens": 1},
        {"maxTokens": 10**30},
        {"temperature": 0},
        {"temperature": 5},
        {"topK": 0},
        {"topP": 1},
        {"minP": 0},
        {"minP": 1},
        {"repeatPenalty": 2},
        {"seed": 0},
        {"seed": 2**32 - 2},
        {"stop": ["x" * 256] * 8},
        {"stop": []},
        {"conversation": "x" * 200},
        {"unknown": {"a": 1}},
        {"seed": None, "stop": None, "messages": None},
    ],
)
def test_the_edges_of_what_is_allowed_are_taken(values: dict[str, Any]) -> None:
    assert params.generate({**PROMPT, **values}).prompt == "x"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("maxTokens", 0),
        ("maxTokens", 8.0),
        ("maxTokens", True),
        ("maxTokens", "8"),
        ("temperature", -0.1),
        ("temperature", 5.01),
        ("temperature", True),
        ("temperature", float("inf")),
        ("topK", -1),
        ("topK", 1.0),
        ("topP", 0),
        ("topP", 1.01),
        ("minP", -0.01),
        ("repeatPenalty", 0),
        ("repeatPenalty", 2.01),
        ("seed", -1),
        ("seed", 2**32 - 1),
        ("stop", "x"),
        ("stop", ["x"] * 9),
        ("stop", [""]),
        ("stop", ["x" * 257]),
        ("stop", [1]),
        ("conversation", ""),
        ("conversation", "x" * 201),
        ("prompt", 1),
        ("messages", "x"),
    ],
)
def test_a_wrong_option_of_generate_is_named(name: str, value: Any) -> None:
    problem = refused(params.generate, {**PROMPT, name: value})
    assert problem.kind == "invalid_params"
    assert problem.data["parameter"] == name
    assert f"`{name}` is " in problem.message


@pytest.mark.parametrize(
    ("messages", "name"),
    [
        ([], "messages"),
        (["x"], "messages[0]"),
        ([{"role": "user", "content": "x"}, {"role": "tool", "content": "x"}], "messages[1].role"),
        ([{"content": "x"}], "messages[0].role"),
        ([{"role": "user"}], "messages[0].content"),
        ([{"role": "user", "content": ["x"]}], "messages[0].content"),
    ],
)
def test_a_wrong_message_is_named_by_its_place(messages: Any, name: str) -> None:
    assert refused(params.generate, {"messages": messages}).data["parameter"] == name


@pytest.mark.parametrize("values", [{}, {**PROMPT, "messages": [{"role": "user", "content": "x"}]}])
def test_exactly_one_of_prompt_and_messages_is_needed(values: dict[str, Any]) -> None:
    assert "exactly one" in refused(params.generate, values).message


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "path"),
        ({"path": 7}, "path"),
        ({"path": ""}, "path"),
        ({"path": "model.gguf"}, "path"),
        ({"path": "/a\0"}, "path"),
        ({**LOAD, "contextLength": 15}, "contextLength"),
        ({**LOAD, "contextLength": 1.5}, "contextLength"),
        ({**LOAD, "gpuLayers": -2}, "gpuLayers"),
        ({**LOAD, "threads": -1}, "threads"),
        ({**LOAD, "threads": 513}, "threads"),
        ({**LOAD, "device": 1}, "device"),
    ],
)
def test_a_wrong_option_of_load_is_named(values: dict[str, Any], name: str) -> None:
    assert refused(params.load, values).data["parameter"] == name


def test_the_handshake_takes_version_1_and_names_others() -> None:
    params.initialize({"protocolVersion": 1, "client": CLIENT, "cache": {"folder": "/c", "maxBytes": 0}})
    problem = refused(params.initialize, {"protocolVersion": 2})
    assert (problem.kind, problem.data["supported"]) == ("protocol_version", [1])


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"client": CLIENT}, "protocolVersion"),
        ({"protocolVersion": "1", "client": CLIENT}, "protocolVersion"),
        ({"protocolVersion": True, "client": CLIENT}, "protocolVersion"),
        ({"protocolVersion": 1.0, "client": CLIENT}, "protocolVersion"),
        ({"protocolVersion": 1}, "client"),
        ({"protocolVersion": 1, "client": []}, "client"),
        ({"protocolVersion": 1, "client": {"name": "x"}}, "client.version"),
        ({"protocolVersion": 1, "client": CLIENT, "cache": 7}, "cache"),
        ({"protocolVersion": 1, "client": CLIENT, "cache": {"folder": "x"}}, "cache.folder"),
        ({"protocolVersion": 1, "client": CLIENT, "cache": {"maxBytes": -1}}, "cache.maxBytes"),
    ],
)
def test_a_malformed_handshake_is_refused_by_name(values: dict[str, Any], name: str) -> None:
    problem = refused(params.initialize, values)
    assert (problem.kind, problem.data["parameter"]) == ("invalid_params", name)


@pytest.mark.parametrize("check", [params.initialize, params.load, params.generate])
@pytest.mark.parametrize("values", [[], "x", 7])
def test_params_must_be_an_object(check: Any, values: Any) -> None:
    assert refused(check, values).data["parameter"] == "params"


def test_a_long_value_is_quoted_in_part() -> None:
    assert len(refused(params.generate, {**PROMPT, "stop": ["x" * 10_000]}).message) < 300
