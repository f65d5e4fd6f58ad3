"""Prefill and decode of the placed sidecar beside llama-bench's, pair by pair."""

from __future__ import annotations

import filecmp
from dataclasses import asdict

import pytest

from benchmarks.sidebyside.replay import Pedantic, ReplayClock
from benchmarks.sidebyside.sides import Measured

REPLAY = ReplayClock()
SIDES = ("sidecar", "llama-bench")


def test_both_sides_compute_with_the_same_cpu_plug_in(measured: Measured) -> None:
    (own,) = {sidecar.plug_in for sidecar, _ in measured.pairs}
    (anchors,) = {anchor.plug_in for _, anchor in measured.pairs}
    assert filecmp.cmp(own, anchors, shallow=False), f"{own} and {anchors} differ"


@pytest.mark.benchmark(timer=REPLAY)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_speed(benchmark: Pedantic, measured: Measured, phase: str, side: str) -> None:
    sidecar, anchor = measured.phases(phase)
    own = sidecar if side == "sidecar" else anchor
    benchmark.group = f"{measured.placed.target} {phase}"
    benchmark.extra_info |= {
        "phase": phase,
        "side": side,
        "tokens_per_second": [each.rate for each in own],
        "ratios": [a.rate / b.rate for a, b in zip(sidecar, anchor, strict=True)],
        "work": asdict(measured.work) | {"model": measured.work.model.name},
        "plug_in": measured.pairs[0][0].plug_in.name,
    }
    REPLAY.play(benchmark, [each.seconds for each in own])
