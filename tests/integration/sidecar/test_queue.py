"""Requests wait for their turn: in order, no more than eight, and each may be taken out again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import ErrorAnswer, SidecarClient

LIMIT_S = 30.0


@pytest.fixture
def occupied(load: Callable[..., SidecarClient], slow_model: Path) -> tuple[SidecarClient, int]:
    """A sidecar in the middle of a reply that lasts, and the reply's id."""
    client = load(slow_model)
    request = client.send("generate", {"prompt": "Once", "maxTokens": 8000})
    client.wait_for("generate/delta", request, LIMIT_S)
    return client, request


def test_eight_requests_wait_and_the_next_is_busy(occupied: tuple[SidecarClient, int]) -> None:
    client, running = occupied
    waiting = [client.send("tokenize", {"text": "Once upon a time"}) for _ in range(8)]
    for method, params in (("generate", {"prompt": "x"}), ("model/load", {"path": "/x"}), ("model/unload", {})):
        with pytest.raises(ErrorAnswer) as caught:
            client.request(method, params)
        assert caught.value.code == -32004
    status = client.request("status").result
    assert (status["state"], status["queued"]) == ("generating", 8)
    client.notify("cancel", {"id": running})
    assert client.wait(running, LIMIT_S).result["finishReason"] == "cancelled"
    answers = [client.wait(request, LIMIT_S) for request in waiting]
    assert [answer.result for answer in answers] == [{"tokens": 5}] * 8
    assert [answer.answered_at for answer in answers] == sorted(answer.answered_at for answer in answers)


def test_a_request_checks_its_parameters_before_it_finds_the_queue_full(occupied: tuple[SidecarClient, int]) -> None:
    client, _ = occupied
    for _ in range(8):
        client.send("tokenize", {"text": "x"})
    with pytest.raises(ErrorAnswer) as caught:
        client.request("generate", {"prompt": "x", "topP": 0})
    assert caught.value.code == -32602


def test_what_waits_is_cancelled_at_once_and_the_rest_goes_on(occupied: tuple[SidecarClient, int]) -> None:
    client, running = occupied
    withdrawn = client.send("generate", {"prompt": "x", "seed": 3})
    stays = client.send("tokenize", {"text": "Once upon a time"})
    unload = client.send("model/unload")
    client.notify("cancel", {"id": withdrawn})
    client.notify("cancel", {"id": unload})
    result = client.wait(withdrawn, LIMIT_S).result
    assert (result["finishReason"], result["seed"], result["timings"]["queueMs"]) == ("cancelled", 3, 0)
    with pytest.raises(ErrorAnswer) as caught:
        client.wait(unload, LIMIT_S)
    assert caught.value.code == -32800
    assert client.request("status").result["state"] == "generating", "the running one goes on"
    client.notify("cancel", {"id": running})
    assert client.wait(stays, LIMIT_S).result == {"tokens": 5}


def test_a_reply_that_waited_says_for_how_long(occupied: tuple[SidecarClient, int]) -> None:
    client, running = occupied
    second = client.send("generate", {"prompt": "Once", "maxTokens": 1})
    client.notify("cancel", {"id": running})
    first_answer = client.wait(running, LIMIT_S)
    timings = client.wait(second, LIMIT_S).result["timings"]
    assert 0 < timings["queueMs"] <= timings["firstTokenMs"]
    assert first_answer.answered_at > first_answer.sent_at


def test_shutdown_answers_everybody_first(occupied: tuple[SidecarClient, int]) -> None:
    client, running = occupied
    waiting = client.send("generate", {"prompt": "x"})
    ending = client.send("shutdown")
    assert client.wait(running, LIMIT_S).result["finishReason"] == "cancelled"
    with pytest.raises(ErrorAnswer) as caught:
        client.wait(waiting, LIMIT_S)
    assert caught.value.code == -32800
    assert client.wait(ending, LIMIT_S).result is None
    assert client.wait_for_exit(LIMIT_S) == 0
