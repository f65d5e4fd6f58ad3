"""Prefill and decode of the placed sidecar beside llama-bench's, pair by pair."""

from __future__ import annotations

import filecmp
from dataclasses import asdict

import pytest

from benchmarks.sidebyside.replay import Pedantic, ReplayClock
from benchmarks.sidebyside.series import Measured
from benchmarks.sidebyside.sides import DECODE, PHASES, PREFILL, Sample

REPLAY = ReplayClock()
SIDES = ("sidecar", "anchor")


def test_both_sides_compute_with_the_same_plug_in(measured: Measured) -> None:
    pairs = [pair for phase in PHASES for pair in measured.series[phase].pairs]
    (own,) = {pair.sidecar.plug_in for pair in pairs}
    (anchors,) = {pair.anchor.plug_in for pair in pairs}
    assert filecmp.cmp(own, anchors, shallow=False), f"{own} and {anchors} differ"


@pytest.mark.benchmark(timer=REPLAY)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("phase", PHASES)
def test_speed(benchmark: Pedantic, measured: Measured, phase: str, side: str) -> None:
    series, work = measured.series[phase], measured.work
    own: list[Sample] = [getattr(pair, side) for pair in series.pairs]
    benchmark.group = f"{measured.placed.target} {phase} {work.device}"
    title = {
        PREFILL: f"reading a prompt of {work.prompt_tokens} tokens",
        DECODE: f"writing {work.predict} tokens",
    }[phase]
    benchmark.extra_info |= {
        **measured.figure(phase, title),
        "side": side,
        "unit": "tok/s",
        "better": "higher",
        "samples": [each.timed.rate for each in own],
        "ratios": [pair.ratio for pair in series.pairs],
        "repeated": len(series.set_aside),
        "disturbed": sum(pair.is_disturbed for pair in series.pairs),
        "others": [None if each.load is None else each.load.others for each in own],
        "work": asdict(work) | {"model": work.model.name},
        "plug_in": own[0].plug_in.name,
    }
    REPLAY.play(benchmark, [each.timed.seconds for each in own])
