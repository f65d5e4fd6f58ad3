"""Pairs that another load disturbed are recognised by the CPU time that others had, and measured again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from benchmarks.sidebyside import load, series
from benchmarks.sidebyside.load import Load
from benchmarks.sidebyside.series import Pair
from benchmarks.sidebyside.sides import Sample, Timed
from sidecarkit.gate import Rule

RULE = Rule(looks=(4, 8))
STAT = """cpu  999 999 999 999 999 999 999 999 999 999
cpu0 100 10 20 5000 300 1 2 40 0 0
cpu1 200 20 40 5000 300 2 4 80 0 0
cpu2 900 90 90 5000 300 9 9 90 0 0
intr 1 2 3
"""


def sample(rate: float, others: float) -> Sample:
    cores, wall_s = 2, 10.0
    seen = Load(wall_s=wall_s, cores=cores, own_cpu_s=15.0, other_cpu_s=others * cores * wall_s)
    return Sample(timed=Timed(tokens=100, seconds=100 / rate), plug_in=Path("p.so"), load=seen)


def pair(ratio: float, others: float = 0.0) -> Pair:
    return Pair(sidecar=sample(100 * ratio, 0.0), anchor=sample(100, others))


def measured(pairs: Iterable[Pair]) -> tuple[series.Series, list[int], list[str]]:
    source, indexes, said = iter(pairs), list[int](), list[str]()

    def pair_of(index: int) -> Pair:
        indexes.append(index)
        return next(source)

    return series.measure(RULE, pair_of, said.append), indexes, said


def test_a_disturbed_pair_is_set_aside_and_measured_again_in_the_same_order_of_sides() -> None:
    found, indexes, said = measured([pair(1.0), pair(0.5, others=0.2), *[pair(1.0)] * 3])
    assert [each.ratio for each in found.pairs] == [1.0] * 4
    assert [each.ratio for each in found.set_aside] == [0.5]
    assert indexes == [0, 1, 1, 2, 3]
    assert "another load disturbed a pair (ratio 0.500): it is measured again" in said


def test_on_a_machine_that_is_never_quiet_measuring_ends_and_says_that_pairs_were_disturbed() -> None:
    def busy() -> Iterator[Pair]:
        while True:
            yield pair(1.0, others=0.5)

    found, indexes, said = measured(busy())
    assert len(found.set_aside) == RULE.looks[0]
    assert len(found.pairs) == RULE.looks[0]
    assert len(indexes) == 2 * RULE.looks[0]
    assert said[-1] == "pair 4 of 8 at most: ratio 1.000, though disturbed"


def test_clear_pairs_end_the_measuring_at_the_first_look_and_unclear_ones_at_the_last() -> None:
    assert len(measured([pair(1.0)] * 9)[0].pairs) == 4
    assert len(measured([pair(0.9), pair(1.04)] * 9)[0].pairs) == 8


def test_busy_time_is_that_of_the_cores_we_may_use_without_idling_and_with_what_a_hypervisor_took() -> None:
    assert load.busy_ticks(STAT, {0}) == 100 + 10 + 20 + 1 + 2 + 40
    assert load.busy_ticks(STAT, {0, 1}) == 3 * (100 + 10 + 20 + 1 + 2 + 40)


def test_a_system_that_does_not_tell_disturbs_nothing() -> None:
    unknown = Sample(timed=Timed(tokens=1, seconds=1.0), plug_in=Path("p.so"))
    assert not Pair(sidecar=unknown, anchor=unknown).is_disturbed


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the kernel's accounting is read from /proc")
def test_our_own_childs_work_is_told_apart_from_another_programs() -> None:
    endless = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with load.watched() as watch:
            # Ends by its own CPU time, so that it has had it however busy the machine is.
            child = "import time\nwhile time.process_time() < 0.5: pass"
            subprocess.run([sys.executable, "-c", child], check=True, timeout=60)
    finally:
        endless.kill()
        endless.wait()
    assert watch.load is not None
    assert 0.5 <= watch.load.own_cpu_s < 0.5 + watch.load.wall_s
    # The other had a core of its own, or half of the only one: far above what ticks leave unexplained.
    assert watch.load.other_cpu_s > 0.1
