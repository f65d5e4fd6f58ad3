"""Prefill and decode of the placed sidecar beside llama-bench's, pair by pair."""

from __future__ import annotations

import filecmp
from dataclasses import asdict

import pytest

from benchmarks.sidebyside.replay import Pedantic, ReplayClock
from benchmarks.sidebyside.sides import PHASES, Measured

REPLAY = ReplayClock()
SIDES = ("sidecar", "llama-bench")


def test_both_sides_compute_with_the_same_cpu_plug_in(measured: Measured) -> None:
    pairs = [pair for phase in PHASES for pair in measured.pairs[phase]]
    (own,) = {sidecar.plug_in for sidecar, _ in pairs}
    (anchors,) = {anchor.plug_in for _, anchor in pairs}
    assert filecmp.cmp(own, anchors, shallow=False), f"{own} and {anchors} differ"


@pytest.mark.benchmark(timer=REPLAY)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("phase", PHASES)
def test_speed(benchmark: Pedantic, measured: Measured, phase: str, side: str) -> None:
    pairs = measured.pairs[phase]
    own = [pair[SIDES.index(side)] for pair in pairs]
    benchmark.group = f"{measured.placed.target} {phase}"
    benchmark.extra_info |= {
        "phase": phase,
        "side": side,
        "tokens_per_second": [each.timed.rate for each in own],
        "ratios": [sidecar.timed.rate / anchor.timed.rate for sidecar, anchor in pairs],
        "work": asdict(measured.work) | {"model": measured.work.model.name},
        "plug_in": own[0].plug_in.name,
    }
    REPLAY.play(benchmark, [each.timed.seconds for each in own])
