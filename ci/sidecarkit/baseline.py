"""A sidecar held against an earlier one on the same machine: what got slower by the gate's threshold stops the line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sidecarkit import bootstrap, figures
from sidecarkit.errors import ConfigError
from sidecarkit.figures import Figure
from sidecarkit.gate import Rule, Verdict
from sidecarkit.host import MachineFacts
from sidecarkit.intervals import Interval
from sidecarkit.report import table


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """An earlier record of stage bench: where it lies, and its figures by name."""

    path: Path
    figures: dict[str, Figure]


@dataclass(frozen=True, kw_only=True)
class Change:
    """How good a figure is now, as a part of what it was: above 1 is better, whichever way the figure counts."""

    figure: Figure
    before: float
    interval: Interval
    verdict: Verdict | None


def circumstances(target: str, model: str, machine: MachineFacts) -> dict[str, Any]:
    """What must be alike for two speeds to be compared."""
    return {"target": target, "model": model, **asdict(machine)}


def read(path: Path, here: dict[str, Any]) -> Baseline:
    """The record in `path`. Raises ConfigError when it is none, or was not measured under the circumstances `here`."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        data = record["data"]
        there = {"target": record["target"], "model": data["model"], **data["machine"]}
        found = {figure.name: figure for figure in figures.of_record(data)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"`{path}` is no record of stage bench that could be compared with: {type(error).__name__}: {error}",
            hint="give a copy of the `bench.json` that an earlier build left in `build/TARGET` (each run replaces it)",
        ) from error
    differing = [
        f"{name} was {there.get(name)!r} and is {value!r}" for name, value in here.items() if there.get(name) != value
    ]
    if differing:
        raise ConfigError(
            f"speeds in `{path}` cannot be compared with those of this machine: {'; '.join(differing)}",
            hint="measure the earlier release here, with the same model, and compare with that",
        )
    return Baseline(path=path, figures=found)


def changes(now: Sequence[Figure], before: Baseline, rule: Rule) -> list[Change]:
    """Each figure that both have."""
    return [_change(figure, before.figures[figure.name], rule) for figure in now if figure.name in before.figures]


def shown(found: Sequence[Change], rule: Rule) -> str:
    """The changes as a person reads them."""
    header = ["", "unit", "before", "now", "how good now ÷ before", f"gate ≥ {rule.threshold}"]
    return table(header, [_cells(each) for each in found])


def _change(now: Figure, before: Figure, rule: Rule) -> Change:
    own, earlier = now.samples.sidecar, before.samples.sidecar
    better, worse = (own, earlier) if now.better == "higher" else (earlier, own)
    # Not measured in turn: each side is resampled by itself, and what the machine did in between is part of it.
    interval = bootstrap.of_ratio(better, worse, rule.confidence)
    verdict = rule.verdict(interval) if now.gated else None
    return Change(figure=now, before=before.sidecar, interval=interval, verdict=verdict)


def _cells(change: Change) -> list[str]:
    figure = change.figure
    values = [f"{value:.4g}" for value in (change.before, figure.sidecar)]
    return [figure.title, figure.unit, *values, str(change.interval), change.verdict or ""]
