"""`cancel`: the answer comes soon, says so, and the engine is free again."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import ErrorAnswer, SidecarClient

# The protocol promises 250 ms in decoding and 1 s in prefill.
CANCEL_LIMIT_S = 2.5
PREFILL_CANCEL_LIMIT_S = 10.0
LONG_PROMPT = "Once upon a time there was a little girl. " * 400

Load = Callable[..., SidecarClient]


def test_a_reply_that_is_cancelled_answers_with_what_it_wrote(load: Load, slow_model: Path) -> None:
    client = load(slow_model)
    request = client.send("generate", {"prompt": "Once", "maxTokens": 8000, "seed": 7})
    client.wait_for("generate/delta", request, 30)
    cancelled_at = time.perf_counter()
    client.notify("cancel", {"id": request})
    answer = client.wait(request, 30)
    assert answer.answered_at - cancelled_at < CANCEL_LIMIT_S
    assert answer.result["finishReason"] == "cancelled"
    assert answer.result["characters"] == len(answer.text) > 0
    assert answer.result["seed"] == 7


def test_a_prompt_that_is_cancelled_answers_without_text(load: Load, slow_model: Path) -> None:
    client = load(slow_model)
    request = client.send("generate", {"prompt": LONG_PROMPT})
    client.wait_for("generate/progress", request, 30)
    cancelled_at = time.perf_counter()
    client.notify("cancel", {"id": request})
    answer = client.wait(request, 30)
    assert answer.answered_at - cancelled_at < PREFILL_CANCEL_LIMIT_S
    assert answer.result["finishReason"] == "cancelled"
    assert answer.result["completionTokens"] == 0
    assert answer.result["timings"]["firstTokenMs"] == 0
    assert answer.text == ""


def test_after_a_cancelled_prompt_the_next_reply_is_as_if_there_had_been_none(load: Load, slow_model: Path) -> None:
    client = load(slow_model)
    ask = {"prompt": "Once upon a time", "temperature": 0, "maxTokens": 12}
    before = client.request("generate", ask).text
    request = client.send("generate", {"prompt": LONG_PROMPT})
    client.wait_for("generate/progress", request, 30)
    client.notify("cancel", {"id": request})
    client.wait(request, 30)
    assert client.request("generate", ask).text == before


def test_an_id_of_another_type_cancels_nothing(engine: SidecarClient) -> None:
    request = engine.send("generate", {"prompt": "Once", "maxTokens": 300})
    engine.notify("cancel", {"id": str(request)})
    assert engine.wait(request, 30).result["finishReason"] != "cancelled"


def test_unknown_ids_and_broken_cancels_are_ignored(engine: SidecarClient) -> None:
    for params in ({"id": 4711}, {"id": None}, {"id": [1]}, {}, None):
        engine.notify("cancel", params)
    assert engine.request("ping").result == {}


def test_a_cancelled_load_is_answered_as_cancelled_and_leaves_no_half_model(
    ready: SidecarClient, slow_model: Path, tiny_model: Path
) -> None:
    request = ready.send("model/load", {"path": str(slow_model)})
    ready.notify("cancel", {"id": request})
    with pytest.raises(ErrorAnswer) as caught:
        ready.wait(request, 30)
    assert caught.value.code == -32800
    assert ready.request("status").result["state"] == "idle"
    assert ready.request("model/load", {"path": str(tiny_model)}).result["model"]["name"] == "stories260K"


def test_pings_are_answered_at_once_in_prefill(load: Load, slow_model: Path) -> None:
    client = load(slow_model)
    request = client.send("generate", {"prompt": LONG_PROMPT})
    client.wait_for("generate/progress", request, 30)
    answer = client.request("ping")
    assert answer.answered_at - answer.sent_at < 1.0
    client.notify("cancel", {"id": request})
    with pytest.raises(ErrorAnswer):
        client.request("generate", {"prompt": "x", "topP": 7})
    client.wait(request, 30)
