"""The model that is measured and stopped in mid-answer: made on the spot, kept in the cache under its inputs' hash."""

from __future__ import annotations

from pathlib import Path

from sidecarkit import digest
from sidecarkit.errors import ConfigError
from sidecarkit.job import Job
from sidecarkit.recipes.recipe import Models


def key(job: Job, shape: str) -> str:
    """The hash of everything that decides the model's bytes. Raises ConfigError for an unknown shape."""
    return digest.of_mapping(_models(job, shape).inputs(job, shape))


def path(job: Job, shape: str) -> Path:
    """The model's file, made first when it is not there. Raises ConfigError for an unknown shape."""
    models = _models(job, shape)
    entry = job.cache.folder("models", key(job, shape), lambda folder: models.make(job, shape, folder))
    return entry.path / models.file_name(shape)


def _models(job: Job, shape: str) -> Models:
    models = job.recipe.models
    known = models.shapes if models else ()
    if models is None or shape not in known:
        raise ConfigError(
            f"the recipe `{job.target.project.recipe}` has no model `{shape}` to measure with",
            hint=f"choose one of: {', '.join(known)}" if known else "it has none at all: nothing can be measured",
        )
    return models
