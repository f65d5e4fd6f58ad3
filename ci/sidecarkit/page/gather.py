"""Gathers the story from what the stages left behind, and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sidecarkit.config import Target
from sidecarkit.gate import Verdict
from sidecarkit.job import Stage
from sidecarkit.page import artefacts, fulltable, gatefigures, screens, sizes, stages, tiles, unverified
from sidecarkit.page.fulltable import FullTable
from sidecarkit.page.measured import Measured, Unreadable
from sidecarkit.page.stages import HOLDS, Found, StageRow, Standing
from sidecarkit.page.story import Outcome, Story, TargetStory
from sidecarkit.records import Record


def tell(root: Path, targets: tuple[Target, ...], line: tuple[Stage, ...]) -> Story:
    """Read what `root`/build holds of `targets`."""
    found = {target.name: stages.find(root / "build" / target.name, line) for target in targets}
    return Story(
        targets=tuple(
            _target(root, target, found[target.name], line) for target in targets if found[target.name].anything
        ),
        untouched=tuple(name for name, each in found.items() if not each.anything),
        unverified=unverified.rows(root),
    )


def _target(root: Path, target: Target, found: Found, line: tuple[Stage, ...]) -> TargetStory:
    build = root / "build" / target.name
    rows = stages.rows(found, line)
    outcome = _outcome(rows)
    failure = next((found.failures[row.name] for row in rows if row.standing is Standing.FAILED), None)
    remarks: list[str] = []
    last = max((row for row in rows if row.finished), key=lambda row: row.finished, default=None)
    table = _table(build, remarks)
    measured = _measured(found)
    figures = _figures(measured, remarks)
    known_sizes = sizes.sizes(found.records, asdict(target.budget))
    return TargetStory(
        name=target.name,
        outcome=outcome,
        headline=_headline(outcome, rows, figures),
        stages=rows,
        failure=failure,
        tiles=tiles.tiles(rows, found.records, known_sizes, figures),
        artefacts=artefacts.artefacts(found.records),
        sizes=known_sizes,
        figures=figures,
        table=table,
        table_is_current=table is not None and _is_of(table, found.records),
        screens=screens.screens(build),
        machine=gatefigures.machine(measured),
        commit=last.commit if last else "",
        finished=last.finished if last else "",
        remarks=(*remarks, *_unmeasured(measured)),
    )


def _outcome(rows: tuple[StageRow, ...]) -> Outcome:
    if any(row.standing is Standing.FAILED for row in rows):
        return Outcome.FAILED
    return Outcome.PASSED if all(row.standing in HOLDS for row in rows) else Outcome.INCOMPLETE


def _headline(outcome: Outcome, rows: tuple[StageRow, ...], figures: tuple[Measured, ...]) -> str:
    if outcome is Outcome.PASSED:
        open_figures = [figure.title for figure in figures if figure.verdict == Verdict.INCONCLUSIVE]
        return "every stage passed" + (
            f"; the gate has no answer about {', '.join(open_figures)}" if open_figures else ""
        )
    if outcome is Outcome.FAILED:
        return f"stopped at {next(row.name for row in rows if row.standing is Standing.FAILED)}"
    open_ones = {
        standing: [row.name for row in rows if row.standing is standing]
        for standing in Standing
        if standing not in HOLDS
    }
    return "; ".join(f"{standing}: {', '.join(names)}" for standing, names in open_ones.items() if names)


def _measured(found: Found) -> dict[str, Any]:
    """What the gate judged last: a line that it stopped has the figures in what it left of the failure."""
    last = found.failures.get("bench") or found.records.get("bench")
    return last.data if last else {}


def _unmeasured(measured: dict[str, Any]) -> list[str]:
    """Backends of which this machine had no device, with the sidecar's reason."""
    absent = measured.get("absent")
    return [f"not measured: {name}: {reason}" for name, reason in absent.items()] if isinstance(absent, dict) else []


def _figures(measured: dict[str, Any], remarks: list[str]) -> tuple[Measured, ...]:
    if not measured:
        return ()
    try:
        return gatefigures.figures(measured)
    except (Unreadable, ValueError) as error:
        remarks.append(f"the gate's figures cannot be read, another version of the toolkit wrote them ({error})")
        return ()


def _table(build: Path, remarks: list[str]) -> FullTable | None:
    try:
        return fulltable.read(build)
    except Unreadable as error:
        remarks.append(f"{fulltable.FILE} cannot be read ({error})")
        return None


def _is_of(table: FullTable, found: Mapping[str, Record]) -> bool:
    return "pack" in found and found["pack"].data.get("build_id") == table.build_id
