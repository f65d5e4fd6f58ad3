"""What a run will do for a target: every stage's key, whether it is there already, and if not, what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sidecarkit import digest, records
from sidecarkit.job import Job, Stage
from sidecarkit.records import Record
from sidecarkit.report import duration


@dataclass(frozen=True, kw_only=True)
class PlannedStage:
    """One row of the plan. `changed` names the inputs that differ from the last run's."""

    stage: str
    key: str
    inputs: Mapping[str, str]
    state: str
    changed: tuple[str, ...]
    last_seconds: float | None


def key_of(stage: Stage, job: Job) -> tuple[str, dict[str, str]]:
    """The stage's key and the inputs it was hashed from; predecessors count by their keys."""
    inputs = stage.inputs(job) | {f"stage {name}": job.keys[name] for name in stage.needs}
    return digest.of_mapping(inputs), inputs


def plan(line: tuple[Stage, ...], job: Job) -> list[PlannedStage]:
    """The stages of `line` in order, without doing anything."""
    keys: dict[str, str] = {}
    planned = []
    for stage in line:
        key, inputs = key_of(stage, replace(job, stage=stage.name, keys=dict(keys)))
        keys[stage.name] = key
        planned.append(_planned(stage, key, inputs, job))
    return planned


def rows(planned: list[PlannedStage]) -> list[list[str]]:
    """The plan as cells: stage, state, why, time of the last run."""
    return [
        [
            row.stage,
            row.state,
            ", ".join(row.changed),
            "" if row.last_seconds is None else duration(row.last_seconds),
        ]
        for row in planned
    ]


def _planned(stage: Stage, key: str, inputs: Mapping[str, str], job: Job) -> PlannedStage:
    last = records.read(job.build, stage.name)
    return PlannedStage(
        stage=stage.name,
        key=key,
        inputs=inputs,
        state=_state(stage, key, last, job),
        changed=_changed(inputs, last),
        last_seconds=last.seconds if last else None,
    )


def _state(stage: Stage, key: str, last: Record | None, job: Job) -> str:
    if stage.layer:
        return "cached" if job.cache.holds(stage.layer, key) else "to build"
    if stage.remembers:
        return f"from {last.finished[:10]}" if last and last.key == key else "to run"
    return "always runs"


def _changed(inputs: Mapping[str, str], last: Record | None) -> tuple[str, ...]:
    if last is None:
        return ()
    return tuple(sorted(k for k in inputs.keys() | last.inputs.keys() if inputs.get(k) != last.inputs.get(k)))
