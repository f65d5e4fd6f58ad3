"""The gate's rule: verdicts only where the interval is clear of 0.97, looks only where they were planned."""

from __future__ import annotations

import random

import pytest

from sidecarkit.errors import ConfigError
from sidecarkit.gate import LOOKS, THRESHOLD, Rule, Verdict
from sidecarkit.intervals import Interval


@pytest.mark.parametrize(("low", "high", "expected"), [
    (0.970, 0.990, Verdict.PASSED),
    (0.969, 0.990, Verdict.INCONCLUSIVE),
    (0.900, 0.970, Verdict.INCONCLUSIVE),
    (0.900, 0.969, Verdict.FAILED),
])  # fmt: skip
def test_a_verdict_needs_the_whole_interval_on_one_side(low: float, high: float, expected: Verdict) -> None:
    assert THRESHOLD == 0.97
    assert Rule().verdict(Interval(median=(low + high) / 2, low=low, high=high, count=12)) is expected


def test_clear_pairs_are_enough_at_the_first_look_and_not_before() -> None:
    clear = [1.0] * LOOKS[0]
    assert Rule().is_decided(clear)
    assert not Rule().is_decided(clear[:-1])


def test_between_two_looks_nothing_is_decided() -> None:
    between = LOOKS[1] + 1
    assert between not in LOOKS
    assert not Rule().is_decided([1.0] * between)


def test_unclear_pairs_go_on_to_the_last_look_and_end_there_undecided() -> None:
    unclear = [0.90, 1.04] * (LOOKS[-1] // 2)
    assert not any(Rule().is_decided(unclear[:count]) for count in range(LOOKS[-1]))
    assert Rule().is_decided(unclear)
    assert Rule().judge(unclear)[1] is Verdict.INCONCLUSIVE


def test_fewer_pairs_are_the_same_rule_cut_off() -> None:
    assert Rule().up_to(8).looks == (8,)
    assert Rule().up_to(14).looks == (8, 12, 14)
    assert Rule().up_to(LOOKS[-1]) == Rule()
    assert Rule().up_to(1000) == Rule()
    with pytest.raises(ConfigError, match="7 pairs are too few: the gate first looks at 8"):
        Rule().up_to(7)


def test_a_sidecar_at_nine_tenths_fails_and_one_at_par_passes() -> None:
    source = random.Random(2)
    noise = [source.gauss(0, 0.01) for _ in range(12)]
    assert Rule().judge([0.90 + each for each in noise])[1] is Verdict.FAILED
    assert Rule().judge([1.00 + each for each in noise])[1] is Verdict.PASSED
