"""The line of stages, in the order they run. Each reaches the others' files only by the paths in their records."""

from __future__ import annotations

from sidecarkit import recipes
from sidecarkit.config import Target
from sidecarkit.job import Stage
from sidecarkit.stages import (
    anchors,
    app,
    assemble,
    bench,
    benchmarks,
    e2e,
    engine,
    gate_proof,
    native,
    pack,
    place,
    plugin,
    smoke,
    soak,
)

LINE: tuple[Stage, ...] = (
    native.STAGE,
    plugin.STAGE,
    engine.STAGE,
    pack.STAGE,
    place.STAGE,
    smoke.STAGE,
    bench.STAGE,
    app.STAGE,
    assemble.STAGE,
    e2e.STAGE,
)
# Asked for by name alone: an hour of measuring, the anchors it needs, the gate's own proof, a thousand kills.
OPT_IN: tuple[Stage, ...] = (anchors.STAGE, benchmarks.STAGE, gate_proof.STAGE, soak.STAGE)
BY_NAME = {stage.name: stage for stage in (*LINE, *OPT_IN)}


def line_for(target: Target) -> tuple[Stage, ...]:
    """The line without what this target has nothing for: models to measure with, packages to bundle."""
    measured = recipes.of(target.project.recipe).models is not None
    left_out = {*(() if measured else ("bench", "e2e")), *(() if target.bundles else ("app", "assemble", "e2e"))}
    return tuple(stage for stage in LINE if stage.name not in left_out)
