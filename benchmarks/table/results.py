"""What was measured, kept as JSON: a measurement that is repeated replaces its rows, the others stay."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.table.rows import Goal, Row, Sense, Side
from sidecarkit.report import table

SCHEMA = 1
HEADER = ("figure", "goal", "ours", "anchor", "median [95 % interval]", "verdict")

Document = dict[str, Any]


def read(path: Path, build_id: str) -> Document:
    """The measurements of this build so far; those of another one are not continued."""
    try:
        document: Document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        document = {}
    if document.get("schema") != SCHEMA or document.get("buildId") != build_id:
        return {"schema": SCHEMA, "buildId": build_id, "measurements": {}}
    return document


def write(path: Path, document: Document) -> None:
    """Replace the file in one step."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(path)


def of_rows(rows: Sequence[Row], pairs: int, finished: str) -> Document:
    """What is kept of one measurement; `finished` is a time in ISO 8601."""
    return {"pairs": pairs, "finished": finished, "rows": [_as_json(row) for row in rows]}


def of_failure(text: str, finished: str) -> Document:
    """What is kept of a measurement that could not be made."""
    return {"finished": finished, "failed": text, "rows": []}


def markdown(document: Document, order: Sequence[str]) -> str:
    """The table as a person reads it, its notes, and what could not be measured."""
    measured: Mapping[str, Document] = document["measurements"]
    present = [measured[name] for name in order if name in measured]
    rows = [row_of(each) for measurement in present for each in measurement["rows"]]
    lines = [table(HEADER, [row.cells() for row in rows])] if rows else []
    lines += [f"- {row.figure}: {row.note}" for row in rows if row.note]
    lines += [
        f"- {name} failed: {each['failed'].splitlines()[0]}" for name, each in measured.items() if "failed" in each
    ]
    return "\n".join(lines)


def row_of(values: Mapping[str, Any]) -> Row:
    """The row that was kept."""
    goal, anchor = values["goal"], values["anchor"]
    return Row(
        figure=values["figure"],
        goal=None if goal is None else Goal(sense=Sense(goal["sense"]), bound=goal["bound"]),
        ours=Side(**values["ours"]),
        anchor=None if anchor is None else Side(**anchor),
        judged=values["judged"],
        unit=values["unit"],
        note=values["note"],
    )


def _as_json(row: Row) -> Document:
    interval = row.interval()
    return asdict(row) | {
        "interval": None if interval is None else asdict(interval),
        "verdict": str(row.verdict()),
    }
