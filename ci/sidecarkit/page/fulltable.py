"""The full table of benchmarks/table, as it keeps its results; its own code judges, this only reads."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecarkit.page.measured import Measured, Side, Unreadable, number, numbers, text

FILE = "benchmark-table.json"
_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Figures that were measured together; `failed` says why there are none."""

    name: str
    finished: str
    figures: tuple[Measured, ...]
    failed: str = ""


@dataclass(frozen=True, kw_only=True)
class FullTable:
    """All measurements of one build of the sidecar."""

    build_id: str
    measurements: tuple[Measurement, ...]


def read(build: Path) -> FullTable | None:
    """The target's table, None when nobody measured it. Raises Unreadable for one of another toolkit."""
    path = build / FILE
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != _SCHEMA:
            raise Unreadable(f"its schema is {document['schema']!r}, known is {_SCHEMA}")
        measurements = tuple(_measurement(name, each) for name, each in document["measurements"].items())
        return FullTable(build_id=str(document["buildId"]), measurements=measurements)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def _measurement(name: str, values: dict[str, Any]) -> Measurement:
    return Measurement(
        name=name,
        finished=text(values.get("finished", "")),
        figures=tuple(_figure(row) for row in values["rows"]),
        failed=text(str(values.get("failed", "")).partition("\n")[0]),
    )


def _figure(row: dict[str, Any]) -> Measured:
    title, unit = text(row["figure"]), text(row["unit"])
    judged = numbers(row["judged"], title)
    goal, interval = row["goal"], row["interval"]
    return Measured(
        title=title,
        sides=tuple(_side(side) for side in (row["ours"], row["anchor"]) if side is not None),
        judged=judged,
        unit=unit,
        median=statistics.median(judged),
        low=None if interval is None else number(interval["low"], title),
        high=None if interval is None else number(interval["high"], title),
        sense="" if goal is None else text(goal["sense"]),
        bound=None if goal is None else number(goal["bound"], title),
        verdict=text(row["verdict"]),
        note=text(row["note"]),
    )


def _side(values: dict[str, Any]) -> Side:
    samples = numbers(values["samples"], text(values["name"]))
    return Side(
        name=text(values["name"]), unit=text(values["unit"]), samples=samples, median=statistics.median(samples)
    )
