"""The comparison's own parts: the order of the pairs, what is counted on either side, and the replayed times."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sidebyside.pairing import in_turn
from benchmarks.sidebyside.replay import ReplayClock
from benchmarks.sidebyside.series import Measured
from benchmarks.sidebyside.sides import (
    DECODE,
    PREFILL,
    Placed,
    Timed,
    Work,
    decode_time,
    fastest,
    llama_bench_result,
    prefill_time,
)
from sidecarkit.sidecar_client import Answer, Notification

WORK = Work(model=Path("m.gguf"), threads=2, prompt_tokens=512, predict=128, repetitions=2)


def test_pairs_are_measured_a_b_b_a_and_told_as_they_finish() -> None:
    order: list[str] = []
    told: list[tuple[int, str, str]] = []

    def side(name: str) -> str:
        order.append(name)
        return f"{name}{len(order)}"

    found = in_turn(3, lambda: side("A"), lambda: side("B"), lambda index, a, b: told.append((index, a, b)))
    assert order == ["A", "B", "B", "A", "A", "B"]
    assert found == [("A1", "B2"), ("A4", "B3"), ("A5", "B6")]
    assert told == [(0, "A1", "B2"), (1, "A4", "B3"), (2, "A5", "B6")]


def answer(result: dict[str, Any], *deltas: tuple[float, int]) -> Answer:
    notifications = tuple(
        Notification(at, "generate/delta", {"seq": seq, "text": "x", "tokens": tokens})
        for seq, (at, tokens) in enumerate(deltas)
    )
    return Answer(result, sent_at=10.0, answered_at=99.0, notifications=notifications)


def test_prefill_counts_from_the_request_to_the_first_delta() -> None:
    phase = prefill_time(answer({"promptTokens": 512}, (10.5, 1)), 512)
    assert phase == Timed(tokens=512, seconds=0.5)
    assert phase.rate == 1024.0


def test_a_prompt_of_another_length_is_not_measured() -> None:
    with pytest.raises(AssertionError, match="511"):
        prefill_time(answer({"promptTokens": 511}, (10.5, 1)), 512)


def test_decode_counts_from_first_to_last_delta_without_the_first_ones_tokens() -> None:
    phase = decode_time(answer({"completionTokens": 8}, (11.0, 2), (11.5, 3), (12.0, 3)))
    assert phase == Timed(tokens=6, seconds=1.0)


def test_deltas_that_lost_a_token_are_not_measured() -> None:
    with pytest.raises(AssertionError):
        decode_time(answer({"completionTokens": 8}, (11.0, 1), (12.0, 6)))


def test_the_fastest_repetition_counts_by_rate_not_by_seconds() -> None:
    assert fastest([Timed(tokens=10, seconds=2.0), Timed(tokens=30, seconds=3.0)]).tokens == 30


def llama_bench_json(**changed: object) -> str:
    test = {"n_threads": 2, "n_prompt": 0, "n_gen": 128, "samples_ns": [300_000_000, 250_000_000], "devices": "none"}
    return json.dumps([test | changed])


LOG = "load_backend: loaded CPU backend from /there/libggml-cpu-zen4.so\n"


def test_llama_benchs_json_gives_its_fastest_repetition_and_its_log_the_plug_in() -> None:
    decode = llama_bench_result(llama_bench_json(), LOG, WORK, DECODE)
    assert decode.timed == Timed(tokens=128, seconds=0.25)
    assert decode.plug_in == Path("/there/libggml-cpu-zen4.so")
    prefill = llama_bench_result(llama_bench_json(n_prompt=512, n_gen=0), LOG, WORK, PREFILL)
    assert prefill.timed == Timed(tokens=512, seconds=0.25)


@pytest.mark.parametrize(
    "changed", [{"n_threads": 1}, {"n_gen": 64}, {"n_prompt": 512}, {"samples_ns": [1]}, {"devices": "Vulkan0"}]
)
def test_a_llama_bench_that_measured_something_else_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        llama_bench_result(llama_bench_json(**changed), LOG, WORK, DECODE)


def test_a_llama_bench_that_does_not_name_its_plug_in_is_refused() -> None:
    with pytest.raises(AssertionError, match="which CPU plug-in"):
        llama_bench_result(llama_bench_json(), "", WORK, DECODE)


def test_on_a_graphics_card_the_plug_in_of_its_backend_counts() -> None:
    log = f"{LOG}load_backend: loaded Vulkan backend from /there/libggml-vulkan.so\n"
    on_card = replace(WORK, device="Vulkan0")
    decode = llama_bench_result(llama_bench_json(devices="Vulkan0"), log, on_card, DECODE)
    assert decode.plug_in == Path("/there/libggml-vulkan.so")
    with pytest.raises(AssertionError):
        llama_bench_result(llama_bench_json(devices="none"), log, on_card, DECODE)


@pytest.mark.parametrize(
    ("device", "called"), [("CPU", ("decode", "writing")), ("Vulkan0", ("decode-Vulkan0", "writing on Vulkan0"))]
)
def test_figures_of_the_processor_keep_their_names_and_others_say_the_device(
    device: str, called: tuple[str, str]
) -> None:
    placed = Placed(program=Path("p"), libraries=Path("l"), llama_bench=Path("b"), target="t")
    figure = Measured(placed=placed, work=replace(WORK, device=device), series={}).figure("decode", "writing")
    assert (figure["figure"], figure["title"], figure["device"]) == (*called, device)


REPLAY = ReplayClock()


@pytest.mark.benchmark(timer=REPLAY)
def test_replayed_durations_are_what_pytest_benchmark_keeps(benchmark: Any) -> None:
    REPLAY.play(benchmark, [0.5, 0.25, 2.0])
    assert benchmark.stats.stats.data == [0.5, 0.25, 2.0]
