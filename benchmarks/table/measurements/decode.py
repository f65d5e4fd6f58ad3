"""How fast a reply is written: beside llama-bench's own loop, and beside llama-server as a client sees both."""

from __future__ import annotations

from pathlib import Path

from benchmarks.sidebyside.sides import DECODE, SHORT_PROMPT, llama_bench_sample, sidecar_sample
from benchmarks.table.engine import Engine, Reply
from benchmarks.table.rows import Row, at_least, ratio_row
from benchmarks.table.server import Server
from benchmarks.table.setting import PREDICT, REPETITIONS, Setting, assert_same_plug_in

WARM_UP = 2


def beside_llama_bench(setting: Setting) -> list[Row]:
    """`tg128`, by the same samples as the gate's."""
    with setting.warm_environment():
        pairs = setting.pairs_of(
            "decode beside llama-bench",
            lambda: sidecar_sample(setting.placed, setting.work, DECODE, SHORT_PROMPT).timed.rate,
            lambda: llama_bench_sample(setting.placed, setting.work, DECODE).timed.rate,
        )
    return [ratio_row("decode, beside llama-bench", at_least(0.98), pairs, anchor="llama-bench", unit="tok/s")]


def beside_llama_server(setting: Setting) -> list[Row]:
    """Tokens between the first and the last one streamed, at the client's end of pipe or socket."""
    with setting.warm_cache() as cache:
        _check_kernels(setting, cache)
        pairs = setting.pairs_of(
            "decode beside llama-server", lambda: _ours(setting, cache), lambda: _llama_server(setting)
        )
    return [ratio_row("decode, end to end", at_least(1.0), pairs, anchor="llama-server", unit="tok/s")]


def _check_kernels(setting: Setting, cache: Path) -> None:
    with Engine(setting.program, cache=cache) as engine, Server(setting.llama_server, setting.tiny_model) as server:
        engine.initialize()
        engine.load(setting.tiny_model)
        assert_same_plug_in(engine.process.pid, server.process.pid)


def _ours(setting: Setting, cache: Path) -> float:
    with Engine(setting.program, cache=cache) as engine:
        engine.initialize()
        engine.load(setting.model, threads=setting.threads)
        engine.generate(prompt=SHORT_PROMPT, maxTokens=WARM_UP)
        return max(rate(engine.generate(prompt=SHORT_PROMPT, maxTokens=PREDICT)) for _ in range(REPETITIONS))


def _llama_server(setting: Setting) -> float:
    with Server(setting.llama_server, setting.model) as server:
        server.complete(SHORT_PROMPT, WARM_UP)
        return max(server.complete(SHORT_PROMPT, PREDICT).rate for _ in range(REPETITIONS))


def rate(reply: Reply) -> float:
    """Tokens per second between the first and the last delta; the first one's tokens came before the clock started."""
    assert reply.result["completionTokens"] == PREDICT, reply.result
    tokens = sum(delta.tokens for delta in reply.deltas[1:])
    return tokens / (reply.deltas[-1].at - reply.deltas[0].at)
