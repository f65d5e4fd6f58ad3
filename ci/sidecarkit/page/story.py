"""Everything the report tells, as data: what the page, its Markdown twin and the terminal are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sidecarkit.failures import Failure
from sidecarkit.page.artefacts import Artefact
from sidecarkit.page.fulltable import FullTable
from sidecarkit.page.measured import Measured
from sidecarkit.page.screens import Screen
from sidecarkit.page.sizes import Size
from sidecarkit.page.stages import HOLDS, StageRow
from sidecarkit.page.tiles import Tile
from sidecarkit.page.unverified import Unverified


class Outcome(StrEnum):
    """What the records of a target say all in all."""

    PASSED = "passed"
    FAILED = "failed"
    INCOMPLETE = "incomplete"


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
