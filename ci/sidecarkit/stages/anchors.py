"""Stage anchors: programs that only the full benchmarks are held against, made by the project's recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sidecarkit import digest
from sidecarkit.errors import ConfigError
from sidecarkit.job import Job, Stage
from sidecarkit.recipes.recipe import Anchors


def inputs(job: Job) -> dict[str, str]:
    """The recipe's own inputs; the libraries count by stage native's key."""
    return {"stage": digest.of_file(Path(__file__)), **_anchors(job).inputs(job)}


def run(job: Job) -> dict[str, Any]:
    """Take what was compiled from the cache or compile it, and lay it out so that it runs."""
    anchors = _anchors(job)
    entry = job.cache.folder("anchors", job.key, lambda folder: anchors.build(job, folder))
    programs = anchors.lay_out(job, entry.path, Path(job.record("native").data["folder"]))
    return {"summary": ", ".join(programs), "tools": programs}


def _anchors(job: Job) -> Anchors:
    if job.recipe.anchors is None:
        raise ConfigError(
            f"the recipe `{job.target.project.recipe}` names nothing to be measured beside",
            hint="the full benchmarks are for recipes with anchors",
        )
    return job.recipe.anchors


STAGE = Stage(
    name="anchors",
    summary="compile what is measured beside",
    needs=("native",),
    layer="anchors",
    inputs=inputs,
    run=run,
    intact=lambda record: all(Path(program).is_file() for program in record.data["tools"].values()),
)
