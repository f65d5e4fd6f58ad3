"""A desktop on which other programs compute too: adapted threads beside every fixed count, in one long reply each."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.table.rows import Row, Side, absolute_row, at_least, at_most
from benchmarks.table.setting import Setting
from benchmarks.table.timeline import ADAPT_S, Stage, of_llama_server, of_sidecar, stages_of

LEAST_OF_BEST = 0.95
SERVER = "llama-server"
ADAPTED = "adapted"

Run = list[Stage]


def desktop(setting: Setting) -> list[Row]:
    """While programs come and go: tokens per second from two seconds after each change on, by the best fixed count."""
    with setting.warm_cache() as cache:
        sides = _sides(setting, cache)
        runs: dict[str, list[Run]] = {name: [] for name in sides}
        for index in range(setting.pairs):
            for name, measure in list(sides.items())[:: 1 if index % 2 == 0 else -1]:
                runs[name].append(measure())
                rates = ", ".join(f"{stage.busy} busy {stage.rate:.1f}" for stage in runs[name][-1])
                setting.tell(f"busy desktop, {name}, {index + 1} of {setting.pairs}: {rates} tok/s")
    busy = stages_of(setting.threads)
    return [row for at, count in enumerate(busy) for row in _rows_of_stage(runs, at, _name(at, count, busy))]


def _sides(setting: Setting, cache: Path) -> dict[str, Callable[[], Run]]:
    busy = stages_of(setting.threads)
    fixed = {
        _threads(count): lambda count=count: of_sidecar(setting, cache, count, busy)
        for count in range(1, setting.threads + 1)
    }
    return {
        ADAPTED: lambda: of_sidecar(setting, cache, 0, busy),
        **fixed,
        SERVER: lambda: of_llama_server(setting, busy),
    }


def _threads(count: int) -> str:
    return f"{count} thread{'' if count == 1 else 's'}"


def _name(at: int, count: int, busy: Sequence[int]) -> str:
    said = "idle" if count == 0 else f"{count} core{'' if count == 1 else 's'} taken"
    return f"{said} again" if count in busy[:at] else said


def _rows_of_stage(runs: Mapping[str, list[Run]], at: int, state: str) -> list[Row]:
    stages = {name: [run[at] for run in each] for name, each in runs.items()}
    best = best_fixed(stages)
    ours, theirs = stages[ADAPTED], stages[best]
    others = ", ".join(f"{name} {_median_rate(each):.1f}" for name, each in stages.items() if name != ADAPTED)
    rows = [
        Row(
            figure=f"busy desktop, {state}: tok/s ÷ best fixed thread count",
            goal=at_least(LEAST_OF_BEST),
            ours=_rates("sidecar", ours),
            anchor=_rates(best, theirs),
            judged=[own.rate / other.rate for own, other in zip(ours, theirs, strict=True)],
            note=f"tok/s of the others: {others}",
        ),
        Row(
            figure=f"busy desktop, {state}: tok/s ÷ llama-server",
            goal=None,
            ours=_rates("sidecar", ours),
            anchor=_rates(SERVER, stages[SERVER]),
            judged=[own.rate / other.rate for own, other in zip(ours, stages[SERVER], strict=True)],
        ),
        Row(
            figure=f"busy desktop, {state}: slowest second ÷ all of it",
            goal=None,
            ours=Side(name="sidecar", unit="×", samples=[stage.slowest_second for stage in ours]),
            anchor=Side(name=best, unit="×", samples=[stage.slowest_second for stage in theirs]),
            judged=[stage.slowest_second for stage in ours],
        ),
    ]
    settled = [stage.settled_s for stage in ours]
    if at:
        rows.append(absolute_row(f"busy desktop, {state}: seconds until adapted", at_most(ADAPT_S), settled, unit="s"))
    return rows


def best_fixed(stages: Mapping[str, Sequence[Stage]]) -> str:
    """The fixed thread count that is fastest in the median."""
    return max((name for name in stages if name.endswith(("thread", "threads"))), key=lambda n: _median_rate(stages[n]))


def _median_rate(stages: Sequence[Stage]) -> float:
    return statistics.median(stage.rate for stage in stages)


def _rates(name: str, stages: Sequence[Stage]) -> Side:
    return Side(name=name, unit="tok/s", samples=[stage.rate for stage in stages])
