"""One long reply while other programs take processor cores and give them back: when its tokens came in each stage."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from benchmarks.sidebyside.sides import SHORT_PROMPT
from benchmarks.table.engine import Engine, deltas_of, is_answer
from benchmarks.table.server import Server
from benchmarks.table.setting import Setting

# Within this time of a change the sidecar must have found its pace; what counts comes after it.
ADAPT_S = 2.0
STAGE_S = 6.0
REPLY_TOKENS = 1900
WARM_UP = 8
# Settled: as fast over a second as this part of what the stage reaches in the end.
SETTLED_SHARE = 0.9
SECOND = 1.0
ARRIVAL_LIMIT_S = 60.0
FEWEST_ARRIVALS = 3
STEP_S = 0.1

Arrival = tuple[float, int]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How a reply went on while `busy` other programs computed. Rates in tokens per second."""

    busy: int
    rate: float
    slowest_second: float
    settled_s: float


def stages_of(cores: int) -> list[int]:
    """How many other programs compute, stage after stage: none, one, as many as there are cores, none again."""
    return [0, *sorted({1, cores}), 0]


class Spinners:
    """Programs that do nothing but use a core each."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def be(self, count: int) -> None:
        """Start or end some, so that `count` run."""
        while len(self._running) < count:
            self._running.append(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
        while len(self._running) > count:
            process = self._running.pop()
            process.kill()
            process.wait()


@contextmanager
def spinners() -> Iterator[Spinners]:
    """Spinners that are gone afterwards."""
    running = Spinners()
    try:
        yield running
    finally:
        running.be(0)


def of_sidecar(setting: Setting, cache: Path, threads: int, busy: Sequence[int]) -> list[Stage]:
    """The sidecar with a fixed number of threads, or 0 for those that it adapts."""
    with Engine(setting.program, cache=cache) as engine:
        engine.initialize()
        engine.load(setting.model, threads=threads)
        engine.generate(prompt=SHORT_PROMPT, maxTokens=WARM_UP)
        return _through(busy, _written_by_sidecar(engine))


def of_llama_server(setting: Setting, busy: Sequence[int]) -> list[Stage]:
    """llama-server with its default threads."""
    with Server(setting.llama_server, setting.model) as server:
        server.complete(SHORT_PROMPT, WARM_UP)
        return _through(busy, _written_by_server(server))


def _written_by_sidecar(engine: Engine) -> Iterator[Arrival]:
    """Tokens as they come, without end: a reply that fills its limit is followed by the next one."""
    while True:
        id = engine.next_id()
        engine.send("generate", {"prompt": SHORT_PROMPT, "maxTokens": REPLY_TOKENS, "temperature": 0}, id=id)
        answered = False
        while not answered:
            lines = engine.read(ARRIVAL_LIMIT_S)
            yield from ((delta.at, delta.tokens) for delta in deltas_of(lines))
            answered = bool(lines) and is_answer(lines[-1][1], id)


def _written_by_server(server: Server) -> Iterator[Arrival]:
    while True:
        with server.stream(SHORT_PROMPT, REPLY_TOKENS) as stream:
            yield from ((at, 1) for at in stream.token_times())


def _through(busy: Sequence[int], written: Iterator[Arrival]) -> list[Stage]:
    stages = []
    with spinners() as others:
        for count in busy:
            others.be(count)
            began = time.perf_counter()
            stages.append(stage_of(count, began, _until(began + STAGE_S, written)))
    return stages


def _until(end: float, written: Iterator[Arrival]) -> list[Arrival]:
    return list(takewhile(lambda arrival: arrival[0] <= end, written))


def stage_of(busy: int, began: float, arrivals: Sequence[Arrival]) -> Stage:
    """What the tokens' times say; only what comes after ADAPT_S counts for the rates."""
    ended = began + STAGE_S
    rate = rate_between(arrivals, began + ADAPT_S, ended)
    seconds = _steps(began + ADAPT_S, ended - SECOND)
    slowest = min(_tokens(arrivals, start, start + SECOND) for start in seconds)
    return Stage(busy=busy, rate=rate, slowest_second=slowest / rate, settled_s=_settled_s(arrivals, began, rate))


def rate_between(arrivals: Sequence[Arrival], start: float, end: float) -> float:
    """Tokens per second from the first arrival in the time to the last one; of very few, what they can be at most."""
    inside = [arrival for arrival in arrivals if start < arrival[0] <= end]
    if len(inside) < FEWEST_ARRIVALS:
        return (_tokens(arrivals, start, end) + 1) / (end - start)
    return sum(tokens for _, tokens in inside[1:]) / (inside[-1][0] - inside[0][0])


def _settled_s(arrivals: Sequence[Arrival], began: float, rate: float) -> float:
    """Seconds after the change from which on a second brings SETTLED_SHARE of what the stage reaches."""
    wanted = rate * SETTLED_SHARE * SECOND
    starts = _steps(began, began + STAGE_S - SECOND)
    return next((start - began for start in starts if _tokens(arrivals, start, start + SECOND) >= wanted), STAGE_S)


def _steps(start: float, end: float) -> list[float]:
    return [start + step * STEP_S for step in range(int((end - start) / STEP_S) + 1)]


def _tokens(arrivals: Sequence[Arrival], start: float, end: float) -> int:
    return sum(tokens for at, tokens in arrivals if start < at <= end)
