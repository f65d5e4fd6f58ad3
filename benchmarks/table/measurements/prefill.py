"""How fast a prompt is read: beside llama-bench's own loop, and as the time to first token beside llama-server's."""

from __future__ import annotations

from pathlib import Path

from benchmarks.sidebyside.sides import PREFILL, SHORT_PROMPT, llama_bench_sample, prompt_of, sidecar_sample
from benchmarks.table.engine import Engine
from benchmarks.table.rows import Row, at_least, at_most, ratio_row
from benchmarks.table.server import Server
from benchmarks.table.setting import PROMPT_TOKENS, REPETITIONS, Setting


def beside_llama_bench(setting: Setting) -> list[Row]:
    """`pp512`, by the same samples as the gate's."""
    with setting.warm_environment():
        prompt = prompt_of(setting.placed, setting.work)
        pairs = setting.pairs_of(
            "prefill beside llama-bench",
            lambda: sidecar_sample(setting.placed, setting.work, PREFILL, prompt).timed.rate,
            lambda: llama_bench_sample(setting.placed, setting.work, PREFILL).timed.rate,
        )
    return [ratio_row("prefill 512, beside llama-bench", at_least(0.98), pairs, anchor="llama-bench", unit="tok/s")]


def first_token_of_a_cold_prompt(setting: Setting) -> list[Row]:
    """From the request to the first streamed token, in a warm process with nothing of the prompt kept."""
    with setting.warm_environment() as cache:
        prompt = prompt_of(setting.placed, setting.work)
        pairs = setting.pairs_of(
            "first token of a cold prompt",
            lambda: _ours(setting, cache, prompt),
            lambda: _llama_server(setting, prompt),
        )
    return [
        ratio_row(
            "first token of a cold prompt of 512",
            at_most(1.0),
            pairs,
            anchor="llama-server",
            unit="ms",
            shown=lambda seconds: seconds * 1000,
        )
    ]


def _ours(setting: Setting, cache: Path, prompt: str) -> float:
    with Engine(setting.program, cache=cache) as engine:
        engine.initialize()
        engine.load(setting.model, threads=setting.threads)
        engine.generate(prompt=SHORT_PROMPT, maxTokens=1)
        return min(_our_cold_prompt(engine, prompt) for _ in range(REPETITIONS))


def _our_cold_prompt(engine: Engine, prompt: str) -> float:
    reply = engine.generate(prompt=prompt, maxTokens=1)
    assert (reply.result["promptTokens"], reply.result["cachedTokens"]) == (PROMPT_TOKENS, 0), reply.result
    return reply.first_token_s


def _llama_server(setting: Setting, prompt: str) -> float:
    with Server(setting.llama_server, setting.model) as server:
        server.complete(SHORT_PROMPT, 1)
        return min(_their_cold_prompt(server, prompt) for _ in range(REPETITIONS))


def _their_cold_prompt(server: Server, prompt: str) -> float:
    completion = server.complete(prompt, 1)
    counts = completion.last["timings"]
    assert (counts["prompt_n"], counts["cache_n"]) == (PROMPT_TOKENS, 0), counts
    return completion.first_token_s
