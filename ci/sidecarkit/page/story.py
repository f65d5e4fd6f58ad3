"""Everything the report tells, gathered from what the stages left behind and from nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sidecarkit import source
from sidecarkit.config import Target
from sidecarkit.failures import Failure
from sidecarkit.job import Stage
from sidecarkit.page import fulltable, gatefigures, screens, sizes, stages, tiles, unverified
from sidecarkit.page.fulltable import FullTable
from sidecarkit.page.measured import Measured, Unreadable
from sidecarkit.page.screens import Screen
from sidecarkit.page.sizes import Size
from sidecarkit.page.stages import HOLDS, Found, StageRow, Standing
from sidecarkit.page.tiles import Tile
from sidecarkit.page.unverified import Unverified
from sidecarkit.records import Record

# The gate's word for an interval with the threshold in it.
_UNDECIDED = "inconclusive"


class Outcome(StrEnum):
    """What the records of a target say all in all."""

    PASSED = "passed"
    FAILED = "failed"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A file to hand out, with its SHA-256 in hex and the stage that made it."""

    stage: str
    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class TargetStory:
    """One target. `remarks` say which files could not be read, `machine` where it was measured."""

    name: str
    outcome: Outcome
    headline: str
    stages: tuple[StageRow, ...]
    failure: Failure | None
    tiles: tuple[Tile, ...]
    artefacts: tuple[Artefact, ...]
    sizes: tuple[Size, ...]
    figures: tuple[Measured, ...]
    table: FullTable | None
    table_is_current: bool
    screens: tuple[Screen, ...]
    machine: str
    commit: str
    finished: str
    remarks: tuple[str, ...]

    @property
    def current(self) -> frozenset[str]:
        """The stages whose records hold for what stands now."""
        return frozenset(row.name for row in self.stages if row.standing in HOLDS)


@dataclass(frozen=True, kw_only=True)
class Story:
    """The whole report. `untouched` are targets without any record."""

    targets: tuple[TargetStory, ...]
    untouched: tuple[str, ...]
    unverified: tuple[Unverified, ...] | None

    @property
    def title(self) -> str:
        """The report in a few words."""
        if not self.targets:
            return "Nothing built yet"
        if len(self.targets) > 1 and self.outcome is not Outcome.PASSED:
            passed = sum(1 for target in self.targets if target.outcome is Outcome.PASSED)
            return f"{passed} of {len(self.targets)} targets passed"
        if self.outcome is Outcome.PASSED:
            return "Every stage passed"
        return self.targets[0].headline.capitalize() if self.outcome is Outcome.FAILED else "Not complete"

    @property
    def outcome(self) -> Outcome | None:
        """The worst of the targets', None when there are none."""
        outcomes = {target.outcome for target in self.targets}
        return next((each for each in (Outcome.FAILED, Outcome.INCOMPLETE, Outcome.PASSED) if each in outcomes), None)


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


def short_commit(commit: str) -> str:
    """As people write it: `1a2b3c4`, with a word where files differed from it."""
    bare = commit.removesuffix(source.CHANGED)
    return bare[:7] + (" with changes" if bare != commit else "")


def _target(root: Path, target: Target, found: Found, line: tuple[Stage, ...]) -> TargetStory:
    build = root / "build" / target.name
    rows = stages.rows(found, line)
    outcome = _outcome(rows)
    failure = next((found.failures[row.name] for row in rows if row.standing is Standing.FAILED), None)
    remarks: list[str] = []
    last = max((row for row in rows if row.finished), key=lambda row: row.finished, default=None)
    table = _table(build, remarks)
    figures = _figures(found.records, remarks)
    known_sizes = sizes.sizes(found.records, asdict(target.budget))
    return TargetStory(
        name=target.name, outcome=outcome, headline=_headline(outcome, rows, figures), stages=rows, failure=failure,
        tiles=tiles.tiles(rows, found.records, known_sizes, figures), artefacts=_artefacts(found.records),
        sizes=known_sizes, figures=figures, table=table,
        table_is_current=table is not None and _is_of(table, found.records), screens=screens.screens(build),
        machine=_machine(found.records), commit=last.commit if last else "", finished=last.finished if last else "",
        remarks=tuple(remarks),
    )  # fmt: skip


def _outcome(rows: tuple[StageRow, ...]) -> Outcome:
    if any(row.standing is Standing.FAILED for row in rows):
        return Outcome.FAILED
    return Outcome.PASSED if all(row.standing in HOLDS for row in rows) else Outcome.INCOMPLETE


def _headline(outcome: Outcome, rows: tuple[StageRow, ...], figures: tuple[Measured, ...]) -> str:
    if outcome is Outcome.PASSED:
        open_figures = [figure.title for figure in figures if figure.verdict == _UNDECIDED]
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


def _figures(found: Mapping[str, Record], remarks: list[str]) -> tuple[Measured, ...]:
    if "bench" not in found:
        return ()
    try:
        return gatefigures.figures(found["bench"].data)
    except (Unreadable, ValueError) as error:
        remarks.append(f"the figures in bench.json cannot be read, another version of the toolkit wrote them ({error})")
        return ()


def _table(build: Path, remarks: list[str]) -> FullTable | None:
    try:
        return fulltable.read(build)
    except Unreadable as error:
        remarks.append(f"{fulltable.FILE} cannot be read ({error})")
        return None


def _is_of(table: FullTable, found: Mapping[str, Record]) -> bool:
    return "pack" in found and found["pack"].data.get("build_id") == table.build_id


def _artefacts(found: Mapping[str, Record]) -> tuple[Artefact, ...]:
    named: list[tuple[str, str, Any]] = []
    if "place" in found and isinstance(found["place"].data.get("sha256"), dict):
        named += [("place", str(name), sha256) for name, sha256 in found["place"].data["sha256"].items()]
    if "assemble" in found:
        data = found["assemble"].data
        named.append(("assemble", Path(str(data.get("deb", ""))).name, data.get("sha256")))
    return tuple(
        Artefact(stage=stage, name=name, sha256=sha256)
        for stage, name, sha256 in named
        if name and isinstance(sha256, str) and re.fullmatch("[0-9a-f]{64}", sha256)
    )


def _machine(found: Mapping[str, Record]) -> str:
    facts = found["bench"].data.get("machine") if "bench" in found else None
    if not isinstance(facts, dict):
        return ""
    memory = facts.get("memory_bytes")
    parts = [
        str(facts.get("cpu", "")),
        f"{facts['physical_cores']} cores" if facts.get("physical_cores") else "",
        f"{memory / 2**30:.0f} GiB" if isinstance(memory, int) else "",
        str(facts.get("system", "")),
    ]
    return ", ".join(part for part in parts if part)
