"""How long until a fresh process is of use: until it speaks, and until the first token."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from benchmarks.sidebyside.sides import SHORT_PROMPT
from benchmarks.table import floor
from benchmarks.table.engine import Engine
from benchmarks.table.rows import Row, Side, absolute_row, at_most, ratio_row
from benchmarks.table.server import Server
from benchmarks.table.setting import Setting, fastest

MOST_FOLDER_MS, MOST_SINGLE_FILE_MS, MOST_TINY_MS = 60.0, 150.0, 90.0


def initialized(setting: Setting) -> list[Row]:
    """Process start → `initialize` answered, of both layouts, beside a trivial process that answers a line."""
    rows = []
    for layout, program, most in (
        ("folder", setting.program, MOST_FOLDER_MS),
        ("single file", setting.single_file, MOST_SINGLE_FILE_MS),
    ):
        with setting.warm_cache(program) as cache:
            pairs = setting.pairs_of(
                f"start of the {layout}", fastest(partial(_initialized_ms, program, cache)), fastest(floor.start_ms)
            )
        rows.append(
            absolute_row(
                f"start → initialized, {layout}",
                at_most(most),
                [ours for ours, _ in pairs],
                unit="ms",
                anchor=Side(name="`cat`", unit="ms", samples=[trivial for _, trivial in pairs]),
            )
        )
    return rows


def first_token(setting: Setting) -> list[Row]:
    """Process start → first token of a short prompt, loading included, beside llama-server's."""
    with setting.warm_cache() as cache:
        big = _first_token_pairs(setting, cache, setting.model)
        tiny = _first_token_pairs(setting, cache, setting.tiny_model)
    servers = [theirs * 1000 for _, theirs in tiny]
    return [
        ratio_row(
            "start → first token, 1.1B",
            at_most(1.0),
            big,
            anchor="llama-server",
            unit="ms",
            shown=lambda seconds: seconds * 1000,
        ),
        absolute_row(
            "start → first token, tiny model",
            at_most(MOST_TINY_MS),
            [ours * 1000 for ours, _ in tiny],
            unit="ms",
            anchor=Side(name="llama-server", unit="ms", samples=servers),
        ),
    ]


def _initialized_ms(program: Path, cache: Path) -> float:
    with Engine(program, cache=cache) as engine:
        engine.initialize()
        return (time.perf_counter() - engine.started_at) * 1000


def _first_token_pairs(setting: Setting, cache: Path, model: Path) -> list[tuple[float, float]]:
    return setting.pairs_of(
        f"start → first token of {model.stem}",
        fastest(partial(_our_first_token, setting, cache, model)),
        fastest(partial(_their_first_token, setting, model)),
    )


def _our_first_token(setting: Setting, cache: Path, model: Path) -> float:
    with Engine(setting.program, cache=cache) as engine:
        engine.initialize()
        engine.load(model)
        reply = engine.generate(prompt=SHORT_PROMPT, maxTokens=1)
        return reply.deltas[0].at - engine.started_at


def _their_first_token(setting: Setting, model: Path) -> float:
    with Server(setting.llama_server, model) as server:
        return server.complete(SHORT_PROMPT, 1).events[0].at - server.started_at
