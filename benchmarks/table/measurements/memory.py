"""What a loaded model takes of the machine's memory, and how long loading takes, in either load mode."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from gguf import GGUFReader

from benchmarks.sidebyside.pairing import in_turn
from benchmarks.sidebyside.sides import prompt_of
from benchmarks.table.engine import Engine
from benchmarks.table.rows import Goal, Row, Side, at_most, ratio_row
from benchmarks.table.server import Server
from benchmarks.table.setting import PREDICT, Setting

MOST_OF_FILE_AND_CACHE = 1.25
F16_BYTES = 2
MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Bytes at most and after loading, and the seconds that loading took."""

    peak: int
    loaded: int
    load_s: float


def modes(setting: Setting) -> list[Row]:
    """Peak memory of both modes by what must be there at least: the file and the KV cache."""
    needed = setting.model.stat().st_size + kv_cache_bytes(setting.model)
    with setting.warm_environment() as cache:
        prompt = prompt_of(setting.placed, setting.work)
        mapped, theirs = _pairs(setting, cache, "mapped", "auto", prompt)
        compact, theirs_unmapped = _pairs(setting, cache, "compact", "none", prompt)
    goal = at_most(MOST_OF_FILE_AND_CACHE)
    return [
        _peak_row("compact", goal, compact, theirs_unmapped, anchor="llama-server, load mode none", needed=needed),
        _load_row("compact", compact, theirs_unmapped, "llama-server, load mode none"),
        _peak_row("mapped", None, mapped, theirs, anchor="llama-server", needed=needed),
        _load_row("mapped", mapped, theirs, "llama-server"),
    ]


def _pairs(setting: Setting, cache: Path, ours: str, theirs: str, prompt: str) -> tuple[list[Taken], list[Taken]]:
    def tell(index: int, own: Taken, other: Taken) -> None:
        setting.tell(
            f"memory, {ours} mode, pair {index + 1} of {setting.pairs}: "
            f"{own.peak / MB:.0f} beside {other.peak / MB:.0f} MB, {own.load_s:.2f} beside {other.load_s:.2f} s"
        )

    measured = in_turn(
        setting.pairs,
        lambda: _ours(setting, cache, ours, prompt),
        lambda: _llama_server(setting, theirs, prompt),
        tell,
    )
    return [own for own, _ in measured], [other for _, other in measured]


def kv_cache_bytes(model: Path) -> int:
    """Bytes of the KV cache for the whole trained context, keys and values in half precision."""
    fields = GGUFReader(model).fields

    def number(name: str) -> int:
        return int(fields[f"llama.{name}"].contents())

    width = number("embedding_length") // number("attention.head_count") * number("attention.head_count_kv")
    return number("context_length") * number("block_count") * width * 2 * F16_BYTES


def status_bytes(pid: int, field: str) -> int:
    """A number of /proc/PID/status, e.g. VmHWM: the most that was resident at any time (proc_pid_status(5))."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise AssertionError(f"/proc/{pid}/status has no {field}")


def is_mapped(pid: int, file: Path) -> bool:
    """Whether a process has `file` in its address space."""
    return str(file) in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")


def _ours(setting: Setting, cache: Path, mode: str, prompt: str) -> Taken:
    with Engine(setting.program, cache=cache) as engine:
        engine.initialize()
        engine.load(setting.model, threads=setting.threads, loadMode=mode)
        load_s = time.perf_counter() - engine.started_at
        assert is_mapped(engine.process.pid, setting.model) == (mode == "mapped"), f"load mode `{mode}` was not taken"
        loaded = status_bytes(engine.process.pid, "VmRSS")
        engine.generate(prompt=prompt, maxTokens=PREDICT)
        return Taken(peak=status_bytes(engine.process.pid, "VmHWM"), loaded=loaded, load_s=load_s)


def _llama_server(setting: Setting, mode: str, prompt: str) -> Taken:
    with Server(setting.llama_server, setting.model, "--load-mode", mode) as server:
        loaded = status_bytes(server.process.pid, "VmRSS")
        server.complete(prompt, PREDICT)
        peak = status_bytes(server.process.pid, "VmHWM")
        return Taken(peak=peak, loaded=loaded, load_s=server.ready_at - server.started_at)


def _peak_row(mode: str, goal: Goal | None, ours: list[Taken], theirs: list[Taken], *, anchor: str, needed: int) -> Row:
    loaded = statistics.median(each.loaded for each in ours)
    return Row(
        figure=f"memory, {mode} mode, peak ÷ (file + KV cache)",
        goal=goal,
        ours=Side(name="sidecar", unit="MB", samples=[each.peak / MB for each in ours]),
        anchor=Side(name=anchor, unit="MB", samples=[each.peak / MB for each in theirs]),
        judged=[each.peak / needed for each in ours],
        note=f"file + KV cache are {needed / MB:.0f} MB; {loaded / MB:.0f} MB after loading",
    )


def _load_row(mode: str, ours: list[Taken], theirs: list[Taken], anchor: str) -> Row:
    pairs = [(one.load_s, other.load_s) for one, other in zip(ours, theirs, strict=True)]
    return ratio_row(f"start → loaded, {mode} mode", None, pairs, anchor=anchor, unit="s")
