"""The line of stages as its records tell it: what ran, what was kept, what failed, what is out of date."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sidecarkit import command, failures, records
from sidecarkit.failures import Failure
from sidecarkit.job import Stage
from sidecarkit.records import Record


class Standing(StrEnum):
    """What a stage's record says about what stands now, in the words of the report."""

    RAN = "ran"
    CACHED = "from the cache"
    KEPT = "kept"
    EARLIER = "of an earlier build"
    FAILED = "failed"
    MISSING = "not run"
    UNREADABLE = "unreadable record"


HOLDS = frozenset({Standing.RAN, Standing.CACHED, Standing.KEPT})


@dataclass(frozen=True, kw_only=True)
class StageRow:
    """One stage. `begin` and `share` are parts (0 to 1) of the time of all stages together."""

    name: str
    summary: str
    standing: Standing
    result: str
    seconds: float | None
    finished: str
    commit: str
    begin: float
    share: float


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the folder of a target holds for the stages of the line."""

    records: Mapping[str, Record]
    failures: Mapping[str, Failure]
    unreadable: Collection[str]

    @property
    def anything(self) -> bool:
        """Whether there is something to tell."""
        return bool(self.records or self.failures or self.unreadable)


def find(build: Path, line: tuple[Stage, ...]) -> Found:
    """Read what every stage of `line` left in `build`."""
    names = [stage.name for stage in line]
    read = {name: record for name in names if (record := records.read(build, name))}
    failed = {name: failure for name in names if (failure := failures.read(build, name))}
    damaged = {name for name in names if name not in read and (build / f"{name}.json").exists()}
    return Found(records=read, failures=failed, unreadable=damaged - failed.keys())


def rows(found: Found, line: tuple[Stage, ...]) -> tuple[StageRow, ...]:
    """One row per stage of `line`, in order, each beginning in time where the one before ended."""
    holding: set[str] = set()
    standings = {}
    for stage in line:
        standings[stage.name] = _standing(stage, found, holding)
        if standings[stage.name] in HOLDS:
            holding.add(stage.name)
    whole = sum(_seconds(stage.name, found) or 0 for stage in line) or 1
    made: list[StageRow] = []
    begin = 0.0
    for stage in line:
        made.append(_row(stage, standings[stage.name], found, begin=begin, whole=whole))
        begin += made[-1].seconds or 0
    return tuple(made)


def headline(failure: Failure) -> str:
    """What happened, in one line."""
    return next(iter(failure.message.splitlines()), "").removesuffix(command.LAST_LINES_FOLLOW)


def _standing(stage: Stage, found: Found, holding: Collection[str]) -> Standing:
    if stage.name in found.failures:
        return Standing.FAILED
    record = found.records.get(stage.name)
    if record is None:
        return Standing.UNREADABLE if stage.name in found.unreadable else Standing.MISSING
    if not _up_to_date(stage, record, found, holding):
        return Standing.EARLIER
    if not record.cached:
        return Standing.RAN
    return Standing.KEPT if stage.layer is None else Standing.CACHED


def _up_to_date(stage: Stage, record: Record, found: Found, holding: Collection[str]) -> bool:
    built_on = all(record.inputs.get(f"stage {need}") == _key(need, found) for need in stage.needs)
    return built_on and all(need in holding for need in (*stage.needs, *stage.after))


def _key(stage: str, found: Found) -> str | None:
    return found.records[stage].key if stage in found.records else None


def _seconds(stage: str, found: Found) -> float | None:
    if stage in found.failures:
        return found.failures[stage].seconds
    return found.records[stage].seconds if stage in found.records else None


def _row(stage: Stage, standing: Standing, found: Found, *, begin: float, whole: float) -> StageRow:
    failure, record = found.failures.get(stage.name), found.records.get(stage.name)
    last = failure or record
    seconds = _seconds(stage.name, found)
    return StageRow(
        name=stage.name, summary=stage.summary, standing=standing, seconds=seconds, result=_result(failure, record),
        finished=last.finished if last else "", commit=last.commit if last else "",
        begin=begin / whole, share=(seconds or 0) / whole,
    )  # fmt: skip


def _result(failure: Failure | None, record: Record | None) -> str:
    if failure:
        return headline(failure)
    return str(record.data.get("summary", "")) if record else ""
