"""How long a user waits for a fresh sidecar: until it speaks, and until the demo model's first text."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.sidebyside.replay import Pedantic
from benchmarks.sidebyside.sides import Placed
from sidecarkit.sidecar_client import SidecarClient

ROUNDS = 10


def test_start_to_initialized(benchmark: Pedantic, placed: Placed) -> None:
    def start(sidecars: list[SidecarClient]) -> None:
        sidecars.append(SidecarClient([placed.program], cwd=placed.program.parent))
        sidecars[-1].initialize()

    _measure(benchmark, placed, "start-initialized", "start until initialize is answered", start)


def test_start_to_first_text_of_the_demo_model(benchmark: Pedantic, placed: Placed, demo_model: Path) -> None:
    def start(sidecars: list[SidecarClient]) -> None:
        sidecars.append(SidecarClient([placed.program], cwd=placed.program.parent))
        sidecars[-1].initialize()
        sidecars[-1].request("model/load", {"path": str(demo_model)})
        request = sidecars[-1].send("generate", {"prompt": "Once upon a time"})
        sidecars[-1].wait_for("generate/delta", request, timeout_s=30)

    _measure(benchmark, placed, "start-first-text", "start until the demo model's first text", start)


def _measure(
    benchmark: Pedantic, placed: Placed, name: str, title: str, start: Callable[[list[SidecarClient]], None]
) -> None:
    sidecars: list[SidecarClient] = []
    milliseconds: list[float] = []

    def timed() -> None:
        started = time.perf_counter()
        start(sidecars)
        milliseconds.append((time.perf_counter() - started) * 1000)

    def end() -> None:
        with sidecars.pop():
            pass

    benchmark.group = f"{placed.target} start"
    benchmark.pedantic(timed, teardown=end, rounds=ROUNDS)
    benchmark.extra_info |= {
        "figure": name,
        "title": title,
        "side": "sidecar",
        "unit": "ms",
        "better": "lower",
        "samples": milliseconds,
    }
