"""Run the line of stages for a target: keys first, then each stage, then its record."""

from __future__ import annotations

import datetime
import time
from collections.abc import Collection, Mapping
from dataclasses import replace

from sidecarkit import failures, plan, records, source
from sidecarkit.job import Job, Stage
from sidecarkit.records import Record


def line_until(line: tuple[Stage, ...], last: str, *, verdicts: bool = True) -> tuple[Stage, ...]:
    """The stages that `last` stands on, and itself, in order; `verdicts`: also those that must be passed before."""
    by_name = {stage.name: stage for stage in line}
    wanted: set[str] = set()
    pending = [last]
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending.extend(by_name[name].needs + (by_name[name].after if verdicts else ()))
    return tuple(stage for stage in line if stage.name in wanted)


def run(line: tuple[Stage, ...], job: Job, *, asked: Collection[str]) -> Mapping[str, Record]:
    """Run `line` in order and return the records. The first failure ends it with its ToolkitError.

    Stages that were not `asked` for by name, but are only stood upon, are taken from their records
    without a word when nothing changed.
    """
    keys: dict[str, str] = {}
    done: dict[str, Record] = {}
    commit = source.described(job.root)
    for stage in line:
        current = replace(job, stage=stage.name, keys=dict(keys), records=dict(done))
        with failures.kept(current, commit):
            key, inputs = plan.key_of(stage, current)
            keys[stage.name] = key
            current = replace(current, key=key, cache=job.cache.told(key, target=job.target.name, inputs=inputs))
            standing = None if stage.name in asked else _standing(stage, current)
            done[stage.name] = standing or _run_stage(stage, current, inputs, commit)
    return done


def _standing(stage: Stage, job: Job) -> Record | None:
    record = records.read(job.build, stage.name)
    if record is None or record.key != job.key or not stage.intact(record):
        return None
    return record if stage.layer is None or job.cache.keeps(stage.layer, job.key) else None


def _run_stage(stage: Stage, job: Job, inputs: dict[str, str], commit: str) -> Record:
    remembered = records.read(job.build, stage.name)
    if stage.remembers and stage.name not in job.options.again and remembered and remembered.key == job.key:
        job.report.say(
            f"{stage.name}: unchanged, the result of {remembered.finished} stands (--again {stage.name} repeats it)"
        )
        remembered = replace(remembered, cached=True)
        records.write(job.build, remembered)
        return remembered
    with job.report.section(f"{stage.name} · {job.target.name} · {stage.summary}"):
        job.log.unlink(missing_ok=True)
        if stage.layer is None:
            records.remove(job.build, stage.name)  # a verdict that fails now must not be remembered as passed
        if stage.layer is not None and job.cache.holds(stage.layer, job.key):
            job.report.say("   unchanged: from the cache")
        started = time.monotonic()
        data = stage.run(job)
        seconds = time.monotonic() - started
    cached = stage.layer is not None and not job.cache.built(stage.layer, job.key)
    if stage.layer and cached:  # `plan` tells from it what a change costs
        seconds = job.cache.seconds(stage.layer, job.key) or seconds
    record = Record(
        stage=stage.name, target=job.target.name, key=job.key, inputs=inputs, data=data,
        seconds=seconds, cached=cached, commit=commit,
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )  # fmt: skip
    records.write(job.build, record)
    return record
