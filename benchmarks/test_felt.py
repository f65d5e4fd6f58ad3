"""What a user feels beside speed, from the very processes whose speed was measured: recorded, and never a failure."""

from __future__ import annotations

import pytest

from benchmarks.sidebyside.felt import Felt
from benchmarks.sidebyside.replay import Pedantic, ReplayClock
from benchmarks.sidebyside.series import Measured
from benchmarks.sidebyside.sides import DECODE

REPLAY = ReplayClock()


@pytest.fixture(scope="session")
def felt(measured: Measured) -> list[Felt]:
    """One for each process that wrote."""
    return [pair.sidecar.felt for pair in measured.series[DECODE].pairs if pair.sidecar.felt is not None]


@pytest.mark.benchmark(timer=REPLAY)
def test_first_token_of_a_short_prompt(benchmark: Pedantic, measured: Measured, felt: list[Felt]) -> None:
    benchmark.group = f"{measured.placed.target} felt {measured.work.device}"
    benchmark.extra_info |= _figure(
        measured, "first-token", "first token of a short prompt", "ms", [each.first_token_s * 1000 for each in felt]
    )
    REPLAY.play(benchmark, [each.first_token_s for each in felt])


@pytest.mark.benchmark(timer=REPLAY)
def test_evenness_of_deltas(benchmark: Pedantic, measured: Measured, felt: list[Felt]) -> None:
    benchmark.group = f"{measured.placed.target} felt {measured.work.device}"
    benchmark.extra_info |= _figure(
        measured, "gaps", "gaps between deltas, 99th percentile ÷ median", "×", [each.gaps for each in felt]
    )
    # pytest-benchmark knows only times: its own columns show the ratio as if it were seconds.
    REPLAY.play(benchmark, [each.gaps for each in felt])


@pytest.mark.benchmark(timer=REPLAY)
def test_peak_memory(benchmark: Pedantic, measured: Measured, felt: list[Felt]) -> None:
    peaks = [each.peak_bytes for each in felt if each.peak_bytes is not None]
    if not peaks:
        pytest.skip("the system does not tell how much memory a process has had")
    benchmark.group = f"{measured.placed.target} felt {measured.work.device}"
    benchmark.extra_info |= _figure(
        measured, "memory", "peak memory while writing", "MB", [peak / 1e6 for peak in peaks]
    )
    # As above: megabytes.
    REPLAY.play(benchmark, [peak / 1e6 for peak in peaks])


def _figure(measured: Measured, name: str, title: str, unit: str, samples: list[float]) -> dict[str, object]:
    return {**measured.figure(name, title), "side": "sidecar", "unit": unit, "better": "lower", "samples": samples}
