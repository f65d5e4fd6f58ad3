"""llama.cpp beside a Python engine: its libraries for every kind of CPU, its bindings, and what it is measured with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecarkit.recipes.llama import anchors, extras, models, native, promises, python
from sidecarkit.recipes.recipe import Recipe

if TYPE_CHECKING:
    from sidecarkit.config import Target

_BUILT = {("cpu", "x86_64-unknown-linux-gnu")}


def _lacks(target: Target) -> str | None:
    if (target.variant, target.triple) in _BUILT:
        return None
    return f"the recipe `llama` has no flags and parts for `{target.name}` yet"


RECIPE = Recipe(
    lacks=_lacks,
    promises=promises.rules,
    native=native.NATIVE,
    engine=python.ENGINE,
    extras=extras.EXTRAS,
    models=models.MODELS,
    anchors=anchors.ANCHORS,
)
