"""The full benchmarks' own arithmetic: costs and delays from the stub's stamps, rates and pauses from arrivals."""

from __future__ import annotations

import json

import pytest

from benchmarks.table.engine import Delta, EngineFailed, Reply, is_answer, reply_of
from benchmarks.table.measurements import cost, deltas
from benchmarks.table.measurements.busy import best_fixed
from benchmarks.table.measurements.conversation import computed_of_new, words
from benchmarks.table.stub import Stamp
from benchmarks.table.timeline import ADAPT_S, STAGE_S, Arrival, Stage, stage_of, stages_of


def test_the_cost_of_a_token_is_that_of_its_window_in_all_replies_but_the_first() -> None:
    stamps = [
        Stamp(at=0.0, cpu=reply * 100.0 + token * (1.0 if reply == 0 else 5e-6))
        for reply in range(cost.REPLIES)
        for token in range(cost.REPLY_TOKENS)
    ]
    assert cost.cost_us(stamps, cost.EARLY) == pytest.approx(5.0)
    assert cost.cost_us(stamps, cost.LATE) == pytest.approx(5.0)
    with pytest.raises(AssertionError, match=r"the stub handed out \d+ tokens"):
        cost.cost_us(stamps[:-1], cost.LATE)


def test_a_delta_is_timed_from_its_newest_token_and_its_oldest() -> None:
    stamps = [Stamp(at, cpu) for at, cpu in ((1.000, 0.5), (1.001, 0.0), (1.002, 0.0), (1.010, 0.5003))]
    arrived = [Delta(1.0005, 1, "a"), Delta(1.0024, 2, "bc"), Delta(1.0101, 1, "d")]
    found = deltas.delays(stamps, arrived)
    assert found.newest == pytest.approx([0.5, 0.4, 0.1])
    assert found.oldest == pytest.approx([0.5, 1.4, 0.1])
    assert found.cpu_us == pytest.approx(100.0)


def test_deltas_that_do_not_hold_every_token_are_not_timed() -> None:
    with pytest.raises(AssertionError):
        deltas.delays([Stamp(1.0, 0.1), Stamp(2.0, 0.0)], [Delta(1.1, 1, "a")])


def test_one_long_gap_in_twenty_shows_in_the_gaps_and_an_even_stream_is_one() -> None:
    even = [Delta(at * 0.02, 1, "x") for at in range(200)]
    uneven = [Delta(at * 0.02 + at // 20 * 0.04, 1, "x") for at in range(200)]
    assert deltas.unevenness(even) == pytest.approx(1.0)
    assert deltas.unevenness(uneven) == pytest.approx(3.0)


def arrivals(began: float, slow_until: float, slow: float, fast: float) -> list[Arrival]:
    """Tokens at `slow` a second until `slow_until` seconds after the beginning, then at `fast`."""
    times, now = [], 0.0
    while now < STAGE_S:
        now += 1 / (slow if now < slow_until else fast)
        times.append((began + now, 1))
    return times


def test_a_stage_counts_what_comes_after_the_time_for_adapting() -> None:
    stage = stage_of(1, 100.0, arrivals(100.0, slow_until=ADAPT_S - 0.5, slow=5, fast=40))
    assert stage.rate == pytest.approx(40, rel=0.01)
    assert stage.settled_s == pytest.approx(ADAPT_S - 0.6, abs=0.15)
    assert stage.slowest_second == pytest.approx(1, abs=0.05)


def test_flapping_shows_in_the_slowest_second() -> None:
    steady = arrivals(0.0, slow_until=0.0, slow=1, fast=40)
    flapping = [arrival for arrival in steady if not 3.0 < arrival[0] < 3.7]
    assert stage_of(0, 0.0, steady).slowest_second > 0.9
    assert stage_of(0, 0.0, flapping).slowest_second < 0.4


def test_a_stage_in_which_nothing_came_is_slow_and_no_failure() -> None:
    stage = stage_of(2, 0.0, [])
    assert stage.rate == pytest.approx(1 / (STAGE_S - ADAPT_S))
    assert stage.settled_s == STAGE_S


def test_cores_are_taken_one_then_all_and_given_back() -> None:
    assert stages_of(1) == [0, 1, 0]
    assert stages_of(2) == [0, 1, 2, 0]
    assert stages_of(8) == [0, 1, 8, 0]


def test_the_best_fixed_count_is_neither_the_adapted_one_nor_the_server() -> None:
    def stage(rate: float) -> list[Stage]:
        return [Stage(busy=0, rate=rate, slowest_second=1.0, settled_s=0.0)]

    rates = {"adapted": 50.0, "1 thread": 22.0, "2 threads": 14.0, "llama-server": 60.0}
    assert best_fixed({name: stage(rate) for name, rate in rates.items()}) == "1 thread"


def test_a_reply_is_read_from_its_lines_and_an_error_is_raised() -> None:
    delta = {"jsonrpc": "2.0", "method": "generate/delta", "params": {"id": 3, "seq": 0, "text": "é", "tokens": 2}}
    beat = {"jsonrpc": "2.0", "method": "generate/progress", "params": {"id": 3}}
    answer = {"jsonrpc": "2.0", "id": 3, "result": {"completionTokens": 2}}
    lines = [(at, json.dumps(message).encode()) for at, message in ((1.0, beat), (1.5, delta), (1.6, answer))]
    assert [is_answer(line, 3) for _, line in lines] == [False, False, True]
    reply = reply_of(0.9, lines)
    assert reply.text == "é"
    assert reply.first_token_s == pytest.approx(0.6)
    error = json.dumps({"jsonrpc": "2.0", "id": 3, "error": {"code": -32010, "message": "no model"}}).encode()
    with pytest.raises(EngineFailed, match="no model"):
        reply_of(0.9, [(1.0, error)])


def test_only_the_new_tokens_computed_is_one() -> None:
    reply = Reply(0.0, {"promptTokens": 1068, "cachedTokens": 1003}, ())
    assert computed_of_new(reply, known=1003) == 1.0
    reply = Reply(0.0, {"promptTokens": 1068, "cachedTokens": 0}, ())
    assert computed_of_new(reply, known=1003) > 16


def test_a_row_of_words_has_exactly_the_tokens_asked_for() -> None:
    assert len(words(lambda text: len(text.split()) + 1, 1000).split()) == 999
    with pytest.raises(AssertionError, match="no row of words makes 7 tokens"):
        words(lambda text: 2 * len(text.split()), 7)
