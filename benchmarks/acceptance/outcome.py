"""What a step of the acceptance found, and all of them as one JSON and as a table that people read; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """`UNVERIFIED`: the machine lacks what the step needs; it says nothing about what was tried."""

    PASSED = "passed"
    FAILED = "failed"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One step. `said`: the finding with its values. `seconds`: what the step took. `figures`: for other programs."""

    step: str
    verdict: Verdict
    said: str
    seconds: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict)


def judged(step: str, *, holds: bool, said: str, **figures: Any) -> Outcome:
    """Passed when it holds, else failed."""
    return Outcome(step=step, verdict=Verdict.PASSED if holds else Verdict.FAILED, said=said, figures=figures)


def unverified(step: str, why: str) -> Outcome:
    """A step that this machine cannot show."""
    return Outcome(step=step, verdict=Verdict.UNVERIFIED, said=why)


def worst(outcomes: Sequence[Outcome]) -> Verdict:
    """Failed when one failed; passed only when every step was verified."""
    found = {outcome.verdict for outcome in outcomes}
    return next((each for each in (Verdict.FAILED, Verdict.UNVERIFIED) if each in found), Verdict.PASSED)


def as_json(outcomes: Sequence[Outcome], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The result for other programs."""
    return {"verdict": worst(outcomes), "facts": dict(facts), "steps": [asdict(outcome) for outcome in outcomes]}


def table(outcomes: Sequence[Outcome]) -> str:
    """One row for each step, in Markdown."""
    rows = [[each.step, str(each.verdict), f"{each.seconds:.0f} s", each.said] for each in outcomes]
    cells = [["step", "verdict", "took", "found"], ["---"] * 4, *rows]
    return "\n".join(f"| {' | '.join(text.replace('|', '/') for text in row)} |" for row in cells)
