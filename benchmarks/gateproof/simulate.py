"""The whole sequential rule on pairs resampled from recorded ones: how often it passes, fails, or cannot tell."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.gateproof.recorded import Recording
from sidecarkit.gate import Rule, Verdict
from sidecarkit.report import table

RUNS = 1000
SEED = 1
# Pairs that followed each other stay together, so that slow drifts of the machine stay in what is resampled.
BLOCK = 4
# What issue and README promise: the A/A runs that may fail, that must pass, and the slowed ones that must fail.
SLOWED_BY = 0.06
MOST_FALSE_ALARMS = 0.01
FEWEST_PASSES = 0.90
FEWEST_ALARMS = 0.90


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """How `runs` runs ended, and the mean number of pairs that they took."""

    runs: int
    verdicts: Counter[Verdict]
    pairs: float

    def share(self, verdict: Verdict) -> float:
        """The part of the runs with this verdict."""
        return self.verdicts[verdict] / self.runs


def outcomes(rule: Rule, recorded: Sequence[float], slowed_by: float, runs: int = RUNS) -> Outcomes:
    """Run the rule `runs` times on A/A ratios resampled from `recorded`, with B slower by the part `slowed_by`."""
    source = random.Random(SEED)
    verdicts: Counter[Verdict] = Counter()
    pairs = 0
    for _ in range(runs):
        ratios = _until_decided(rule, recorded, 1 - slowed_by, source)
        verdicts[rule.judge(ratios)[1]] += 1
        pairs += len(ratios)
    return Outcomes(runs=runs, verdicts=verdicts, pairs=pairs / runs)


def _until_decided(rule: Rule, recorded: Sequence[float], speed: float, source: random.Random) -> list[float]:
    ratios: list[float] = []
    while True:
        for ratio in _block(recorded, source):
            ratios.append(ratio * speed)
            if rule.is_decided(ratios):
                return ratios


def _block(recorded: Sequence[float], source: random.Random) -> list[float]:
    """Neighbours among the recorded pairs; which side was A is drawn too, since both were the same program."""
    start = source.randrange(len(recorded))
    block = [recorded[(start + step) % len(recorded)] for step in range(BLOCK)]
    return block if source.random() < 0.5 else [1 / ratio for ratio in block]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The rule on one phase of one recording: nothing changed, and slowed."""

    recording: str
    phase: str
    recorded: int
    alike: Outcomes
    slowed: Outcomes

    @property
    def keeps_promises(self) -> bool:
        """Whether false alarms, passes and alarms are as promised."""
        return (
            self.alike.share(Verdict.FAILED) <= MOST_FALSE_ALARMS
            and self.alike.share(Verdict.PASSED) >= FEWEST_PASSES
            and self.slowed.share(Verdict.FAILED) >= FEWEST_ALARMS
        )


def on_all(recordings: Sequence[Recording], rule: Rule | None = None) -> list[Trial]:
    """The rule (the gate's own, if none is given) on every phase of every recording."""
    by = rule or Rule()
    return [
        Trial(
            recording=each.name,
            phase=phase,
            recorded=len(ratios),
            alike=outcomes(by, ratios, 0.0),
            slowed=outcomes(by, ratios, SLOWED_BY),
        )
        for each in recordings
        for phase, ratios in each.ratios.items()
    ]


def shown(trials: Sequence[Trial]) -> str:
    """The shares as a person reads them, and what was promised."""
    header = ["recording", "phase", "recorded", "B is", "passed", "failed", "inconclusive", "pairs needed, mean"]
    rows = [
        [trial.recording, trial.phase, str(trial.recorded), what, *_cells(outcome)]
        for trial in trials
        for what, outcome in (("A", trial.alike), (f"{SLOWED_BY:.0%} slower", trial.slowed))
    ]
    promise = (
        f"promised: of {RUNS} A/A runs at most {MOST_FALSE_ALARMS:.0%} fail and at least {FEWEST_PASSES:.0%} pass; "
        f"of {RUNS} with B {SLOWED_BY:.0%} slower at least {FEWEST_ALARMS:.0%} fail"
    )
    return f"{table(header, rows)}\n{promise}"


def _cells(outcome: Outcomes) -> list[str]:
    shares = [outcome.share(verdict) for verdict in (Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE)]
    return [*(f"{share:.1%}" for share in shares), f"{outcome.pairs:.1f}"]
