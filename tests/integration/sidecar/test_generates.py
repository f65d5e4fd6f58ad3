"""What `generate` writes, and what it says about it."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sidecarkit.sidecar_client import Answer, ErrorAnswer, SidecarClient

GREEDY = {"prompt": "Once upon a time", "temperature": 0, "maxTokens": 40}
STORY = ", there was a little girl named Lily. She loved to play outside in the park."


def generate(client: SidecarClient, **params: Any) -> Answer:
    return client.request("generate", params)


def test_the_tiny_model_tells_its_story(engine: SidecarClient) -> None:
    answer = generate(engine, **GREEDY)
    assert answer.text.startswith(STORY)
    assert answer.result["finishReason"] == "length"
    assert answer.result["completionTokens"] == 40
    assert answer.result["promptTokens"] == 5, "four words and BOS"
    assert answer.result["cachedTokens"] == 0


def test_deltas_are_numbered_and_add_up_to_the_result(engine: SidecarClient) -> None:
    answer = generate(engine, prompt="Once upon a time", temperature=0, maxTokens=200)
    deltas = [each.params for each in answer.of("generate/delta")]
    assert [each["seq"] for each in deltas] == list(range(len(deltas)))
    assert all(each["text"] for each in deltas)
    assert sum(each["tokens"] for each in deltas) == answer.result["completionTokens"] == 200
    assert sum(len(each["text"]) for each in deltas) == answer.result["characters"]
    assert len(deltas) < 200, "tokens faster than every 10 ms share a delta"


def test_the_first_text_is_sent_at_once(engine: SidecarClient) -> None:
    first = generate(engine, **GREEDY).of("generate/delta")[0]
    assert first.params["tokens"] == 1


def test_timings_agree_with_each_other(engine: SidecarClient) -> None:
    answer = generate(engine, **GREEDY)
    timings = answer.result["timings"]
    whole_ms = (answer.answered_at - answer.sent_at) * 1000
    assert 0 <= timings["queueMs"] <= timings["firstTokenMs"] <= whole_ms
    assert timings["decodeTokensPerSecond"] == pytest.approx(39 / timings["decodeMs"] * 1000, rel=0.01)
    assert timings["promptTokensPerSecond"] == pytest.approx(5 / timings["promptMs"] * 1000, rel=0.01)


def test_rates_are_null_below_two_tokens(engine: SidecarClient) -> None:
    timings = generate(engine, prompt="", maxTokens=1).result["timings"]
    assert (timings["promptTokensPerSecond"], timings["decodeTokensPerSecond"]) == (None, None)


def test_the_same_seed_writes_the_same_text(engine: SidecarClient) -> None:
    ask = {"prompt": "One day", "temperature": 1.0, "maxTokens": 60}
    first = generate(engine, **ask)
    again = generate(engine, **ask, seed=first.result["seed"])
    other = generate(engine, **ask, seed=(first.result["seed"] + 1) % 1000)
    assert again.text == first.text
    assert other.text != first.text


@pytest.mark.parametrize("options", [{"topK": 1}, {"topP": 1e-9}, {"minP": 1.0}, {"temperature": 1e-30}], ids=str)
def test_options_that_leave_one_choice_write_the_greedy_text(engine: SidecarClient, options: dict[str, Any]) -> None:
    ask = {**GREEDY, "temperature": 0.8, "seed": 1, **options}
    assert generate(engine, **ask).text == generate(engine, **GREEDY).text


def test_a_repeat_penalty_changes_the_text_alike_with_and_without_the_short_cut(engine: SidecarClient) -> None:
    ask = {"prompt": "Once upon a time", "maxTokens": 150, "repeatPenalty": 1.3}
    by_short_cut = generate(engine, **ask, temperature=0)
    over_everything = generate(engine, **ask, temperature=0.8, minP=1.0, topK=0, seed=1)
    assert by_short_cut.text == over_everything.text
    assert by_short_cut.text != generate(engine, prompt="Once upon a time", maxTokens=150, temperature=0).text


def test_stop_text_ends_the_reply_and_is_never_sent(engine: SidecarClient) -> None:
    answer = generate(engine, **{**GREEDY, "stop": ["outside in", "never there"]})
    assert answer.text == STORY.partition("outside in")[0]
    assert answer.result["finishReason"] == "stop"
    assert answer.result["characters"] == len(answer.text)
    tokens = answer.result["completionTokens"]
    assert "outside in" in generate(engine, **{**GREEDY, "maxTokens": tokens}).text, "withheld text is counted"


def test_text_that_only_began_a_stop_string_is_sent_in_the_end(engine: SidecarClient) -> None:
    plain = generate(engine, **GREEDY).text
    assert generate(engine, **GREEDY, stop=[plain[-3:] + "§"]).text == plain


def test_a_reply_that_fills_the_context_ends_with_length(engine: SidecarClient) -> None:
    prompt = "Once upon a time there was. " * 30
    answer = generate(engine, prompt=prompt, maxTokens=100_000, temperature=1.5, seed=3)
    while answer.result["finishReason"] == "stop":
        answer = generate(engine, prompt=prompt, maxTokens=100_000, temperature=1.5)
    assert answer.result["finishReason"] == "length"
    assert answer.result["promptTokens"] + answer.result["completionTokens"] == 512 + 1


def test_a_context_length_that_llama_cpp_would_round_up_is_kept(
    load: Callable[..., SidecarClient], tiny_model: Path
) -> None:
    client = load(tiny_model, contextLength=16)
    answer = generate(client, prompt="Once upon a time", temperature=0)
    assert answer.result["promptTokens"] + answer.result["completionTokens"] == 16 + 1
    with pytest.raises(ErrorAnswer) as caught:
        generate(client, prompt="Once upon a time there was a little girl who lived in a house")
    assert caught.value.code == -32011
    assert caught.value.data["contextLength"] == 16
    assert caught.value.data["promptTokens"] > 16


def test_an_empty_prompt_starts_from_bos(engine: SidecarClient) -> None:
    answer = generate(engine, prompt="", temperature=0, maxTokens=10)
    assert answer.result["promptTokens"] == 1
    assert answer.text


def test_control_tokens_count_in_a_prompt_and_are_text_in_a_message(engine: SidecarClient) -> None:
    def tokens(**params: Any) -> int:
        return int(generate(engine, maxTokens=1, **params).result["promptTokens"])

    assert tokens(prompt="Lily</s>") == tokens(prompt="Lily") + 1
    assert tokens(prompt="<s>Lily") == tokens(prompt="Lily"), "BOS is not doubled"
    plain = tokens(messages=[{"role": "user", "content": "Lily"}])
    assert tokens(messages=[{"role": "user", "content": "Lily</s>"}]) > plain + 1


def test_messages_without_a_template_take_the_plain_form(engine: SidecarClient) -> None:
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    by_messages = generate(engine, messages=messages, temperature=0, maxTokens=30)
    by_prompt = generate(engine, prompt="system: Be kind.\nuser: Hello\nassistant:", temperature=0, maxTokens=30)
    assert by_messages.text == by_prompt.text
    assert by_messages.result["promptTokens"] == by_prompt.result["promptTokens"]


def test_a_last_assistant_message_is_continued(engine: SidecarClient) -> None:
    messages = [{"role": "user", "content": "Tell"}, {"role": "assistant", "content": "Once upon"}]
    continued = generate(engine, messages=messages, temperature=0, maxTokens=30)
    by_prompt = generate(engine, prompt="user: Tell\nassistant: Once upon", temperature=0, maxTokens=30)
    assert continued.text == by_prompt.text


def test_characters_of_several_bytes_are_never_cut(engine: SidecarClient) -> None:
    answer = generate(engine, prompt="日本語 ñ 😀 ", temperature=2.0, topK=0, topP=1, minP=0, maxTokens=400, seed=11)
    for delta in answer.of("generate/delta"):
        delta.params["text"].encode("utf-8")
    assert answer.result["characters"] == len(answer.text)


def test_generate_before_load_says_so(ready: SidecarClient) -> None:
    with pytest.raises(ErrorAnswer) as caught:
        generate(ready, prompt="x")
    assert caught.value.code == -32010


def test_parameters_are_checked_before_the_model_is_missed(ready: SidecarClient) -> None:
    with pytest.raises(ErrorAnswer) as caught:
        generate(ready, prompt="x", topP=0)
    assert caught.value.code == -32602


def test_progress_is_told_while_a_long_prompt_is_read(load: Callable[..., SidecarClient], slow_model: Path) -> None:
    client = load(slow_model)
    answer = client.request("generate", {"prompt": "Once upon a time. " * 120, "maxTokens": 1}, 60)
    progress = answer.of("generate/progress")
    assert progress
    times = [answer.sent_at, *(each.at for each in progress), answer.of("generate/delta")[0].at]
    assert max(later - sooner for sooner, later in pairwise(times)) < 10.0
    done = [each.params["promptTokensDone"] for each in progress]
    assert done == sorted(done)
    assert {each.params["promptTokens"] for each in progress} == {answer.result["promptTokens"]}
