"""What a kept context saves: the next turn in the same process, and the same conversation after a restart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table.engine import Engine, Reply
from benchmarks.table.rows import Row, Side, absolute_row, at_most, ratio_row
from benchmarks.table.server import Server
from benchmarks.table.setting import Setting

CONVERSATION = "benchmark"
HISTORY_TOKENS = 1000
ANSWER_TOKENS = 4
QUESTION_TOKENS = 64
QUESTION = " and" * QUESTION_TOKENS
# Random weights write random pieces, which do not always tokenise to themselves; with some seed they do.
MOST_SEEDS = 40
# A context is written when nothing more is asked for a while.
KEPT_LIMIT_S = 30.0
KEPT_BYTES = 1_000_000
PAUSE_S = 0.02


@dataclass(frozen=True, kw_only=True)
class Turns:
    """A conversation of one turn, and the prompt of the next; `known` of its tokens were in the context before."""

    history: str
    next_prompt: str
    known: int


def next_turn(setting: Setting) -> list[Row]:
    """How many tokens are computed for the next turn, and how long its first token takes."""
    computed: list[float] = []
    pairs = []
    for index in range(setting.pairs):
        with setting.warm_cache() as cache, _loaded(setting, cache) as engine:
            turns = _first_turn(engine, seed=index * MOST_SEEDS)
            reply = engine.generate(prompt=turns.next_prompt, maxTokens=1, conversation=CONVERSATION)
            cold = engine.generate(prompt=turns.next_prompt, maxTokens=1)
        computed.append(computed_of_new(reply, turns.known))
        pairs.append((reply.first_token_s, cold.first_token_s))
        setting.tell(f"next turn, {index + 1} of {setting.pairs}: {computed[-1]:.3f} of the new tokens computed")
    server = Side(name="llama-server", unit="ms", samples=_server_samples(setting, turns))
    times = [
        Side(name="sidecar", unit="ms", samples=[each * 1000 for each in side]) for side in zip(*pairs, strict=True)
    ]
    return [
        absolute_row("next turn of 1,000 tokens, computed ÷ new tokens", at_most(1.0), computed, unit="×"),
        Row(
            figure="next turn of 1,000 tokens, first token ÷ computing all of it",
            goal=None,
            ours=times[0],
            anchor=server,
            judged=[warm / cold for warm, cold in pairs],
            note="64 new tokens; the anchor is llama-server's own next turn",
        ),
    ]


def after_restart(setting: Setting) -> list[Row]:
    """Time to the first token of a conversation that a former process kept on disk, beside computing it again."""
    with setting.warm_cache() as cache:
        prompt = _keep(setting, cache)
        pairs = setting.pairs_of(
            "after a restart",
            lambda: _first_token(setting, cache, prompt, CONVERSATION),
            lambda: _first_token(setting, cache, prompt, None),
        )
    return [
        ratio_row(
            "1,000-token conversation after a restart, first token ÷ computing it again",
            at_most(1 / 50),
            pairs,
            anchor="computed again",
            unit="ms",
            shown=lambda seconds: seconds * 1000,
        )
    ]


def computed_of_new(reply: Reply, known: int) -> float:
    """Computed tokens by those that were not in the context before; 1 is the best there is."""
    total = reply.result["promptTokens"]
    return float((total - reply.result["cachedTokens"]) / (total - known))


def words(count: Callable[[str], int], tokens: int) -> str:
    """A row of words of exactly `tokens` tokens by `count`."""
    wanted = tokens
    for _ in range(4):
        text = " ".join(["the"] * wanted)
        found = count(text)
        if found == tokens:
            return text
        wanted += tokens - found
    raise AssertionError(f"no row of words makes {tokens} tokens: {wanted} words came nearest")


@contextmanager
def _loaded(setting: Setting, cache: Path) -> Iterator[Engine]:
    with Engine(setting.program, cache=cache) as engine:
        engine.initialize(cache={"folder": str(cache / "kept")})
        engine.load(setting.model, threads=setting.threads)
        engine.generate(prompt="Once", maxTokens=1)
        yield engine


def _tokens(engine: Engine) -> Callable[[str], int]:
    return lambda text: int(engine.ask("tokenize", {"text": text})["tokens"])


def _first_turn(engine: Engine, seed: int) -> Turns:
    """A turn whose answer, read again as part of the next prompt, is the tokens that were written."""
    count = _tokens(engine)
    history = words(count, HISTORY_TOKENS)
    for tried in range(seed, seed + MOST_SEEDS):
        reply = engine.generate(
            prompt=history, maxTokens=ANSWER_TOKENS, conversation=CONVERSATION, temperature=0.8, seed=tried
        )
        so_far = history + reply.text
        if (count(so_far), count(so_far + QUESTION)) == (_written(reply), _written(reply) + QUESTION_TOKENS):
            # The last token that was written has not been computed: nothing came after it.
            return Turns(history=history, next_prompt=so_far + QUESTION, known=_written(reply) - 1)
    raise AssertionError(f"no answer to {HISTORY_TOKENS} tokens with seeds from {seed} tokenises to itself")


def _written(reply: Reply) -> int:
    return int(reply.result["promptTokens"] + reply.result["completionTokens"])


def _server_samples(setting: Setting, turns: Turns) -> list[float]:
    """Milliseconds to llama-server's first token of the same next turn, with its prompt cache."""

    def sample() -> float:
        with Server(setting.llama_server, setting.model) as server:
            server.complete(turns.history, ANSWER_TOKENS, cache_prompt=True)
            return server.complete(turns.next_prompt, 1, cache_prompt=True).first_token_s * 1000

    return setting.samples_of("next turn of llama-server", sample)


def _keep(setting: Setting, cache: Path) -> str:
    """Have a process keep a conversation on disk; its prompt."""
    with _loaded(setting, cache) as engine:
        prompt = words(_tokens(engine), HISTORY_TOKENS)
        engine.generate(prompt=prompt, maxTokens=1, conversation=CONVERSATION)
        deadline = time.monotonic() + KEPT_LIMIT_S
        while not any(path.stat().st_size > KEPT_BYTES for path in (cache / "kept").rglob("*") if path.is_file()):
            assert time.monotonic() < deadline, f"no context of {HISTORY_TOKENS} tokens appeared in {cache / 'kept'}"
            time.sleep(PAUSE_S)
        engine.shutdown()
    return prompt


def _first_token(setting: Setting, cache: Path, prompt: str, conversation: str | None) -> float:
    with _loaded(setting, cache) as engine:
        options = {} if conversation is None else {"conversation": conversation}
        reply = engine.generate(prompt=prompt, maxTokens=1, **options)
        cached = reply.result["cachedTokens"]
        # A token must be computed for there to be a next one.
        assert cached == (0 if conversation is None else HISTORY_TOKENS - 1), reply.result
        return reply.first_token_s
