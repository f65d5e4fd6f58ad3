"""What a run will do for a target: every stage's key, whether it is there already, and if not, what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sidecarkit import config, digest, records
from sidecarkit.config import Target
from sidecarkit.errors import NothingSelected
from sidecarkit.job import Job, Stage
from sidecarkit.records import Record
from sidecarkit.report import duration
from sidecarkit.schema import meant


@dataclass(frozen=True, kw_only=True)
class PlannedStage:
    """One row of the plan. `changed` names the inputs that differ from the last run's."""

    stage: str
    key: str
    inputs: Mapping[str, str]
    state: str
    changed: tuple[str, ...]
    last_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class PlannedTarget:
    """A target's plan. `obstacle`: why it cannot be built here, and then there are no stages. `files` are to come."""

    target: str
    obstacle: str | None
    files: tuple[str, ...]
    stages: tuple[PlannedStage, ...]


def key_of(stage: Stage, job: Job) -> tuple[str, dict[str, str]]:
    """The stage's key and the inputs it was hashed from; predecessors count by their keys."""
    inputs = stage.inputs(job) | {f"stage {name}": job.keys[name] for name in stage.needs}
    return digest.of_mapping(inputs), inputs


def of_target(line: tuple[Stage, ...], job: Job, obstacle: str | None) -> PlannedTarget:
    """The plan for the job's target, without doing anything."""
    return PlannedTarget(
        target=job.target.name,
        obstacle=obstacle,
        files=files_to_come(job.target),
        stages=() if obstacle else tuple(of_stages(line, job)),
    )


def of_stages(line: tuple[Stage, ...], job: Job) -> list[PlannedStage]:
    """The stages of `line` in order."""
    keys: dict[str, str] = {}
    planned = []
    for stage in line:
        key, inputs = key_of(stage, replace(job, stage=stage.name, keys=dict(keys)))
        keys[stage.name] = key
        planned.append(_planned(stage, key, inputs, job))
    return planned


def files_to_come(target: Target) -> tuple[str, ...]:
    """What a whole run leaves for this target: the placed layouts by name, the packages by kind."""
    placed = [target.folder_name, *([target.single_file_name] if config.SINGLE_FILE in target.layouts else [])]
    return (*placed, *(f"*.{bundle}" for bundle in target.bundles))


def rows(planned: PlannedTarget) -> list[list[str]]:
    """The plan as cells: stage, state, why, time of the last run."""
    return [
        [
            row.stage,
            row.state,
            ", ".join(row.changed),
            "" if row.last_seconds is None else duration(row.last_seconds),
        ]
        for row in planned.stages
    ]


def as_json(planned: PlannedTarget) -> dict[str, Any]:
    """The plan for other programs."""
    return {
        "target": planned.target,
        "buildable": planned.obstacle is None,
        "obstacle": planned.obstacle,
        "files": list(planned.files),
        "stages": [
            {
                "stage": row.stage,
                "state": row.state,
                "changed": list(row.changed),
                "lastSeconds": row.last_seconds,
                "key": row.key,
                "inputs": dict(row.inputs),
            }
            for row in planned.stages
        ],
    }


def explained(planned: PlannedTarget, layer: str) -> list[list[str]]:
    """Every input of one stage's key, as cells. Raises NothingSelected for a stage that is not in the plan."""
    names = [row.stage for row in planned.stages]
    if layer not in names:
        raise NothingSelected(
            f"there is no layer `{layer}` in the plan of {planned.target}{meant(layer, names)}",
            hint=f"one of: {', '.join(names)}" if names else f"it cannot be built here: {planned.obstacle}",
        )
    row = planned.stages[names.index(layer)]
    return [[name, value, "changed" if name in row.changed else ""] for name, value in sorted(row.inputs.items())]


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
