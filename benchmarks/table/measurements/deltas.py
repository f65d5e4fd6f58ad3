"""How evenly and how promptly text arrives: what transport adds to a token, how long one waits for others, the gaps."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.sidebyside.sides import SHORT_PROMPT
from benchmarks.table import floor, stub
from benchmarks.table.engine import Delta, Engine
from benchmarks.table.rows import Row, Side, absolute_row, at_most
from benchmarks.table.setting import Setting
from benchmarks.table.stub import Stamp

# Seconds that the stub's decode takes: about 65 tokens a second, and about 950.
SLOW_S, FAST_S = 0.015, 0.001
TOKENS = 600
WARM_UP = 32
MOST_TRANSPORT_MS = 0.3
MOST_SHARED_MS = 10.0
MOST_UNEVEN = 1.5


@dataclass(frozen=True)
class Delays:
    """Milliseconds between sampling and reading, for the last token of each delta and for its first.

    `cpu_us`: microseconds of the process's CPU time per token.
    """

    newest: list[float]
    oldest: list[float]
    cpu_us: float


def transport(setting: Setting) -> list[Row]:
    """From the native sample's return to the line at the driver; decoding is a sleep of fixed length."""
    slow: list[float] = []
    shared: list[float] = []
    cpu_us: list[float] = []
    bare: list[float] = []
    with setting.fresh_folder() as folder:
        made = stub.make(setting.program, setting.model, folder / "stub", setting.zig_target)
        writer = floor.bare_writer(folder, setting.zig_target)
        for index in range(setting.pairs):
            bare.append(percentile_99(floor.transport_ms(writer, TOKENS, SLOW_S)))
            sample = _sample(made, setting, SLOW_S)
            slow.append(percentile_99(sample.newest))
            cpu_us.append(sample.cpu_us)
            shared.append(percentile_99(_sample(made, setting, FAST_S).oldest))
            setting.tell(f"deltas, {index + 1} of {setting.pairs}: {slow[-1]:.2f} ms, {shared[-1]:.2f} ms")
    return [
        absolute_row(
            "transport of a token below 100 tok/s, p99",
            at_most(MOST_TRANSPORT_MS),
            slow,
            unit="ms",
            anchor=Side(name="a bare write", unit="ms", samples=bare),
            note=f"stub library that sleeps {SLOW_S * 1000:g} ms a token",
        ),
        absolute_row("cost of a token with a delta of its own", None, cpu_us, unit="µs"),
        absolute_row(
            "waiting in a shared delta above 100 tok/s, p99",
            at_most(MOST_SHARED_MS),
            shared,
            unit="ms",
            note=f"stub library that sleeps {FAST_S * 1000:g} ms a token; the oldest token of each delta",
        ),
    ]


def gaps(setting: Setting) -> list[Row]:
    """The real model's deltas: how much longer than the usual gap the longest hundredth is."""
    with setting.warm_cache() as cache, Engine(setting.program, cache=cache) as engine:
        engine.initialize()
        engine.load(setting.model, threads=setting.threads)
        engine.generate(prompt=SHORT_PROMPT, maxTokens=WARM_UP)
        uneven = setting.samples_of(
            "gaps", lambda: unevenness(engine.generate(prompt=SHORT_PROMPT, maxTokens=TOKENS).deltas)
        )
    return [absolute_row("gaps between deltas, p99 ÷ median", at_most(MOST_UNEVEN), uneven, unit="×")]


def _sample(made: stub.Stub, setting: Setting, decode_s: float) -> Delays:
    with stub.stamped(made.model.parent, TOKENS + WARM_UP + 1, decode_s) as (stamps, environment):
        with Engine(made.program, cache=made.model.parent / "cache", env=environment) as engine:
            engine.initialize()
            engine.load(made.model, threads=setting.threads)
            engine.generate(prompt=SHORT_PROMPT, maxTokens=WARM_UP)
            reply = engine.generate(prompt=SHORT_PROMPT, maxTokens=TOKENS)
        return delays(stamps.read()[WARM_UP:], reply.deltas)


def delays(stamps: Sequence[Stamp], deltas: Sequence[Delta]) -> Delays:
    """Each delta beside the tokens it holds, which come in their order."""
    assert sum(delta.tokens for delta in deltas) == len(stamps), (len(stamps), deltas[-1])
    newest, oldest, done = [], [], 0
    for delta in deltas:
        held = stamps[done : done + delta.tokens]
        done += delta.tokens
        newest.append((delta.at - held[-1].at) * 1000)
        oldest.append((delta.at - held[0].at) * 1000)
    looked_at = [(at, stamp.cpu) for at, stamp in enumerate(stamps) if stamp.cpu]
    (first, before), (last, after) = looked_at[0], looked_at[-1]
    return Delays(newest, oldest, cpu_us=(after - before) / max(last - first, 1) * 1e6)


def unevenness(deltas: Sequence[Delta]) -> float:
    """The 99th percentile of the gaps between deltas, by their median."""
    found = [later.at - earlier.at for earlier, later in pairwise(deltas)]
    usual = statistics.median(found)
    assert usual > 0, "most deltas were read together with another one: this machine leaves the driver no time"
    return percentile_99(found) / usual


def percentile_99(values: Sequence[float]) -> float:
    """The value that one in a hundred exceeds."""
    return statistics.quantiles(values, n=100, method="inclusive")[-1]
