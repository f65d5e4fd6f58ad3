"""A sidecar that is nothing but its own Python package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidecarkit.audit.rules import Rules
from sidecarkit.recipes import modules
from sidecarkit.recipes.recipe import LIBRARIES, TOOLS, Engine, Extras, Native, Recipe

if TYPE_CHECKING:
    from sidecarkit.config import Target
    from sidecarkit.job import Job


def _lacks(target: Target) -> str | None:
    return None if target.variant == "cpu" else f"the recipe `plain` has no libraries for `{target.variant}`"


def _build_nothing(_: Job, folder: Path) -> None:
    for name in (LIBRARIES, TOOLS):
        (folder / name).mkdir()


RECIPE = Recipe(
    lacks=_lacks,
    promises=lambda _: Rules(),
    native=Native(summary="no libraries", folder=None, inputs=lambda _: {}, build=_build_nothing, facts=lambda _: {}),
    engine=Engine(inputs=lambda _: modules.inputs(), gather=lambda _job, _folder: None, flags=modules.flags()),
    extras=Extras(inputs=dict, add=lambda _: None),
)
