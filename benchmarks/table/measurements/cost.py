"""What the engine itself costs per token, at the beginning of a long reply and at its end: nothing is computed here."""

from __future__ import annotations

from benchmarks.sidebyside.sides import SHORT_PROMPT
from benchmarks.table import stub
from benchmarks.table.engine import Engine
from benchmarks.table.rows import Row, absolute_row, at_most
from benchmarks.table.setting import Setting

REPLY_TOKENS = 4096
# Replies of one process; the first one meets every token's text for the first time and is not counted.
REPLIES = 20
# Around token 100 and around token 4,000; multiples of the stub's steps between two looks at the clock.
EARLY, LATE = (32, 160), (3936, 4064)
# None of them ever comes, so each is looked for until the end.
STOPS = ("</s>", "<|im_end|>", "\nUser:", "\n###")
MOST_US = 15.0

Window = tuple[int, int]


def per_token(setting: Setting) -> list[Row]:
    """Microseconds of the whole process's CPU time per token."""
    early: list[float] = []
    late: list[float] = []
    with setting.fresh_folder() as folder:
        made = stub.make(setting.program, setting.model, folder / "stub", setting.zig_target)
        for index in range(setting.pairs):
            stamps = _sample(made, setting)
            early.append(cost_us(stamps, EARLY))
            late.append(cost_us(stamps, LATE))
            setting.tell(f"cost per token, {index + 1} of {setting.pairs}: {early[-1]:.1f} µs, {late[-1]:.1f} µs")
    note = "stub library, 4 stop strings, reply of 4,096 tokens"
    return [
        absolute_row("cost per token, around token 100", at_most(MOST_US), early, unit="µs", note=note),
        absolute_row("cost per token, around token 4,000", at_most(MOST_US), late, unit="µs", note=note),
    ]


def _sample(made: stub.Stub, setting: Setting) -> list[stub.Stamp]:
    room = REPLY_TOKENS * (REPLIES + 1)
    with stub.stamped(made.model.parent, room) as (stamps, environment):
        with Engine(made.program, cache=made.model.parent / "cache", env=environment) as engine:
            engine.initialize()
            engine.load(made.model, threads=setting.threads)
            for _ in range(REPLIES):
                reply = engine.generate(prompt=SHORT_PROMPT, maxTokens=REPLY_TOKENS, stop=STOPS)
                assert reply.result["completionTokens"] == REPLY_TOKENS, reply.result
        return stamps.read()


def cost_us(stamps: list[stub.Stamp], window: Window) -> float:
    """Microseconds of CPU time per token in one window of every reply but the first."""
    assert len(stamps) == REPLY_TOKENS * REPLIES, f"the stub handed out {len(stamps)} tokens"
    starts = range(REPLY_TOKENS, len(stamps), REPLY_TOKENS)
    spent = sum(stamps[start + window[1]].cpu - stamps[start + window[0]].cpu for start in starts)
    return spent / (len(starts) * (window[1] - window[0])) * 1e6
